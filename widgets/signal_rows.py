"""One signal as rows: its line, its chart, what stands behind it, and its rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aftergreen import words
from aftergreen.units import format_duration, value_parts
from aftergreen.verdict.detect import traffic_of
from aftergreen.verdict.snapshot import Mark, Snapshot
from aftergreen.verdict.state import Phase, RuleState, SignalState
from aftergreen.verdict.walk import rule_mark, signal_mark
from widgets.chart import Drawing
from widgets.frame import Frame
from widgets.header import mark_span
from widgets.rows import Row, Span, fit, folded, row, width_of
from widgets.scale import latest
from widgets.spark import spark

NAMES, SHORT_NAMES = 22, 12
"""To how many characters names are cut where there is room, and where there is little."""

WAS = "was "

SHORT_WAS = 6
"""As long as it takes to say in the same place why something is unknown: ``no traffic``."""

DIGITS = 6
"""As wide as a value is written in all but rare cases: ``0.0804``, ``12,345``."""


def main_rule(signal: SignalState) -> RuleState | None:
    """The rule whose limit is drawn: the first, unless another one is burning or breached."""
    active = [rule for rule in signal.rules if rule.burning or rule.breached]
    return next(iter((*active, *signal.rules)), None)


def value_spans(
    signal: SignalState, *, number: int = 0, suffix: int = 0, aged: bool = True
) -> tuple[Span, ...]:
    """The newest value, bold, number and unit each in a column of its own so that nothing jumps.

    What is unknown keeps what was last known of it, dim, where `unknown_since` says how old that is: without
    room for its age, ``aged``, it would be taken for the value of now.
    """
    reading = signal.reading
    if reading is None or not reading.compared or reading.value is None:
        known = signal.known.value if signal.known is not None else None
        if known is None or not aged:
            return (Span(words.reading(reading, signal.signal.unit).ljust(number + suffix + 1), "unknown"),)
        digits, unit = value_parts(known, signal.signal.unit)
        return Span(digits.rjust(number), "dim"), Span(f" {unit}".ljust(suffix + 1), "dim")
    digits, unit = value_parts(reading.value, signal.signal.unit)
    look = {Mark.BAD: "bad", Mark.WARN: "warn"}.get(signal_mark(signal), "strong")
    return (Span(digits.rjust(number), look, bold=True), Span(f" {unit}".ljust(suffix + 1)))


def unknown_since(signal: SignalState, width: int) -> str:
    """Why the value is an old one, and how old it is, as far as there is room; empty where it is of now."""
    reading, age = signal.reading, words.last_known(signal)
    if reading is None or reading.compared or not age:
        return ""
    kind = words.reading(reading, signal.signal.unit)
    wishes = (f"{kind}, {age}", f"{kind} {age}", f"{kind} {age.removesuffix(' ago')}", kind)
    return next((wish for wish in wishes if len(wish) <= width), fit_text(kind, width))


def drawing_of(signal: SignalState, snapshot: Snapshot, frame: Frame) -> Drawing:
    """The chart of a signal as it is looked at."""
    axis = latest(snapshot.axis, frame.reach, frame.moment)
    return replace(charted(signal, snapshot), axis=axis, mode=frame.drawing, shaded=frame.shaded)


def charted(signal: SignalState, snapshot: Snapshot) -> Drawing:
    """The chart of a signal over the whole watch, with the limit of its most serious rule."""
    rule = main_rule(signal)
    return Drawing(
        trace=signal.trace,
        axis=snapshot.axis,
        baseline=signal.baseline,
        limit=rule.limit if rule is not None else None,
        label=words.limit_value(rule) if rule is not None and rule.limit is not None else "",
        upward=rule.rule.condition.upward if rule is not None else True,
        unit=signal.signal.unit,
        rolled_back=snapshot.rollback.started_at if snapshot.rollback is not None else None,
        over=snapshot.release_state.ended,
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths of the columns of signal lines: names, digits, units, what it was."""

    names: int
    digits: int
    units: int
    was: int


def columns_of(signals: Sequence[SignalState], *, width: int, most: int = NAMES) -> Columns:
    """Columns in which nothing jumps: wide enough for the values of now, and not narrower than usual ones.

    Names are cut to ``most`` characters. Where a line of ``width`` is too short, they are cut further, and at
    last what the values were is left out.
    """
    known = [(s, s.reading.value) for s in signals if s.reading is not None and s.reading.compared]
    # What was is wide enough for what is, and stays when that is unknown.
    known += [(s, s.baseline.median) for s in signals if s.baseline is not None]
    parts = [value_parts(value, s.signal.unit) for s, value in known if value is not None]
    names = min(most, max((len(s.signal.label) for s in signals), default=0))
    digits = max([DIGITS, *(len(digits) for digits, _ in parts)])
    # A unit is known without a value; those that are scaled are not longer than ``MiB``.
    units = max([3, *(len(value_parts(1.0, s.signal.unit)[1]) for s in signals)])
    was = max([SHORT_WAS, *(len(words.median(s.baseline, s.signal.unit)) for s in signals)])
    # The mark, and a blank after each column.
    room = width - digits - units - 6
    if names + was + len(WAS) > room:
        names = max(SHORT_NAMES, min(names, room - was - len(WAS)))
    if names + was + len(WAS) > room:
        names, was = min(most, max(1, room)), 0
    return Columns(names, digits, units, was)


def signal_line(
    signal: SignalState, frame: Frame, width: int, columns: Columns, *, small: bool = True
) -> Row:
    """One signal on one line: mark, name, value, what it was, and its small chart in what is left."""
    snapshot = frame.snapshot
    spans = row(
        mark_span(signal_mark(signal)),
        " ",
        fit_text(signal.signal.label, columns.names),
        " ",
        *value_spans(signal, number=columns.digits, suffix=columns.units, aged=columns.was > 0),
        " ",
        _was(signal, columns),
    )
    if snapshot is None or not small:
        return fit(spans, width)
    room = width - width_of(spans)
    return fit((*spans, *spark(drawing_of(signal, snapshot, frame), min(room, 40))), width)


def _was(signal: SignalState, columns: Columns) -> Span:
    """What the signal was; of what is unknown, how old its value is."""
    if not columns.was:
        return Span("")
    room = len(WAS) + columns.was
    unknown = unknown_since(signal, room)
    if unknown:
        return Span(f"{unknown.ljust(room)} ", "unknown")
    return Span(f"{WAS}{words.median(signal.baseline, signal.signal.unit).ljust(columns.was)} ", "dim")


def fact_rows(signal: SignalState, snapshot: Snapshot, width: int) -> tuple[Row, ...]:
    """What stands behind a signal's value, what it was, and what its traffic can show, for the zoom."""
    baseline, reading = signal.baseline, signal.reading
    length, counted = words.look_back(signal)
    facts = [words.seen(reading), f"in {length} {counted}" if length else ""]
    if baseline is not None:
        fit = f"not fit: {baseline.unfit}" if baseline.unfit else "fit to compare with"
        spread = words.baseline(baseline, signal.signal.unit)
        source = baseline.source.value
        facts.append(
            f"baseline {source} {spread} from {baseline.samples} of {baseline.expected} samples, {fit}"
        )
        facts.append(baseline.remark)
    if reading is not None:
        facts += [words.why_unknown(signal), *reading.notes]
    since = snapshot.state.view.since or snapshot.state.setup.release.deployed_at
    told = [" · ".join(filter(None, facts)), words.companions(signal)]
    told.append(words.noticeable(snapshot.state.setup.plan, signal.signal, traffic_of(signal, since)))
    return tuple(row("  ", Span(line, "dim")) for text in told for line in folded(text, width - 2) if line)


def rule_rows(signal: SignalState, offset: float, width: int) -> tuple[Row, ...]:
    """Every rule of a signal with its state and since when, for the zoom."""
    rows: list[Row] = []
    for rule in signal.rules:
        state = rule.phase.value
        if rule.unknown is not None:
            state = f"{state}, unknown: {rule.unknown.why}"
        elif rule.burning:
            state = f"{state}, fires in {format_duration(rule.remaining)}"
        elif rule.breached_at is not None and rule.breached:
            at = words.local_time(rule.breached_at, offset)
            since = "" if rule.phase is Phase.BREACHED else ", breached"
            state = f"{words.stands(rule)}{since} at {at}"
        evidence = words.evidence(rule)
        named = row("  ", mark_span(rule_mark(rule)), f" {words.rule(rule)}")
        if width_of(named) + 2 + len(state) <= width:
            rows.append((*named, Span(f"  {state}", "dim")))
        else:
            first, *others = folded(words.rule(rule), width - 4)
            rows.append(row("  ", mark_span(rule_mark(rule)), f" {first}"))
            rows += [row(f"    {line}") for line in others]
            rows += [row(Span(f"    {line}", "dim")) for line in folded(state, width - 4)]
        if evidence:
            rows += [row(Span(f"    {line}", "dim")) for line in folded(f"evidence: {evidence}", width - 4)]
    return tuple(rows)


def fit_text(text: str, width: int) -> str:
    """The text in exactly so many characters."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
