"""What a journal offers, whatever keeps it: no files and no SQL show here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aftergreen.model import Release


class JournalError(Exception):
    """The journal cannot be used; the text is one sentence with the cure."""


class JournalBusyError(JournalError):
    """Another program keeps the journal locked; it may let go."""


class EntryKind(StrEnum):
    """What an entry records."""

    SEALED = "sealed"
    INSTANT = "instant"
    EVENT = "event"
    OPERATOR = "operator"
    INTENT = "intent"
    RUNNING = "running"
    OUTCOME = "outcome"
    SAID = "said"
    AUTOMATIC = "automatic"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was recorded about a release.

    ``id`` ascends in the order of recording over all releases. ``attempt`` numbers intents, their outcomes
    and what was said of those; it is None for everything else. ``writer`` is the console that recorded it,
    one run of one program; ``by`` is the person.
    """

    id: int
    at: float
    kind: EntryKind
    by: str
    body: Mapping[str, object]
    attempt: int | None = None
    writer: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A release as it was sealed. ``ended`` is the state it ended in, None while it is open."""

    release: Release
    seal: str
    plan: Mapping[str, object]
    baseline: Mapping[str, object]
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The release that a watch works on, and whether somebody else had opened it before."""

    record: Record
    joined: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one rollback. ``attempt`` is its fencing number: 1 for a release's first."""

    release: Release
    attempt: int
    at: float
    by: str
    body: Mapping[str, object]


class Journal(Protocol):
    """An append-only store of events by release, shared by every console that watches.

    Times are seconds since the epoch. Bodies are strict JSON objects: no NaN, no infinities
    (`aftergreen.journal.codec` writes those as words). Every method raises `JournalError` where the store
    cannot be read or written, or does not know the release.
    """

    def latest(self, service: str, environment: str) -> Record | None:
        """The newest release of a service in an environment."""
        ...

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
        """Join the newest release where it has the wanted version and has not ended; else start a new one.

        ``body`` is what its watch begins with beside plan and baseline; the entry ``sealed`` keeps it.

        A new one gets the next running number of its service and environment and an entry ``sealed``; an
        older one that is still open is finished as abandoned, because it is superseded. All in one step:
        of two consoles that open at once, one starts and the other joins.
        """
        ...

    def append(
        self, release: Release, kind: EntryKind, at: float, body: Mapping[str, object], by: str = ""
    ) -> int:
        """Record something and return the entry's id; ValueError for what has an attempt.

        The body of ``finish`` holds at least ``state``. The first finish ends a release for good: a later
        one is kept, and changes nothing. Of consoles that record the same ``instant``, the first one's is
        kept and no other: its id is returned.
        """
        ...

    def override(
        self, release: Release, *, against: str, seal: str, at: float, body: Mapping[str, object], by: str
    ) -> bool:
        """Record an override as an entry ``operator``; False, and nothing recorded, where another seal holds.

        The body gets ``against`` and ``seal``: overrides of a release form one sequence.
        """
        ...

    def entries(
        self, release: Release, *, kinds: Collection[EntryKind] = (), after: int = 0
    ) -> Iterator[Entry]:
        """The entries of a release in their order; all kinds where none are named, from past ``after`` on."""
        ...

    def hold(self, release: Release, *, at: float, body: Mapping[str, object], by: str) -> bool:
        """Record that somebody holds a release, as an entry ``operator`` whose ``action`` is ``hold``.

        False, and nothing recorded, where a rollback of it was begun: that is past holding.
        """
        ...

    def claim(
        self,
        release: Release,
        *,
        at: float,
        body: Mapping[str, object],
        by: str,
        unheld_since: int | None = None,
    ) -> Claim | None:
        """Record the intent to roll back, on durable storage before this returns.

        Where ``unheld_since`` names an entry, also None where somebody held the release after that one: no
        person ordered this rollback, and whoever claims it has not seen that somebody was against it.

        None, and nothing recorded, where an intent of its service has no outcome yet, whichever release it
        belongs to; where one of this release succeeded, or is said to have; or where a newer release
        supersedes it (see `superseded`). Of all who ask at once, one gets the claim.
        """
        ...

    def claimed(self, release: Release) -> Claim | None:
        """The claim whose outcome is not known: somebody is rolling back, or died doing so."""
        ...

    def unfinished(self, service: str, environment: str) -> tuple[Claim, ...]:
        """All such claims of a service, whichever of its releases they belong to, newest first."""
        ...

    def outcome(self, claim: Claim, *, at: float, body: Mapping[str, object]) -> None:
        """Record what came of a claim; `JournalError` where that is known already."""
        ...

    def settle(
        self, release: Release, attempt: int, *, at: float, body: Mapping[str, object], by: str
    ) -> bool:
        """Record what a person says came of an attempt whose outcome is ``unknown``, as an entry ``said``.

        False, and nothing recorded, where somebody said it before, where the attempt's outcome is known or
        awaited, or where another attempt was begun since.
        """
        ...

    def superseded(self, release: Release) -> Release | None:
        """The newest release of the same service and environment, where it is newer than this one."""
        ...

    def releases(self) -> tuple[Record, ...]:
        """All releases, newest first."""
        ...

    def shared_with(self) -> str:
        """Who else can use this journal, in words for the header: ``this user only``, ``group sre``."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
