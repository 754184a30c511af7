"""What holds for every release, whatever its readings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aftergreen import words
from aftergreen.model import Instant, Kind, Plan, Reading, Timing
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context
from aftergreen.verdict.state import EventKind, Phase, ReleaseState, State
from aftergreen.verdict.step import step
from tests.scenario import DEPLOYED_AT, GOOD, Scenario, errors, plan

ERRORS = "error-rate/HTTP 5xx"
UNKNOWN_KINDS = [kind for kind in Kind if kind not in (Kind.VALUE, Kind.ZERO, Kind.DOWN)]

rates = st.sampled_from([0.0, 0.001, 0.009, 0.01, 0.0101, 0.05, 1.0]).map(errors)
unknowns = st.sampled_from(UNKNOWN_KINDS).map(Reading.unknown)
readings = st.lists(rates | unknowns, min_size=1, max_size=80)


def short() -> Plan:
    return plan(timing=Timing(duration=600.0))


def walk(sequence: list[Reading], deployed_at: float = DEPLOYED_AT) -> Scenario:
    release = Scenario(short(), deployed_at=deployed_at)
    for reading in sequence:
        release.instant({ERRORS: reading})
    return release


def burnt(state: State) -> float:
    return state.rules[0].burnt


@given(st.lists(unknowns, min_size=1, max_size=150))
def test_unknown_never_passes_and_never_advises(sequence: list[Reading]) -> None:
    release = walk(sequence)
    assert release.state.state is not ReleaseState.FINISHED
    assert not release.told(EventKind.OVER_LIMIT, EventKind.BREACHED)
    assert exit_code(release.state) != 0


@given(readings, rates.filter(lambda r: (r.value or 0.0) <= 0.01))
def test_a_good_sample_never_shortens_a_fuse(sequence: list[Reading], good: Reading) -> None:
    release = walk(sequence)
    if release.state.rules[0].breached:
        return
    release.instant({ERRORS: good})
    assert burnt(release.state) == 0.0


@given(readings)
def test_the_fuse_never_burns_faster_than_time(sequence: list[Reading]) -> None:
    release = Scenario(short())
    for reading in sequence:
        before = burnt(release.state)
        release.instant({ERRORS: reading})
        assert burnt(release.state) - before <= release.plan.timing.interval


@given(readings, st.integers(-10_000_000, 10_000_000))
def test_a_shift_of_all_times_shifts_the_verdict_and_nothing_else(
    sequence: list[Reading], shift: int
) -> None:
    here, there = walk(sequence), walk(sequence, DEPLOYED_AT + shift)
    assert here.state.state is there.state.state
    assert burnt(here.state) == burnt(there.state)
    assert [(e.kind, e.at + shift) for e in here.events] == [(e.kind, e.at) for e in there.events]


@given(readings)
def test_the_same_samples_give_the_same_words(sequence: list[Reading]) -> None:
    once, again = walk(sequence), walk(sequence)
    assert [words.event(e) for e in once.events] == [words.event(e) for e in again.events]
    assert present(once.state, Context("ana")) == present(again.state, Context("ana"))


@given(readings)
def test_a_breach_took_its_whole_fuse(sequence: list[Reading]) -> None:
    release = walk(sequence)
    for event in release.told(EventKind.BREACHED):
        assert event.rule is not None
        assert event.at - DEPLOYED_AT >= 60.0 + event.rule.rule.sustained


@given(readings)
def test_a_finished_release_is_ok_everywhere(sequence: list[Reading]) -> None:
    release = walk(sequence).feed(600)
    if release.state.state is ReleaseState.FINISHED:
        assert all(rule.phase is Phase.OK and rule.unknown is None for rule in release.state.rules)
        assert not release.state.missing


@given(readings)
def test_an_ended_release_never_changes(sequence: list[Reading]) -> None:
    release = walk(sequence).feed(1300)
    ended = release.state
    assert ended.state.ended
    keyed = {signal.key: GOOD[signal.key] for signal in release.plan.signals}
    assert step(ended, Instant(ended.at + 15.0, keyed)) == (ended, ())
