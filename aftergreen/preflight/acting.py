"""Which rules roll back without a person, on the traffic that was seen, and which of them never will."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from aftergreen import words
from aftergreen.model import Automatic, Plan, Rule, Signal, Then
from aftergreen.preflight.capture import Past
from aftergreen.verdict.detect import soonest
from aftergreen.verdict.state import RuleState


def acts_alone(plan: Plan, rule: Rule) -> bool:
    """Whether the rule is meant to roll back without a person."""
    return plan.automatic is not Automatic.OFF and rule.then is Then.ROLLBACK


def traffic_before(past: Past, signal: Signal) -> float:
    """Trials a second in the time before; 0 where they are not known."""
    readings = [instant.readings.get(signal.key) for instant in past.instants]
    counts = [reading.count for reading in readings if reading is not None and reading.count is not None]
    return median(counts) / signal.window if counts else 0.0


def never_acting(plan: Plan, past: Past) -> Iterator[str]:
    """What is meant to act without a person and never will."""
    for signal in plan.signals:
        baseline, traffic = past.baselines.get(signal.key), traffic_before(past, signal)
        for rule in signal.rules:
            if acts_alone(plan, rule):
                found = soonest(plan, signal, rule, baseline, traffic)
                if found.after is None:
                    yield f"{words.rule(RuleState(signal, rule, None, None))}: {words.acts(found)}"
