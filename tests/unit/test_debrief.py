"""What is told after a rehearsal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.drill.debriefing.debrief import WIDTH, debrief, headline, markdown
from aftergreen.drill.debriefing.diagnosis import Diagnosis, read
from aftergreen.drill.debriefing.rehearsed import Rehearsed
from aftergreen.drill.debriefing.score import (
    Deeds,
    Noticed,
    Score,
    deeds,
    diagnosed,
    first_sign,
    noticed,
    score,
)
from aftergreen.drill.debriefing.timeline import lanes
from aftergreen.drill.scenario.catalogue import find, names
from aftergreen.drill.scenario.model import Cause, Decision
from aftergreen.drill.service.directed import Act, Direction
from aftergreen.model import Indicator

BY_RULES = Deeds(145.0, "automatic rollback")
RIGHT = Diagnosis(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK)
WRONG = Diagnosis(Indicator.DEPENDENCY, Cause.DEPENDENCY, Decision.CALL)


def rehearsed(name: str, done: Deeds | None = None, ruled: Deeds | None = BY_RULES) -> Rehearsed:
    """A person's rehearsal."""
    return Rehearsed(find(name), 7, done, person=True, ruled=ruled, operator="ana")


@pytest.mark.parametrize("name", names())
def test_it_says_what_it_was_whose_fault_and_how_to_see_it_again(name: str) -> None:
    lines = list(debrief(Rehearsed(find(name), 4711, Deeds())))
    assert lines[0] == f"This was {name}: {find(name).title}."
    assert [line.split()[0] for line in lines[-5:]] == ["cause", "seen", "right", "rules", "again"]
    assert lines[-1] == f"again     aftergreen drill {name} --seed 4711"
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
    assert f"right     {right}" in list(debrief(rehearsed(name, Deeds())))


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
    ("keys", "written", "found"),
    [
        ((5.0, 42.0, 50.0), (), Noticed(42.0, "a key")),
        ((42.0,), (31.0, 90.0), Noticed(31.0, "a word")),
        ((5.0, 19.9), (2.0,), None),
        ((), (), None),
    ],
)
def test_it_is_noticed_by_the_first_key_or_word_after_the_first_sign(
    keys: tuple[float, ...], written: tuple[float, ...], found: Noticed | None
) -> None:
    done = Deeds(keys=keys, written=written)
    assert noticed(done, 20.0) == found
    assert noticed(done, None) is None


@pytest.mark.parametrize(
    ("given", "taken", "told"),
    [
        (
            (Diagnosis(Indicator.LATENCY, Cause.RELEASE, Decision.KEEP, 40.0), RIGHT),
            RIGHT,
            "right, at the end: error-rate, the release itself; to roll back",
        ),
        (
            (Diagnosis(Indicator.ERROR_RATE, Cause.RELEASE, Decision.KEEP, 50.0),),
            Diagnosis(Indicator.ERROR_RATE, Cause.RELEASE, Decision.KEEP, 50.0),
            "right, at 0:50, 30s after the first sign: error-rate, the release itself; to keep, and right",
        ),
        (
            (WRONG,),
            WRONG,
            "wrong, at the end: dependency, a dependency, whatever version runs; to call the owner, and",
        ),
    ],
)
def test_the_first_right_diagnosis_counts_and_else_the_last(
    given: tuple[Diagnosis, ...], taken: Diagnosis, told: str
) -> None:
    done = Deeds(90.0, "ana", diagnoses=given)
    assert diagnosed(find("error-spike"), done) == taken
    lines = list(debrief(rehearsed("error-spike", done)))
    (line,) = [line for line in lines if line.startswith("diagnosed ")]
    assert line.startswith(f"diagnosed {told}")


@pytest.mark.parametrize("indicator", [*Indicator, None])
@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("decision", list(Decision))
def test_a_diagnosis_is_read_as_it_was_written(
    indicator: Indicator | None, cause: Cause, decision: Decision
) -> None:
    given = Diagnosis(indicator, cause, decision, 12.0)
    assert read(given.remark, 12.0) == given


@pytest.mark.parametrize(
    "remark", ["", "diagnosis: it is DNS", "latency, release, keep", "diagnosis: latency, release, sleep"]
)
def test_another_remark_is_no_diagnosis(remark: str) -> None:
    assert read(remark, 12.0) is None


@pytest.mark.parametrize(
    ("ruled", "told"),
    [
        (Deeds(145.0, "automatic rollback"), "you acted 25s before they would have"),
        (Deeds(100.0, "automatic rollback"), "you acted 20s after they would have"),
    ],
)
def test_a_person_is_held_against_the_rules(ruled: Deeds, told: str) -> None:
    lines = list(debrief(rehearsed("error-spike", Deeds(120.0, "ana"), ruled)))
    assert "you       right: rolled back at 2:00, 1m40s after the first sign" in lines
    assert "noticed   by nobody: no key was pressed after the first sign" in lines
    assert "diagnosed by nobody" in lines
    assert lines[-2].strip() == told
    harmful = list(debrief(rehearsed("healthy", Deeds(120.0, "ana"), Deeds())))
    assert "you       wrong: rolled back at 2:00; harmful: rolled back a release that was well" in harmful
    assert "rules     right: it was not rolled back" in harmful


def test_how_to_repeat_it_names_it_as_it_was_asked_for() -> None:
    found = replace(rehearsed("error-spike", Deeds()), named="./my drill.toml")
    assert list(debrief(found))[-1] == "again     aftergreen drill './my drill.toml' --seed 7"
    told = list(debrief(replace(found, directions=(Direction(61.0, Act.END, 0),))))
    assert told[-1].endswith("--seed 7, without what was directed")
    assert "directed  1:01 ended errors +8.00 %" in told


@pytest.mark.parametrize(("state", "said"), [("rolled back", False), ("unproven", True), ("", False)])
def test_who_writes_a_scenario_is_told_where_the_rules_end_it_otherwise(state: str, *, said: bool) -> None:
    lines = list(debrief(Rehearsed(find("error-spike"), 7, Deeds(state=state))))
    line = "expected  rolled back, says its file; the rules ended it unproven"
    assert (line in lines) is said
    assert not [one for one in debrief(rehearsed("error-spike", Deeds(state=state))) if "expected" in one]


def test_each_is_held_against_what_was_true_when_it_acted() -> None:
    ended = (Direction(200.0, Act.END, 0),)
    others = {"early": 150.0, "late": 230.0}
    kept = replace(rehearsed("error-spike", Deeds(state="finished")), directions=ended, others=others)
    lines = list(debrief(kept))
    assert "you       right: it was not rolled back" in lines
    assert "rules     right: rolled back at 2:25, 2m05s after the first sign" in lines
    assert "others    early: right: rolled back at 2:30, 2m10s after the first sign" in lines
    assert "          late: wrong: rolled back at 3:50" in lines
    # What was there again only after it was rolled back is no sign that was missed.
    again = (*ended, Direction(250.0, Act.INJECT, 0))
    acted = replace(rehearsed("error-spike", Deeds(190.0, "ana")), directions=again)
    assert "you       right: rolled back at 3:10, 2m50s after the first sign" in list(debrief(acted))


@pytest.mark.parametrize(
    ("name", "left", "right", "told"),
    [
        ("healthy", 30.0, None, "left before it was decided"),
        ("database-outage", 200.0, None, "left before it was decided"),
        ("error-spike", 100.0, None, "left before it was decided"),
        ("error-spike", 250.0, False, "it was not rolled back"),
    ],
)
def test_who_leaves_before_it_is_decided_is_not_judged(
    name: str, left: float, *, right: bool | None, told: str
) -> None:
    found = score(find(name), Deeds(state="abandoned", ended=left))
    assert (found.right, found.told) == (right, told)
    verdict = headline(rehearsed(name, Deeds(state="abandoned", ended=left)))
    assert verdict.startswith("not judged: " if right is None else "wrong: ")


def test_others_are_held_against_the_same_truth() -> None:
    found = Rehearsed(find("error-spike"), 7, Deeds(), others={"one bad sample": 30.0, "an alert": None})
    assert list(debrief(found))[-4:-1] == [
        "others    one bad sample: right: rolled back at 0:30, 10s after the first sign",
        "          an alert: wrong: it was not rolled back",
        "          a report over an hour (Kayenta): after the drill",
    ]


def test_where_nobody_could_act_nothing_is_held_against_anybody() -> None:
    found = Rehearsed(find("error-spike"), 7)
    assert not [line for line in debrief(found) if line.startswith(("you", "rules"))]
    assert headline(found) == "nobody could act"


@pytest.mark.parametrize(
    ("by", "rules"), [("automatic rollback", True), ("ana@bastion2", False), ("", False)]
)
def test_what_the_rules_did_is_no_persons_deed(by: str, *, rules: bool) -> None:
    assert Deeds(90.0, by).by_rules is rules
    assert rehearsed("error-spike", Deeds(90.0, by)).decided_by == ("rules" if rules else "you")


def test_a_journal_without_a_release_holds_no_deeds(tmp_path: Path) -> None:
    assert deeds(tmp_path / "journal.db") == Deeds()


def test_the_lanes_tell_who_did_what_and_when() -> None:
    right = Diagnosis(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 60.0)
    done = Deeds(300.0, "ana", keys=(45.0,), diagnoses=(right,))
    found = Rehearsed(
        find("error-spike"),
        7,
        done,
        person=True,
        ruled=BY_RULES,
        others={"one bad sample": 30.0, "never": None},
    )
    told = {lane.name: [(one.at, one.text) for one in lane.moments] for lane in lanes(found)}
    assert told == {
        "truth": [(20.0, "errors +8.00 %"), (20.0, "users are hurt"), (240.0, "too late from here on")],
        "you": [(45.0, "noticed"), (60.0, "diagnosed"), (300.0, "rolled back, wrong")],
        "rules": [(145.0, "roll back")],
        "others": [(30.0, "one bad sample")],
    }


def test_what_a_scenario_does_besides_stands_on_the_lane_of_the_truth() -> None:
    def truth(name: str) -> str:
        return ", ".join(one.text for one in lanes(Rehearsed(find(name), 7))[0].moments)

    assert "the backend is away, the backend is back" in truth("backend-outage")
    assert "the clock is set by" in truth("clock-step")
    assert lanes(Rehearsed(find("healthy"), 7)) == ()


def test_a_document_keeps_what_would_mean_something_in_it_as_it_is() -> None:
    done = Deeds(90.0, "ana")
    text = markdown(rehearsed("error-spike", done), ["truth ── ▲ 0:20 errors"])
    assert text.startswith(
        "# Drill: error spike\n\nerror-spike, seed 7, ana, 1970-01-01\n\n**right: rolled back"
    )
    assert "```text\ntruth ── ▲ 0:20 errors\n```" in text
    assert "| you | right: rolled back at 1:30, 1m10s after the first sign |" in text
    assert "```" not in markdown(rehearsed("error-spike", done), [])
