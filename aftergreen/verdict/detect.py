"""What so much traffic lets one notice, and by when."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

from aftergreen.model import Condition, Plan, Rule, Signal, Timing
from aftergreen.verdict.claims import failing_rate
from aftergreen.verdict.evidence import no_evidence, weigh
from aftergreen.verdict.limits import limit_of, why_no_limit
from aftergreen.verdict.signal import nothing_known
from aftergreen.verdict.state import EPSILON, Baseline, SignalState

TIMES_THE_LIMIT = (50.0, 20.0, 10.0, 5.0, 3.0, 2.0)
"""The failure rates that are asked about, as multiples of the limit."""

HIGHEST = 0.95
STEPS_PER_DECADE = 12
"""Traffic varies; it is rounded to a tenth or so, so that little has to be worked out anew."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A failure rate, and how many seconds after the deployment it is noticed; None: not before the end."""

    rate: float
    after: float | None


def noticeable(plan: Plan, signal: Signal, per_second: float) -> tuple[Noticed, ...]:
    """What the signal's first rule with evidence would notice at so many trials a second, worst rate first.

    To notice is to have the whole fuse and the evidence, when failures come as they are expected to. Empty
    for signals without evidence and without traffic.
    """
    known = (r for r in signal.rules if not r.condition.relative)
    rule = next((r for r in known if nothing_known(plan, signal, r, r.limit) is not None), None)
    if rule is None or per_second <= 0:
        return ()
    failing = failing_rate(rule, rule.limit)
    rounded = 10 ** (round(math.log10(per_second) * STEPS_PER_DECADE) / STEPS_PER_DECADE)
    rates = [failing * times for times in TIMES_THE_LIMIT if failing * times <= HIGHEST]
    return tuple(
        Noticed(rate, _noticed_after(plan.timing, rule, plan.alpha, rounded, rate)) for rate in rates
    )


@dataclass(frozen=True, slots=True)
class Soonest:
    """How many seconds after the deployment a rule acts without a person, at the worst fault there is.

    None where it never does; ``never`` says why. The ``grace`` comes on top of it.
    """

    after: float | None = None
    grace: float = 0.0
    never: str = ""


def soonest(plan: Plan, signal: Signal, rule: Rule, baseline: Baseline | None, per_second: float) -> Soonest:
    """When a rule acts without a person, at so many trials a second."""
    limit, timing = limit_of(rule, baseline), plan.timing
    judged_from = max(timing.warmup, signal.window if signal.windowed else 0.0)
    if rule.condition.relative and limit is None:
        return Soonest(never=why_no_limit(rule, baseline))
    if rule.condition.compares and signal.events:
        if nothing_known(plan, signal, rule, limit) is None:
            return Soonest(never="its events cannot be counted, so that all of it may be chance")
        if per_second <= 0:
            return Soonest(never="no traffic was seen before")
        absolute = replace(rule, limit=limit or 0.0)
        after = _noticed_after(timing, absolute, plan.alpha, per_second, HIGHEST)
        if after is None:
            return Soonest(never="with so few requests all of it may be chance to the end of the watch")
    elif rule.condition is Condition.SILENT:
        after = timing.warmup + rule.limit
    else:
        after = judged_from + rule.sustained + (rule.limit if rule.condition.trend else 0.0)
    if after > timing.duration + timing.rollout:
        return Soonest(never="the watch is over before it could be breached")
    return Soonest(after, plan.rollback.grace if plan.rollback is not None else 0.0)


def traffic_of(signal: SignalState, since: float) -> float:
    """Trials a second since the deployment, at first those of the newest window; 0 where unknown."""
    elapsed = 0.0 if signal.at is None else signal.at - since
    if elapsed >= signal.signal.window and signal.counts.total[0] > 0:
        return signal.counts.total[0] / elapsed
    counted = signal.reading.count if signal.reading is not None else None
    return (counted or 0.0) / min(signal.signal.window, max(elapsed, 1.0))


@lru_cache(maxsize=512)
def _noticed_after(timing: Timing, rule: Rule, alpha: float, per_second: float, rate: float) -> float | None:
    steps = round(timing.duration / timing.interval)
    evidence = no_evidence(failing_rate(rule, rule.limit), steps, alpha)
    trials = per_second * timing.interval
    for step in range(1, steps + 1):
        evidence = weigh(evidence, trials, trials * rate)
        age = step * timing.interval
        if evidence.enough and (rule.fast or age + EPSILON >= timing.warmup + rule.sustained):
            return max(age, timing.warmup)
    return None
