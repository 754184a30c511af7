"""One signal as it stands: its newest reading, its rules, its counts, what its chart draws."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from aftergreen.model import Reading, Signal, View
from aftergreen.verdict.state.baseline import Baseline
from aftergreen.verdict.state.rule import RuleState, Unknown


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one signal: the instant, its reading, and whether rules judge it already.

    ``interval`` is the step of the grid; two instants further apart than that are not neighbours.
    ``blind`` says that nothing at all could be measured then: no rule is reproached with it. ``claims`` says
    that the rollout is over, and what is seen may count for the release. ``fresh`` says that the backend has
    fresh data of something else, and ``expected`` how many events refute that there is silence by chance.
    ``judging_since`` is when rules began to judge what is looked at. ``reach`` is how far back the signal's
    queries look by themselves, in seconds; 0 where they look through its window.
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
    reach: float = 0.0


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

    def since(self, at: float) -> tuple[float, float] | None:
        """Trials and failures since the last instant before ``at`` that is remembered; None where none is."""
        if not self.recent:
            return None
        _, trials, failures = next((e for e in reversed(self.recent) if e[0] < at), self.recent[0])
        return max(0.0, self.total[0] - trials), max(0.0, self.total[1] - failures)

    @property
    def claimed(self) -> tuple[float, float]:
        """Trials and failures since claims began."""
        trials, failures = self.total[0] - self.unclaimed[0], self.total[1] - self.unclaimed[1]
        return max(0.0, trials), max(0.0, failures)


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

    ``known`` is its newest reading that was compared, and ``known_at`` the instant of that, also when it is
    unknown now; ``newest`` is the time of its newest raw sample. ``look_back`` is in use for an event ratio;
    None for everything else. ``companions`` are the baselines that were not committed: they are shown and
    decide nothing. ``control`` are the newest samples of the previous version, where it is compared.
    ``unusual_since`` is the first instant of the present run of values out of the ordinary and ``unusual_at``
    the last, ``apart`` how many seconds lay between its last two raw samples.
    """

    signal: Signal
    baseline: Baseline | None
    rules: tuple[RuleState, ...]
    trace: Trace
    reading: Reading | None = None
    at: float | None = None
    known: Reading | None = None
    known_at: float | None = None
    unknown: Unknown | None = None
    newest: float | None = None
    counts: Counts = field(default_factory=Counts)
    look_back: LookBack | None = None
    companions: tuple[Baseline, ...] = ()
    unusual_since: float | None = None
    unusual_at: float | None = None
    apart: float = 0.0
    control: tuple[tuple[float, float], ...] = ()
