"""From the tables of rules to rules, with limits in the unit of their signal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aftergreen.config.faults import Faults, listed, shown, shown_duration
from aftergreen.config.file import KEYS, Quantity, RuleTable, SignalTable
from aftergreen.config.tiers import COURSE_HELD
from aftergreen.model import Condition, Indicator, Reduce, Rule, Signal, Then
from aftergreen.units import default_floor, format_limit, parse_quantity
from aftergreen.verdict.conditions import CLIMB_SHARE
from aftergreen.verdict.limits import NEVER_NEGATIVE, insane

_LENGTHS = (Condition.CLIMBING, Condition.EXHAUSTS, Condition.SILENT)
"""Conditions that are written as a duration."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A rule as the file has it: its table, its place, and its signal; no unit where that is in doubt."""

    faults: Faults
    place: str
    table: RuleTable
    signal: Signal
    unit: str | None
    condition: Condition

    def fault(self, key: str, found: str, expected: str) -> None:
        self.faults.add(f"{self.place}.{key}", found, expected)

    def quantity(self, key: str) -> float | None:
        """The key's value in the signal's unit; None where it is absent, reported, or has no known unit."""
        written = getattr(self.table, key)
        if not isinstance(written, Quantity) or self.unit is None:
            return None
        try:
            return parse_quantity(written.written, self.unit)
        except ValueError as error:
            self.fault(key, shown(written.written), str(error).removeprefix("expected "))
            return None

    def shown(self, key: str) -> str:
        """The key's value as it is written in the file."""
        written = getattr(self.table, key)
        return shown(written.written) if isinstance(written, Quantity) else f'"{format_limit(written, "%")}"'


def resolve_rules(faults: Faults, place: str, table: SignalTable, signal: Signal) -> Signal:
    """The signal with its rules; those that are reported are left out."""
    # While the unit is in doubt, so is what every limit means.
    unit = None if faults.faulty(f"{place}.unit") or faults.faulty(f"{place}.indicator") else signal.unit
    rules: list[Rule] = []
    for index, rule_table in enumerate(table.rules or ()):
        rule_place = f"{place}.rules[{index}]"
        condition = _condition(faults, rule_place, rule_table)
        if condition is None:
            continue
        rule = _rule(_Written(faults, rule_place, rule_table, signal, unit, condition))
        if rule is None:
            continue
        if any(_asks(other) == _asks(rule) for other in rules):
            faults.add(
                rule_place, "the same condition twice", "every rule of a signal to differ from the others"
            )
        rules.append(rule)
    return replace(signal, rules=tuple(rules))


def _asks(rule: Rule) -> tuple[object, ...]:
    """What no two rules of a signal may have in common."""
    return rule.condition, rule.limit, rule.capacity, rule.then


def _condition(faults: Faults, place: str, table: RuleTable) -> Condition | None:
    """The one condition of the rule; None where there is not exactly one."""
    written = [key for key in Condition if getattr(table, key) is not None or faults.faulty(f"{place}.{key}")]
    if len(written) != 1:
        found = " and ".join(written) if written else "no condition"
        faults.add(place, found, f"exactly one of {listed(Condition)}")
        return None
    return written[0]


def _rule(rule: _Written) -> Rule | None:
    table = rule.table
    if table.then is None:
        rule.fault("then", "nothing", '"rollback" or "warn"')
    _check_lengths(rule)
    sustained = _sustained(rule)
    _check_company(rule)
    limit = _limit_of(rule)
    floor = _floor(rule)
    clear = _clear(rule, limit)
    capacity = _capacity(rule)
    if sustained is None or table.then is None or limit is None:
        return None
    cleared = COURSE_HELD if rule.condition is Condition.CLIMBING else sustained
    return Rule(
        condition=rule.condition,
        limit=limit,
        sustained=sustained,
        then=table.then,
        by_at_least=floor,
        by_share=CLIMB_SHARE if _may_climb_little(rule) else 0.0,
        clear=clear,
        clear_for=cleared if table.clear_for is None else table.clear_for,
        fast=bool(table.fast),
        capacity=capacity,
        per_request=bool(table.per_request),
    )


def _check_lengths(rule: _Written) -> None:
    for key in ("for_", "clear_for", *_LENGTHS):
        length = getattr(rule.table, key)
        if length is not None and length <= 0:
            rule.fault(KEYS.get(key, key), shown_duration(length), "a duration longer than 0s")


def _sustained(rule: _Written) -> float | None:
    """The length of the fuse; what looks back by itself has a short one, or none, unless it is given."""
    written = rule.table.for_
    if rule.condition is Condition.SILENT:
        if written is not None:
            rule.fault("for", shown_duration(written), "no such key beside silent_for, which says how long")
        return rule.table.silent_for
    if written is None and rule.condition.trend:
        return COURSE_HELD if rule.condition is Condition.EXHAUSTS else 0.0
    if written is None:
        rule.fault("for", "nothing", 'how long the condition must hold, such as "2m"')
    return written


def _check_company(rule: _Written) -> None:
    """Keys that mean nothing beside this condition, and conditions that mean nothing for this signal."""
    table, signal, condition = rule.table, rule.signal, rule.condition
    if not condition.compares and signal.probe is not None:
        expected = "above or below, because a probe has no past and is never silent"
        rule.fault(condition, f"{condition} on a probe", expected)
    if not condition.compares and table.clear is not None:
        rule.fault(
            "clear", rule.shown("clear"), f"no such key beside {condition}: clear_for says when it clears"
        )
    if table.capacity is not None and condition is not Condition.EXHAUSTS:
        rule.fault("capacity", rule.shown("capacity"), "this key only beside exhausts_within")
    if table.per_request and not (condition.relative and signal.indicator is Indicator.SATURATION):
        expected = 'this key only beside above_baseline, on signals with indicator = "saturation"'
        rule.fault("per_request", "true", expected)
    if not table.fast:
        return
    if table.then is Then.WARN:
        rule.fault("fast", "true", 'this key only on rules with then = "rollback": a warning never acts')
    elif not signal.events or signal.reduce is Reduce.WORST or condition.relative or not condition.compares:
        expected = "this key only beside above or below on a ratio of events: nothing else has evidence"
        rule.fault("fast", "true", expected)


def _limit_of(rule: _Written) -> float | None:
    if rule.condition in _LENGTHS:
        length: float | None = getattr(rule.table, rule.condition)
        return length
    return _change(rule) if rule.condition.relative else _limit(rule)


def _capacity(rule: _Written) -> float | None:
    """What runs out, in the signal's unit."""
    if rule.condition is not Condition.EXHAUSTS:
        return None
    if rule.table.capacity is None:
        rule.fault("capacity", "nothing", "how much there is of what runs out, such as 100")
    capacity = rule.quantity("capacity")
    if capacity is not None and capacity <= 0:
        rule.fault("capacity", rule.shown("capacity"), "a capacity of more than 0")
    return capacity


def _change(rule: _Written) -> float | None:
    """The limit of a relative rule."""
    key = rule.condition
    change: float | None = getattr(rule.table, key)
    if change is None:
        return None
    if rule.signal.probe is not None:
        rule.fault(key, "a relative rule on a probe", "above or below, because a probe has no history")
    elif expected := insane(key, rule.signal, change):
        rule.fault(key, rule.shown(key), expected)
    return change


def _limit(rule: _Written) -> float | None:
    """The limit of a rule with a fixed one, in the signal's unit."""
    limit = rule.quantity(rule.condition)
    expected = None if limit is None else insane(rule.condition, rule.signal, limit)
    if expected:
        rule.fault(rule.condition, rule.shown(rule.condition), expected)
    return limit


def _floor(rule: _Written) -> float:
    """The absolute floor of a relative rule, in the signal's unit."""
    key = "by_at_least"
    if not rule.condition.relative and rule.condition is not Condition.CLIMBING:
        if rule.table.by_at_least is not None:
            expected = "this key only beside above_baseline, below_baseline or climbing_for"
            rule.fault(key, rule.shown(key), expected)
        return 0.0
    if rule.table.by_at_least is None:
        return default_floor(rule.signal.unit)
    floor = rule.quantity(key)
    if floor is not None and floor < 0:
        rule.fault(key, rule.shown(key), "a change that is not negative")
    return floor or 0.0


def _may_climb_little(rule: _Written) -> bool:
    """Whether nobody said how much a climb has to be."""
    return rule.condition is Condition.CLIMBING and rule.table.by_at_least is None


def _clear(rule: _Written, limit: float | None) -> float | None:
    """The value at which the rule clears: on the good side of a fixed limit."""
    clear = rule.quantity("clear")
    if clear is None or limit is None or not rule.condition.compares:
        return None
    unit = rule.signal.unit
    if unit in NEVER_NEGATIVE and clear < 0:
        rule.fault("clear", rule.shown("clear"), "a value that is not negative")
    elif rule.condition is Condition.ABOVE and clear > limit:
        rule.fault("clear", rule.shown("clear"), f"at most the limit, {format_limit(limit, unit)}")
    elif rule.condition is Condition.BELOW and clear < limit:
        rule.fault("clear", rule.shown("clear"), f"at least the limit, {format_limit(limit, unit)}")
    return clear
