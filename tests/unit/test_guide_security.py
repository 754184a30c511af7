"""SECURITY.md says what holds, and names the test that holds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [row for row in re.findall(r"^\| (.+) \|$", PAGE, re.MULTILINE) if not row.startswith(("what", "---"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[:40])
def test_every_statement_names_a_test_that_is_there(row: str) -> None:
    statement, _, tests = row.rpartition(" | ")
    assert statement.endswith(".")
    named = re.findall(r"`([^`]+)`", tests)
    assert named
    for name in named:
        file, _, test = name.partition("::")
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert not test or re.search(rf"^(async )?def {test}\(", text, re.MULTILINE), name


def test_all_are_there() -> None:
    assert len(ROWS) > 20
