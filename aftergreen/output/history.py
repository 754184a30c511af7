"""What the journal holds of past releases: a line for each, and what dry runs would have done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aftergreen import words
from aftergreen.clean import clean
from aftergreen.journal import Entry, EntryKind, Journal, Record, open_journal
from aftergreen.output.jsonl import iso
from aftergreen.units import format_duration
from aftergreen.verdict.state import ReleaseState
from aftergreen.watch.following import COUNTDOWN, DRY_RUN
from aftergreen.words.columns import in_columns

KINDS = (EntryKind.INTENT, EntryKind.FINISH, EntryKind.AUTOMATIC)

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Past:
    """A release as its record has it.

    ``ended`` is the state it ended in, `OPEN` where it has not; ``exit_code`` is None then. ``why`` is what
    was decided on, empty where nothing went wrong. ``countdowns`` is how often it was about to be rolled back
    without a person, ``dry_run`` when it would have been. Times are on the backend's clock.
    """

    record: Record
    ended: str
    exit_code: int | None
    why: str
    rolled_back_by: str
    rolled_back_at: float | None
    countdowns: int
    dry_run: float | None

    @property
    def body(self) -> Mapping[str, object]:
        """The same for machines."""
        release = self.record.release
        return {
            "release": release.name,
            "service": release.service,
            "environment": release.environment,
            "version": release.version,
            "previous": release.previous,
            "deployed_at": iso(release.deployed_at),
            "state": self.ended,
            "exit_code": self.exit_code,
            "why": self.why or None,
            "rolled_back_by": self.rolled_back_by or None,
            "rolled_back_at": iso(self.rolled_back_at) if self.rolled_back_at is not None else None,
            "countdowns": self.countdowns,
            "dry_run_at": iso(self.dry_run) if self.dry_run is not None else None,
        }


def past_releases(place: Path, *, service: str = "", environment: str = "") -> tuple[Past, ...]:
    """The releases in a journal, newest first; raises `JournalError`.

    Nothing is made where there is no journal: then there are no releases.
    """
    if not _is_there(place):
        return ()
    journal = open_journal(place)
    try:
        wanted = [
            record
            for record in journal.releases()
            if record.release.service == (service or record.release.service)
            and record.release.environment == (environment or record.release.environment)
        ]
        return tuple(_past(journal, record) for record in wanted)
    finally:
        journal.close()


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:
        return True  # Whoever opens it says why that cannot be.


def _past(journal: Journal, record: Record) -> Past:
    entries = list(journal.entries(record.release, kinds=KINDS))
    finish = next((entry for entry in entries if entry.kind is EntryKind.FINISH), None)
    intents = [entry for entry in entries if entry.kind is EntryKind.INTENT]
    code = finish.body.get("exit_code") if finish is not None else None
    why = finish.body.get("why") if finish is not None else None
    dry = _acts(entries, DRY_RUN)
    return Past(
        record,
        record.ended or OPEN,
        code if isinstance(code, int) else None,
        why if isinstance(why, str) else "",
        intents[-1].by if intents else "",
        intents[-1].at if intents else None,
        len(_acts(entries, COUNTDOWN)),
        dry[0].at if dry else None,
    )


def _acts(entries: Sequence[Entry], action: str) -> list[Entry]:
    return [e for e in entries if e.kind is EntryKind.AUTOMATIC and e.body.get("action") == action]


def history_lines(found: Sequence[Past]) -> Iterator[str]:
    """A table for people, and below it how they ended."""
    if not found:
        yield "no release is recorded here: aftergreen watch or gate record one"
        return
    yield from in_columns([_row(past) for past in found])
    yield ""
    yield _counted(found)
    dry = [past for past in found if past.dry_run is not None]
    if dry:
        well = sum(past.ended == ReleaseState.FINISHED.value for past in dry)
        accepted = f"; {well} of them finished all the same" if well else ""
        yield f"dry runs would have rolled back {len(dry)} of {len(found)}{accepted}"


def _row(past: Past) -> tuple[str, ...]:
    release = past.record.release
    code = f" ({past.exit_code})" if past.exit_code is not None else ""
    remarks = [clean(past.why)] if past.why else []
    if past.rolled_back_at is not None:
        to = f"to {clean(release.previous)} " if release.previous else ""
        remarks.append(f"rolled back {to}at {words.local_time(past.rolled_back_at)} by {past.rolled_back_by}")
    if past.dry_run is not None:
        after = format_duration(round(past.dry_run - release.deployed_at))
        remarks.append(f"a dry run would have rolled back after {after}")
    return (
        words.local_day(release.deployed_at),
        clean(release.name),
        f"{clean(past.ended)}{code}",
        ", ".join(remarks),
    )


def _counted(found: Sequence[Past]) -> str:
    ended = dict.fromkeys((past.ended for past in found), 0)
    for past in found:
        ended[past.ended] += 1
    told = ", ".join(f"{number} {clean(state)}" for state, number in ended.items())
    return f"{len(found)} {'release' if len(found) == 1 else 'releases'}: {told}"
