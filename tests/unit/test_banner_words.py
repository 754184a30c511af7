"""The first row of the screen and the advice below it, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from aftergreen import words
from aftergreen.model import Kind, Reading
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Mark
from aftergreen.verdict.state import Rollback
from aftergreen.verdict.step import abandon, conclude
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.words.banner import Fuse, banner_of
from tests.scenario import (
    DEPLOYED_AT,
    Scenario,
    above,
    plan,
    signals,
    what_is_missing,
)
from tests.told import (
    BAD,
    BUSINESS,
    ERRORS,
    SLOW_DATABASE,
    breached,
    left,
    rolled_back,
    rolling_back,
    seen,
    watched,
)

pytestmark = pytest.mark.usefixtures("in_utc")


def test_the_banner_of_a_calm_watch_is_one_word() -> None:
    release = watched()
    shown = banner_of(seen(release), release.state.at)
    assert (shown.mark, shown.word, shown.text, shown.fuse) == (Mark.OK, "WATCHING", "", None)
    assert banner_of(seen(Scenario()), DEPLOYED_AT).mark is Mark.PENDING


def test_a_burning_fuse_counts_down_between_the_instants() -> None:
    release = watched().feed(60, BAD)
    shown = banner_of(seen(release), release.state.at + 5)
    assert (shown.mark, shown.word, shown.text) == (Mark.BAD, "OVER LIMIT", "HTTP 5xx 5.00 % > 1 % for 2m")
    assert shown.fuse is not None
    assert shown.fuse.text == "fires in 1:10"
    assert banner_of(seen(release), release.state.at + 500).fuse == Fuse(45.0, 120.0, 0.0)
    assert words.advice(seen(release)) == ("Roll back", "if HTTP 5xx stays over 1 % until 22:18:38 UTC.")


def test_a_breach_names_what_is_compared_and_who_else_is_over() -> None:
    release = watched().feed(135, BAD | {BUSINESS: Reading.of(100.0)})
    assert banner_of(seen(release), release.state.at).word == "BREACHED"
    lead, rest = words.advice(seen(release))
    assert (lead, rest) == ("Roll back:", "HTTP 5xx 5.00 % > 1 % for 2m at 22:18:38; also registrations.")


def test_a_dependency_that_broke_first_is_on_the_banner() -> None:
    release = watched().feed(45, SLOW_DATABASE).feed(135, SLOW_DATABASE | BAD)
    shown = banner_of(seen(release), release.state.at)
    assert shown.doubt == "orders-db broke 45s earlier: rolling back may not help"


def test_doubts_tell_what_kind_they_are() -> None:
    before = Scenario(before=SLOW_DATABASE).feed(180, SLOW_DATABASE).feed(135, SLOW_DATABASE | BAD)
    assert [words.doubt(doubt) for doubt in seen(before).doubts] == [
        "orders-db was over its limit before the deployment: rolling back will not help that"
    ]
    first, *rest = signals()
    strict = [replace(s, rules=(above(0.5, lasting=60),)) if s.dependency else s for s in rest]
    theirs = Scenario(plan(signals=(first, *strict))).feed(180).feed(90, SLOW_DATABASE)
    assert [words.doubt(doubt) for doubt in seen(theirs).doubts] == [
        "orders-db itself is failing: the fault may be theirs"
    ]


def test_a_warning_is_on_the_banner_and_in_the_advice() -> None:
    release = watched().feed(90, SLOW_DATABASE)
    shown = banner_of(seen(release), release.state.at)
    assert (shown.mark, shown.word, shown.text) == (
        Mark.WARN,
        "WARNING",
        "orders-db connect 900 ms > 500 ms for 1m",
    )
    assert words.advice(seen(release)) == (
        "Keep watching.",
        "10m30s to go; as it stands unproven: orders-db connect is over its limit.",
    )


def test_blindness_is_said_with_its_length() -> None:
    release = watched().blind(60)
    shown = banner_of(seen(release), release.state.at + 5)
    assert (shown.mark, shown.word) == (Mark.UNKNOWN, "BLIND")
    assert shown.text == "nothing measured for 50s; the watch clock stands still"
    assert words.advice(seen(release)) == ("Wait:", "nothing can be measured.")


def test_a_finished_release_says_what_it_stands_on() -> None:
    release = Scenario().feed(915)
    shown = banner_of(seen(release), release.state.at)
    assert (shown.mark, shown.word, shown.text) == (
        Mark.OK,
        "FINISHED",
        "every indicator in range, enough evidence",
    )
    assert words.advice(seen(release)) == (
        "Finished.",
        "Every indicator is in range and there is enough evidence.",
    )


def test_an_unproven_release_says_what_is_missing_first() -> None:
    release = watched().take(conclude(watched().state))
    shown = banner_of(seen(release), release.state.at)
    assert (shown.mark, shown.word) == (Mark.WARN, "UNPROVEN")
    assert shown.text == what_is_missing(release.state)[0] == "only 3m of 15m could be watched"


def test_a_release_that_was_left_says_why() -> None:
    release = watched()
    release.take(abandon(release.state, "superseded by v2.4.2", by="ci"))
    shown = banner_of(seen(release), release.state.at)
    assert (shown.mark, shown.word, shown.text) == (Mark.WARN, "ABANDONED", "superseded by v2.4.2")


ANOTHER_CAUSE = "Look for another cause: what else changed, and what it depends on."


@pytest.mark.parametrize(
    ("came", "mark", "word", "text", "outcome"),
    [
        (
            {"ended_at": None, "exit_code": None},
            Mark.WARN,
            "ROLLING BACK",
            "by ana, 0:30",
            "the rollback command is running",
        ),
        (
            {"exit_code": 3},
            Mark.BAD,
            "ROLLBACK FAILED",
            "exit code 3: go back by hand, or try again",
            "the rollback failed: exit code 3",
        ),
        (
            {"exit_code": None, "timed_out": True},
            Mark.BAD,
            "ROLLBACK FAILED",
            "timed out: go back by hand, or try again",
            "the rollback failed: timed out",
        ),
        (
            {"exit_code": None, "error": "kubectl is not on PATH"},
            Mark.BAD,
            "ROLLBACK FAILED",
            "not started: go back by hand, or try again",
            "the rollback failed: not started",
        ),
        (
            {"exit_code": None, "unknown": True, "error": "who looked after it is gone"},
            Mark.BAD,
            "OUTCOME UNKNOWN",
            "say what came of it, or run it again",
            "nobody knows what came of the rollback",
        ),
        ({}, Mark.WARN, "VERIFYING", "is v2.4.0 well?", "verifying its effect"),
        (
            {"recovered": True, "good_since": DEPLOYED_AT + 420.0},
            Mark.OK,
            "RECOVERED",
            "in range 1m35s after it was started",
            "recovered: in range 1m35s after it was started",
        ),
        (
            {"recovered": False},
            Mark.BAD,
            "STILL BURNING",
            "rolled back, and the breach has not cleared",
            "rolled back and still burning",
        ),
        (
            {"recovered": False, "unseen": "nothing could be measured"},
            Mark.BAD,
            "NOT SEEN TO RECOVER",
            "rolled back; nothing could be measured",
            "rolled back and not seen to recover: nothing could be measured",
        ),
    ],
)
def test_a_rollback_is_told_as_far_as_it_came(
    came: dict[str, object], mark: Mark, word: str, text: str, outcome: str
) -> None:
    release = breached()
    started = Rollback(1, "ana", ("true",), release.state.at + 10)
    ended = replace(started, ended_at=started.started_at + 20, exit_code=0)
    rollback = replace(ended, **came)  # type: ignore[arg-type]  # the rows of the table above
    snapshot = present(replace(release.state, rollback=rollback), Context("ana"))
    shown = banner_of(snapshot, rollback.started_at + 30)
    assert (shown.mark, shown.word, shown.text) == (mark, word, text)
    assert words.outcome(rollback) == outcome


def test_no_rollback_has_no_outcome() -> None:
    assert words.outcome(None) == "no rollback was run"


@pytest.mark.parametrize(
    ("calm", "came", "rest"),
    [
        (True, {"unknown": True}, "nobody knows what came of the rollback."),
        (False, {"unknown": True}, "nobody knows what came of the rollback."),
        (True, {"exit_code": 3}, "the rollback failed, and nothing is over its limit."),
    ],
)
def test_after_a_rollback_that_is_not_known_to_have_worked_nobody_is_told_to_keep_watching(
    *, calm: bool, came: dict[str, object], rest: str
) -> None:
    release = Scenario().feed(300) if calm else breached()
    started, _ = rollback_started(release.state, Rollback(1, "ana", ("true",), release.state.at))
    assert started.rollback is not None
    ended = replace(started.rollback, ended_at=release.state.at, **came)  # type: ignore[arg-type]  # the table
    state, _ = rollback_ended(started, ended)
    assert words.advice(present(state, Context("ana"))) == ("Wait:", rest)


def test_after_a_rollback_the_advice_says_what_came_of_it() -> None:
    release = rolled_back().feed(300)
    assert words.advice(seen(release)) == ("Rolled back:", "recovered: in range 1m20s after it was started.")


@pytest.mark.parametrize(
    ("release", "lead", "rest"),
    [
        (lambda: Scenario().blind(1800), "Unproven:", "error rate in range: HTTP 5xx: blind."),
        (lambda: left("nobody watches any more"), "Abandoned:", "nobody watches any more."),
        (lambda: rolled_back().feed(330, BAD), "Still burning:", ANOTHER_CAUSE),
        (lambda: rolled_back().blind(330), "Not seen to recover:", "nothing could be measured."),
    ],
)
def test_the_advice_of_an_ended_release_says_how_it_ended(
    release: Callable[[], Scenario], lead: str, rest: str
) -> None:
    assert words.advice(seen(release())) == (lead, rest)


@pytest.mark.parametrize(
    ("release", "word"),
    [
        (lambda: breached().blind(60), "BREACHED"),
        (lambda: watched().feed(60, BAD).blind(60), "BLIND"),
        (lambda: rolled_back().feed(30).blind(60), "VERIFYING"),
    ],
)
def test_blindness_is_said_whatever_else_stands(release: Callable[[], Scenario], word: str) -> None:
    snapshot = seen(release())
    shown = banner_of(snapshot, snapshot.at)
    assert shown.word == word
    assert "measured" in shown.text + shown.doubt
    assert "45s" in shown.text + shown.doubt


def test_a_frozen_fuse_does_not_count_down() -> None:
    stale = {ERRORS: Reading.unknown(Kind.STALE, "newest sample 2m old")}
    snapshot = seen(watched().feed(60, BAD).feed(15, stale))
    shown = [banner_of(snapshot, snapshot.at + late) for late in (0.0, 10.0)]
    assert shown[0] == shown[1]
    assert shown[0].fuse is not None
    assert shown[0].fuse.text == "fuse frozen: stale"
    assert shown[0].text == "HTTP 5xx was 5.00 % > 1 %"
    assert words.advice(snapshot) == ("Wait:", "HTTP 5xx is unknown (stale), 1m15s of its fuse are left.")


def test_what_is_absent_is_named_beside_the_advice() -> None:
    absent = Reading.unknown(Kind.ABSENT, "no series of failed: the nearest name is faild")
    release = watched(60).feed(60, {"error-rate/HTTP 5xx": absent})
    assert words.advice(seen(release)) == ("Wait:", "HTTP 5xx: absent.")
    shown = banner_of(seen(release), release.state.at)
    assert (shown.word, shown.doubt) == ("INCOMPLETE", "no series of failed: the nearest name is faild")


def test_a_burning_fuse_advises_nothing_while_nothing_can_be_measured() -> None:
    snapshot = seen(watched().feed(60, BAD).blind(45))
    assert words.advice(snapshot) == ("Wait:", "nothing can be measured.")


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (rolling_back, "superseded by v2.4.2; its rollback was still running"),
        (rolled_back, "superseded by v2.4.2; its rollback was not verified"),
    ],
)
def test_a_release_that_was_left_after_a_rollback_is_abandoned_for_good(
    before: Callable[[], Scenario], text: str
) -> None:
    release = before()
    release.take(abandon(release.state, "superseded by v2.4.2"))
    shown = banner_of(seen(release), release.state.at)
    assert (shown.word, shown.text) == ("ABANDONED", text)
