"""How far a signal is from how it was: what is out of the ordinary, whether or not a rule asks for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aftergreen.model import Reading, Signal
from aftergreen.verdict.spread import ROBUST_DEVIATION
from aftergreen.verdict.state import Baseline, RuleState

DEVIATIONS = 4.0
"""Robust deviations from the baseline's median within which a value is nothing unusual."""

SHARE_RISEN = 0.01
"""Of a share, such as failed of all calls: the least rise that is worth a word."""

PART_RISEN = 0.25
"""Of everything else: the least part of what it was."""


@dataclass(frozen=True, slots=True)
class Rise:
    """By how much a signal is above what it was, in its unit, and how many times that is of what it was."""

    by: float
    times: float


def rise_of(signal: Signal, reading: Reading | None, baseline: Baseline | None) -> Rise | None:
    """How far a signal has risen; None where it has not, or nobody can tell.

    A dependency that does not answer has risen without bound.
    """
    if reading is None or not reading.compared or reading.value is None:
        return None
    if math.isinf(reading.value):
        return Rise(math.inf, math.inf)
    if baseline is None:
        return None
    by = reading.value - baseline.median
    least = SHARE_RISEN if shares(signal) else PART_RISEN * abs(baseline.median)
    if by <= max(least, DEVIATIONS * ROBUST_DEVIATION * baseline.spread):
        return None
    return Rise(by, by / baseline.median if baseline.median > 0 else math.inf)


def shares(signal: Signal) -> bool:
    """Whether a signal is a share: failed of all, used of what there is."""
    return signal.events or signal.unit == "%"


def unusual(
    signal: Signal, reading: Reading, baseline: Baseline | None, rules: tuple[RuleState, ...]
) -> bool | None:
    """Whether a reading is out of the ordinary, towards the bad; None where that is unknown."""
    if not reading.compared:
        return None
    over = any(rule.burning or rule.breached for rule in rules)
    return over or rise_of(signal, reading, baseline) is not None
