"""A threshold changed during the watch: read from one sentence, applied to a plan."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from aftergreen.clean import clean
from aftergreen.model import Condition, Plan, Rule, Signal, SignalKey
from aftergreen.units import format_limit, parse_fraction, parse_quantity
from aftergreen.verdict.limits import insane

EXAMPLE = "HTTP 5xx above 1% to 2% because clients retry"

_SAID = re.compile(
    r"(?P<condition>above_baseline|below_baseline|above|below)"
    r"\s+(?P<old>\S+(?:\s(?!to\b)\S+)?)\s+to\s+(?P<new>\S+(?:\s(?!because\b)\S+)?)"
    r"(?:\s+because\s+(?P<reason>.+))?"
)


@dataclass(frozen=True, slots=True)
class Change:
    """Which rule of which signal gets which limit, and why."""

    signal: SignalKey
    rule: Rule
    limit: float
    reason: str


def parse_change(plan: Plan, text: str) -> Change:
    """The change that a sentence asks for; ValueError says in one sentence what to write."""
    said = clean(text, 400).strip()
    labels = sorted(plan.signals, key=lambda signal: -len(signal.label))
    signal = next((s for s in labels if said.startswith(f"{s.label} ")), None)
    if signal is None:
        raise ValueError(f"begin with the name of a signal, as in: {EXAMPLE}")
    match = _SAID.fullmatch(said[len(signal.label) :].strip())
    if match is None:
        raise ValueError(f"write the condition, its limit and the new one, as in: {EXAMPLE}")
    condition = Condition(match["condition"])
    old, new = (_limit(signal, condition, match[name]) for name in ("old", "new"))
    rule = next((r for r in signal.rules if r.condition is condition and math.isclose(r.limit, old)), None)
    if rule is None:
        raise ValueError(f"{signal.label} has no rule {condition} {match['old']}: {_rules_of(signal)}")
    if new == rule.limit:
        raise ValueError(f"{signal.label} has that limit already")
    if not match["reason"]:
        raise ValueError("say why: an override has a reason, after the word because")
    return Change(signal.key, rule, new, match["reason"].strip())


def after(change: Change) -> Rule:
    """The rule as it is from then on; where it clears follows from its new limit."""
    return replace(change.rule, limit=change.limit, clear=None)


def changed(plan: Plan, change: Change) -> Plan:
    """The plan with the changed rule."""
    new = after(change)

    def of(signal: Signal) -> Signal:
        if signal.key != change.signal:
            return signal
        return replace(signal, rules=tuple(new if r == change.rule else r for r in signal.rules))

    return replace(plan, signals=tuple(of(signal) for signal in plan.signals))


def _limit(signal: Signal, condition: Condition, written: str) -> float:
    # The screen writes a blank before a unit.
    written = written.replace(" ", "")
    limit = parse_fraction(written) if condition.relative else parse_quantity(written, signal.unit)
    expected = insane(condition, signal, limit)
    if expected:
        raise ValueError(f"expected {expected}")
    return limit


def limits_of(plan: Plan) -> tuple[str, ...]:
    """Every threshold that can be changed, as the sentence begins: ``HTTP 5xx above 1%``."""
    return tuple(f"{signal.label} {text}" for signal in plan.signals for text in _limits(signal))


def _limits(signal: Signal) -> list[str]:
    rules = [rule for rule in signal.rules if rule.condition.compares]
    units = ["%" if rule.condition.relative else signal.unit for rule in rules]
    return [
        f"{rule.condition} {format_limit(rule.limit, unit).replace(' ', '')}"
        for rule, unit in zip(rules, units, strict=True)
    ]


def _rules_of(signal: Signal) -> str:
    told = _limits(signal)
    return f"it has {' and '.join(told)}" if told else "it has none with a limit"
