"""The one frozen value that crosses to every screen, line and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aftergreen.model import Indicator, SignalKey
from aftergreen.verdict.state import Doubt, Event, ReleaseState, Rollback, RuleState, SignalState, State


class Mark(StrEnum):
    """How a step of the walk stands. Symbol, word and colour are chosen where it is shown."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"
    PENDING = "pending"
    WAIVED = "waived"


class AdviceKind(StrEnum):
    """What the console advises."""

    KEEP_WATCHING = "keep watching"
    WAIT = "wait"
    ROLL_BACK = "roll back"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Advice:
    """The advice with what it stands on: the rule of a rollback, the reason or the doubt of a wait."""

    kind: AdviceKind
    rule: RuleState | None = None
    reason: str = ""
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One line of the checklist, ticked by facts only; the one without an indicator is the rollback's."""

    indicator: Indicator | None
    mark: Mark
    why: str = ""


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """One panel: an indicator, its signals, and how it stands."""

    indicator: Indicator
    mark: Mark
    signals: tuple[SignalState, ...]
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """The fixed time axis of every chart: a third before the deployment, two thirds for the watch."""

    start: float
    deployed_at: float
    end: float


@dataclass(frozen=True, slots=True)
class Context:
    """What the watch knows beside the verdict.

    ``offset`` is local time minus the backend's, in seconds. ``read_only`` says why orders are refused,
    empty where they are not. ``journal`` says who shares the journal, ``others`` who else watches this
    release on this host. ``clock`` says what is wrong with this machine's clock, so that nothing here acts
    without a person; empty where nothing is.
    """

    operator: str
    offset: float = 0.0
    read_only: str = ""
    journal: str = ""
    others: tuple[str, ...] = ()
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is shown, as one value.

    Times are on the backend's clock. ``leading`` is the breach or, where there is none, the fuse that
    counts most. ``withheld`` is why nothing is acted on without a person although it is
    proposed. ``output`` is the tail of a rollback command's output. ``events`` are newest first, and
    ``milestones`` those that the record of a release is made of, all of them and oldest first.
    """

    state: State
    context: Context
    indicators: tuple[IndicatorView, ...]
    leading: RuleState | None
    advice: Advice
    doubts: tuple[Doubt, ...]
    checklist: tuple[ChecklistItem, ...]
    axis: Axis
    withheld: Doubt | None = None
    events: tuple[Event, ...] = ()
    milestones: tuple[Event, ...] = ()
    output: tuple[str, ...] = ()

    @property
    def at(self) -> float:
        """The newest instant that was judged."""
        return self.state.at

    @property
    def data_at(self) -> float | None:
        """The time of the newest raw sample that was ever seen."""
        return self.state.data_at

    @property
    def release_state(self) -> ReleaseState:
        """Where the release stands."""
        return self.state.state

    @property
    def rollback(self) -> Rollback | None:
        """The rollback, where one was started."""
        return self.state.rollback

    @property
    def rolling_back(self) -> bool:
        """Whether the rollback command runs."""
        return self.rollback is not None and self.rollback.running

    @property
    def signals(self) -> Mapping[SignalKey, SignalState]:
        """All signals by key."""
        return self.state.signals
