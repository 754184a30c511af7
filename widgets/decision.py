"""The decision: the walk, the advice, the doubts, the checklist; and the event log below it all."""

from __future__ import annotations

from aftergreen import words
from aftergreen.rollback.command import command_of
from aftergreen.verdict.snapshot import ChecklistItem, Mark, Snapshot
from aftergreen.verdict.state import Event, EventKind
from aftergreen.words.banner import banner_of
from widgets.frame import Frame
from widgets.header import LOOK_OF, mark_span
from widgets.rollback import command_line
from widgets.rows import Row, Span, fit, folded, row, shortened, width_of


def walk_row(snapshot: Snapshot) -> Row:
    """The walk on one line: ``✗ errors ▸ ✓ latency ▸ …``."""
    spans: list[Span] = []
    for view in snapshot.indicators:
        if spans:
            spans.append(Span(" ▸ ", "dim"))
        look = LOOK_OF[view.mark]
        spans += [mark_span(view.mark), Span(f" {words.indicator_short(view.indicator)}", look)]
    return tuple(spans)


def advice_rows(snapshot: Snapshot, width: int) -> tuple[Row, ...]:
    """The advice in a sentence, then every doubt that is not said in it already."""
    lead, rest = words.advice(snapshot)
    look = LOOK_OF[banner_of(snapshot, snapshot.at).mark]
    lines = folded(f"{lead} {rest}", width)
    rows: list[Row] = [(Span(lead, look, bold=True), Span(lines[0][len(lead) :]))]
    rows.extend((Span(line),) for line in lines[1:])
    for doubt in snapshot.doubts:
        if doubt != snapshot.advice.doubt:
            rows.extend((Span(line, "warn"),) for line in folded(f"Doubt: {words.doubt(doubt)}.", width))
    return tuple(rows)


def checklist_rows(snapshot: Snapshot, width: int) -> tuple[Row, ...]:
    """The six items in two columns."""
    half = width // 2
    items = snapshot.checklist
    return tuple(
        (*fit(_item(items[index]), half), *fit(_item(items[index + 1]), width - half))
        for index in range(0, len(items) - 1, 2)
    )


def waived_rows(snapshot: Snapshot, width: int) -> tuple[Row, ...]:
    """The indicators that are not judged, each with the reason that was given; they have no panel."""
    waived = [
        (words.indicator_short(view.indicator), view.waived) for view in snapshot.indicators if view.waived
    ]
    return tuple(fit((Span(f"– {name} waived: {why}", "dim"),), width) for name, why in waived)


def checklist_row(snapshot: Snapshot, width: int) -> Row:
    """The checklist on one line: how much is ticked, and what is not."""
    spans: list[Span] = [Span(ticked(snapshot), "dim")]
    missing = [item for item in snapshot.checklist if item.mark not in (Mark.OK, Mark.WAIVED)]
    for left, item in reversed(list(enumerate(reversed(missing)))):
        more = f"  +{left + 1}"
        wanted = (Span("  "), *_item(item))
        if width_of(spans) + width_of(wanted) + (len(more) if left else 0) > width:
            return (*spans, Span(more, "dim"))
        spans += wanted
    return tuple(spans)


def checklist_details(snapshot: Snapshot, width: int) -> tuple[Row, ...]:
    """The six items with the facts behind them."""
    names = max((len(words.checklist_name(item.indicator)) for item in snapshot.checklist), default=0) + 4
    rows: list[Row] = []
    for item in snapshot.checklist:
        first, *others = folded(item.why or _fact(item, snapshot), max(10, width - names))
        rows.append((*fit(_item(item), names), Span(first, "dim")))
        rows.extend((Span(" " * names), Span(line, "dim")) for line in others)
    return tuple(rows)


def _fact(item: ChecklistItem, snapshot: Snapshot) -> str:
    """What a tick rests on: the signals that are judged, or what would be run."""
    if item.indicator is None:
        plan, release = snapshot.state.setup.plan, snapshot.state.setup.release
        return command_line(command_of(plan.rollback, release)) if plan.rollback is not None else ""
    return words.rests_on(snapshot.state.signals_of(item.indicator))


def ticked(snapshot: Snapshot) -> str:
    """``checklist 5 of 6``."""
    done = sum(item.mark in (Mark.OK, Mark.WAIVED) for item in snapshot.checklist)
    return f"checklist {done} of {len(snapshot.checklist)}"


def _item(item: ChecklistItem) -> Row:
    quiet = item.mark in (Mark.OK, Mark.WAIVED, Mark.PENDING)
    return row(
        mark_span(item.mark), " ", Span(words.checklist_name(item.indicator), "dim" if quiet else "strong")
    )


def decision_rows(frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """The decision panel; where room is short the blank lines go first."""
    snapshot = frame.snapshot
    if snapshot is None:
        return ()
    walk, advice = walk_row(snapshot), advice_rows(snapshot, width)
    items = (*checklist_rows(snapshot, width), *waived_rows(snapshot, width))
    airy: tuple[Row, ...] = (walk, (), *advice, (), *items)
    if len(airy) <= height:
        return airy
    return (walk, *shortened(advice, max(1, height - len(items) - 1), width), *items)[:height]


def log_rows(frame: Frame, width: int, height: int) -> tuple[Row, ...]:
    """The newest events on top, in local time with its zone; a note that is the newest is read whole."""
    snapshot = frame.snapshot
    if snapshot is None or not snapshot.events:
        return ()
    newest, *older = snapshot.events[: max(1, height)]
    rows = [_on_one_row(event, snapshot, width) for event in older]
    if newest.kind is EventKind.NOTE:
        # What people and the program note stands nowhere else; panels and banner tell all other events.
        whole = [row(" ", *line) for line in event_rows(newest, snapshot, width - 1)]
        return (*shortened(whole, height, width), *rows)[:height]
    return (_on_one_row(newest, snapshot, width), *rows)[:height]


def _on_one_row(event: Event, snapshot: Snapshot, width: int) -> Row:
    return fit((Span(" "), *_event_head(event, snapshot), Span(words.event(event))), width)


def event_rows(event: Event, snapshot: Snapshot, width: int) -> list[Row]:
    """When something happened, how it is to be taken, and what."""
    head = _event_head(event, snapshot)
    first, *others = folded(words.event(event), max(10, width - width_of(head)))
    return [(*head, Span(first)), *(row(" " * width_of(head), line) for line in others)]


def _event_head(event: Event, snapshot: Snapshot) -> Row:
    at = words.local_time(event.at, snapshot.context.offset)
    return row(Span(f"{at} ", "dim"), mark_span(words.event_mark(event)), " ")
