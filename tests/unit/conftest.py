"""A journal of their own for the tests of journals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aftergreen.journal import Journal, open_journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = open_journal(path)
    yield opened
    opened.close()
