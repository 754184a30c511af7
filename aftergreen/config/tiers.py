"""The rules of a signal that has none of its own, by the tier of its service, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from aftergreen.model import Condition, Indicator, Rule, Signal, Then, Timing
from aftergreen.units import default_floor
from aftergreen.verdict.conditions import CLIMB_SHARE, shortest_course

COURSE_HELD = 60.0
"""Seconds for which something must be about to run out, and for which a climb must be over to be cleared."""


RESOURCE_FLOORS = {"%": 0.05}
"""Of what is used up: twice of next to nothing is next to nothing. Five points of a hundred,"""

RESOURCE_FLOOR = 0.1
"""and of what has no unit of ours, as cores, a tenth of one."""


class Measure(Enum):
    """What kind of number a signal is, as far as a usual limit for it goes."""

    ERRORS = auto()
    DURATION = auto()
    SHARE = auto()
    PROBE = auto()
    THEIR_ERRORS = auto()
    THEIR_DURATION = auto()
    THEIR_PROBE = auto()
    BUSINESS = auto()
    RESOURCE = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Default:
    """One usual rule: what it compares, for how many seconds, what follows, and why just so."""

    condition: Condition
    limit: float
    sustained: float
    then: Then
    reason: str


_ABOVE, _MORE, _LESS, _CLIMB = (
    Condition.ABOVE,
    Condition.ABOVE_BASELINE,
    Condition.BELOW_BASELINE,
    Condition.CLIMBING,
)
_BACK, _WARN = Then.ROLLBACK, Then.WARN

_LEAK = Default(_CLIMB, 300, 0, _WARN, "what keeps rising and does not settle may be a leak")
_TWICE = "twice of what it took before is what only resources show; more requests may take more"
_FULL = "above 90 % the next peak finds no room"
_THEIRS = "it may be theirs, and rolling back may not help"

TIERS: dict[str, dict[Measure, tuple[Default, ...]]] = {
    "critical": {
        Measure.ERRORS: (
            Default(_ABOVE, 0.01, 60, _BACK, "1 % is ten times what 99.9 % allows; one minute of it hurts"),
        ),
        Measure.DURATION: (
            Default(_MORE, 0.25, 120, _BACK, "a quarter slower is felt by those who wait for it"),
            _LEAK,
        ),
        Measure.SHARE: (
            Default(_ABOVE, 0.9, 120, _BACK, _FULL),
            Default(_MORE, 1.0, 120, _BACK, _TWICE),
            _LEAK,
        ),
        Measure.RESOURCE: (Default(_MORE, 1.0, 120, _BACK, _TWICE), _LEAK),
        Measure.PROBE: (
            Default(_ABOVE, 0.5, 60, _BACK, "half a second, or no answer at all, keeps users waiting"),
        ),
        Measure.THEIR_ERRORS: (
            Default(_ABOVE, 0.01, 60, _WARN, f"1 % is more than retries hide; {_THEIRS}"),
        ),
        Measure.THEIR_DURATION: (
            Default(_MORE, 0.5, 120, _WARN, f"half as slow again delays you; {_THEIRS}"),
        ),
        Measure.THEIR_PROBE: (
            Default(_ABOVE, 0.5, 60, _WARN, f"half a second is long to connect; {_THEIRS}"),
        ),
        Measure.BUSINESS: (
            Default(_LESS, 0.2, 180, _BACK, "a fifth of the business lost is no chance on busy signals"),
        ),
        Measure.OTHER: (_LEAK,),
    },
    "standard": {
        Measure.ERRORS: (
            Default(_ABOVE, 0.01, 120, _BACK, "1 % is ten times what 99.9 % allows; two minutes are no blip"),
        ),
        Measure.DURATION: (Default(_MORE, 0.5, 120, _BACK, "half as slow again is no daily change"), _LEAK),
        Measure.SHARE: (
            Default(_ABOVE, 0.9, 180, _WARN, _FULL),
            Default(_MORE, 1.0, 180, _BACK, _TWICE),
            _LEAK,
        ),
        Measure.RESOURCE: (Default(_MORE, 1.0, 180, _BACK, _TWICE), _LEAK),
        Measure.PROBE: (
            Default(_ABOVE, 1.0, 60, _BACK, "a second, or no answer at all, for a minute is no blip"),
        ),
        Measure.THEIR_ERRORS: (
            Default(_ABOVE, 0.05, 120, _WARN, f"one call in twenty is no blip; {_THEIRS}"),
        ),
        Measure.THEIR_DURATION: (Default(_MORE, 1.0, 120, _WARN, f"twice as slow delays you; {_THEIRS}"),),
        Measure.THEIR_PROBE: (
            Default(_ABOVE, 1.0, 60, _WARN, f"a second is very long to connect; {_THEIRS}"),
        ),
        Measure.BUSINESS: (
            Default(_LESS, 0.3, 180, _BACK, "a drop of 30 % without errors is still a serious problem"),
        ),
        Measure.OTHER: (_LEAK,),
    },
    "background": {
        Measure.ERRORS: (
            Default(_ABOVE, 0.05, 300, _BACK, "nobody waits for it, and it tries again; 5 % is a fault"),
        ),
        Measure.DURATION: (
            Default(_MORE, 1.0, 300, _WARN, "nobody waits for it; twice as slow is worth a look"),
        ),
        Measure.SHARE: (
            Default(_ABOVE, 0.95, 300, _WARN, "it may use what it has, as long as some is left"),
            Default(_MORE, 2.0, 300, _WARN, "three times of what it took before is worth a look"),
            _LEAK,
        ),
        Measure.RESOURCE: (
            Default(_MORE, 2.0, 300, _WARN, "three times of what it took before is worth a look"),
            _LEAK,
        ),
        Measure.PROBE: (
            Default(_ABOVE, 2.0, 120, _WARN, "nobody waits for it; two seconds are worth a look"),
        ),
        Measure.THEIR_ERRORS: (Default(_ABOVE, 0.1, 300, _WARN, f"one in ten outlasts retries; {_THEIRS}"),),
        Measure.THEIR_DURATION: (Default(_MORE, 2.0, 300, _WARN, f"three times as slow; {_THEIRS}"),),
        Measure.THEIR_PROBE: (
            Default(_ABOVE, 2.0, 120, _WARN, f"two seconds outlast a busy moment; {_THEIRS}"),
        ),
        Measure.BUSINESS: (
            Default(_LESS, 0.5, 300, _WARN, "what is done later is not lost; half is worth a look"),
        ),
        Measure.OTHER: (_LEAK,),
    },
}


def measure_of(signal: Signal) -> Measure:
    """The kind of number that a signal is; OTHER where nobody knows which way, or from where on, it is bad.

    A share alone says nothing: 99 % of requests fast enough are good, and so are 99 % of hits in a cache.
    """
    indicator = signal.indicator
    theirs = indicator is Indicator.DEPENDENCY
    if signal.probe is not None:
        return Measure.THEIR_PROBE if theirs else Measure.PROBE
    if indicator is Indicator.BUSINESS:
        return Measure.BUSINESS
    if theirs and signal.events:
        return Measure.THEIR_ERRORS
    if indicator is Indicator.ERROR_RATE and (signal.events or signal.unit == "%"):
        return Measure.ERRORS
    if indicator is Indicator.SATURATION:
        return Measure.SHARE if signal.unit == "%" else Measure.RESOURCE
    if signal.unit in ("s", "ms") and (theirs or indicator is Indicator.LATENCY):
        return Measure.THEIR_DURATION if theirs else Measure.DURATION
    return Measure.OTHER


def _floor(signal: Signal, condition: Condition) -> float:
    """The absolute change below which a usual rule says nothing, in the signal's unit."""
    if condition is not _CLIMB and not condition.relative:
        return 0.0
    if condition.relative and signal.indicator is Indicator.SATURATION:
        return RESOURCE_FLOORS.get(signal.unit, default_floor(signal.unit) or RESOURCE_FLOOR)
    return default_floor(signal.unit)


def tier_rules(tier: str, signal: Signal, timing: Timing) -> Iterator[tuple[Rule, str]]:
    """The rules of the tier for a signal without its own, each with its reason.

    A climb takes some samples to be told, and is left out where the watch is over by then (see `too_long`).
    """
    for default in TIERS[tier][measure_of(signal)]:
        climb = default.condition is _CLIMB
        if climb and too_long(tier, signal, timing) is not None:
            continue
        limit = _climb(default, signal, timing) if climb else default.limit
        floor = _floor(signal, default.condition)
        rule = Rule(
            condition=default.condition,
            limit=limit,
            sustained=default.sustained,
            then=default.then,
            by_at_least=floor,
            by_share=CLIMB_SHARE if climb else 0.0,
            per_request=default.condition.relative and signal.indicator is Indicator.SATURATION,
            clear_for=COURSE_HELD if climb else default.sustained,
        )
        yield rule, default.reason


def too_long(tier: str, signal: Signal, timing: Timing) -> float | None:
    """Seconds that a climb of the signal takes to be told, where that is longer than the watch judges.

    Nobody asked for that rule: a release should not stay unproven for want of it.
    """
    climbs = [default for default in TIERS[tier][measure_of(signal)] if default.condition is _CLIMB]
    taken = max((_climb(default, signal, timing) for default in climbs), default=0.0)
    return taken if taken > timing.duration - timing.warmup else None


def _climb(default: Default, signal: Signal, timing: Timing) -> float:
    """Seconds for which a signal has to climb: those of the tier, or more where samples are too few."""
    window = signal.window if signal.windowed else 0.0
    return max(default.limit, shortest_course(timing.interval, window))
