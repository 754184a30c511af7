"""How a signal was before the deployment, and whether that is fit to compare with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

from aftergreen.model import Condition, Instant, Plan, Reading, Rule, Signal, SignalKey
from aftergreen.verdict.limits import exceeds, limit_of
from aftergreen.verdict.spread import spread_of
from aftergreen.verdict.state import Baseline

SAMPLES_THERE = 0.9
"""The share of the expected samples without which a baseline is not fit."""

SAMPLES_ENOUGH = 20
"""The number of samples that a baseline needs where no trials can be counted."""

TRIALS_PER_LIMIT = 3.0
"""Clean trials needed to claim a rate of at most θ are about 3/θ: (1 - θ)^(3/θ) ≈ e⁻³ ≈ 5 %."""

EVENTS_PER_SECOND = {"/s": 1.0, "/min": 1.0 / 60}
"""Units that say how many events come in a time, and how many in a second one of it is."""

NEWEST = 3
"""How many of the newest samples before the deployment must exceed a limit to call a signal broken."""


def baseline_instants(plan: Plan, deployed_at: float) -> tuple[float, ...]:
    """The grid instants of the baseline, oldest first: ``window`` long and ending ``gap`` before."""
    step = plan.timing.interval
    first = math.floor((plan.baseline.gap + plan.baseline.window) / step + 1e-9)
    last = math.ceil(plan.baseline.gap / step - 1e-9)
    return tuple(deployed_at - k * step for k in range(first, last - 1, -1))


def summarise(plan: Plan, deployed_at: float, history: Sequence[Instant]) -> dict[SignalKey, Baseline]:
    """The baseline of every signal that has any sample in the range.

    Args:
        plan: the plan that says which range is the baseline.
        deployed_at: the time of the deployment.
        history: instants before the deployment, ascending; those before the range are left out, and those
            after it only tell whether a signal was broken when the deployment began.
    """
    instants = baseline_instants(plan, deployed_at)
    ranged = [i for i in history if instants and instants[0] - 1e-6 <= i.at <= instants[-1] + 1e-6]
    summaries: dict[SignalKey, Baseline] = {}
    for signal in plan.signals:
        if signal.probe is not None:
            continue
        inside = [i.readings.get(signal.key) for i in ranged]
        compared = [r for r in inside if r is not None and r.compared]
        if compared:
            newest = [i.readings.get(signal.key) for i in history if i.at <= deployed_at][-NEWEST:]
            unfit = _unfit(signal, compared, len(instants), plan.timing.interval)
            plain = _plain(compared, len(instants), _per_second(signal, compared, plan.timing.interval))
            summaries[signal.key] = _judged(signal, plain, unfit, newest)
    return summaries


def _plain(readings: Sequence[Reading], expected: int, per_second: float) -> Baseline:
    values = _values(readings)
    return Baseline(median(values), spread_of(values), len(values), expected, per_second=per_second)


def _judged(signal: Signal, plain: Baseline, unfit: str, newest: Sequence[Reading | None]) -> Baseline:
    if not unfit and any(_exceeded_by(rule, plain.median, plain) for rule in signal.rules):
        unfit = "its rule was already exceeded in it"
    broken = any(_exceeded(rule, newest, plain) for rule in signal.rules)
    return replace(plain, unfit=unfit, broken=broken)


def _per_second(signal: Signal, readings: Sequence[Reading], interval: float) -> float:
    """Events that are expected in a second: counted ones, else those a rate tells of, else the samples."""
    counts = [reading.count for reading in readings if reading.count is not None]
    if counts:
        return median(counts) / signal.window
    if signal.unit in EVENTS_PER_SECOND:
        return median(_values(readings)) * EVENTS_PER_SECOND[signal.unit]
    return 1.0 / interval


def _values(readings: Iterable[Reading | None]) -> list[float]:
    return [r.value for r in readings if r is not None and r.compared and r.value is not None]


def _exceeded_by(rule: Rule, median_value: float, baseline: Baseline) -> bool:
    limit = limit_of(rule, baseline)
    return limit is not None and exceeds(rule, limit, median_value)


def _unfit(signal: Signal, readings: Sequence[Reading], expected: int, interval: float) -> str:
    there = len(readings)
    if there < SAMPLES_THERE * expected:
        return f"only {there} of {expected} samples are there"
    if signal.events:
        return _too_few_trials(signal, readings, interval)
    if there < SAMPLES_ENOUGH:
        return f"{there} samples are too few to compare with, it takes {SAMPLES_ENOUGH}"
    return ""


def _too_few_trials(signal: Signal, readings: Sequence[Reading], interval: float) -> str:
    limits = [rule.limit for rule in signal.rules if rule.condition is Condition.ABOVE and rule.limit > 0]
    counts = [reading.count or 0.0 for reading in readings]
    # Windows wider than the interval overlap and count each request several times.
    trials = sum(counts) * min(1.0, interval / signal.window)
    needed = TRIALS_PER_LIMIT / min(limits) if limits else 0.0
    if trials < needed:
        return f"{trials:,.0f} requests are too few to compare with, it takes {needed:,.0f}"
    return ""


def _exceeded(rule: Rule, newest: Sequence[Reading | None], baseline: Baseline) -> bool:
    limit = limit_of(rule, baseline)
    values = _values(newest)
    return limit is not None and len(values) == NEWEST and all(exceeds(rule, limit, v) for v in values)
