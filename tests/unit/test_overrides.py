"""A threshold that changes during the watch: named, with a reason, in one sequence, visible from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from aftergreen import words
from aftergreen.journal import EntryKind, Journal, open_journal
from aftergreen.model import Plan, Reading, Release, SignalKey, View
from aftergreen.verdict.override import override
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import EventKind, Override, Phase, ReleaseState
from aftergreen.watch.overrides import after, changed, limits_of, parse_change
from aftergreen.watch.wanted import Wanted
from aftergreen.words.cards import finish_card
from tests.rig import Rig
from tests.scenario import DEPLOYED_AT, GOOD, Scenario, errors, only, plan

pytestmark = pytest.mark.usefixtures("in_utc")

ERRORS = "error-rate/HTTP 5xx"
BAD = {ERRORS: errors(0.015)}
SAID = "HTTP 5xx above 1% to 2% because clients retry"


def breached_and_cleared() -> Scenario:
    """Errors above the limit for a while, and then none for long enough to clear."""
    release = Scenario().feed(180).feed(150, BAD).feed(240)
    assert [breach.until is not None for breach in release.state.breaches] == [True]
    return release


def test_a_breach_that_cleared_is_accepted_by_whoever_changes_its_threshold() -> None:
    silent = breached_and_cleared().feed(400)
    assert silent.stands() is ReleaseState.UNPROVEN
    release = breached_and_cleared()
    (rule,) = release.state.signals[SignalKey(ERRORS)].signal.rules
    change = changed(release.plan, parse_change(release.plan, SAID))
    made = Override(
        release.plan.signal(SignalKey(ERRORS)),
        rule,
        change.signal(SignalKey(ERRORS)).rules[0],
        "clients retry",
        "ana",
        release.state.at,
        release.state.seal,
        "next",
    )
    release.take(override(release.state, change, made)).feed(400)
    assert release.stands() is ReleaseState.FINISHED


@pytest.mark.parametrize(
    ("said", "signal", "limit", "reason"),
    [
        (SAID, ERRORS, 0.02, "clients retry"),
        ("  HTTP 5xx  above  1%  to  0.5%  because it is, because so ", ERRORS, 0.005, "it is, because so"),
        ("average above_baseline 50% to 80% because the cache is cold", "latency/average", 0.8, None),
        ("HTTP 5xx above 1 % to 2 % because of it", ERRORS, 0.02, "of it"),
        ("average above_baseline 50 % to 80 % because it is cold", "latency/average", 0.8, "it is cold"),
        ("db connections above 80 to 90 because the pool grew", "saturation/db connections", 90.0, None),
        (
            "orders-db connect above 500ms to 1s because it moved away",
            "dependency/orders-db/connect",
            1.0,
            None,
        ),
    ],
)
def test_a_sentence_says_which_limit_changes_and_why(
    said: str, signal: str, limit: float, reason: str | None
) -> None:
    change = parse_change(plan(), said)
    assert (change.signal, change.limit) == (signal, limit)
    assert change.reason
    assert reason is None or change.reason == reason


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "begin with the name of a signal"),
        ("HTTP 4xx above 1% to 2% because x", "begin with the name of a signal"),
        ("HTTP 5xx over 1% to 2% because x", "write the condition, its limit and the new one"),
        ("HTTP 5xx above 3% to 2% because x", "HTTP 5xx has no rule above 3%: it has above 1%"),
        ("HTTP 5xx above 1% to 1% because x", "has that limit already"),
        ("HTTP 5xx above 1% to 2%", "say why"),
        ("HTTP 5xx above 1% to 0.02 because x", 'expected a percentage with its sign, such as "1%"'),
        ("HTTP 5xx above 1% to 100% because x", "expected a share of more than 0% and less than 100%"),
        ("average above_baseline 50% to 0% because x", "expected a change of more than 0%"),
        ("registrations below_baseline 30% to 100% because x", "expected a fall of less than 100%"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(said: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem[:20].replace("(", r"\(")) as told:
        parse_change(plan(), said)
    assert problem in str(told.value)


def test_every_limit_is_listed_as_the_sentence_begins() -> None:
    assert limits_of(plan())[:2] == ("HTTP 5xx above 1%", "average above_baseline 50%")


def made(given: Plan, *, against: str, seal: str = "9c2b", at: float = DEPLOYED_AT + 400) -> Override:
    change = parse_change(given, SAID)
    return Override(
        given.signal(change.signal), change.rule, after(change), change.reason, "ana", at, against, seal
    )


def overridden(release: Scenario, *, against: str = "7f3a9c21") -> Scenario:
    plan_after = changed(release.plan, parse_change(release.plan, SAID))
    return release.take(override(release.state, plan_after, made(release.plan, against=against)))


def test_the_fuse_and_the_evidence_start_anew_under_the_new_limit() -> None:
    release = Scenario().feed(180).feed(135, BAD)
    assert release.stands() is ReleaseState.PROPOSED
    overridden(release)
    rule = release.state.rules[0]
    assert (rule.limit, rule.phase, rule.burnt, rule.rule.sustained) == (0.02, Phase.OK, 0.0, 120.0)
    assert rule.evidence is not None
    assert rule.evidence.once_in == pytest.approx(1.0)
    assert release.feed(300, BAD).stands() is ReleaseState.WATCHING
    assert release.feed(150, {ERRORS: errors(0.03)}).stands() is ReleaseState.PROPOSED


def test_it_is_visible_from_then_on() -> None:
    release = overridden(Scenario().feed(180))
    assert release.state.seal == "9c2b"
    (event,) = release.told(EventKind.OVERRIDE)
    assert words.event(event) == (
        "threshold changed by ana: HTTP 5xx above 1 % for 2m, now 2 %: clients retry"
    )
    card = finish_card(present(release.feed(720).state, Context("ana")))
    assert "Changed at 22:20:00 UTC by ana: HTTP 5xx above 1 % for 2m, now 2 %: clients retry." in card


def test_one_that_was_made_against_an_older_seal_changes_nothing() -> None:
    release = overridden(Scenario().feed(180), against="0000")
    assert release.state.overrides == ()
    assert release.state.rules[0].limit == 0.01


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path / "journal.db")) as opened:
        yield opened


def test_the_journal_takes_overrides_in_one_sequence_only(journal: Journal) -> None:
    wanted = Release("checkout-api", "prod", "v2", None, DEPLOYED_AT)
    opened = journal.open_release(wanted, seal="s0", plan={}, baseline={}, by="ana", at=DEPLOYED_AT)
    release = opened.record.release
    journal.append(release, EntryKind.OPERATOR, DEPLOYED_AT, {"action": "note", "text": "hello", "seal": "x"})

    def take(against: str, seal: str) -> bool:
        return journal.override(
            release, against=against, seal=seal, at=DEPLOYED_AT, body={"action": "override"}, by="ana"
        )

    assert take("s0", "s1")
    assert not take("s0", "s2"), "somebody was faster"
    assert take("s1", "s2")
    told = [
        e.body for e in journal.entries(release, kinds=[EntryKind.OPERATOR]) if e.body["action"] == "override"
    ]
    assert [(body["against"], body["seal"]) for body in told] == [("s0", "s1"), ("s1", "s2")]


def failing(at: float, view: View) -> Mapping[str, Reading]:
    """Between the old limit and the new one, from the deployment on."""
    return GOOD | (BAD if at > DEPLOYED_AT and view.version == "v2.4.1" else {})


async def test_a_watch_records_it_and_goes_on_under_the_new_limit(tmp_path: Path) -> None:
    rig = Rig(tmp_path, failing)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 90, lambda: rig.override(SAID, by="ana"))
    last = await rig.watch.run()
    assert last.release_state is ReleaseState.FINISHED
    (now,) = last.state.overrides
    assert (now.by, now.reason, now.rule.limit, now.now.limit) == ("ana", "clients retry", 0.01, 0.02)
    assert last.state.seal == now.seal != last.state.setup.seal
    (body,) = rig.entries(EntryKind.OPERATOR)
    assert (body["action"], body["limit"], body["against"]) == ("override", 0.02, last.state.setup.seal)


async def test_what_cannot_be_changed_is_said_in_the_log(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 90, lambda: rig.override("HTTP 5xx above 1%", by="ana"))
    last = await rig.watch.run()
    assert last.state.overrides == ()
    told = [words.event(event) for event in last.events]
    assert any("no threshold was changed: write the condition" in text for text in told)


async def test_a_colleague_who_joins_goes_by_what_was_changed(tmp_path: Path) -> None:
    first = Rig(tmp_path, failing)
    changed_it = asyncio.Event()

    def change() -> None:
        first.override(SAID, by="ana")
        changed_it.set()

    async def join() -> Snapshot:
        await changed_it.wait()
        return await Rig(tmp_path, failing, starts=first.clock.time).watch.run()

    first.once(lambda s: s.at >= DEPLOYED_AT + 90, change)
    one, other = await asyncio.gather(first.watch.run(), join())
    assert one.state.overrides == other.state.overrides
    assert other.state.seal == one.state.seal
    assert other.release_state is ReleaseState.FINISHED


async def test_a_read_only_console_changes_nothing(tmp_path: Path) -> None:
    looking = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ben", read_only="--read-only was given")
    rig = Rig(tmp_path, wanted=looking)
    rig.once(lambda s: s.at >= DEPLOYED_AT + 90, lambda: rig.override(SAID, by="ben"))
    last = await rig.watch.run()
    assert last.state.overrides == ()
    assert rig.entries(EntryKind.OPERATOR) == []


async def test_who_looks_on_without_the_signal_is_not_disturbed(tmp_path: Path) -> None:
    first = Rig(tmp_path, failing)
    changed_it = asyncio.Event()

    def change() -> None:
        first.override(SAID, by="ana")
        changed_it.set()

    async def join() -> Snapshot:
        await changed_it.wait()
        given = only(plan(), lambda signal: signal.key != ERRORS)
        return await Rig(tmp_path, failing, given=given, starts=first.clock.time).watch.run()

    first.once(lambda s: s.at >= DEPLOYED_AT + 90, change)
    one, other = await asyncio.gather(first.watch.run(), join())
    assert len(one.state.overrides) == 1
    assert "differs from the one that was sealed" in other.context.read_only
    assert other.state.overrides == ()
