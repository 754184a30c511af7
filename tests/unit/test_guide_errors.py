"""The page of errors and the program say the same: each in the source is there, and the other way round.

While other tests run, `tests.documented` holds every error that the program makes against the page as well.
"""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.documented import ENTRIES, PAGE, ROOT

SOURCES = sorted(file for room in ("aftergreen", "tui") for file in (ROOT / room).rglob("*.py"))

ERRORS = (
    "JournalError",
    "JournalBusyError",
    "NoPlace",
    "OutputLost",
    "SourceUnavailable",
    "OtherTimes",
    "Refused",
    "UsageError",
    "Finding",
)


def written(node: ast.expr) -> str:
    """A text of the source with … for what is filled in; empty where it is put together elsewhere."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(written(part) or "…" for part in node.values)
    return ""


@cache
def texts() -> tuple[str, ...]:
    """Every text of the source; only whoever asks for them reads all of it."""
    return tuple(
        written(node)
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr)
    )


def raised() -> dict[str, str]:
    """Every error whose text stands where it is made, with the place."""
    found = dict[str, str]()
    for file in SOURCES:
        source = file.read_text(encoding="utf-8")
        # Every worker collects these tests, and most files make no error.
        if not any(f"{name}(" in source for name in ERRORS):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                said = written(node.args[-1]) if node.args else ""
                # What is all filled in says nothing by itself.
                if said.strip("…:; "):
                    found[said] = f"{file.relative_to(ROOT)}:{node.lineno}"
    return found


RAISED = raised()

SHORTEST = 8
"""Characters below which a clause could stand anywhere."""


def pieces(text: str) -> list[str]:
    """The clauses of a sentence, which the source may put together from several places."""
    return [piece.strip() for piece in re.split(r"…|[:;,] ", text) if len(piece.strip()) >= SHORTEST]


@pytest.mark.parametrize("said", RAISED, ids=[RAISED[said] for said in RAISED])
def test_what_the_source_says_is_wrong_stands_on_the_page(said: str) -> None:
    assert pieces(said), "a sentence without a clause would stand on any page"
    assert any(all(piece in entry for piece in pieces(said)) for entry in ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_stands_on_the_page_the_source_can_say(entry: str) -> None:
    for piece in pieces(entry):
        assert any(piece in text for text in texts()), piece


def test_each_entry_says_what_it_means() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(rows) == len(ENTRIES) > 70
    assert all(len(row.rstrip("| ").rsplit(" | ", 1)[1]) > SHORTEST for row in rows)
