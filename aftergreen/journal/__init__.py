"""The journal: an append-only record of every release, from which each can be rebuilt.

`open_journal` gives the one interface, `Journal`; everything that goes wrong is a `JournalError`.
"""

from __future__ import annotations

from pathlib import Path

from aftergreen.journal.protocol import Claim, Entry, EntryKind, Journal, JournalError, Opened, Record

__all__ = ["Claim", "Entry", "EntryKind", "Journal", "JournalError", "Opened", "Record", "open_journal"]


def open_journal(path: Path) -> Journal:
    """Open the journal in the file ``path``, creating it and its folder where they are missing.

    The journal belongs to the thread that opened it. Other processes may use the same file at the same
    time. Raises `JournalError` where the file cannot be used, says newer things than this version
    understands, or lies where locks do not hold.
    """
    # Commands that only print help or check a file need no database.
    from aftergreen.journal.sqlite import SqliteJournal  # noqa: PLC0415  # late on purpose

    return SqliteJournal(path)
