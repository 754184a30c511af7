"""What keeps a release from being finished, one value for each kind; `aftergreen.words` makes the phrases."""

from __future__ import annotations

from dataclasses import dataclass

from aftergreen.model import Indicator, Signal
from aftergreen.verdict.state.automatic import Hold
from aftergreen.verdict.state.rule import Breach, RuleState


@dataclass(frozen=True, slots=True)
class Unticked:
    """A line of the checklist without its tick, and why; no indicator stands for the rollback."""

    indicator: Indicator | None
    why: str


@dataclass(frozen=True, slots=True)
class SeldomJudged:
    """A signal that could be judged in ``share`` of the watch only."""

    signal: Signal
    share: float


@dataclass(frozen=True, slots=True)
class TooShort:
    """The watch was too short for a rule that looks back further."""

    rule: RuleState


@dataclass(frozen=True, slots=True)
class NotBorneOut:
    """What was counted does not bear out what a rule claims: ``rate`` takes ``needed`` trials."""

    rule: RuleState
    rate: float
    trials: float
    failures: float
    needed: float


@dataclass(frozen=True, slots=True)
class NotServing:
    """Not every instance serves the version: ``serving`` of ``total``, None where it was not measured."""

    version: str
    serving: float | None
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class CutShort:
    """Only so many seconds of the watch were seen."""

    watched: float
    total: float


@dataclass(frozen=True, slots=True)
class WasBreached:
    """A rollback rule was breached for a while, and nobody rolled back."""

    breach: Breach


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody held the release to its end."""

    hold: Hold


Lacking = Held | Unticked | SeldomJudged | TooShort | NotBorneOut | NotServing | CutShort | WasBreached
