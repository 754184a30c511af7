"""What is told after a rehearsal."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.drill.debrief import WIDTH, debrief
from aftergreen.drill.scenario.catalogue import find, names
from aftergreen.drill.score import Deeds, Score, deeds, first_sign, score


@pytest.mark.parametrize("name", names())
def test_it_says_what_it_was_whose_fault_and_how_to_see_it_again(name: str) -> None:
    lines = list(debrief(find(name), 4711, Deeds()))
    assert lines[0] == f"This was {name}: {find(name).title}."
    assert [line.split()[0] for line in lines[-5:]] == ["cause", "seen", "right", "rules", "again"]
    assert lines[-1] == f"again    aftergreen drill {name} --seed 4711"
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("healthy", "to keep it, and to wait for evidence"),
        ("database-outage", "to call the owner; a rollback mends nothing"),
        ("error-spike", "to roll back, by 4m after the deployment; users are hurt from 20s on"),
        ("silent-canary", "to roll back, by 8m after the deployment"),
    ],
)
def test_what_was_right_is_said_with_its_time(name: str, right: str) -> None:
    assert f"right    {right}" in list(debrief(find(name), 7, Deeds()))


@pytest.mark.parametrize(
    ("name", "at", "found"),
    [
        (
            "error-spike",
            90.0,
            Score("rolled back at 1:30, 1m10s after the first sign", right=True),
        ),
        (
            "error-spike",
            300.0,
            Score("rolled back at 5:00, 4m40s after the first sign: too late by 1m", right=False),
        ),
        ("error-spike", 5.0, Score("rolled back at 0:05, before there was any sign", right=False)),
        (
            "error-spike",
            None,
            Score("it was not rolled back", right=False, harm="waited through a fault of the release"),
        ),
        ("healthy", None, Score("it was not rolled back", right=True)),
        (
            "healthy",
            90.0,
            Score("rolled back at 1:30", right=False, harm="rolled back a release that was well"),
        ),
        ("database-outage", None, Score("it was not rolled back", right=True)),
        (
            "database-outage",
            120.0,
            Score("rolled back at 2:00", right=False, harm="a deployment for a fault that it could not mend"),
        ),
    ],
)
def test_what_was_done_is_held_against_what_was_true(name: str, at: float | None, found: Score) -> None:
    assert score(find(name), Deeds(at, "ana")) == found


@pytest.mark.parametrize(
    ("name", "sign"), [("healthy", None), ("error-spike", 20.0), ("polluted-baseline", 0.0)]
)
def test_the_first_sign_is_when_the_first_fault_begins(name: str, sign: float | None) -> None:
    assert first_sign(find(name)) == sign


@pytest.mark.parametrize(
    ("ruled", "told"),
    [
        (Deeds(145.0, "automatic rollback"), "you acted 25s before they would have"),
        (Deeds(100.0, "automatic rollback"), "you acted 20s after they would have"),
    ],
)
def test_a_person_is_held_against_the_rules(ruled: Deeds, told: str) -> None:
    lines = list(debrief(find("error-spike"), 7, Deeds(120.0, "ana"), ruled))
    assert "you      right: rolled back at 2:00, 1m40s after the first sign" in lines
    assert lines[-2].strip() == told
    harmful = list(debrief(find("healthy"), 7, Deeds(120.0, "ana"), Deeds()))
    assert "you      wrong: rolled back at 2:00; harmful: rolled back a release that was well" in harmful
    assert "rules    right: it was not rolled back" in harmful


def test_where_nobody_could_act_nothing_is_held_against_anybody() -> None:
    lines = list(debrief(find("error-spike"), 7))
    assert not [line for line in lines if line.startswith(("you", "rules"))]


@pytest.mark.parametrize(
    ("by", "rules"), [("automatic rollback", True), ("ana@bastion2", False), ("", False)]
)
def test_what_the_rules_did_is_no_persons_deed(by: str, *, rules: bool) -> None:
    assert Deeds(90.0, by).by_rules is rules


def test_a_journal_without_a_release_holds_no_deeds(tmp_path: Path) -> None:
    assert deeds(tmp_path / "journal.db") == Deeds()
