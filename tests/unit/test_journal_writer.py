"""The thread that owns a journal: records in their order, questions ahead of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aftergreen.journal import EntryKind, Journal, JournalError, open_journal
from aftergreen.journal.sqlite import SqliteJournal
from aftergreen.journal.writer import Writer
from aftergreen.model import Release
from tests.waiting import HANG


def test_work_is_done_in_its_order_and_what_was_handed_over_is_done_before_the_end(tmp_path: Path) -> None:
    done: list[int] = []
    writer = Writer(lambda: open_journal(tmp_path / "journal.db"))

    def work(number: int) -> Callable[[Journal], None]:
        return lambda _journal: done.append(number)

    for number in range(100):
        writer.record(work(number))
    writer.close().result(HANG)
    assert done == list(range(100))
    late = writer.record(lambda _journal: done.append(-1))
    with pytest.raises(JournalError, match="was closed"):
        late.result(HANG)


def test_a_question_waits_for_no_record_and_a_record_for_a_lock(tmp_path: Path) -> None:
    place = tmp_path / "journal.db"
    writer = Writer(lambda: SqliteJournal(place, patience=0.05))
    release = writer.asked(
        lambda journal: (
            journal.open_release(
                Release("checkout-api", "prod", "v2", None, 1.0), seal="", plan={}, baseline={}, by="", at=1.0
            ).record.release
        )
    ).result(HANG)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def instant(at: float) -> Callable[[Journal], int]:
        return lambda journal: journal.append(release, EntryKind.INSTANT, at, {})

    records = [writer.record(instant(at)) for at in (1.0, 2.0)]
    claim = writer.asked(lambda journal: journal.claim(release, at=1.0, body={}, by="ana"))
    with pytest.raises(JournalError, match="was locked for"):
        claim.result(HANG)
    assert not any(record.done() for record in records)
    other.execute("ROLLBACK")
    other.close()
    first, second = (record.result(HANG) for record in records)
    assert first < second, "in their order"
    writer.close().result(HANG)


def test_an_error_reaches_who_asked_and_stops_nobody_else(tmp_path: Path) -> None:
    writer = Writer(lambda: open_journal(tmp_path / "journal.db"))
    unknown = Release("checkout-api", "prod", "v9", None, 1.0)
    wrong = writer.record(lambda journal: journal.append(unknown, EntryKind.EVENT, 1.0, {}))
    right = writer.record(lambda journal: journal.releases())
    with pytest.raises(JournalError, match="holds no release checkout-api/prod/v9"):
        wrong.result(HANG)
    assert right.result(HANG) == ()
    writer.close().result(HANG)


def impossible() -> Journal:
    raise ValueError("embedded null byte")


@pytest.mark.parametrize("impossible_to", ["read", "find"])
def test_a_journal_that_cannot_be_opened_is_told_to_everybody_who_asks(
    tmp_path: Path, impossible_to: str
) -> None:
    (tmp_path / "journal.db").write_text("no database", encoding="utf-8")
    writer = Writer(impossible if impossible_to == "find" else lambda: open_journal(tmp_path / "journal.db"))
    asked: list[Any] = [writer.record(lambda journal: journal.releases()) for _ in range(2)]
    for future in asked:
        with pytest.raises((JournalError, ValueError), match=r"is damaged|embedded null byte"):
            future.result(HANG)
    writer.close().result(HANG)
