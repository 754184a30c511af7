"""What happened, for the log and the journal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aftergreen.model import Reading, Rule, Signal
from aftergreen.verdict.state.doubt import Doubt
from aftergreen.verdict.state.rule import RuleState


class EventKind(StrEnum):
    """What is worth a line in the log."""

    SEALED = "sealed"
    BASELINE_UNFIT = "baseline unfit"
    JUDGING = "judging"
    OVER_LIMIT = "over limit"
    BACK = "back in range"
    NEAR_MISS = "near miss"
    SURE = "more than chance"
    BREACHED = "breached"
    CLEARED = "cleared"
    UNKNOWN = "unknown"
    KNOWN = "known"
    BLIND = "blind"
    SIGHT = "sight"
    QUIET = "quiet"
    EXTENDED = "extended"
    COUNTDOWN = "countdown"
    COUNTDOWN_STOPPED = "countdown stopped"
    HELD = "held"
    RELEASED = "released"
    DRY_RUN = "dry run"
    ROLLBACK_STARTED = "rollback started"
    ROLLBACK_ENDED = "rollback ended"
    ROLLBACK_LOST = "rollback lost"
    ROLLBACK_SAID = "rollback said"
    RECOVERED = "recovered"
    STILL_BURNING = "still burning"
    ENDED = "ended"
    OVERRIDE = "override"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Override:
    """A threshold that a named person changed during the watch, with the reason.

    ``rule`` is what it was, ``now`` what it is; ``against`` is the seal it was made against, ``seal`` the one
    since then: overrides form one sequence.
    """

    signal: Signal
    rule: Rule
    now: Rule
    reason: str
    by: str
    at: float
    against: str
    seal: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at ``at``; `aftergreen.words` turns it into a sentence."""

    at: float
    kind: EventKind
    signal: Signal | None = None
    rule: RuleState | None = None
    reading: Reading | None = None
    text: str = ""
    by: str = ""
    seconds: float = 0.0
    override: Override | None = None
    doubt: Doubt | None = None


Events = tuple[Event, ...]
"""What happened at one step, oldest first: all that the core asks its shell to do is to tell it."""
