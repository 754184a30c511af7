"""From the tables of signals to signals, with everything that must be true of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aftergreen.config.addresses import probe_address
from aftergreen.config.faults import Faults, shown, shown_duration
from aftergreen.config.file import Name, SignalTable
from aftergreen.config.queries import asks_for_version, check_query, looks_at_one_moment
from aftergreen.config.thresholds import resolve_rules
from aftergreen.config.tiers import tier_rules
from aftergreen.model import Address, BaselineSource, Indicator, Signal, SignalKey, Timing
from aftergreen.promql import falls_back
from aftergreen.verdict.conditions import shortest_course

_WORD = re.compile(r"[^\s0-9.,+-][^\s]*")
_QUERY_KEYS = ("query", "numerator", "denominator", "count")


@dataclass(frozen=True, slots=True)
class Watched:
    """What all signals share: the table ``[watch]``, the source of baselines, the tier of the service."""

    timing: Timing
    source: BaselineSource
    tier: str


def resolve_signals(tables: tuple[SignalTable, ...], faults: Faults, watch: Watched) -> tuple[Signal, ...]:
    """The signals of the plan. Where something is reported, a stand-in."""
    signals = tuple(_signal(faults, f"signals[{index}]", table, watch) for index, table in enumerate(tables))
    taken: set[SignalKey] = set()
    for index, (signal, table) in enumerate(zip(signals, tables, strict=True)):
        if signal.key in taken and table.indicator is not None:
            dependency = f"the dependency {signal.dependency}"
            scope = dependency if signal.dependency else f"the indicator {signal.indicator}"
            place = f"signals[{index}].name"
            faults.add(place, f"{shown(signal.name)} twice", f"a name of its own within {scope}")
        taken.add(signal.key)
    return signals


def _signal(faults: Faults, place: str, table: SignalTable, watch: Watched) -> Signal:
    _check_identity(faults, place, table)
    _check_measure(faults, place, table)
    probe = _probe(faults, place, table)
    ratio = table.numerator is not None
    indicator = table.indicator or Indicator.ERROR_RATE
    events = table.events if table.events is not None else ratio and indicator is Indicator.ERROR_RATE
    unit = _unit(faults, place, table, ratio=ratio)
    if table.window is not None and table.window <= 0:
        faults.add(f"{place}.window", shown_duration(table.window), "a duration longer than 0s")
    signal = Signal(
        indicator=indicator,
        # A signal without a name is reported; its place keeps it from being taken for a duplicate.
        name=table.name or Name(place),
        unit=unit,
        window=table.window or watch.timing.window,
        query=table.query,
        count=table.count,
        numerator=table.numerator,
        denominator=table.denominator,
        events=events,
        reduce=table.reduce,
        probe=str(probe) if probe else table.probe,
        dependency=table.dependency,
        kind=table.kind,
        baseline=table.baseline or watch.source,
        absent_is_zero=table.absent_is_zero,
    )
    if table.rules is not None:
        signal = resolve_rules(faults, place, table, signal)
        window = signal.window if signal.windowed else 0.0
        _check_courses(faults, place, table, shortest_course(watch.timing.interval, window))
    # Which rules are usual for a signal that belongs nowhere, or has rules that cannot be read, nobody knows.
    elif table.indicator is not None and not faults.faulty(f"{place}.rules"):
        usual = tier_rules(watch.tier, signal, watch.timing)
        signal = replace(signal, rules=tuple(rule for rule, _ in usual))
    _check_control(faults, place, table, signal)
    _check_absent_is_zero(faults, place, signal)
    return signal


def _check_courses(faults: Faults, place: str, table: SignalTable, shortest: float) -> None:
    """A climb is judged by samples, and takes some: ``shortest`` is in seconds."""
    # While the grid or a window is in doubt, so is how many samples a length has.
    if any(faults.faulty(key) for key in ("watch.interval", "watch.window", f"{place}.window")):
        return
    for index, rule in enumerate(table.rules or ()):
        climb, rule_place = rule.climbing_for, f"{place}.rules[{index}]"
        if climb is not None and 0 < climb < shortest and not faults.faulty(rule_place):
            expected = f"at least {shown_duration(shortest)}: eight intervals, and four windows of the query"
            faults.add(f"{rule_place}.climbing_for", shown_duration(climb), expected)


def _check_control(faults: Faults, place: str, table: SignalTable, signal: Signal) -> None:
    """A control is the old version at the same instant: the same query, asked for another version."""
    compared = table.baseline is BaselineSource.CONTROL or any(r.condition.relative for r in signal.rules)
    written = {key: query for key in _QUERY_KEYS if (query := getattr(table, key)) is not None}
    without = [key for key, query in written.items() if not asks_for_version(query)]
    # A ratio that asks for one version above the line and for both below it compares nothing with anything.
    if signal.baseline is BaselineSource.CONTROL and without and (compared or len(without) < len(written)):
        expected = 'queries with $version: baseline = "control" asks them for both versions'
        faults.add(f"{place}.baseline", f"no $version in {' and '.join(without)}", expected)


def _check_identity(faults: Faults, place: str, table: SignalTable) -> None:
    if table.indicator is None:
        faults.add(f"{place}.indicator", "nothing", "the indicator to which the signal belongs")
    if table.name is None:
        faults.add(f"{place}.name", "nothing", "a name for the signal")
    if table.indicator is Indicator.DEPENDENCY:
        if table.dependency is None:
            faults.add(f"{place}.dependency", "nothing", 'the name of the dependency, such as "orders-db"')
        return
    if table.indicator is None:
        return
    for key in ("dependency", "kind"):
        value = getattr(table, key)
        if value is not None:
            faults.add(
                f"{place}.{key}", shown(value), 'this key only on signals with indicator = "dependency"'
            )


def _check_measure(faults: Faults, place: str, table: SignalTable) -> None:
    """Exactly one of a query, a ratio and a probe, and no keys that belong to another of them."""
    has = {
        key: getattr(table, key) is not None or faults.faulty(f"{place}.{key}")
        for key in (*_QUERY_KEYS, "probe")
    }
    ratio = has["numerator"] or has["denominator"]
    ways = [
        name
        for name, used in (("query", has["query"]), ("numerator", ratio), ("probe", has["probe"]))
        if used
    ]
    if len(ways) != 1:
        found = " and ".join(ways) if ways else "nothing to measure"
        faults.add(place, found, "exactly one of query, numerator with denominator, and probe")
    for key, other in (("numerator", "denominator"), ("denominator", "numerator")):
        if ratio and not has[key]:
            faults.add(f"{place}.{key}", "nothing", f"a query, because there is a {other}")
    if table.count is not None and not has["query"]:
        faults.add(f"{place}.count", "count", "this key only beside a query")
    elif table.count is not None and looks_at_one_moment(table.count):
        expected = "a query that counts over the window, such as sum(increase(requests_total[$window]))"
        faults.add(f"{place}.count", f"{shown(table.count)}, which has no range", expected)
    if table.events is not None and not ratio:
        faults.add(f"{place}.events", shown(table.events), "this key only beside a numerator and denominator")
    for key in _QUERY_KEYS:
        query = getattr(table, key)
        if query is not None:
            check_query(faults, f"{place}.{key}", query)


def _check_absent_is_zero(faults: Faults, place: str, signal: Signal) -> None:
    """Whether there can be a number without series, which its owner declares to be zero."""
    falls = signal.query is not None and falls_back(signal.query)
    if signal.absent_is_zero is not None and not (signal.events or falls):
        expected = "this key only on a ratio of events, or on a query that falls back on a number"
        faults.add(f"{place}.absent_is_zero", shown(signal.absent_is_zero), expected)


def _probe(faults: Faults, place: str, table: SignalTable) -> Address | None:
    """What is probed; None where nothing is, or what is wrong with it was reported."""
    if table.probe is None:
        return None
    for key in ("window", "reduce", "baseline"):
        value = getattr(table, key)
        if value is not None:
            found = shown_duration(value) if key == "window" else shown(value)
            faults.add(f"{place}.{key}", found, "no such key on a probe, which has one value and no past")
    return probe_address(faults, f"{place}.probe", table.probe)


def _unit(faults: Faults, place: str, table: SignalTable, *, ratio: bool) -> str:
    if table.unit is None:
        if table.probe is not None:
            return "s"
        return "%" if ratio and table.indicator is Indicator.ERROR_RATE else ""
    if table.probe is not None and table.unit != "s":
        faults.add(f"{place}.unit", shown(table.unit), '"s", for a probe measures seconds')
    if table.unit == "none":
        return ""
    if not _WORD.fullmatch(table.unit):
        faults.add(
            f"{place}.unit", shown(table.unit), "one of %, s, ms, bytes, /s, /min, none, or any one word"
        )
    return table.unit
