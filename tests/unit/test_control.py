"""The previous version at the same instant: what changes for both is not this release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aftergreen import words
from aftergreen.model import BaselineSource, Instant, Kind, Plan, Reading, Signal, SignalKey, View
from aftergreen.sources.beside import with_control
from aftergreen.verdict.present import present
from aftergreen.verdict.proposals import withheld
from aftergreen.verdict.snapshot import Context
from aftergreen.verdict.state import DoubtKind, EventKind, ReleaseState
from tests.made_up import FakeClock, MadeUpSource
from tests.scenario import DEPLOYED_AT, GOOD, Scenario, climbing, errors, plan, silent, with_rule

LATENCY = "latency/average"
ERRORS = "error-rate/HTTP 5xx"
SLOW = Reading.of(0.3, 3000.0)


def compared(given: Plan | None = None) -> Plan:
    usual = given or plan()
    signals = tuple(
        replace(s, baseline=BaselineSource.CONTROL, denominator='requests{version="$version"}')
        if s.key in (LATENCY, ERRORS)
        else s
        for s in usual.signals
    )
    return replace(usual, signals=signals)


def controlled(readings: Mapping[str, Reading], given: Plan | None = None) -> Scenario:
    release = Scenario(compared(given))
    release.control = {LATENCY: GOOD[LATENCY], ERRORS: GOOD[ERRORS]} | dict(readings)
    return release


def test_a_load_that_slows_both_versions_is_not_this_release() -> None:
    assert Scenario().feed(180).feed(600, {LATENCY: SLOW}).stands() is ReleaseState.PROPOSED
    release = controlled({LATENCY: Reading.of(0.29, 3000.0)}).feed(180).feed(600, {LATENCY: SLOW})
    assert not release.told(EventKind.OVER_LIMIT)


def test_a_version_that_is_slower_than_the_previous_one_at_the_same_time_breaches() -> None:
    release = controlled({}).feed(180).feed(150, {LATENCY: SLOW})
    assert release.stands() is ReleaseState.PROPOSED
    rule = release.state.rules[1]
    assert rule.limit is not None
    assert abs(rule.limit - 0.2625) < 1e-9
    assert rule.sure


def test_the_limit_follows_the_control() -> None:
    release = controlled({}).feed(120)
    release.control = {**release.control, LATENCY: Reading.of(0.4, 3000.0)}
    limit = release.feed(15).state.rules[1].limit
    assert limit is not None
    assert abs(limit - 0.6) < 1e-9


def test_without_a_control_its_rule_is_unknown_and_says_why() -> None:
    release = controlled({LATENCY: Reading.unknown(Kind.NO_TRAFFIC)}).feed(180).feed(150, {LATENCY: SLOW})
    unknown = release.state.rules[1].unknown
    assert unknown is not None
    assert "the previous version gives nothing to compare with now (no traffic)" in unknown.why
    assert not release.told(EventKind.BREACHED)


def test_errors_of_both_versions_are_a_doubt_said_aloud() -> None:
    release = controlled({ERRORS: errors(0.04)}).feed(180).feed(150, {ERRORS: errors(0.05)})
    assert release.stands() is ReleaseState.PROPOSED
    doubts = present(release.state, Context("ana")).doubts
    assert [doubt.kind for doubt in doubts] == [DoubtKind.ALIKE]
    assert words.doubt(doubts[0]) == "the previous version moved alike: it is not this release"
    assert withheld(release.state) == doubts[0]
    alone = controlled({}).feed(180).feed(150, {ERRORS: errors(0.05)})
    assert present(alone.state, Context("ana")).doubts == ()
    assert withheld(alone.state) is None


def test_both_versions_silent_is_a_doubt_too() -> None:
    gone = Reading.unknown(Kind.NO_TRAFFIC)
    release = controlled({ERRORS: gone}, with_rule(ERRORS, silent(60.0)))
    release.control = {ERRORS: GOOD[ERRORS]}
    release.feed(60)
    release.control = {ERRORS: gone}
    release.feed(90, {ERRORS: gone})
    assert not release.told(EventKind.BREACHED), "nothing says that events are to be expected"


class Versions(MadeUpSource):
    """A backend with two versions, which remembers what was asked of which."""

    def __init__(self) -> None:
        super().__init__(FakeClock(DEPLOYED_AT), lambda _at, _view: GOOD)
        self.views: list[tuple[str | None, tuple[SignalKey, ...]]] = []

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        self.views.append((view.version, tuple(s.key for s in signals)))
        return await super().read(signals, at, view)


async def test_both_versions_are_read_at_the_same_instant_and_only_while_there_are_two() -> None:
    given = compared()
    inner = Versions()
    source = with_control(inner, given.signals, "v2.4.0")
    everything = tuple(s.key for s in given.signals)
    at = DEPLOYED_AT + 60
    instant = await source.read(given.signals, at, View("v2.4.1", DEPLOYED_AT))
    assert set(instant.control) == {LATENCY, ERRORS}
    assert set(instant.readings) == set(everything)
    again = (await source.history(given.signals, [at], View("v2.4.1", DEPLOYED_AT)))[0]
    assert again.control == instant.control
    before = await source.read(given.signals, at, View("v2.4.0", None))
    verifying = await source.read(given.signals, at, View("v2.4.0", at - 30))
    assert (before.control, verifying.control) == ({}, {})
    assert inner.views == [
        ("v2.4.1", everything),
        ("v2.4.0", (SignalKey(ERRORS), SignalKey(LATENCY))),
        ("v2.4.0", everything),
        ("v2.4.0", everything),
    ]
    await source.close()
    assert inner.closed


def test_without_a_control_the_source_is_left_as_it_is() -> None:
    inner = Versions()
    assert with_control(inner, plan().signals, "v2.4.0") is inner
    assert with_control(inner, compared().signals, None) is inner


def test_a_signal_that_asks_for_no_version_is_not_compared_with_itself() -> None:
    blind = tuple(replace(s, baseline=BaselineSource.CONTROL) for s in plan().signals)
    inner = Versions()
    assert with_control(inner, blind, "v2.4.0") is inner
    release = Scenario(plan(signals=blind))
    release.control = {ERRORS: errors(0.05)}
    release.feed(180).feed(150, {ERRORS: errors(0.05)})
    assert present(release.state, Context("ana")).doubts == ()


def test_a_climb_of_both_versions_is_a_doubt_and_a_climb_of_one_is_none() -> None:
    for both in (True, False):
        release = controlled({}, with_rule(LATENCY, climbing(300.0)))
        for step in range(32):
            slower = Reading.of(0.175 + step * 0.003, 3000.0)
            release.control = {LATENCY: slower if both else GOOD[LATENCY], ERRORS: GOOD[ERRORS]}
            release.instant({LATENCY: slower})
        doubts = [doubt.kind for doubt in present(release.state, Context("ana")).doubts]
        assert release.told(EventKind.BREACHED)
        assert (DoubtKind.ALIKE in doubts) is both
