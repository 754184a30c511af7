"""Whose fault it is: what a dependency, or whoever calls the service, explains of a breach.

A neighbour that broke in the same moment or before, in the same way and badly enough, explains what is seen
here, and rolling back this release would not help. What hits every dependency at once is on our side. So may
be what comes after a change in what the service itself uses up, and a dependency that is only slow while
requests fail: the release may have broken it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from aftergreen.model import Condition, Indicator
from aftergreen.verdict.deviations import Rise, rise_of, shares
from aftergreen.verdict.load import load_of
from aftergreen.verdict.samples import EVENTS_PER_SECOND
from aftergreen.verdict.state import Doubt, DoubtKind, RuleState, SignalState, State

HALF = 0.5
"""The part of a rise that a dependency has to bring to explain it."""

FAILING = 0.02
"""The rise in failed calls from which a dependency explains that something is slow, or that less is done."""

SLOWER = 1.0
"""How many times slower than before a dependency explains that less is done, or more is used up meanwhile."""

FALLEN = 0.8
"""The part of the usual requests below which there are fewer."""

AS_USUAL = 0.8
"""The part of what a request usually brings above which each still brings it."""


def neighbour(state: State, rule: RuleState) -> Doubt | None:
    """The neighbour whose damage explains that the rule is over its limit; None where none does."""
    if rule.onset is None or rule.signal.indicator is Indicator.DEPENDENCY:
        return None
    return _dependency(state, rule) or _caller(state, rule)


def _dependency(state: State, rule: RuleState) -> Doubt | None:
    if not rule.rule.condition.compares:
        return None
    there = {s.signal.dependency for s in state.signals_of(Indicator.DEPENDENCY)}
    suspects = [s for s in state.signals_of(Indicator.DEPENDENCY) if _no_later(state, s, rule)]
    broken = {suspect.signal.dependency for suspect in suspects}
    # What is wrong with all of them at once is wrong with the way to them.
    if len(there) > 1 and broken == there:
        return None
    explaining = _explaining(state, suspects, rule)
    if not explaining or _uses_more(state, min(s.unusual_since or math.inf for s in explaining)):
        return None
    worst = max(explaining, key=lambda s: _rise(s).times)
    return Doubt(DoubtKind.NEIGHBOUR, rule, signal=worst)


def _no_later(state: State, signal: SignalState, rule: RuleState) -> bool:
    """Whether a signal became unusual before the rule was exceeded, or so soon after that it is no order.

    A window shows a step little by little, and a limit is crossed somewhere in it.
    """
    if signal.unusual_since is None or rule.onset is None:
        return False
    own = state.signals[rule.signal.key]
    windows = [s.signal.window for s in (signal, own) if s.signal.windowed]
    apart = max(signal.apart, own.apart, state.setup.plan.timing.interval, *windows)
    return signal.unusual_since <= rule.onset + apart


def _rise(signal: SignalState) -> Rise:
    """How far a signal has risen; by nothing where it is not known how it was before."""
    return rise_of(signal.signal, signal.reading, signal.baseline) or Rise(0.0, 0.0)


def _explaining(state: State, suspects: Sequence[SignalState], rule: RuleState) -> list[SignalState]:
    """The dependencies' signals whose rise, all together, is enough for what the rule sees.

    Like explains like: failures explain failures, and slowness explains slowness.
    """
    gone = [suspect for suspect in suspects if math.isinf(_rise(suspect).by)]
    if gone:
        # It does not answer at all.
        return gone
    failing = [suspect for suspect in suspects if shares(suspect.signal)]
    slow = [suspect for suspect in suspects if not shares(suspect.signal)]
    own = state.signals[rule.signal.key]
    ours = _above(own)
    match rule.signal.indicator:
        case Indicator.ERROR_RATE:
            theirs = sum(_failing(s, rule) * _calls(state, s) for s in failing)
            return failing if theirs >= HALF * _failing(own, rule) else []
        case Indicator.LATENCY:
            theirs = sum(_seconds(s, _rise(s)) * _calls(state, s) for s in slow)
            longer = [s for s in slow if _rise(s).times >= ours.times]
            return slow if theirs >= HALF * _seconds(own, ours) else longer
        case Indicator.BUSINESS:
            lost = [s for s in failing if _rise(s).by >= FAILING]
            return lost or [s for s in slow if _rise(s).times >= SLOWER]
        case _:
            return [s for s in slow if _rise(s).times >= SLOWER]


def _above(own: SignalState) -> Rise:
    """How far the service's own signal is above what it was; above nothing where that is not known."""
    value = own.reading.value if own.reading is not None and own.reading.value is not None else 0.0
    usual = own.baseline.median if own.baseline is not None else 0.0
    by = max(0.0, value - usual)
    return Rise(by, by / usual if usual > 0 else math.inf)


def _failing(signal: SignalState, rule: RuleState) -> float:
    """By how much more of a share failed since the rule was exceeded than before; one window may deceive."""
    usual = signal.baseline.median if signal.baseline is not None else 0.0
    counted = signal.counts.since(rule.onset or 0.0)
    if counted is None or counted[0] <= 0:
        return _above(signal).by
    return max(0.0, counted[1] / counted[0] - usual)


def _seconds(signal: SignalState, rise: Rise) -> float:
    return rise.by / 1000.0 if signal.signal.unit == "ms" else rise.by


def _calls(state: State, suspect: SignalState) -> float:
    """How often a dependency is called for one request; once, where that is not counted."""
    calls = _per_second(state, Indicator.DEPENDENCY, suspect.signal.dependency)
    requests = _per_second(state, Indicator.ERROR_RATE, None)
    return calls / requests if calls and requests else 1.0


def _per_second(state: State, indicator: Indicator, dependency: str | None) -> float:
    """Events of an indicator, or of one dependency, by the last window of each signal."""
    return max(
        (
            (signal.reading.count or 0.0) / state.view.span(signal.signal, state.at)
            for signal in state.signals_of(indicator)
            if signal.signal.dependency == dependency and signal.reading is not None
        ),
        default=0.0,
    )


def _uses_more(state: State, since: float) -> bool:
    """Whether what the service itself uses up was unusual before: it may have broken the dependency."""
    interval = state.setup.plan.timing.interval
    return any(
        signal.unusual_since is not None and signal.unusual_since + max(signal.apart, interval) < since
        for signal in state.signals_of(Indicator.SATURATION)
    )


def _caller(state: State, rule: RuleState) -> Doubt | None:
    """Whether there is less to do because less is asked for, and what is asked for still succeeds."""
    own = state.signals[rule.signal.key]
    if rule.rule.condition is Condition.SILENT:
        # Both versions alike: who calls them has fallen silent.
        return Doubt(DoubtKind.CALLER, rule) if rule.moved_alike else None
    fewer = rule.signal.indicator is Indicator.BUSINESS and not rule.rule.condition.upward
    if not fewer or own.baseline is None or own.baseline.median <= 0 or not _succeeds(state):
        return None
    readings = {key: signal.reading for key, signal in state.signals.items() if signal.reading is not None}
    requests = load_of(state, readings, state.at, state.view)
    if requests is None or requests >= FALLEN:
        return None
    value = own.reading.value if own.reading is not None and own.reading.value is not None else 0.0
    if value / own.baseline.median < AS_USUAL * requests * (1.0 - _chance(own, requests)):
        return None
    return Doubt(DoubtKind.CALLER, rule, share=requests)


def _chance(own: SignalState, requests: float) -> float:
    """By how much fewer events may come by chance: two standard deviations of so many, as a part of them."""
    if own.baseline is None or own.signal.unit not in EVENTS_PER_SECOND:
        return 0.0
    usual = own.baseline.median * EVENTS_PER_SECOND[own.signal.unit] * own.signal.window
    return min(1.0, 2.0 / math.sqrt(max(1.0, usual * requests)))


def _succeeds(state: State) -> bool:
    """Whether nothing else of the service is wrong by more than chance, and it still answers for itself."""
    for indicator in (Indicator.ERROR_RATE, Indicator.LATENCY):
        for signal in state.signals_of(indicator):
            if any(rule.breached or rule.sure for rule in signal.rules):
                return False
    return any(
        signal.reading is not None and signal.reading.compared
        for indicator in (Indicator.ERROR_RATE, Indicator.SATURATION)
        for signal in state.signals_of(indicator)
    )
