"""The pages behind the keys: zoom, receipt, checklist, help; escape leaves each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from aftergreen import words
from aftergreen.model import Indicator
from aftergreen.verdict.snapshot import IndicatorView, Snapshot
from aftergreen.verdict.state import RuleState, SignalState
from aftergreen.words.cards import finish_card, receipt_rows
from aftergreen.words.glossary import GLOSSARY
from tui.bindings import Help
from tui.screens.shown import ShownScreen
from widgets.axes import axed
from widgets.decision import advice_rows, checklist_details, event_rows, ticked, walk_row
from widgets.frame import Frame
from widgets.header import mark_span
from widgets.rollback import rollback_rows
from widgets.rows import Row, Rows, Span, folded, labelled, row
from widgets.signal_rows import columns_of, drawing_of, fact_rows, rule_rows, signal_line
from widgets.stack import charts_in, stack_of, stack_rows

SMALLEST_CHART = 7
"""Rows of a chart on a page, where they need not all be seen at once."""

LARGEST_CHART = 24
"""Rows beyond which a chart does not tell more."""

CARD_LABEL = 11
"""Cells of the labels on the finish card."""


class Page(ShownScreen):
    """A titled page of rows that can be scrolled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "Back", id="back", tooltip="Back to the overview"),
        Binding("j", "scroll(1)", "Down", id="down", show=False),
        Binding("k", "scroll(-1)", "Up", id="up", show=False),
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title

    def body(self) -> ComposeResult:
        with VerticalScroll(id="page") as page:
            page.border_title = Content(self._heading)
            yield Rows(id="content")

    def draw(self, frame: Frame) -> None:
        content, page = self.query_one("#content", Rows), self.query_one("#page")
        rows = self.rows(frame, max(20, content.size.width), page.size.height)
        content.styles.height = max(1, len(rows))
        content.show(rows)

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:
        """What the page says in ``width`` cells; ``height`` rows are seen at once."""
        raise NotImplementedError

    def action_scroll(self, rows: int) -> None:
        """Move the page by so many rows."""
        self.query_one("#page").scroll_relative(y=rows, animate=False, immediate=True)


class ZoomPage(Page):
    """One indicator with everything that is known about it."""

    def __init__(self, indicator: Indicator) -> None:
        self._indicator = indicator
        super().__init__(words.indicator_title(indicator))

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:
        snapshot = frame.snapshot
        if snapshot is None:
            return ()
        view = next(v for v in snapshot.indicators if v.indicator is self._indicator)
        if view.waived:
            return (row(Span(f"waived: {view.waived}")),)
        told = [_signal_rows(signal, view, frame, snapshot, width) for signal in view.signals]
        receipts = _receipts(view, snapshot, width)
        # Charts share what the words leave free; a blank row stands between the signals.
        free = (height - len(receipts) - sum(map(len, told)) + 1) // max(1, len(told)) - 1
        tall = min(LARGEST_CHART, max(SMALLEST_CHART, free))
        rows: list[Row] = []
        for signal, said in zip(view.signals, told, strict=True):
            if rows:
                rows.append(())
            rows += [*said, *axed(drawing_of(signal, snapshot, frame), frame.moment, width, tall)]
        return [*rows, *receipts]


def _signal_rows(
    signal: SignalState, view: IndicatorView, frame: Frame, snapshot: Snapshot, width: int
) -> list[Row]:
    """A signal's value, what stands behind it, what it was, and its rules."""
    line = signal_line(signal, frame, width, columns_of(view.signals, width=width, most=40), small=False)
    rows = [line, *fact_rows(signal, snapshot, width)]
    return [*rows, *rule_rows(signal, snapshot.context.offset, width)]


def _receipts(view: IndicatorView, snapshot: Snapshot, width: int) -> list[Row]:
    """What every decision of the indicator stands on."""
    plan, rows = snapshot.state.setup.plan, []
    for signal in view.signals:
        for rule in signal.rules:
            if rule.receipt is not None:
                rows += [(), *labelled(receipt_rows(rule, plan.backend, snapshot.context.offset), width)]
    return rows


class DecisionPage(Page):
    """The walk, the advice, the doubts, what went first and what followed, and all that happened."""

    def __init__(self) -> None:
        super().__init__("Decision")

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002  # as long as it is
        snapshot = frame.snapshot
        if snapshot is None:
            return ()
        rows: list[Row] = [walk_row(snapshot), (), *advice_rows(snapshot, width), ()]
        together = words.together(snapshot.state, snapshot.context.offset)
        rows += [*(row(line) for line in folded(together, width)), ()] if together else []
        rows.append(row(Span("what happened", "dim")))
        rows += [line for event in snapshot.events for line in event_rows(event, snapshot, width)]
        return rows


class ChecklistPage(Page):
    """The checklist with its facts, and what a release that ended lacked for being finished."""

    def __init__(self) -> None:
        super().__init__("Checklist")

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002  # as long as it is
        snapshot = frame.snapshot
        if snapshot is None:
            return ()
        rows: list[Row] = [row(Span(ticked(snapshot), "dim")), *checklist_details(snapshot, width)]
        if snapshot.state.missing:
            rows += [(), row(Span("missing for finished", "dim"))]
            rows += [
                row(f"  {line}")
                for found in snapshot.state.missing
                for line in folded(words.lacking(found, snapshot.context.offset), width - 2)
            ]
        return rows


class ReceiptPage(Page):
    """What the decision stands on, and the line that gives the number again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "app.copy_receipt", "Copy curl", id="copy", tooltip="Copy the curl line (OSC 52)")
    ]

    def __init__(self) -> None:
        super().__init__("Why: the receipt")

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002  # as long as it is
        snapshot, rule = frame.snapshot, explained(frame.snapshot)
        if snapshot is None or (rule is None and snapshot.rollback is None):
            return _nothing_now(snapshot, width)
        rows = rollback_rows(snapshot, width)
        if rule is not None:
            backend = snapshot.state.setup.plan.backend
            rows += [()] if rows else []
            rows += labelled(receipt_rows(rule, backend, snapshot.context.offset), width)
            rows += labelled((("now", words.measured(snapshot, rule.signal)),), width)
        return [*rows, *labelled([("doubt", words.doubt(doubt)) for doubt in snapshot.doubts], width, "warn")]


def _nothing_now(snapshot: Snapshot | None, width: int) -> Sequence[Row]:
    """No rule leads; what went by is told all the same."""
    lines = ["Nothing is over its limit, so there is nothing to explain."]
    if snapshot is not None:
        lines += [words.near_miss(n, snapshot.context.offset) for n in snapshot.state.near_misses]
    return [row(part) for line in lines for part in folded(line, width)]


def explained(snapshot: Snapshot | None) -> RuleState | None:
    """The rule that a receipt can be shown of: the leading one, else the latest decision."""
    if snapshot is None:
        return None
    for rule in (snapshot.state.decided, snapshot.leading):
        if rule is not None and rule.receipt is not None:
            return rule
    return None


class FindingsPage(Page):
    """What preflight found before the watch began, each with its cure."""

    def __init__(self) -> None:
        super().__init__("Preflight")

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002  # as long as it is
        if not frame.findings:
            waits = frame.snapshot is None
            return (row("Preflight is not done yet." if waits else "Preflight found nothing to say."),)
        rows: list[Row] = []
        for finding in frame.findings:
            first, *more = folded(finding.text, max(10, width - 2))
            rows.append(row(mark_span(finding.mark), " ", first))
            rows += [row("  ", line) for line in more]
        return rows


class FinishPage(Page):
    """How it ended; the same card stays in the scrollback."""

    def __init__(self) -> None:
        super().__init__("The end")

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:
        if frame.snapshot is None:
            return ()
        rows: list[Row] = []
        for index, text in enumerate(finish_card(frame.snapshot)):
            look = "strong" if index == 0 else "text"
            # What the card sets under a label stays under it.
            hang = CARD_LABEL if text.startswith(" ") else 0
            label, lines = text[:hang], folded(text[hang:], width - hang)
            rows += [
                row(label if not place else " " * hang, Span(line, look, bold=index == 0))
                for place, line in enumerate(lines)
            ]
        rows += [(), row(Span(f"esc shows the panels as they were, {frame.keys['leave']} leaves.", "dim"))]
        return [*rows, *_as_it_ended(frame, width, height - len(rows) - 1)]


def _as_it_ended(frame: Frame, width: int, height: int) -> Sequence[Row]:
    """The charts of the whole watch, where the card leaves room for them."""
    stack = None if frame.snapshot is None else stack_of(frame.snapshot, width, height)
    if frame.snapshot is None or stack is None:
        return ()
    return ((), *stack_rows(replace(frame, reach=1.0), width, stack.taller(charts_in(frame.snapshot))))


HELP_TEXT = 20
"""Where the texts of the help begin: after the key and its name."""


class HelpPage(Page):
    """Every key, made from the bindings themselves, and the words of the screen."""

    def __init__(self, keys: Help) -> None:
        self._keys = keys
        super().__init__("Keys and words")

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002  # every frame's
        rows: list[Row] = []
        for group, keys in self._keys:
            rows.append(row(Span(group, "strong", bold=True)))
            for key, name, text in keys:
                first, *more = folded(text, max(10, width - HELP_TEXT))
                head = Span(key.rjust(7), "key", bold=True), f"  {name.ljust(11)}"
                rows.append(row(*head, Span(first, "dim")))
                rows += [row(" " * HELP_TEXT, Span(line, "dim")) for line in more]
        return [*rows, *_glossary(width)]


def _glossary(width: int) -> list[Row]:
    """The words of the screen, below its keys."""
    rows: list[Row] = [(), row(Span("Words", "strong", bold=True))]
    for word, text in GLOSSARY:
        first, *more = folded(text, max(10, width - HELP_TEXT))
        rows.append(row(f"  {word.ljust(HELP_TEXT - 2)}", Span(first, "dim")))
        rows += [row(" " * HELP_TEXT, Span(line, "dim")) for line in more]
    return rows
