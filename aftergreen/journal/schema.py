"""The tables of the SQLite journal, and how a file becomes one."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from aftergreen.journal.protocol import JournalError

VERSION = 2
_APPLICATION = 0x41667247  # "AfrG": tells a journal from any other SQLite file

# Tells whether an instant was written already.
_BY_TIME = "CREATE INDEX entries_by_time ON entries (release, kind, at)"

_TABLES = (
    """
    CREATE TABLE releases (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        service TEXT NOT NULL,
        environment TEXT NOT NULL,
        number INTEGER NOT NULL,
        version TEXT NOT NULL,
        previous TEXT,
        deployed_at REAL NOT NULL,
        seal TEXT NOT NULL,
        plan TEXT NOT NULL,
        baseline TEXT NOT NULL,
        UNIQUE (service, environment, number)
    )
    """,
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        release INTEGER NOT NULL REFERENCES releases (id),
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        body TEXT NOT NULL,
        attempt INTEGER,
        writer TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX entries_in_order ON entries (release, id)",
    "CREATE INDEX entries_by_kind ON entries (release, kind, id)",
    _BY_TIME,
    # One intent and one outcome for each attempt, whoever writes.
    "CREATE UNIQUE INDEX one_per_attempt ON entries (release, kind, attempt) WHERE attempt IS NOT NULL",
)
_MIGRATIONS = {
    1: ("ALTER TABLE entries ADD COLUMN writer TEXT NOT NULL DEFAULT ''", _BY_TIME),
}
"""What turns a journal of a format into one of the next."""

_GUARD = "CREATE TRIGGER {} BEFORE {} BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
_GUARDS = (
    _GUARD.format("releases_update", "UPDATE ON releases"),
    _GUARD.format("releases_delete", "DELETE ON releases"),
    _GUARD.format("entries_update", "UPDATE ON entries"),
    _GUARD.format("entries_delete", "DELETE ON entries"),
    # INSERT OR REPLACE deletes without asking the triggers above.
    _GUARD.format(
        "releases_replace",
        "INSERT ON releases WHEN EXISTS (SELECT 1 FROM releases WHERE id = NEW.id"
        " OR service = NEW.service AND environment = NEW.environment AND number = NEW.number)",
    ),
    _GUARD.format(
        "entries_replace",
        "INSERT ON entries WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.id"
        " OR release = NEW.release AND kind = NEW.kind AND attempt = NEW.attempt)",
    ),
)


# What lies beside the file is made for one user, and given to the group a moment later: a colleague who opens
# it in between could only read, or not even that.
_NOT_OURS = ("SQLITE_READONLY", "SQLITE_CANTOPEN")
SHARED_WITHIN = 1.0
"""Seconds after which what cannot be written is not ours to write."""


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """A connection to the journal in ``path``, whose tables exist; waits ``patience`` seconds for locks.

    Raises sqlite3.Error, and `JournalError` for a file that is not a journal of this version.
    """
    deadline = time.monotonic() + SHARED_WITHIN
    while True:
        try:
            return _connected(path, patience)
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith(_NOT_OURS) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _connected(path: Path, patience: float) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=patience, isolation_level=None)
    try:
        _write_ahead(database, patience)
        # Only macOS knows it: there an ordinary sync leaves the data in the drive's own memory.
        database.execute("PRAGMA fullfsync = ON")
        database.execute("PRAGMA foreign_keys = ON")
        _migrate(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _write_ahead(database: sqlite3.Connection, patience: float) -> None:
    # Readers and the one writer do not wait for each other. SQLite does not wait for the lock that this
    # change needs, so two consoles that start on a new file would meet "database is locked".
    deadline = time.monotonic() + patience
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    version = _known(database, path)
    if version < VERSION:
        database.execute("BEGIN IMMEDIATE")
        try:
            # Somebody else may have been faster, perhaps a newer Aftergreen.
            version = _known(database, path)
            if version == 0:
                _create(database, path)
            for older in range(version or VERSION, VERSION):
                for statement in _MIGRATIONS[older]:
                    database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
    if not _ours(database):
        raise _stranger(path)


def _known(database: sqlite3.Connection, path: Path) -> int:
    """The format of the file, 0 for an empty one; `JournalError` where it is none that can be used."""
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version and not _ours(database):
        raise _stranger(path)
    if version > VERSION:
        raise JournalError(
            f"The journal {path} was written by a newer Aftergreen (format {version}, this one reads"
            f" {VERSION}): upgrade Aftergreen, or choose another file with --journal."
        )
    return version


def _create(database: sqlite3.Connection, path: Path) -> None:
    if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise _stranger(path)
    for statement in (*_TABLES, *_GUARDS):
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {_APPLICATION}")


def _ours(database: sqlite3.Connection) -> bool:
    return bool(database.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION)


def _stranger(path: Path) -> JournalError:
    return JournalError(
        f"{path} is a database of another program, not a journal: choose another file with --journal."
    )
