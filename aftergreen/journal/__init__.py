"""The journal: an append-only record of every release, from which each can be rebuilt.

`open_journal` gives the one interface, `Journal`; everything that goes wrong is a `JournalError`. What is
written, and read again to rebuild a release:

release   service, environment, version, previous, deployed-at, running number; seal, plan, frozen baselines
sealed    what its watch began with beside those: whether advice ends it, the clock's offset, why the rollback
          command cannot be started, the baselines that were not committed, the past that charts show
instant   every reading of one instant of the grid, once, when it is final: what a backend could not answer is
          asked again first
operator  what a person did: a threshold changed (with both seals), a baseline chosen, a remark, a hold and
          its release
automatic a countdown that was begun, and a rollback that was only recorded because it was a dry run
intent    a rollback command that is about to start, under a claim; running: its process, the one that
          looks after it, and until when it may run; outcome: what came of it; said: what a person knew of it
          where nobody did
event     the sentences of the log, for people; nothing is rebuilt from them
finish    the state in which it ended, its exit code and what was missing
"""

from __future__ import annotations

from pathlib import Path

from aftergreen.journal.protocol import Claim, Entry, EntryKind, Journal, JournalError, Opened, Record

__all__ = ["Claim", "Entry", "EntryKind", "Journal", "JournalError", "Opened", "Record", "open_journal"]


def open_journal(path: Path, writer: str = "") -> Journal:
    """Open the journal in the file ``path``, creating it and its folder where they are missing.

    ``writer`` names this console in all that it records. The journal belongs to the thread that opened it
    (`aftergreen.journal.writer` gives it one). Other processes may use the same file at the same
    time. Raises `JournalError` where the file cannot be used, says newer things than this version
    understands, or lies where locks do not hold.
    """
    # Commands that only print help or check a file need no database.
    from aftergreen.journal.sqlite import SqliteJournal  # noqa: PLC0415  # late on purpose

    return SqliteJournal(path, writer)
