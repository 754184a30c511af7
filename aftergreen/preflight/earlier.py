"""What the journal knows of other releases of a service: what they changed, and which one finished."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from aftergreen.journal import EntryKind, Journal, JournalError, Record, open_journal
from aftergreen.model import Release
from aftergreen.verdict.ranges import NOTHING_KNOWN, Disturbance, Earlier
from aftergreen.verdict.state import ReleaseState

SAME = 30.0
"""Seconds by which two tellings of the time of one deployment may differ."""


def earlier(journal: Journal, release: Release) -> Earlier:
    """The disturbances and the last finished release before this one; raises `JournalError`."""
    others = [record for record in journal.releases() if _other(record.release, release)]
    disturbances = sorted(
        (c for record in others for c in _disturbances(journal, record)), key=lambda c: c.at
    )
    finished = [
        record.release
        for record in others
        if record.ended == ReleaseState.FINISHED.value and record.release.deployed_at < release.deployed_at
    ]
    return Earlier(tuple(disturbances), max(finished, key=lambda r: r.deployed_at, default=None))


def earlier_in(place: Path | None, release: Release) -> Earlier:
    """The same for a command that keeps no journal of its own: a journal that is not there is not made."""
    try:
        if place is None or not place.exists():
            return NOTHING_KNOWN
        journal = open_journal(place)
        try:
            return earlier(journal, release)
        finally:
            journal.close()
    except (JournalError, OSError) as error:
        return Earlier(problem=str(error))


def known_in(place: Path | None) -> Callable[[Release], Awaitable[Earlier]]:
    """The same as `opened` asks for it, without holding up its loop."""

    async def known(release: Release) -> Earlier:
        return await asyncio.to_thread(earlier_in, place, release)

    return known


def _other(known: Release, release: Release) -> bool:
    if (known.service, known.environment) != (release.service, release.environment):
        return False
    if release.number:
        return known.number != release.number
    # One that is judged from history has no number, and may have been watched when it was deployed.
    same = known.version == release.version and abs(known.deployed_at - release.deployed_at) <= SAME
    return not same


def _disturbances(journal: Journal, record: Record) -> Iterator[Disturbance]:
    version = record.release.version
    yield Disturbance(record.release.deployed_at, f"another deployment ({version})")
    if record.ended == ReleaseState.FINISHED.value:
        return
    for outcome in journal.entries(record.release, kinds=(EntryKind.OUTCOME, EntryKind.SAID)):
        if outcome.body.get("exit_code") == 0:
            yield Disturbance(outcome.at, f"a rollback (of {version})")
