"""What a person did in a rehearsal, held against what was true."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aftergreen.drill.scenario.model import Decision, Scenario
from aftergreen.journal import EntryKind, open_journal
from aftergreen.units import format_clock, format_duration
from aftergreen.verdict.automatic import BY


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the record of a rehearsal holds, in seconds after the deployment; None where nothing.

    ``rolled_back`` is when the first order to roll back was given, ``by`` whom.
    """

    rolled_back: float | None = None
    by: str = ""

    @property
    def by_rules(self) -> bool:
        """Whether no person gave that order."""
        return self.by == BY


@dataclass(frozen=True, slots=True)
class Score:
    """What was done, in one phrase; whether that was right, and what was harmful about it."""

    told: str
    right: bool
    harm: str = ""


def deeds(place: Path) -> Deeds:
    """What stands in the journal of one rehearsal; raises `JournalError`."""
    journal = open_journal(place)
    try:
        for record in journal.releases():
            release = record.release
            intents = list(journal.entries(release, kinds=(EntryKind.INTENT,)))
            if not intents:
                return Deeds()
            return Deeds(intents[0].at - release.deployed_at, intents[0].by)
    finally:
        journal.close()
    return Deeds()


def first_sign(scenario: Scenario) -> float | None:
    """When its first fault begins, in seconds after the deployment; None where it has none."""
    return min((max(0.0, fault.at) for fault in scenario.simulation.faults), default=None)


def score(scenario: Scenario, done: Deeds) -> Score:
    """What the deeds are worth."""
    truth, at = scenario.truth, done.rolled_back
    if truth.decision is Decision.ROLL_BACK:
        return _late_or_not(scenario, at)
    if at is None:
        return Score("it was not rolled back", right=True)
    when = f"rolled back at {format_clock(at)}"
    if truth.decision is Decision.CALL:
        return Score(when, right=False, harm="a deployment for a fault that it could not mend")
    return Score(when, right=False, harm="rolled back a release that was well")


def _late_or_not(scenario: Scenario, at: float | None) -> Score:
    truth = scenario.truth
    if at is None:
        return Score("it was not rolled back", right=False, harm="waited through a fault of the release")
    sign = first_sign(scenario)
    if sign is not None and at < sign:
        return Score(f"rolled back at {format_clock(at)}, before there was any sign", right=False)
    told = f"rolled back at {format_clock(at)}"
    if sign is not None:
        told += f", {format_duration(round(at - sign))} after the first sign"
    if truth.until is not None and at > truth.until:
        late = format_duration(round(at - truth.until))
        return Score(f"{told}: too late by {late}", right=False)
    return Score(told, right=True)
