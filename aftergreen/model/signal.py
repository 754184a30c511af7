"""What is measured and by which rules it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NewType

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


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition on a signal, how long it must hold, and what follows.

    ``limit`` is in the signal's unit, for relative conditions the change as a fraction (0.5 for 50 %); for
    ``climbing_for``, ``exhausts_within`` and ``silent_for`` it is that duration in seconds. ``capacity`` is
    what runs out, in the signal's unit. ``by_at_least`` is the absolute floor of a relative change or of a
    climb; ``by_share`` is the share of its value that a climb has to come to where nobody gave a floor.
    ``sustained`` is the key ``for``; that of a silence is its whole length. ``clear`` is the value at
    which the rule clears; None lets the engine derive it. ``fast`` lets evidence act before the fuse is up.
    ``per_request`` compares what is used up with what so many requests would have taken before.
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
    by_share: float = 0.0
    per_request: bool = False


@lru_cache(maxsize=1024)
def _key(indicator: Indicator, dependency: str | None, name: str) -> SignalKey:
    return SignalKey("/".join(part for part in (indicator, dependency, name) if part))


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
    absent_is_zero: str | None = None

    @property
    def key(self) -> SignalKey:
        """The signal's name within the plan."""
        return _key(self.indicator, self.dependency, self.name)

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
