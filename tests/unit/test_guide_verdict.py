"""The numbers of docs/verdict.md are those of the engine."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

from aftergreen.model import Reading
from aftergreen.verdict.state import EventKind
from aftergreen.words import CHANCE
from tests.scenario import DEPLOYED_AT, Scenario

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
