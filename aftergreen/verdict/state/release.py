"""The whole release as it stands, and what does not change during its watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aftergreen.model import Indicator, Plan, Release, SignalKey, View
from aftergreen.verdict.state.automatic import Countdown, DryRun, Hold
from aftergreen.verdict.state.baseline import Baseline
from aftergreen.verdict.state.event import Override
from aftergreen.verdict.state.lacking import Lacking
from aftergreen.verdict.state.rule import Breach, NearMiss, RuleState
from aftergreen.verdict.state.signal import SignalState


class ReleaseState(StrEnum):
    """Where a release stands."""

    PREFLIGHT = "preflight"
    SEALED = "sealed"
    WARM_UP = "warm-up"
    WATCHING = "watching"
    INCOMPLETE = "incomplete"
    BLIND = "blind"
    QUIET = "quiet"
    PROPOSED = "rollback proposed"
    ROLLING_BACK = "rolling back"
    VERIFYING = "verifying"
    ROLLED_BACK = "rolled back"
    ROLLBACK_FAILED = "rollback failed"
    FINISHED = "finished"
    UNPROVEN = "unproven"
    ABANDONED = "abandoned"

    @property
    def ended(self) -> bool:
        """Whether nothing more is judged in this state."""
        return self in ENDED


ENDED = frozenset(
    {ReleaseState.ROLLED_BACK, ReleaseState.FINISHED, ReleaseState.UNPROVEN, ReleaseState.ABANDONED}
)


@dataclass(frozen=True, slots=True)
class Rollback:
    """A rollback command that was started, and what came of it.

    Times are local to the backend's clock; ``exit_code`` is None while it runs and where it never
    started or timed out; ``unknown`` says that nobody knows it, because who looked after the command was gone
    before it ended. Where a person, ``said_by``, then said what came of it, ``said`` is how that was known.
    ``reason`` is why it was run, where somebody had to say so. ``good_since`` is the first sample of the good
    run after the command's end; ``unseen`` says what could not be measured when the time for it was up; empty
    where it was.
    """

    attempt: int
    by: str
    command: tuple[str, ...]
    started_at: float
    leading: RuleState | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    timed_out: bool = False
    unknown: bool = False
    error: str = ""
    output: str = ""
    reason: str = ""
    said: str = ""
    said_by: str = ""
    good_since: float | None = None
    recovered: bool | None = None
    unseen: str = ""

    @property
    def running(self) -> bool:
        """Whether the command has not ended."""
        return self.ended_at is None

    @property
    def succeeded(self) -> bool:
        """Whether the command ended with 0."""
        return self.ended_at is not None and self.exit_code == 0


@dataclass(frozen=True, slots=True)
class Setup:
    """What does not change during a watch: the plan, the release, its seal and its baselines.

    ``companions`` are the baselines of the other sources that could be had, fit or not. ``reach`` is how
    far back, in seconds, the queries of a signal look that has no window; such a signal has an entry.
    ``advice_ends`` ends the release at the first rollback advice, unless this watch may act on it by itself:
    a gate does not wait for what only a person can do. ``looks_on`` says that it may do nothing at all.
    ``unstartable`` is what preflight found wrong with the rollback command; empty where it can be started.
    """

    plan: Plan
    release: Release
    seal: str
    baselines: Mapping[SignalKey, Baseline]
    advice_ends: bool = False
    looks_on: bool = False
    unstartable: str = ""
    companions: Mapping[SignalKey, tuple[Baseline, ...]] = field(default_factory=dict)
    reach: Mapping[SignalKey, float] = field(default_factory=dict)

    @property
    def starts(self) -> float:
        """When watch time begins: the rollout is over."""
        return self.release.deployed_at + self.plan.timing.rollout


_PLACES = {indicator: place for place, indicator in enumerate(Indicator)}


@dataclass(frozen=True, slots=True)
class State:
    """A release as it stands after ``at``, the newest instant that was judged.

    ``watched`` is watch time: seconds since ``setup.starts`` in which something could be measured.
    ``blind`` is what could not be. ``extended`` is how far the end was moved for a burning fuse.
    ``breaches`` are those of rollback rules so far, also the ones that cleared. ``data_at`` is the time of
    the newest raw sample that any reading so far stood on. ``countdown`` runs before a rollback without a
    person, unless there is a ``hold``; ``dry_runs`` are those that were only recorded.
    """

    setup: Setup
    view: View
    at: float
    state: ReleaseState
    signals: Mapping[SignalKey, SignalState]
    reason: str = ""
    watched: float = 0.0
    blind: float = 0.0
    blind_since: float | None = None
    extended: float = 0.0
    rollback: Rollback | None = None
    running: Mapping[str, float] | None = None
    data_at: float | None = None
    near_misses: tuple[NearMiss, ...] = ()
    breaches: tuple[Breach, ...] = ()
    decided: RuleState | None = None
    missing: tuple[Lacking, ...] = ()
    overrides: tuple[Override, ...] = ()
    countdown: Countdown | None = None
    hold: Hold | None = None
    dry_runs: tuple[DryRun, ...] = ()

    @property
    def grounds(self) -> RuleState | None:
        """The rule that was decided on: the standing decision, or what led when it was rolled back."""
        return self.decided or (self.rollback.leading if self.rollback is not None else None)

    @property
    def seal(self) -> str:
        """The seal that holds now: that of the beginning, or of the newest override."""
        return self.overrides[-1].seal if self.overrides else self.setup.seal

    @property
    def total(self) -> float:
        """How much watch time the release needs, extension included."""
        return self.setup.plan.timing.duration + self.extended

    @property
    def rules(self) -> tuple[RuleState, ...]:
        """All rules, in the order of the walk."""
        # Asked a dozen times at every instant.
        walked = sorted(self.signals.values(), key=lambda signal: _PLACES[signal.signal.indicator])
        return tuple(rule for signal in walked for rule in signal.rules)

    def signals_of(self, indicator: Indicator) -> tuple[SignalState, ...]:
        """All signals of an indicator."""
        return tuple(signal for signal in self.signals.values() if signal.signal.indicator is indicator)
