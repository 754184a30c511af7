"""The five indicators as panels, and as the lines of the small screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aftergreen import words
from aftergreen.model import BaselineSource, Indicator
from aftergreen.units import format_duration, value_parts
from aftergreen.verdict.detect import traffic_of
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from aftergreen.verdict.state import Phase, RuleState, SignalState
from aftergreen.verdict.walk import rule_mark, signal_mark
from widgets.chart import Drawing, chart
from widgets.frame import Frame
from widgets.header import LOOK_OF, mark_span
from widgets.rows import Row, Span, beside, fit, folded, row, width_of
from widgets.spark import spark

TEXT = 26
"""Cells of the column beside a chart."""

HEAD = 11
"""Cells of the indicator's name on the small screen."""

SMALLEST_CHART = 4
"""Rows below which a chart tells less than blank space."""

WORST_FIRST = (Mark.BAD, Mark.WARN, Mark.UNKNOWN, Mark.PENDING, Mark.OK)

LISTED = (Indicator.SATURATION, Indicator.DEPENDENCY)
"""Indicators with several signals of equal weight: one line each, with a small chart."""


def panel_title(view: IndicatorView) -> tuple[str, str]:
    """The heading of a panel and, where there is something to say, its word in capitals."""
    number = list(Indicator).index(view.indicator) + 1
    phases = [rule.phase for signal in view.signals for rule in signal.rules if rule.burning or rule.breached]
    word = {Mark.UNKNOWN: "UNKNOWN", Mark.WAIVED: "WAIVED"}.get(view.mark, "")
    if phases:
        order = ("breached", "over limit", "clearing")
        word = min((phase.value for phase in phases), key=order.index).upper()
    return f"{number} {words.indicator_title(view.indicator)}", word


def panel_rows(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """The inside of a panel in ``width`` by ``height`` cells."""
    snapshot = frame.snapshot
    if snapshot is None or height < 1:
        return ()
    if view.waived:
        return (row(Span("– ", "dim"), Span(f"waived: {view.waived}", "dim")),)
    if view.indicator in LISTED:
        return _list_rows(view, frame, width, height)
    return _chart_rows(view, frame, width, height)


def drawing_of(signal: SignalState, snapshot: Snapshot, frame: Frame) -> Drawing:
    """The chart of a signal, with the limit of its most serious rule."""
    rule = main_rule(signal)
    return Drawing(
        trace=signal.trace,
        axis=snapshot.axis,
        baseline=signal.baseline,
        limit=rule.limit if rule is not None else None,
        label=words.limit_value(rule) if rule is not None and rule.limit is not None else "",
        upward=rule.rule.condition.upward if rule is not None else True,
        mode=frame.drawing,
        shaded=frame.shaded,
    )


def main_rule(signal: SignalState) -> RuleState | None:
    """The rule whose limit is drawn: the first, unless another one is burning or breached."""
    active = [rule for rule in signal.rules if rule.burning or rule.breached]
    return next(iter((*active, *signal.rules)), None)


def value_spans(signal: SignalState, *, number: int = 0, suffix: int = 0) -> tuple[Span, ...]:
    """The newest value, bold, number and unit each in a column of its own so that nothing jumps."""
    reading = signal.reading
    if reading is None or not reading.compared or reading.value is None:
        return (Span(words.reading(reading, signal.signal.unit).ljust(number + suffix + 1), "unknown"),)
    digits, unit = value_parts(reading.value, signal.signal.unit)
    look = {Mark.BAD: "bad", Mark.WARN: "warn"}.get(signal_mark(signal), "strong")
    return (Span(digits.rjust(number), look, bold=True), Span(f" {unit}".ljust(suffix + 1)))


def _chart_rows(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    snapshot = frame.snapshot
    if snapshot is None or not view.signals:
        return ()
    first, *others = view.signals
    text = min(TEXT, width)
    left: list[Row] = [
        *_named(first, text),
        row(
            Span("old    " if first.signal.baseline is BaselineSource.CONTROL else "was    ", "dim"),
            words.baseline(first.baseline, first.signal.unit),
        ),
    ]
    rule = main_rule(first)
    if rule is not None:
        left.append(row(Span("limit  ", "dim"), words.limit(rule)))
    seen = words.seen(first.reading)
    if seen:
        left.append(row(Span("seen   ", "dim"), seen))
    length, counted = words.look_back(first)
    if length:
        left.append(row(Span(f"in {length}".ljust(7), "dim"), counted))
    if rule is not None and words.chance(rule):
        left.append(row(Span("chance ", "dim"), words.chance(rule).removesuffix(" releases")))
    left.extend(_other_rows(others, height - len(left), text))
    room = width - text - 2
    drawn = chart(drawing_of(first, snapshot, frame), frame.now, room, height)
    return tuple(
        (*fit(left[y] if y < len(left) else (), text), Span("  "), *(drawn[y] if y < len(drawn) else ()))
        for y in range(height)
    )


def _named(signal: SignalState, width: int) -> tuple[Row, Row]:
    """Name and value on two rows: the value ends at the edge, so that nothing moves with its digits."""
    name = row(mark_span(signal_mark(signal)), " ", signal.signal.label)
    value = _tight(value_spans(signal))
    if width_of(name) + 1 + width_of(value) <= width:
        return beside(name, value, width, gap=1), ()
    return fit(name, width), beside((), value, width, gap=1)


def _other_rows(others: list[SignalState], room: int, width: int) -> list[Row]:
    rows: list[Row] = []
    for other in others:
        head = row(mark_span(signal_mark(other)), " ", Span(other.signal.label, "dim"))
        was = Span(f" was {words.median(other.baseline, other.signal.unit)}", "dim")
        value = _tight(value_spans(other))
        known = (*head, was) if width_of((*head, was, *value)) < width else head
        rows.append(beside(known, value, width, gap=1))
    if len(rows) > room:
        hidden = len(rows) - max(0, room - 1)
        return [*rows[: max(0, room - 1)], row(Span(f"+{hidden} more", "dim"))]
    return rows


def _tight(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple(Span(span.text.rstrip(), span.look, span.band, span.bold) for span in spans)


def _list_rows(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    columns = columns_of(view.signals, width=width)
    lines = [signal_line(signal, frame, width, columns) for signal in view.signals]
    if len(lines) > height:
        hidden = len(lines) - (height - 1)
        return (*lines[: height - 1], row(Span(f"  +{hidden} more: {_zoom_key(view)} shows all", "dim")))
    return (*lines, *_worst_chart(view, frame, width, height - len(lines) - 1))


def _worst_chart(view: IndicatorView, frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """Where a list leaves room, the chart of the signal that most needs looking at."""
    if frame.snapshot is None or not view.signals or height < SMALLEST_CHART:
        return ()
    worst = min(view.signals, key=lambda signal: WORST_FIRST.index(signal_mark(signal)))
    drawn = chart(drawing_of(worst, frame.snapshot, frame), frame.now, width - TEXT - 2, height)
    rule = main_rule(worst)
    left: list[Row] = [row("  ", Span(worst.signal.label, "dim"))]
    if rule is not None:
        left.append(row("  ", Span(f"limit {words.limit(rule)}", "dim")))
    return (
        (),
        *((*fit(left[y] if y < len(left) else (), TEXT), Span("  "), *line) for y, line in enumerate(drawn)),
    )


def _zoom_key(view: IndicatorView) -> str:
    return str(list(Indicator).index(view.indicator) + 1)


NAMES, SHORT_NAMES = 22, 12
"""To how many characters names are cut where there is room, and where there is little."""

WAS = "was "

DIGITS = 6
"""As wide as a value is written in all but rare cases: ``0.0804``, ``12,345``."""


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
    was = max((len(words.median(s.baseline, s.signal.unit)) for s in signals), default=0)
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
    was = words.median(signal.baseline, signal.signal.unit)
    spans = row(
        mark_span(signal_mark(signal)),
        " ",
        fit_text(signal.signal.label, columns.names),
        " ",
        *value_spans(signal, number=columns.digits, suffix=columns.units),
        " ",
        Span(f"{WAS}{was.ljust(columns.was)} " if columns.was else "", "dim"),
    )
    if snapshot is None or not small:
        return fit(spans, width)
    room = width - width_of(spans)
    return fit((*spans, *spark(drawing_of(signal, snapshot, frame), min(room, 40))), width)


def fit_text(text: str, width: int) -> str:
    """The text in exactly so many characters."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


def compact_rows(frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """The five indicators on the small screen: at least one line each, the worst signal first."""
    snapshot = frame.snapshot
    if snapshot is None:
        return ()
    budget = max(len(snapshot.indicators), height)
    shares = _shares([max(1, len(view.signals)) for view in snapshot.indicators], budget)
    hidden = [len(v.signals) - lines for v, lines in zip(snapshot.indicators, shares, strict=True)]
    # One column for what is not shown, so that the small charts stay below each other.
    tail = max(len(_more(number)) for number in hidden)
    columns = columns_of([s for v in snapshot.indicators for s in v.signals], width=width - tail - HEAD)
    rows: list[Row] = []
    for view, lines in zip(snapshot.indicators, shares, strict=True):
        rows.extend(_compact_view(view, frame, width - tail, columns, lines))
    return tuple(rows[:height])


def _more(hidden: int) -> str:
    return f" +{hidden}" if hidden > 0 else ""


def _compact_view(view: IndicatorView, frame: Frame, width: int, columns: Columns, lines: int) -> list[Row]:
    short = words.indicator_short(view.indicator).ljust(HEAD)
    look = LOOK_OF[view.mark] if view.mark in (Mark.BAD, Mark.WARN, Mark.UNKNOWN) else "dim"
    if view.waived:
        return [fit(row(Span(short, "dim"), Span(f"– waived: {view.waived}", "dim")), width)]
    worst_first = sorted(view.signals, key=lambda s: WORST_FIRST.index(signal_mark(s)))
    chosen = worst_first[:lines] if len(view.signals) > lines else list(view.signals)
    hidden = len(view.signals) - len(chosen)
    rows = []
    for index, signal in enumerate(chosen):
        head = Span(short if index == 0 else " " * HEAD, look)
        tail = _more(hidden) if index == len(chosen) - 1 else ""
        rows.append((head, *signal_line(signal, frame, width - HEAD, columns), Span(tail, "dim")))
    return rows


def _shares(wanted: list[int], budget: int) -> list[int]:
    """Lines for each indicator: one to begin with, then in turn to whoever still has signals to show."""
    shares = [1] * len(wanted)
    while sum(shares) < budget and any(share < want for share, want in zip(shares, wanted, strict=True)):
        for index, want in enumerate(wanted):
            if shares[index] < want and sum(shares) < budget:
                shares[index] += 1
    return shares


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
            word = "" if rule.phase is Phase.BREACHED else f"{state}, "
            state = f"{word}breached at {words.local_time(rule.breached_at, offset)}"
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
