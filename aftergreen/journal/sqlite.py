"""The journal in one SQLite file that all consoles of a host share."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from aftergreen.journal import place, sharing
from aftergreen.journal.codec import dumps
from aftergreen.journal.columns import as_entry, as_record, as_release, columns_of, trouble
from aftergreen.journal.protocol import Claim, Entry, EntryKind, JournalError, Opened, Record
from aftergreen.journal.schema import connect
from aftergreen.model import Release

# Others hold the lock for one small transaction each; longer than this, somebody keeps it.
PATIENCE = 5.0
"""Seconds for which whoever asks waits for a lock."""

# With a write-ahead log NORMAL never corrupts, and a killed process loses nothing: only a power failure may
# take the last seconds. Instants and events can be asked again from the backend, and a slow disk must not
# hold up a claim that waits behind them. All else is said once: it is on the disk (FULL) before anybody acts.
_DURABLE = frozenset(EntryKind) - {EntryKind.INSTANT, EntryKind.EVENT}

_RECORD = """
    SELECT id, service, environment, version, previous, deployed_at, number, seal, plan, baseline, (
        SELECT body FROM entries WHERE release = releases.id AND kind = 'finish' ORDER BY entries.id LIMIT 1
    ) FROM releases
"""
_NEWEST = _RECORD + "WHERE service = ? AND environment = ? ORDER BY number DESC LIMIT 1"
# Asked at every poll: without the plan and the baseline.
_NEWER = """
    SELECT service, environment, version, previous, deployed_at, number FROM releases
    WHERE service = ? AND environment = ? AND number > ? ORDER BY number DESC LIMIT 1
"""
_BATCH_OF_KINDS = """
    SELECT id, at, kind, actor, body, attempt, writer FROM entries
    WHERE release = ? AND id > ? AND kind IN ({}) ORDER BY id LIMIT 500
"""
_SEAL = """
SELECT coalesce(
    (SELECT json_extract(body, '$.seal') FROM entries
     WHERE release = ? AND kind = 'operator' AND json_extract(body, '$.action') = 'override'
     ORDER BY id DESC LIMIT 1),
    (SELECT seal FROM releases WHERE id = ?)
)
"""
_UNFINISHED = """
    SELECT intent.id, at, kind, actor, body, attempt, writer,
        service, environment, version, previous, deployed_at, number
    FROM entries AS intent JOIN releases ON releases.id = intent.release
    WHERE service = ? AND environment = ? AND kind = 'intent' AND NOT EXISTS (
        SELECT 1 FROM entries
        WHERE release = intent.release AND kind = 'outcome' AND attempt = intent.attempt
    ) ORDER BY intent.id DESC
"""

_INSTANT = "SELECT id FROM entries WHERE release = ? AND kind = 'instant' AND at = ?"
_SUCCEEDED = """
    SELECT 1 FROM entries
    WHERE release = ? AND kind IN ('outcome', 'said') AND json_extract(body, '$.exit_code') = 0
"""


_HELD = """
    SELECT 1 FROM entries WHERE release = ? AND id > ? AND kind = 'operator'
    AND json_extract(body, '$.action') = 'hold' LIMIT 1
"""

_UNSETTLED = """
    SELECT kind = 'outcome' AND attempt = ? AND coalesce(json_extract(body, '$.unknown'), 0) FROM entries
    WHERE release = ? AND attempt IS NOT NULL ORDER BY id DESC LIMIT 1
"""


class SqliteJournal:
    """Implements `aftergreen.journal.Journal`; belongs to the thread that made it."""

    def __init__(self, path: Path, writer: str = "", patience: float = PATIENCE) -> None:
        self._path = path
        self._patience = patience
        self._writer = writer
        place.prepare(path)
        with self._told():
            self._database = connect(path, patience)
            try:
                self._file = path.stat()
                sharing.share_companions(path)
            except BaseException:
                self._database.close()
                raise

    def latest(self, service: str, environment: str) -> Record | None:
        row = self._row(_NEWEST, service, environment)
        return as_record(row) if row else None

    def open_release(
        self,
        wanted: Release,
        *,
        seal: str,
        plan: Mapping[str, object],
        baseline: Mapping[str, object],
        by: str,
        at: float,
        body: Mapping[str, object] | None = None,
    ) -> Opened:
        sealed = dumps(plan), dumps(baseline)
        with self._transaction(durable=True):
            newest = self.latest(wanted.service, wanted.environment)
            open_ = newest is not None and newest.ended is None
            if newest and open_ and newest.release.version == wanted.version:
                return Opened(newest, joined=True)
            new = replace(wanted, number=newest.release.number + 1 if newest else 1)
            # No release ends while a command of it runs.
            if newest and open_ and not self.claimed(newest.release):
                end = {"state": "abandoned", "reason": f"superseded by {new.name}"}
                self._insert(newest.release, EntryKind.FINISH, at, end, by)
            self._database.execute(
                "INSERT INTO releases"
                " (service, environment, version, previous, deployed_at, number, seal, plan, baseline)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*columns_of(new), seal, *sealed),
            )
            self._insert(new, EntryKind.SEALED, at, {**(body or {}), "seal": seal}, by)
            row = self._row(_NEWEST, new.service, new.environment)
        return Opened(as_record(cast("tuple[object, ...]", row)), joined=False)

    def append(
        self, release: Release, kind: EntryKind, at: float, body: Mapping[str, object], by: str = ""
    ) -> int:
        if kind in (EntryKind.INTENT, EntryKind.OUTCOME, EntryKind.SAID):
            raise ValueError("intents and what came of them are recorded by claim(), outcome() and settle()")
        if kind is EntryKind.FINISH and not isinstance(body.get("state"), str):
            raise ValueError("the body of a finish holds the state that the release ended in")
        with self._transaction(durable=kind in _DURABLE):
            known = self._row(_INSTANT, self._id(release), at) if kind is EntryKind.INSTANT else None
            return cast("int", known[0]) if known else self._insert(release, kind, at, body, by)

    def override(
        self, release: Release, *, against: str, seal: str, at: float, body: Mapping[str, object], by: str
    ) -> bool:
        with self._transaction(durable=True):
            row = self._row(_SEAL, self._id(release), self._id(release))
            if row is None or row[0] != against:
                return False
            self._insert(release, EntryKind.OPERATOR, at, {**body, "against": against, "seal": seal}, by)
        return True

    def entries(
        self, release: Release, *, kinds: Collection[EntryKind] = (), after: int = 0
    ) -> Iterator[Entry]:
        known, wanted = self._id(release), tuple(kinds) or tuple(EntryKind)
        query = _BATCH_OF_KINDS.format(", ".join("?" * len(wanted)))
        # In batches: a reader that dawdles over one long query would keep the log from being checkpointed.
        while rows := self._rows(query, known, after, *wanted):
            for row in rows:
                entry = as_entry(row)
                after = entry.id
                yield entry

    def hold(self, release: Release, *, at: float, body: Mapping[str, object], by: str) -> bool:
        with self._transaction(durable=True):
            begun = "SELECT 1 FROM entries WHERE release = ? AND kind = 'intent' LIMIT 1"
            if self._row(begun, self._id(release)):
                return False
            self._insert(release, EntryKind.OPERATOR, at, {**body, "action": "hold"}, by)
        return True

    def claim(
        self,
        release: Release,
        *,
        at: float,
        body: Mapping[str, object],
        by: str,
        unheld_since: int | None = None,
    ) -> Claim | None:
        with self._transaction(durable=True):
            if unheld_since is not None and self._row(_HELD, self._id(release), unheld_since):
                return None
            service = release.service, release.environment
            if (
                self.unfinished(*service)
                or self._row(_SUCCEEDED, self._id(release))
                or self.superseded(release)
            ):
                return None
            row = self._row(
                "SELECT coalesce(max(attempt), 0) FROM entries WHERE release = ? AND kind = 'intent'",
                self._id(release),
            )
            attempt = cast("int", row[0]) + 1 if row else 1
            self._insert(release, EntryKind.INTENT, at, body, by, attempt=attempt)
        return Claim(release, attempt, at, by, body)

    def claimed(self, release: Release) -> Claim | None:
        self._id(release)
        claims = self.unfinished(release.service, release.environment)
        return next((claim for claim in claims if claim.release.number == release.number), None)

    def unfinished(self, service: str, environment: str) -> tuple[Claim, ...]:
        claims = []
        for row in self._rows(_UNFINISHED, service, environment):
            entry = as_entry(row[:7])
            claims.append(Claim(as_release(row[7:]), entry.attempt or 0, entry.at, entry.by, entry.body))
        return tuple(claims)

    def outcome(self, claim: Claim, *, at: float, body: Mapping[str, object]) -> None:
        with self._transaction(durable=True):
            open_ = self.claimed(claim.release)
            if open_ is None or open_.attempt != claim.attempt:
                raise JournalError(
                    f"The outcome of rollback {claim.attempt} of {claim.release.name} is recorded already, by"
                    " another console: the first one stands."
                )
            self._insert(claim.release, EntryKind.OUTCOME, at, body, claim.by, attempt=claim.attempt)

    def settle(
        self, release: Release, attempt: int, *, at: float, body: Mapping[str, object], by: str
    ) -> bool:
        with self._transaction(durable=True):
            newest = self._row(_UNSETTLED, attempt, self._id(release))
            if newest is None or not newest[0]:
                return False
            self._insert(release, EntryKind.SAID, at, body, by, attempt=attempt)
        return True

    def superseded(self, release: Release) -> Release | None:
        row = self._row(_NEWER, release.service, release.environment, release.number)
        return as_release(row) if row else None

    def releases(self) -> tuple[Record, ...]:
        return tuple(as_record(row) for row in self._rows(_RECORD + "ORDER BY id DESC"))

    def shared_with(self) -> str:
        with self._told():
            return sharing.shared_with(self._path)

    def close(self) -> None:
        with self._told():
            self._database.close()

    def _insert(
        self,
        release: Release,
        kind: EntryKind,
        at: float,
        body: Mapping[str, object],
        by: str,
        *,
        attempt: int | None = None,
    ) -> int:
        made = self._database.execute(
            "INSERT INTO entries (release, at, kind, actor, body, attempt, writer)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self._id(release), at, kind, by, dumps(body), attempt, self._writer),
        )
        return cast("int", made.lastrowid)

    def _id(self, release: Release) -> int:
        row = self._row(
            "SELECT id FROM releases WHERE service = ? AND environment = ? AND number = ? AND version = ?",
            release.service,
            release.environment,
            release.number,
            release.version,
        )
        if row is None:
            raise JournalError(
                f"The journal {self._path} holds no release {release.name}: name the journal in which it was"
                " opened with --journal."
            )
        return cast("int", row[0])

    def _row(self, query: str, *values: object) -> tuple[object, ...] | None:
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def _rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._told():
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[None]:
        with self._told():
            self._still_there()
            self._database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            # The lock is taken before the first look: what is decided on stays true until it is written.
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    def _still_there(self) -> None:
        # SQLite writes on to a file that lost its name. Others would meanwhile claim in its successor.
        if not os.path.samestat(self._path.stat(), self._file):
            raise FileNotFoundError(errno.ENOENT, "another file took its place")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise trouble(self._path, error, self._patience) from error
        except OSError as error:
            raise JournalError(
                f"The journal {self._path} was moved or deleted ({error.strerror}): put it back, or start"
                " Aftergreen anew."
            ) from error
