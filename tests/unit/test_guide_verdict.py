"""The numbers of docs/verdict.md are those of the engine."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aftergreen import words
from aftergreen.model import Kind, Reading, SignalKey
from aftergreen.verdict.state import EventKind, RuleState
from aftergreen.words import CHANCE
from tests.scenario import DEPLOYED_AT, GOOD, Scenario, silent, with_rule

GUIDE = (Path(__file__).parents[2] / "docs" / "verdict.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+):(\d\d) \| (\d+) \| (\d+) \| (\d+) of (\d+) \| ([0-9.,]+) \|$", re.MULTILINE)
ERRORS = "error-rate/HTTP 5xx"


@dataclass(frozen=True)
class Row:
    """One line of the worked example."""

    age: float
    requests: float
    failed: float
    window: tuple[float, float]
    odds: str


def rows() -> list[Row]:
    return [
        Row(60.0 * int(m) + int(s), float(n), float(f), (float(wf), float(wn)), odds)
        for m, s, n, f, wf, wn, odds in ROW.findall(GUIDE)
    ]


def walked() -> tuple[Scenario, list[float]]:
    """The release at the end of the example, and the odds after each poll."""
    release, odds = Scenario(), []
    trials = failures = 0.0
    for row in rows():
        trials, failures = trials + row.requests, failures + row.failed
        failed, requests = row.window
        reading = Reading.of(failed / requests, requests, failures=failed)
        release.instant({ERRORS: replace(reading, total=(trials, failures))})
        evidence = release.state.rules[0].evidence
        odds.append(0.0 if evidence is None else evidence.once_in)
    return release, odds


def shown(odds: float) -> str:
    """Two digits, as the receipt has it."""
    if odds < CHANCE:
        return "1"
    digits = 10.0 ** (math.floor(math.log10(odds)) - 1)
    return f"{math.floor(odds / digits + 1e-9) * digits:,.1f}".removesuffix(".0")


def test_the_windows_are_the_last_four_polls() -> None:
    table = rows()
    for index, row in enumerate(table):
        newest = table[max(0, index - 3) : index + 1]
        assert row.window == (sum(r.failed for r in newest), sum(r.requests for r in newest))


def test_the_evidence_is_the_engines() -> None:
    _, odds = walked()
    assert [row.odds for row in rows()] == [shown(value) for value in odds]


def test_it_is_proposed_and_breached_when_the_text_says_so() -> None:
    release, _ = walked()
    told = {
        event.kind: event.at - DEPLOYED_AT
        for event in release.told(EventKind.OVER_LIMIT, EventKind.SURE, EventKind.BREACHED)
    }
    assert told == {EventKind.OVER_LIMIT: 75.0, EventKind.SURE: 135.0, EventKind.BREACHED: 195.0}
    for text in ("At 1:15 the fuse begins", "At 2:15 the evidence is in", "At 3:15 the fuse has"):
        assert text in GUIDE


READINGS = re.compile(
    r"^\| `(?P<kind>[a-z ]+)` \| [^|]+ \| (?P<panel>[^|]+) \| (?P<rules>[^|]+) \| (?P<silence>[^|]+) \| "
    r"(?P<all>[^|]+) \|$",
    re.MULTILINE,
)
"""The table of readings."""


def example(kind: Kind) -> Reading:
    """A reading of the kind, for an error rate."""
    match kind:
        case Kind.VALUE:
            return Reading.of(0.0005, 1000.0, failures=0.5)
        case Kind.ZERO:
            return Reading(Kind.ZERO, 0.0, 1000.0, 0.0)
        case Kind.DOWN:
            return Reading.down("connection refused")
        case _:
            return Reading.unknown(kind)


def rule_after(release: Scenario, reading: Reading) -> RuleState:
    """The rule of the error rate after one such instant."""
    release.feed(90).instant({ERRORS: reading})
    return release.state.signals[SignalKey(ERRORS)].rules[0]


def test_the_table_of_readings_has_them_all() -> None:
    assert [row["kind"] for row in READINGS.finditer(GUIDE)] == [
        *("value", "zero", "absent", "down", "no traffic", "no series", "stale", "partial", "blind"),
        "ambiguous",
    ]
    assert {row["kind"] for row in READINGS.finditer(GUIDE)} == {kind.value for kind in Kind}


@pytest.mark.parametrize("row", [pytest.param(row, id=row["kind"]) for row in READINGS.finditer(GUIDE)])
def test_the_table_of_readings_says_what_the_engine_does(row: re.Match[str]) -> None:
    reading = example(Kind(row["kind"]))
    assert row["panel"].strip("`") in (words.reading(reading, "%"), "the number")

    judged = rule_after(Scenario(), reading)
    assert (judged.unknown is None) is row["rules"].startswith("compare")
    assert judged.burning is row["rules"].endswith("above every limit")

    quiet = rule_after(Scenario(with_rule(ERRORS, silent(60.0))), reading)
    shown = "unknown" if quiet.unknown is not None else "silence" if quiet.burning else "no silence"
    assert shown == row["silence"]

    release = Scenario().feed(90)
    release.instant(dict.fromkeys(GOOD, reading))
    assert release.stands().value == row["all"]
