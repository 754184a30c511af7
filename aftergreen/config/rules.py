"""From the tables of rules to rules, with limits in the unit of their signal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aftergreen.config.findings import Report, shown, shown_duration
from aftergreen.config.schema import Quantity, RuleTable, SignalTable
from aftergreen.model import Condition, Rule, Signal
from aftergreen.units import default_floor, format_limit, parse_quantity

_CONDITIONS = tuple(condition for condition in Condition if condition.compares)
_LATER_CONDITIONS = ("climbing_for", "exhausts_within", "silent_for")
_NEVER_NEGATIVE = frozenset({"%", "s", "ms", "bytes", "/s", "/min"})


@dataclass(frozen=True, slots=True)
class _Written:
    """A rule as the file has it: its table, its place, and its signal; no unit where that is in doubt."""

    report: Report
    place: str
    table: RuleTable
    signal: Signal
    unit: str | None
    condition: Condition

    def fault(self, key: str, found: str, expected: str) -> None:
        self.report.add(f"{self.place}.{key}", found, expected)

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


def resolve_rules(report: Report, place: str, table: SignalTable, signal: Signal) -> Signal:
    """The signal with its rules; those that are reported are left out."""
    # While the unit is in doubt, so is what every limit means.
    unit = None if report.faulty(f"{place}.unit") or report.faulty(f"{place}.indicator") else signal.unit
    rules: list[Rule] = []
    for index, rule_table in enumerate(table.rules):
        rule_place = f"{place}.rules[{index}]"
        condition = _condition(report, rule_place, rule_table)
        if condition is None:
            continue
        rule = _rule(_Written(report, rule_place, rule_table, signal, unit, condition))
        if rule is None:
            continue
        if any((r.condition, r.limit, r.then) == (rule.condition, rule.limit, rule.then) for r in rules):
            report.add(
                rule_place, "the same condition twice", "every rule of a signal to differ from the others"
            )
        rules.append(rule)
    return replace(signal, rules=tuple(rules))


def _condition(report: Report, place: str, table: RuleTable) -> Condition | None:
    """The one condition of the rule; None where there is not exactly one, or where it comes later."""
    written = [
        key
        for key in (*_CONDITIONS, *_LATER_CONDITIONS)
        if getattr(table, key) is not None or report.faulty(f"{place}.{key}")
    ]
    if len(written) != 1:
        found = " and ".join(written) if written else "no condition"
        report.add(place, found, "exactly one of above, below, above_baseline and below_baseline")
        return None
    return Condition(written[0]) if written[0] in _CONDITIONS else None


def _rule(rule: _Written) -> Rule | None:
    table = rule.table
    if table.for_ is None:
        rule.fault("for", "nothing", 'how long the condition must hold, such as "2m"')
    if table.then is None:
        rule.fault("then", "nothing", '"rollback" or "warn"')
    for key, length in (("for", table.for_), ("clear_for", table.clear_for)):
        if length is not None and length <= 0:
            rule.fault(key, shown_duration(length), "a duration longer than 0s")
    limit = _change(rule) if rule.condition.relative else _limit(rule)
    floor = _floor(rule)
    clear = _clear(rule, limit)
    if table.for_ is None or table.then is None or limit is None:
        return None
    return Rule(
        condition=rule.condition,
        limit=limit,
        sustained=table.for_,
        then=table.then,
        by_at_least=floor,
        clear=clear,
        clear_for=table.for_ if table.clear_for is None else table.clear_for,
    )


def _change(rule: _Written) -> float | None:
    """The limit of a relative rule."""
    key = rule.condition
    change: float | None = getattr(rule.table, key)
    if change is None:
        return None
    if rule.signal.probe is not None:
        rule.fault(key, "a relative rule on a probe", "above or below, because a probe has no history")
    elif change <= 0:
        rule.fault(key, rule.shown(key), "a change of more than 0%")
    elif key is Condition.BELOW_BASELINE and change >= 1:
        rule.fault(key, rule.shown(key), "a fall of less than 100%")
    return change


def _limit(rule: _Written) -> float | None:
    """The limit of a rule with a fixed one, in the signal's unit."""
    limit = rule.quantity(rule.condition)
    expected = None if limit is None else _sane_limit(rule.condition, rule.signal, limit)
    if expected:
        rule.fault(rule.condition, rule.shown(rule.condition), expected)
    return limit


def _sane_limit(condition: Condition, signal: Signal, limit: float) -> str | None:
    """What is expected instead of a limit that is always, or never, exceeded."""
    if signal.events and condition is Condition.ABOVE and not 0 < limit < 1:
        return "a share of more than 0% and less than 100%"
    if signal.events and condition is Condition.BELOW and not 0 < limit <= 1:
        return "a share of more than 0% and at most 100%"
    if signal.unit not in _NEVER_NEGATIVE:
        return None
    if condition is Condition.ABOVE and limit < 0:
        return "a limit that is not negative"
    if limit <= 0 and (condition is Condition.BELOW or signal.probe is not None):
        return "a limit of more than 0"
    return None


def _floor(rule: _Written) -> float:
    """The absolute floor of a relative rule, in the signal's unit."""
    key = "by_at_least"
    if not rule.condition.relative:
        if rule.table.by_at_least is not None:
            rule.fault(key, rule.shown(key), "this key only beside above_baseline or below_baseline")
        return 0.0
    if rule.table.by_at_least is None:
        return default_floor(rule.signal.unit)
    floor = rule.quantity(key)
    if floor is not None and floor < 0:
        rule.fault(key, rule.shown(key), "a change that is not negative")
    return floor or 0.0


def _clear(rule: _Written, limit: float | None) -> float | None:
    """The value at which the rule clears: on the good side of a fixed limit."""
    clear = rule.quantity("clear")
    if clear is None or limit is None:
        return None
    unit = rule.signal.unit
    if unit in _NEVER_NEGATIVE and clear < 0:
        rule.fault("clear", rule.shown("clear"), "a value that is not negative")
    elif rule.condition is Condition.ABOVE and clear > limit:
        rule.fault("clear", rule.shown("clear"), f"at most the limit, {format_limit(limit, unit)}")
    elif rule.condition is Condition.BELOW and clear < limit:
        rule.fault("clear", rule.shown("clear"), f"at least the limit, {format_limit(limit, unit)}")
    return clear
