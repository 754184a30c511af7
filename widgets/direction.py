"""What a facilitator sees of a rehearsal: how it stands, its faults, and what was done to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aftergreen import words
from aftergreen.drill.directing.facilitation import FaultTold, Told
from aftergreen.units import format_clock, format_duration
from widgets.header import LOOK_OF
from widgets.rows import Row, Span, beside, fit, row

NARROW = 60
"""Cells below which what is told of a fault stands on a row of its own."""

CHOSEN = "▸"
"""Stands before the fault that the keys are about."""


def direction_head(told: Told, width: int, gone: str = "") -> list[Row]:
    """What is rehearsed and by whom; how it stands before them; what they noticed."""
    mark = Span(" DRILL ", "rehearsal", bold=True)
    blind = " · blind" if told.blind else ""
    whose = f"{told.operator} · seed {told.seed} · {told.speed:g}×{blind} "
    what = row(mark, Span(" DIRECT", "strong", bold=True), f"  {told.scenario} · {told.title}")
    clock = f" +{format_clock(told.age, pad=True)} of {format_clock(told.duration, pad=True)}"
    halted = Span("  HALTED", "warn", bold=True) if told.halted and not gone else ""
    over = Span("  OVER", "strong", bold=True) if told.over or gone else ""
    stands = Span(f"  {words.SYMBOLS[told.mark]} {told.standing}", LOOK_OF[told.mark])
    return [
        beside(what, row(Span(whose, "dim")), width) if width >= NARROW else fit(what, width),
        fit(row(clock, halted, over, stands), width),
        fit(row(Span(f" {gone or _noticed(told)}", "warn" if gone else "dim")), width),
    ]


def _noticed(told: Told) -> str:
    """What whoever rehearses has done so far that no screen shows."""
    key = "no key pressed yet"
    if told.key is not None:
        key = f"last key {format_duration(max(0, round(told.age - told.key)))} ago"
    return f"{key} · {f'diagnosed: {told.diagnosis}' if told.diagnosis else 'no diagnosis yet'}"


def fault_rows(faults: Sequence[FaultTold], chosen: int, width: int) -> list[Row]:
    """A row for each fault, the chosen one marked; those that wait to be injected below a heading."""
    rows: list[Row] = []
    for number, fault in enumerate(faults):
        if fault.ready and (number == 0 or not faults[number - 1].ready):
            rows.append(row(Span("to be injected by hand", "dim")))
        rows += _fault(number, fault, width, here=number == chosen)
    return rows


def _fault(number: int, fault: FaultTold, width: int, *, here: bool) -> Iterator[Row]:
    look = "bad" if fault.going_on else "text"
    head = Span(f"{CHOSEN if here else ' '} {number + 1} ", "key", bold=here)
    left = row(head, Span(fault.text, look, bold=here))
    if width >= NARROW:
        yield beside(left, row(Span(fault.standing, look if fault.going_on else "dim")), width)
    else:
        yield fit(left, width)
        if here or fault.going_on:
            yield fit(row(Span(f"    {fault.standing}", "dim")), width)


def happened_rows(told: Told) -> list[Row]:
    """What was done, newest first."""
    if not told.happened:
        return [row(Span("nothing was done to it yet", "dim"))]
    return [row(Span(f"{format_clock(at)} ", "dim"), text) for at, text in reversed(told.happened)]
