"""What an entry of the journal makes of a release: once, whoever wrote it and however often it is read."""

from __future__ import annotations

import pytest

from aftergreen.journal import Entry, EntryKind
from aftergreen.verdict.state import ReleaseState, State
from aftergreen.watch.following import followed
from aftergreen.watch.said import outcome_of, parse_said
from tests.scenario import Scenario


def intent(attempt: int) -> Entry:
    return Entry(attempt, 100.0 * attempt, EntryKind.INTENT, "bob", {"command": ["undo", "v1"]}, attempt)


def outcome(attempt: int, code: int) -> Entry:
    return Entry(9, 100.0 * attempt + 5, EntryKind.OUTCOME, "bob", {"exit_code": code}, attempt)


def unknown(attempt: int) -> Entry:
    body = {"exit_code": None, "unknown": True, "error": "who looked after it is gone"}
    return Entry(9, 100.0 * attempt + 5, EntryKind.OUTCOME, "bob", body, attempt)


def said(attempt: int, text: str) -> Entry:
    body = outcome_of(parse_said(text), "eve")
    return Entry(10, 100.0 * attempt + 50, EntryKind.SAID, "eve", body, attempt)


def after(*entries: Entry) -> tuple[State, int]:
    """The release after the entries, and how many events they were."""
    state, told = Scenario().feed(90).state, 0
    for entry in entries:
        state, events = followed(state, entry)
        told += len(events)
    return state, told


@pytest.mark.parametrize(
    ("entries", "stands", "attempt", "told"),
    [
        ([intent(1)], ReleaseState.ROLLING_BACK, 1, 1),
        ([intent(1), intent(1)], ReleaseState.ROLLING_BACK, 1, 1),
        ([intent(1), outcome(1, 0)], ReleaseState.VERIFYING, 1, 2),
        ([intent(1), outcome(1, 0), intent(1), outcome(1, 0)], ReleaseState.VERIFYING, 1, 2),
        ([intent(1), outcome(1, 3)], ReleaseState.ROLLBACK_FAILED, 1, 2),
        ([intent(1), outcome(1, 3), intent(2)], ReleaseState.ROLLING_BACK, 2, 3),
        ([intent(1), outcome(1, 3), intent(2), outcome(1, 3)], ReleaseState.ROLLING_BACK, 2, 3),
        ([intent(1), outcome(1, 3), intent(2), outcome(2, 0)], ReleaseState.VERIFYING, 2, 4),
        ([intent(1), unknown(1)], ReleaseState.ROLLBACK_FAILED, 1, 2),
        ([intent(1), unknown(1), said(1, "worked because v1 serves")], ReleaseState.VERIFYING, 1, 3),
        ([intent(1), unknown(1), *[said(1, "worked because v1 serves")] * 2], ReleaseState.VERIFYING, 1, 3),
        ([intent(1), unknown(1), said(1, "failed because v2 serves")], ReleaseState.ROLLBACK_FAILED, 1, 3),
        ([intent(1), outcome(1, 3), said(1, "worked because v1 serves")], ReleaseState.ROLLBACK_FAILED, 1, 2),
        ([intent(1), unknown(1), intent(2), said(1, "worked because v1")], ReleaseState.ROLLING_BACK, 2, 3),
    ],
)
def test_intents_and_outcomes_count_once(
    entries: list[Entry], stands: ReleaseState, attempt: int, told: int
) -> None:
    state, events = after(*entries)
    assert state.rollback is not None
    assert (state.state, state.rollback.attempt, events) == (stands, attempt, told)
    assert state.rollback.command == ("undo", "v1")


@pytest.mark.parametrize(
    "entry",
    [
        outcome(1, 0),
        Entry(1, 5.0, EntryKind.OPERATOR, "ana", {"action": "note", "text": "looks fine"}),
        Entry(1, 5.0, EntryKind.OPERATOR, "ana", {"action": "baseline", "source": "yesterday"}),
    ],
    ids=["an outcome of nothing", "a remark", "a choice at the start"],
)
def test_what_changes_nothing_leaves_the_release_as_it_was(entry: Entry) -> None:
    assert after(entry) == after()
