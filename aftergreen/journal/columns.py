"""Between the rows of the SQLite journal and the values of the protocol, its errors included."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from aftergreen.clean import clean, is_harmless
from aftergreen.journal.protocol import Entry, EntryKind, JournalBusyError, JournalError, Record
from aftergreen.model import Release

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


def columns_of(release: Release) -> tuple[object, ...]:
    """A release as the columns that identify it."""
    previous, deployed_at = release.previous, release.deployed_at
    return release.service, release.environment, release.version, previous, deployed_at, release.number


def as_release(row: Sequence[object]) -> Release:
    """The columns that identify a release."""
    return Release(*row)  # type: ignore[arg-type]  # they are in the order of its fields


def as_record(row: tuple[object, ...]) -> Record:
    """A row of ``releases`` with the body of its first finish."""
    _id, *identity, seal, plan, baseline, finish = row
    return Record(
        as_release(identity),
        cast("str", seal),
        _body(plan),
        _body(baseline),
        cast("str", _body(finish)["state"]) if finish else None,
    )


def as_entry(row: tuple[object, ...]) -> Entry:
    """A row of ``entries``."""
    number, at, kind, by, body, attempt, writer = row
    return Entry(
        cast("int", number),
        cast("float", at),
        EntryKind(cast("str", kind)),
        clean(cast("str", by), 60),
        _body(body),
        cast("int | None", attempt),
        cast("str", writer),
    )


_PLAIN = re.compile(r'(?:[ !#-\[\]-~]|"|\\["\\/nt])*')
"""JSON in which nothing can be that would drive a terminal: most of what is written here."""


def _body(text: object) -> Mapping[str, object]:
    """A body without what drives a terminal: others write into a journal that is shared."""
    written = cast("str", text)
    found = json.loads(written)
    return cast("dict[str, object]", found if _PLAIN.fullmatch(written) else _harmless(found))


def _harmless(value: object) -> object:
    if isinstance(value, str):
        safe = is_harmless(value, lines=True) and "\r" not in value
        return value if safe else clean(value, len(value))
    if isinstance(value, dict):
        return {_harmless(key): _harmless(inner) for key, inner in value.items()}
    return [_harmless(inner) for inner in value] if isinstance(value, list) else value


def trouble(path: Path, error: sqlite3.Error, patience: float) -> JournalError:
    """What went wrong with the file, as an error that says what cures it.

    ``patience`` is how long a lock was waited for.
    """
    busy = getattr(error, "sqlite_errorname", "").startswith(_BUSY)
    return (JournalBusyError if busy else JournalError)(_sentence(path, error, patience))


def _sentence(path: Path, error: sqlite3.Error, patience: float) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return f"The journal {path} is damaged ({error}): move the file away, and a new one is started."
    if name.startswith(_BUSY):
        return (
            f"The journal {path} was locked for {patience:.0f} s by another program: end that program, or"
            " wait for it."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return (
            f"The journal {path} cannot be opened for writing ({error}): give this user or its group write"
            " permission on the file and its folder, or choose another file with --journal."
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return (
            f"The disk of the journal {path} does not take it ({error}): free some space, or mend the disk."
        )
    return f"The journal {path} cannot be used ({error}): choose another file with --journal."
