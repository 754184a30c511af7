"""The frozen values of the verdict: what the step function carries from instant to instant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aftergreen.model import BaselineSource, Indicator, Plan, Reading, Release, Rule, Signal, SignalKey, View
from aftergreen.verdict.evidence import Evidence
from aftergreen.verdict.trend import Trend

EPSILON = 1e-6
"""Seconds by which sums of intervals may fall short through rounding."""


class Phase(StrEnum):
    """Where a rule stands."""

    WARM_UP = "warm-up"
    OK = "ok"
    OVER_LIMIT = "over limit"
    BREACHED = "breached"
    CLEARING = "clearing"


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
class Baseline:
    """How a signal was before: median and spread of its samples, in the signal's unit.

    ``spread`` is the median absolute deviation. ``unfit`` says why relative rules may not use it; empty
    where it is fit. ``broken`` says that a rule was already exceeded by the newest samples before the
    deployment. ``factor`` is how the level just before the deployment stands to the level then; median and
    spread are multiplied by it. ``remark`` says why that could not be told; empty where it could.
    ``per_second`` is how many events it lets one expect, or samples where no events are counted. ``climbed``
    are look-backs in seconds and by how much the signal rose steadily over one at most, where a rule asks.
    """

    median: float
    spread: float
    samples: int
    expected: int
    unfit: str = ""
    broken: bool = False
    source: BaselineSource = BaselineSource.BEFORE
    factor: float = 1.0
    remark: str = ""
    per_second: float = 0.0
    climbed: tuple[tuple[float, float], ...] = ()

    @property
    def fit(self) -> bool:
        """Whether relative rules may compare with it."""
        return not self.unfit


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why a rule cannot judge, and since when."""

    why: str
    since: float


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one signal: the instant, its reading, and whether rules judge it already.

    ``interval`` is the step of the grid; two instants further apart than that are not neighbours.
    ``blind`` says that nothing at all could be measured then: no rule is reproached with it. ``claims`` says
    that the rollout is over, and what is seen may count for the release. ``fresh`` says that the backend has
    fresh data of something else, and ``expected`` how many events refute that there is silence by chance.
    ``judging_since`` is when rules began to judge what is looked at.
    """

    at: float
    reading: Reading
    judging: bool
    blind: bool
    interval: float
    view: View
    baseline: Baseline | None
    claims: bool = True
    fresh: bool = True
    expected: float = 0.0
    judging_since: float = -math.inf


@dataclass(frozen=True, slots=True)
class LookBack:
    """What was counted over the last ``seconds``, where the window of the signal holds too little."""

    seconds: float
    trials: float
    failures: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Trials and failures of an event ratio since the deployment, as they were last known.

    ``unclaimed`` is what was counted before claims began, ``rolling`` that they have not begun, or that what
    was counted until then is not known yet; ``recent`` are the counts of the last instants as
    (at, trials, failures); ``added_at`` is the end of the newest window that was added, where only windows
    can be counted.
    """

    total: tuple[float, float] = (0.0, 0.0)
    unclaimed: tuple[float, float] = (0.0, 0.0)
    recent: tuple[tuple[float, float, float], ...] = ()
    added_at: float | None = None
    rolling: bool = False

    @property
    def claimed(self) -> tuple[float, float]:
        """Trials and failures since claims began."""
        trials, failures = self.total[0] - self.unclaimed[0], self.total[1] - self.unclaimed[1]
        return max(0.0, trials), max(0.0, failures)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything needed to check a decision by hand.

    ``query`` is one expression that gives ``value`` again when it is evaluated at ``at``; it is empty for
    a probe, whose ``probe`` names what was reached for. ``window`` is the look-back that was in use. There is
    no ``limit`` where a course or a silence is judged; ``trend`` is the course.
    """

    signal: Signal
    rule: Rule
    at: float
    value: float
    limit: float | None
    count: float | None
    failures: float | None
    baseline: Baseline | None
    window: float
    query: str
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule as it stands: its phase, its fuse, and the numbers that put it there.

    ``limit`` and ``clear`` are the effective values, None while a relative rule has no fit baseline.
    ``burnt`` and ``cleared`` are seconds of fuse and of clearing. ``onset`` is the first instant of the
    run over the limit, warm-up included; ``judged`` and ``asked`` count the instants that could and that
    should have been judged. ``evidence`` is what the events since the deployment say against the limit; None
    where none are counted. ``outside`` are seconds of a run over the limit that lies outside the ordinary
    spread of the baseline. ``sure_at`` is when the present run became more than chance. ``samples`` and
    ``trend`` are the course over the look-back of a rule that judges one. ``run`` counts the samples of the
    present run over the limit at which there was a control, ``alike`` those at which it was over it as well.
    """

    signal: Signal
    rule: Rule
    limit: float | None
    clear: float | None
    phase: Phase = Phase.WARM_UP
    burnt: float = 0.0
    onset: float | None = None
    last_over: float | None = None
    peak: float | None = None
    breached_at: float | None = None
    cleared: float = 0.0
    clear_since: float | None = None
    last_clear: float | None = None
    unknown: Unknown | None = None
    judged: int = 0
    asked: int = 0
    receipt: Receipt | None = None
    evidence: Evidence | None = None
    outside: float = 0.0
    last_outside: float | None = None
    sure_at: float | None = None
    samples: tuple[tuple[float, float], ...] = ()
    trend: Trend | None = None
    run: int = 0
    alike: int = 0

    @property
    def breached(self) -> bool:
        """Whether the breach stands: also while it clears."""
        return self.phase in (Phase.BREACHED, Phase.CLEARING)

    @property
    def burning(self) -> bool:
        """Whether the fuse burns."""
        return self.phase is Phase.OVER_LIMIT

    @property
    def sure(self) -> bool:
        """Whether the run over the limit is more than chance, so that it may be acted on without a person."""
        return self.sure_at is not None

    @property
    def thin(self) -> bool:
        """Whether the rule is breached to the letter, and it may still be chance."""
        return self.breached and not self.sure

    @property
    def moved_alike(self) -> bool:
        """Whether the previous version is over the limit in most of the run as well."""
        return 2 * self.alike > self.run

    @property
    def decided_at(self) -> float | None:
        """When it was decided: at the breach, or as soon as it was more than chance if that was later."""
        return max((at for at in (self.breached_at, self.sure_at) if at is not None), default=None)

    @property
    def remaining(self) -> float:
        """Seconds until the fuse fires if the signal stays over its limit."""
        return max(0.0, self.rule.sustained - self.burnt)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A fuse that burnt at least half way and went out."""

    rule: RuleState
    at: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """The samples of one dot column of a chart: when it starts, its extremes and its last value."""

    at: float
    low: float
    high: float
    last: float


@dataclass(frozen=True, slots=True)
class Trace:
    """What a chart draws: gap-free runs of buckets, oldest first. A gap is where the value was unknown."""

    width: float
    runs: tuple[tuple[Bucket, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class SignalState:
    """One signal as it stands.

    ``newest`` is the time of its newest raw sample, also when it is blind now. ``look_back`` is in use for an
    event ratio; None for everything else. ``companions`` are the baselines that were not committed: they are
    shown and decide nothing. ``control`` are the newest samples of the previous version, where it is
    compared.
    """

    signal: Signal
    baseline: Baseline | None
    rules: tuple[RuleState, ...]
    trace: Trace
    reading: Reading | None = None
    at: float | None = None
    unknown: Unknown | None = None
    newest: float | None = None
    counts: Counts = field(default_factory=Counts)
    look_back: LookBack | None = None
    companions: tuple[Baseline, ...] = ()
    control: tuple[tuple[float, float], ...] = ()


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
    ROLLBACK_STARTED = "rollback started"
    ROLLBACK_ENDED = "rollback ended"
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


@dataclass(frozen=True, slots=True)
class Rollback:
    """A rollback command that was started, and what came of it.

    Times are local to the backend's clock; ``exit_code`` is None while it runs and where it never
    started or timed out. ``good_since`` is the first sample of the good run after the command's end;
    ``unseen`` says what could not be measured when the time for it was up; empty where it was.
    """

    attempt: int
    by: str
    command: tuple[str, ...]
    started_at: float
    leading: RuleState | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    timed_out: bool = False
    error: str = ""
    output: str = ""
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

    ``companions`` are the baselines of the other sources that could be had, fit or not.
    ``advice_ends`` ends the release at the first rollback advice: a gate without automatic rollback.
    ``rollback_problem`` is what preflight found wrong with the rollback command; empty where it is ready.
    """

    plan: Plan
    release: Release
    seal: str
    baselines: Mapping[SignalKey, Baseline]
    advice_ends: bool = False
    rollback_problem: str = ""
    companions: Mapping[SignalKey, tuple[Baseline, ...]] = field(default_factory=dict)

    @property
    def starts(self) -> float:
        """When watch time begins: the rollout is over."""
        return self.release.deployed_at + self.plan.timing.rollout


@dataclass(frozen=True, slots=True)
class State:
    """A release as it stands after ``at``, the newest instant that was judged.

    ``watched`` is watch time: seconds since ``setup.starts`` in which something could be measured.
    ``blind`` is what could not be. ``extended`` is how far the end was moved for a burning fuse.
    ``data_at`` is the time of the newest raw sample that any reading so far stood on.
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
    decided: RuleState | None = None
    missing: tuple[str, ...] = field(default=())
    overrides: tuple[Override, ...] = ()

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
        return tuple(
            rule
            for indicator in Indicator
            for signal in self.signals.values()
            if signal.signal.indicator is indicator
            for rule in signal.rules
        )
