"""What a person did in a rehearsal, held against what was true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aftergreen.drill.debriefing.diagnosis import Diagnosis, read
from aftergreen.drill.scenario.model import Decision, Scenario, Truth
from aftergreen.journal import Entry, EntryKind, open_journal
from aftergreen.units import format_clock, format_duration
from aftergreen.verdict.automatic import BY
from aftergreen.verdict.state import ReleaseState

LEFT = ReleaseState.ABANDONED.value
"""How a release ends that nobody watches to its end."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the record of a rehearsal holds, in seconds after the deployment; None where nothing.

    ``rolled_back`` is when the first order to roll back was given, ``by`` whom. ``written`` is when a person
    wrote, held, or ordered something, ``keys`` when one pressed a key, which no journal holds. ``state`` is
    how the release ended, empty while it is open, and ``ended`` when.
    """

    rolled_back: float | None = None
    by: str = ""
    written: tuple[float, ...] = ()
    keys: tuple[float, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    state: str = ""
    ended: float | None = None

    @property
    def by_rules(self) -> bool:
        """Whether no person gave that order."""
        return self.by == BY


@dataclass(frozen=True, slots=True)
class Score:
    """What was done, in one phrase; whether that was right, and what was harmful about it.

    Nobody can tell whether it was right where somebody left before that was decided: None.
    """

    told: str
    right: bool | None
    harm: str = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """When somebody took notice, in seconds after the deployment, and by what: a key, or a word."""

    at: float
    by: str


def deeds(place: Path) -> Deeds:
    """What stands in the journal of one rehearsal; raises `JournalError`."""
    journal = open_journal(place)
    try:
        for record in journal.releases():
            since = record.release.deployed_at
            kinds = (EntryKind.INTENT, EntryKind.OPERATOR, EntryKind.FINISH)
            done = _done(list(journal.entries(record.release, kinds=kinds)), since)
            return replace(done, state=record.ended or "")
    finally:
        journal.close()
    return Deeds()


def _done(entries: Sequence[Entry], since: float) -> Deeds:
    first = next((entry for entry in entries if entry.kind is EntryKind.INTENT), None)
    finish = next((entry for entry in entries if entry.kind is EntryKind.FINISH), None)
    acted = [entry for entry in entries if entry.kind is not EntryKind.FINISH and entry.by != BY]
    found = [read(str(entry.body.get("text", "")), entry.at - since) for entry in entries]
    return Deeds(
        rolled_back=None if first is None else first.at - since,
        by="" if first is None else first.by,
        written=tuple(entry.at - since for entry in acted),
        diagnoses=tuple(one for one in found if one is not None),
        ended=None if finish is None else finish.at - since,
    )


def first_sign(scenario: Scenario) -> float | None:
    """When its first fault begins, in seconds after the deployment; None where it has none."""
    return min((max(0.0, fault.at) for fault in scenario.simulation.faults), default=None)


def noticed(done: Deeds, sign: float | None) -> Noticed | None:
    """When somebody first took notice after the first sign; None where nobody did, or there was none."""
    if sign is None:
        return None
    candidates = [Noticed(at, "a key") for at in done.keys] + [Noticed(at, "a word") for at in done.written]
    return min((one for one in candidates if one.at >= sign), key=lambda one: one.at, default=None)


def diagnosed(scenario: Scenario, done: Deeds) -> Diagnosis | None:
    """The first right diagnosis; where none is, the last one; None where none was given."""
    right = [one for one in done.diagnoses if one.names(scenario.truth)]
    return next(iter([*right, *reversed(done.diagnoses)]), None)


def score(scenario: Scenario, done: Deeds) -> Score:
    """What the deeds are worth."""
    truth, at = scenario.truth, done.rolled_back
    if at is None and done.state == LEFT and _open(truth, done.ended):
        return Score("left before it was decided", right=None)
    if truth.decision is Decision.ROLL_BACK:
        return _late_or_not(scenario, at)
    if at is None:
        return Score("it was not rolled back", right=True)
    when = f"rolled back at {format_clock(at)}"
    if truth.decision is Decision.CALL:
        return Score(when, right=False, harm="a deployment for a fault that it could not mend")
    return Score(when, right=False, harm="rolled back a release that was well")


def _open(truth: Truth, at: float | None) -> bool:
    """Whether it was not too late yet for whoever left then."""
    if truth.decision is not Decision.ROLL_BACK or at is None or truth.until is None:
        return True
    return at <= truth.until


def _late_or_not(scenario: Scenario, at: float | None) -> Score:
    truth = scenario.truth
    if at is None:
        return Score("it was not rolled back", right=False, harm="waited through a fault of the release")
    sign = first_sign(scenario)
    if sign is not None and at < sign:
        return Score(f"rolled back at {format_clock(at)}, before there was any sign", right=False)
    told = f"rolled back at {format_clock(at)}{after_sign(at, sign)}"
    if truth.until is not None and at > truth.until:
        late = format_duration(round(at - truth.until))
        return Score(f"{told}: too late by {late}", right=False)
    return Score(told, right=True)


def after_sign(at: float, sign: float | None) -> str:
    """How long that was after the first sign, to follow a time; empty where there was none before it."""
    return "" if sign is None or at < sign else f", {format_duration(round(at - sign))} after the first sign"
