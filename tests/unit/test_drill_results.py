"""Results of rehearsals are kept, told as a table, and exported."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from aftergreen.drill.debriefing.diagnosis import Diagnosis
from aftergreen.drill.debriefing.rehearsed import Rehearsed
from aftergreen.drill.debriefing.results import Result, ResultsError, as_csv, as_json, keep, kept, result_of
from aftergreen.drill.debriefing.score import Deeds
from aftergreen.drill.debriefing.table import table
from aftergreen.drill.scenario.catalogue import find
from aftergreen.drill.scenario.model import Cause, Decision
from aftergreen.model import Indicator

RIGHT = Diagnosis(Indicator.ERROR_RATE, Cause.RELEASE, Decision.ROLL_BACK, 60.0)
DONE = Deeds(132.04, "ana", written=(58.0,), diagnoses=(RIGHT,), state="rolled back")
BY_ANA = Rehearsed(
    find("error-spike"),
    7,
    DONE,
    person=True,
    ruled=Deeds(102.0, "automatic rollback"),
    operator="ana",
    at=1_800_000_000.0,
    speed=8.0,
)


def result(found: Rehearsed = BY_ANA) -> Result:
    told = result_of(found)
    assert told is not None
    return told


def test_a_result_is_what_was_done_and_when() -> None:
    assert result() == Result(
        at="2027-01-15T08:00:00+00:00",
        operator="ana",
        scenario="error-spike",
        seed=7,
        speed=8.0,
        blind=False,
        directed=False,
        right=True,
        told="rolled back at 2:12, 1m52s after the first sign",
        harm="",
        state="rolled back",
        sign=20.0,
        noticed=58.0,
        diagnosis=True,
        diagnosed=60.0,
        rolled_back=132.0,
        rules=102.0,
    )


def test_where_nobody_could_act_there_is_no_result_and_where_only_rules_could_it_is_theirs() -> None:
    assert result_of(Rehearsed(find("error-spike"), 7)) is None
    alone = Deeds(102.0, "automatic rollback", state="rolled back")
    told = result(Rehearsed(find("error-spike"), 7, alone, operator="ana"))
    assert (told.operator, told.rolled_back, told.rules) == ("rules", 102.0, 102.0)
    let = result(replace(BY_ANA, done=alone, ruled=None))
    assert (let.operator, let.rules) == ("rules", 102.0)
    assert result_of(replace(BY_ANA, done=Deeds())) is None, "it never began"


def test_what_is_kept_is_found_again_and_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    place = tmp_path / "drills" / "results.jsonl"
    assert kept(place) == ((), 0)
    first, second = result(), replace(result(), operator="ben", rolled_back=None, diagnosis=None)
    keep(first, place)
    with place.open("a") as file:
        file.write('{"at": "cut off\n[]\n{"at": 5}\n')
        file.write(json.dumps(asdict(first) | {"sign": math.nan}) + "\n" + "[" * 100_000 + "\n")
        file.write(json.dumps(asdict(first) | {"seed": "7"}) + "\n")
        file.write(json.dumps(asdict(first) | {"right": 1}) + "\n\n")
    keep(second, place)
    assert kept(place) == ((first, second), 7)
    assert place.stat().st_mode & 0o077 == 0


def test_a_name_that_paints_the_terminal_is_cleaned(tmp_path: Path) -> None:
    place = tmp_path / "results.jsonl"
    keep(replace(result(), operator="\x1b[31mana"), place)
    ((found,), _) = kept(place)
    assert "\x1b" not in found.operator


def test_what_cannot_be_kept_or_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "drills").write_text("a file")
    with pytest.raises(ResultsError, match=r"^the result is not kept: .*: (not a directory|file exists)$"):
        keep(result(), tmp_path / "drills" / "results.jsonl")
    with pytest.raises(ResultsError, match=r"^the results cannot be read: .*: is a directory$"):
        kept(tmp_path)


def test_a_line_that_was_cut_off_takes_no_other_along(tmp_path: Path) -> None:
    place = tmp_path / "results.jsonl"
    place.write_text('{"at": "2027-01-')
    keep(result(), place)
    keep(result(), place)
    assert kept(place) == ((result(), result()), 1)


def test_exports_hold_every_field() -> None:
    both = [result(), replace(result(), operator="=SUM(A1)", noticed=None, diagnosis=False)]
    assert [json.loads(line) for line in as_json(both)] == [asdict(one) for one in both]
    rows = list(csv.reader(as_csv(both)))
    assert rows[0] == [one.name for one in fields(Result)]
    told = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [one["operator"] for one in told] == ["ana", "'=SUM(A1)"]
    assert [(one["noticed"], one["diagnosis"], one["right"]) for one in told] == [
        ("58.0", "true", "true"),
        ("", "false", "true"),
    ]


def test_the_table_has_a_row_for_each_person_and_scenario_and_a_course() -> None:
    late = replace(result(), right=False, rolled_back=300.0, diagnosis=False, noticed=None)
    left = replace(result(), right=False, rolled_back=None, diagnosis=None)
    runs = [left, late, replace(result(), operator="rules"), result(), replace(result(), seed=8)]
    surge = replace(result(), scenario="traffic-surge", sign=30.0, rolled_back=None, diagnosed=None)
    assert list(table([*runs, surge])) == [
        "who    scenario       runs  right  noticed  diagnosed   decided  rules  course",
        "ana    error-spike    4     2/4    0:38     0:40        1:52     1:22   ✗ ✗4:40 ✓1:52 ✓1:52",
        "ana    traffic-surge  1     1/1    0:28     at the end  –        1:12   ✓",
        "rules  error-spike    1     1/1    0:38     0:40        1:52     1:22   ✓1:52",
        "",
        "ana: 3 of 5 rehearsals right, 0 of the first 2 and 2 of the last 2",
        "rules: 1 of 1 rehearsal right",
    ]
    assert "0:40 wrong" in list(table([late]))[1]


def test_who_left_early_is_in_the_course_and_in_no_share() -> None:
    left = replace(result(), right=None, rolled_back=None)
    told = list(table([left, result()]))
    assert "2     1/1" in told[1]
    assert told[1].endswith("· ✓1:52")
    assert told[-1] == "ana: 1 of 1 rehearsal right, 1 left before they were decided"


def test_an_empty_table_says_how_to_fill_it() -> None:
    assert list(table([])) == ["no rehearsal is recorded here: aftergreen drill NAME records one"]
