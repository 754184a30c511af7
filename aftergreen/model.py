"""What everyone shares: indicators, signals, rules, readings and the plan of a watch, as frozen values.

Units. Times are seconds since the epoch on the backend's clock, durations are seconds. Values are in the
signal's own unit, except that percentages are fractions: 1 % is 0.01.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

ALPHA = 0.001
"""How often chance alone may ever pass for evidence, unless a configuration says otherwise."""

SignalKey = NewType("SignalKey", str)
"""Names a signal within a plan: ``error-rate/HTTP 5xx`` or ``dependency/orders-db/connect``."""


class Indicator(StrEnum):
    """The five things that are watched, in the order of the decision walk."""

    ERROR_RATE = "error-rate"
    LATENCY = "latency"
    SATURATION = "saturation"
    DEPENDENCY = "dependency"
    BUSINESS = "business"


class Condition(StrEnum):
    """What a rule compares. The values are the keys of the configuration file."""

    ABOVE = "above"
    BELOW = "below"
    ABOVE_BASELINE = "above_baseline"
    BELOW_BASELINE = "below_baseline"
    CLIMBING = "climbing_for"
    EXHAUSTS = "exhausts_within"
    SILENT = "silent_for"

    @property
    def relative(self) -> bool:
        """Whether the limit is a change against the baseline."""
        return self in (Condition.ABOVE_BASELINE, Condition.BELOW_BASELINE)

    @property
    def trend(self) -> bool:
        """Whether the course of the signal is judged, and not its value."""
        return self in (Condition.CLIMBING, Condition.EXHAUSTS)

    @property
    def compares(self) -> bool:
        """Whether a value is held against a limit."""
        return not self.trend and self is not Condition.SILENT

    @property
    def upward(self) -> bool:
        """Whether larger values are worse."""
        return self not in (Condition.BELOW, Condition.BELOW_BASELINE, Condition.SILENT)


class BaselineSource(StrEnum):
    """Which past, or which other version, a signal is compared with."""

    BEFORE = "before"
    YESTERDAY = "yesterday"
    LAST_WEEK = "last-week"
    PREVIOUS_RELEASE = "previous-release"
    CONTROL = "control"


class Then(StrEnum):
    """What follows a breach."""

    ROLLBACK = "rollback"
    WARN = "warn"


class Reduce(StrEnum):
    """How several series become one number."""

    WORST = "worst"
    SUM = "sum"


class Strategy(StrEnum):
    """How the new version replaces the old one."""

    ROLLING = "rolling"
    BLUE_GREEN = "blue-green"
    CANARY = "canary"


class Kind(StrEnum):
    """The kinds of reading; a signal has exactly one at every instant."""

    VALUE = "value"
    ZERO = "zero"
    DOWN = "down"
    NO_TRAFFIC = "no traffic"
    NO_SERIES = "no series"
    STALE = "stale"
    PARTIAL = "partial"
    BLIND = "blind"
    AMBIGUOUS = "ambiguous"


COMPARED = frozenset({Kind.VALUE, Kind.ZERO, Kind.DOWN})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a signal said at one instant of the grid.

    ``value`` is finite for ``value`` and ``zero``, infinite for ``down`` and None for everything unknown.
    ``count`` is the number of observations behind it (trials of an event ratio), ``failures`` the
    numerator of an event ratio; ``total`` is both of them since the view began, as an estimate that may fall
    from one instant to the next. ``newest`` is the time of the newest raw sample behind the query.
    ``detail`` says why a reading is unknown, ``notes`` carries what the backend remarked in passing.
    """

    kind: Kind
    value: float | None = None
    count: float | None = None
    failures: float | None = None
    total: tuple[float, float] | None = None
    newest: float | None = None
    detail: str = ""
    notes: tuple[str, ...] = ()

    @property
    def compared(self) -> bool:
        """Whether rules may compare it; everything else is unknown."""
        return self.kind in COMPARED

    @classmethod
    def of(cls, value: float, count: float | None = None, **rest: float | None) -> Reading:
        """A finite value, perhaps with the number of observations behind it."""
        return cls(Kind.VALUE, value, count, **rest)  # type: ignore[arg-type]  # the numeric fields only

    @classmethod
    def down(cls, detail: str) -> Reading:
        """A probe that was refused, timed out, or answered 5xx: above every limit."""
        return cls(Kind.DOWN, math.inf, detail=detail)

    @classmethod
    def unknown(cls, kind: Kind, detail: str = "") -> Reading:
        """A reading that is never compared."""
        return cls(kind, detail=detail)


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition on a signal, how long it must hold, and what follows.

    ``limit`` is in the signal's unit, for relative conditions the change as a fraction (0.5 for 50 %); for
    ``climbing_for``, ``exhausts_within`` and ``silent_for`` it is that duration in seconds. ``capacity`` is
    what runs out, in the signal's unit. ``by_at_least`` is the absolute floor of a relative change or of a
    climb. ``sustained`` is the key ``for``; that of a silence is its whole length. ``clear`` is the value at
    which the rule clears; None lets the engine derive it. ``fast`` lets evidence act before the fuse is up.
    """

    condition: Condition
    limit: float
    sustained: float
    then: Then
    by_at_least: float = 0.0
    clear: float | None = None
    clear_for: float = 0.0
    fast: bool = False
    capacity: float | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured thing of an indicator: a value, a ratio or a probe.

    Exactly one of ``query``, ``numerator`` with ``denominator``, and ``probe`` is set. Queries still hold
    their ``$window``, ``$window_seconds`` and ``$version``.
    """

    indicator: Indicator
    name: str
    unit: str
    window: float
    rules: tuple[Rule, ...] = ()
    query: str | None = None
    count: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    events: bool = False
    reduce: Reduce | None = None
    probe: str | None = None
    dependency: str | None = None
    kind: str | None = None
    baseline: BaselineSource = BaselineSource.BEFORE

    @property
    def key(self) -> SignalKey:
        """The signal's name within the plan."""
        parts = (self.indicator, self.dependency, self.name)
        return SignalKey("/".join(part for part in parts if part))

    @property
    def label(self) -> str:
        """How the signal is called on a screen: ``HTTP 5xx``, ``orders-db connect``."""
        return f"{self.dependency} {self.name}" if self.dependency else self.name

    @property
    def queries(self) -> tuple[str, ...]:
        """Its queries as configured, in the order they are asked."""
        return tuple(q for q in (self.query, self.numerator, self.denominator, self.count) if q)

    @property
    def windowed(self) -> bool:
        """Whether its queries look back over ``$window``."""
        return any("$window" in query or "${window" in query for query in self.queries)

    @property
    def controlled(self) -> bool:
        """Whether it is compared with the previous version at the same instant."""
        return self.baseline is BaselineSource.CONTROL and self.versioned

    @property
    def versioned(self) -> bool:
        """Whether its queries ask for one version, so that two can be compared at the same instant."""
        return any("$version" in query or "${version" in query for query in self.queries)


@dataclass(frozen=True, slots=True)
class Service:
    """Whose release is watched. ``running`` is a query by version that counts serving instances."""

    name: str
    environment: str = "prod"
    tier: str = "standard"
    running: str | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """Where the metrics are and how to authenticate. Secrets are named here, never held."""

    url: str
    timeout: float = 5.0
    lag: float = 2.0
    bearer_token_env: str | None = None
    bearer_token_file: str | None = None
    basic_auth_env: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """The table ``[watch]``: how long, from when and how often; all in seconds."""

    duration: float = 900.0
    warmup: float = 60.0
    rollout: float = 0.0
    interval: float = 15.0
    window: float = 60.0


@dataclass(frozen=True, slots=True)
class BaselinePlan:
    """The range that the baseline is captured from: ``window`` long, ending ``gap`` before the deployment."""

    source: BaselineSource = BaselineSource.BEFORE
    window: float = 1800.0
    gap: float = 120.0


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """The command that goes back. ``command`` still holds its placeholders."""

    command: tuple[str, ...]
    strategy: Strategy = Strategy.ROLLING
    timeout: float = 300.0
    verify_within: float = 300.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A configuration as it is evaluated: read, checked, resolved; sealed when the watch begins."""

    service: Service
    backend: Backend
    timing: Timing
    baseline: BaselinePlan
    signals: tuple[Signal, ...]
    waived: Mapping[Indicator, str] = field(default_factory=dict)
    rollback: RollbackPlan | None = None
    journal: str | None = None
    alpha: float = ALPHA

    def of(self, indicator: Indicator) -> tuple[Signal, ...]:
        """The signals of one indicator, in the order of the file."""
        return tuple(signal for signal in self.signals if signal.indicator is indicator)

    def signal(self, key: SignalKey) -> Signal:
        """The signal of that name; KeyError where the plan has none."""
        for signal in self.signals:
            if signal.key == key:
                return signal
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class Release:
    """The identity of a watch: service, environment, version and a running number."""

    service: str
    environment: str
    version: str
    previous: str | None
    deployed_at: float
    number: int = 0

    @classmethod
    def of(cls, service: Service, version: str, previous: str | None, deployed_at: float) -> Release:
        """A release of a service that the journal has not numbered yet."""
        return cls(service.name, service.environment, version, previous, deployed_at)

    @property
    def name(self) -> str:
        """How commands name it: ``checkout-api/prod/v2.4.1#7``."""
        return f"{self.service}/{self.environment}/{self.version}#{self.number}"


@dataclass(frozen=True, slots=True)
class View:
    """Through which window a source looks: whose version, and since when that version serves.

    No query looks back past ``since``. None means that nothing bounds the look-back: the old version
    before the deployment.
    """

    version: str | None
    since: float | None

    def span(self, signal: Signal, at: float) -> float:
        """The look-back in use at ``at``, in seconds: the signal's window, cut off where the view begins.

        Zero or less where the view has not begun: there is nothing to ask for then.
        """
        return signal.window if self.since is None else min(signal.window, at - self.since)


@dataclass(frozen=True, slots=True)
class Instant:
    """The readings of all signals at one instant of the grid.

    ``running`` counts the serving instances by version, where the plan has a query for it and it answered.
    ``fresh`` says whether the backend has fresh data of anything at all; None where nobody asked.
    ``control`` holds the readings of the previous version, of signals that are compared with it.
    """

    at: float
    readings: Mapping[SignalKey, Reading]
    running: Mapping[str, float] | None = None
    fresh: bool | None = None
    control: Mapping[SignalKey, Reading] = field(default_factory=dict)
