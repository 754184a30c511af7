"""How many requests come now, against how many came before: who has more to do uses more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aftergreen.model import Indicator, Reading, SignalKey, View
from aftergreen.verdict.limits import clear_of, limit_of
from aftergreen.verdict.state import RuleState, SignalState, State

MORE = 1.2
"""Times the usual requests from which what is used up is compared per request."""


def load_of(state: State, readings: Mapping[SignalKey, Reading], at: float, view: View) -> float | None:
    """The requests that come, as a part of those that are usual; None where they are not counted."""
    parts = []
    for signal in state.signals_of(Indicator.ERROR_RATE):
        usual = signal.baseline.per_second if signal.baseline is not None else 0.0
        reading, window = readings.get(signal.signal.key), view.span(signal.signal, at)
        if signal.signal.events and usual > 0 and window > 0 and reading is not None:
            parts.append((reading.count or 0.0) / window / usual)
    return max(parts, default=None)


def under_load(signal: SignalState, load: float | None) -> SignalState:
    """The signal with limits for what is used up by so many requests; fewer of them excuse nothing."""
    if signal.signal.controlled:
        return signal
    times = load if load is not None and load > MORE else 1.0
    return replace(signal, rules=tuple(_limited(signal, rule, times) for rule in signal.rules))


def _limited(signal: SignalState, rule: RuleState, times: float) -> RuleState:
    baseline = signal.baseline
    if not rule.rule.per_request or baseline is None:
        return rule
    more = replace(baseline, median=baseline.median * times)
    limit = limit_of(rule.rule, more)
    return replace(rule, limit=limit, clear=clear_of(rule.rule, limit, more))
