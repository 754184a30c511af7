"""A release built again from its journal and from nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aftergreen.journal import Entry, EntryKind, open_journal
from aftergreen.journal.codec import decode
from aftergreen.model import Instant, Plan, SignalKey
from aftergreen.promql import reaches
from aftergreen.verdict.begin import begin
from aftergreen.verdict.state import Baseline, Event, Setup, State
from aftergreen.verdict.step import abandon, over, step
from aftergreen.watch.following import followed


def rebuilt(place: Path) -> tuple[dict[float, State], list[Event]]:
    """The newest release after each of its instants, the last one as it ended; and what it told."""
    journal = open_journal(place)
    record = journal.releases()[0]
    entries = list(journal.entries(record.release))
    journal.close()
    sealed: Any = next(entry.body for entry in entries if entry.kind is EntryKind.SEALED)
    plan = decode(record.plan, Plan)
    setup = Setup(
        plan=plan,
        release=record.release,
        seal=record.seal,
        baselines={SignalKey(key): decode(body, Baseline) for key, body in record.baseline.items()},  # type: ignore[arg-type]  # JSON
        advice_ends=sealed["advice_ends"],
        looks_on=sealed["looks_on"],
        unstartable=sealed["unstartable"],
        companions={
            SignalKey(key): tuple(decode(one, Baseline) for one in found)
            for key, found in sealed["companions"].items()
        },
        reach=reaches(plan.signals),
    )
    state, events = begin(setup, [decode(instant, Instant) for instant in sealed["past"]])
    states, told = {state.at: state}, list(events)
    for entry in sorted(entries, key=_order):
        if entry.kind is EntryKind.INSTANT:
            state, events = step(state, decode(entry.body, Instant))
        elif entry.kind is EntryKind.FINISH and not over(state):
            state, events = abandon(state, str(entry.body["reason"]))
        else:
            state, events = followed(state, entry)
        states[state.at] = state
        told.extend(events)
    return states, told


def _order(entry: Entry) -> tuple[float, bool, int]:
    """In time; what was done comes before the readings of the same instant, as in the watch."""
    return entry.at, entry.kind in (EntryKind.INSTANT, EntryKind.FINISH), entry.id
