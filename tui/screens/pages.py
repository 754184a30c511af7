"""The pages behind the keys: zoom, receipt, checklist, help; escape leaves each of them."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer

from aftergreen import words
from aftergreen.cards import finish_card, receipt_rows
from aftergreen.model import Indicator
from aftergreen.verdict.snapshot import IndicatorView, Snapshot
from aftergreen.verdict.state import RuleState, SignalState
from tui.screens.shown import ShownScreen
from widgets.decision import advice_rows, checklist_details, ticked, walk_row
from widgets.frame import Frame
from widgets.header import banner_mark, banner_rows
from widgets.panels import columns_of, drawing_of, rule_rows, signal_line
from widgets.rows import Row, Rows, Span, row
from widgets.timeline import chart

CHART_HEIGHT = 12


class Page(ShownScreen):
    """A titled page of rows that can be scrolled; the banner stays on top of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "Back", id="back", tooltip="Back to the overview")
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title
        self._frame: Frame | None = None

    def compose(self) -> ComposeResult:
        yield Rows(id="banner")
        with VerticalScroll(id="page") as page:
            page.border_title = Content(self._heading)
            yield Rows(id="content")
        yield Footer(show_command_palette=False)

    def on_resize(self) -> None:
        if self._frame is not None:
            self.call_after_refresh(self.show, self._frame)

    def show(self, frame: Frame) -> None:
        self._frame = frame
        banner = self.query_one("#banner", Rows)
        banner.show(banner_rows(frame, self.size.width)[:1])
        banner.set_class(banner_mark(frame).value == "bad", "-bad")
        content = self.query_one("#content", Rows)
        width = max(20, self.size.width - 6)
        rows = self.rows(frame, width)
        content.styles.height = max(1, len(rows))
        content.show(rows)

    def rows(self, frame: Frame, width: int) -> Sequence[Row]:
        """What the page says."""
        raise NotImplementedError


class ZoomPage(Page):
    """One indicator with everything that is known about it."""

    def __init__(self, indicator: Indicator) -> None:
        self._indicator = indicator
        super().__init__(words.indicator_title(indicator))

    def rows(self, frame: Frame, width: int) -> Sequence[Row]:
        snapshot = frame.snapshot
        if snapshot is None:
            return ()
        view = next(v for v in snapshot.indicators if v.indicator is self._indicator)
        if view.waived:
            return ((Span(f"waived: {view.waived}"),),)
        rows: list[Row] = []
        for signal in view.signals:
            rows += self._signal(signal, view, frame, snapshot, width)
        return rows

    def _signal(
        self, signal: SignalState, view: IndicatorView, frame: Frame, snapshot: Snapshot, width: int
    ) -> list[Row]:
        columns = columns_of(view.signals, names=40)
        rows: list[Row] = [signal_line(signal, frame, width, columns)]
        summary = signal.baseline
        if summary is not None:
            fit = f"not fit: {summary.unfit}" if summary.unfit else "fit"
            text = f"  baseline {words.baseline(summary, signal.signal.unit)}, "
            rows.append(row(Span(f"{text}{summary.samples} of {summary.expected} samples, {fit}", "dim")))
        seen = words.seen(signal.reading)
        if seen:
            rows.append(row(Span(f"  seen     {seen}", "dim")))
        if signal.reading is not None and signal.reading.detail:
            rows.append(row(Span(f"  {signal.reading.detail}", "unknown")))
        rows += rule_rows(signal)
        height = CHART_HEIGHT if len(view.signals) <= 2 else CHART_HEIGHT // 2  # noqa: PLR2004  # a screenful
        rows += chart(drawing_of(signal, snapshot, frame.drawing), frame.now, width, height)
        rows.append(())
        return rows


class DecisionPage(Page):
    """The walk, the advice, the doubts and the checklist with its facts."""

    def __init__(self) -> None:
        super().__init__("Decision")

    def rows(self, frame: Frame, width: int) -> Sequence[Row]:
        snapshot = frame.snapshot
        if snapshot is None:
            return ()
        rows: list[Row] = [walk_row(snapshot), (), *advice_rows(snapshot, width), ()]
        rows += [row(Span(ticked(snapshot), "dim")), *checklist_details(snapshot)]
        missing = snapshot.state.missing
        if missing:
            rows += [(), row(Span("missing for finished", "dim"))]
            rows += [row(f"  {lacking}") for lacking in missing]
        return rows


class ReceiptPage(Page):
    """What the decision stands on, and the line that gives the number again."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "app.copy_receipt", "Copy curl", id="copy", tooltip="Copy the curl line (OSC 52)")
    ]

    def __init__(self) -> None:
        super().__init__("Why: the receipt")

    def rows(self, frame: Frame, width: int) -> Sequence[Row]:
        snapshot = frame.snapshot
        rule = explained(snapshot)
        if snapshot is None or rule is None:
            return (row("Nothing is over its limit, so there is nothing to explain yet."),)
        plan = snapshot.state.setup.plan
        rows: list[Row] = []
        for label, text in receipt_rows(rule, plan.backend, snapshot.context.offset):
            lines = wrap(text, width - 10, break_on_hyphens=False) or [""]
            rows.append(row(Span(label.ljust(10), "dim"), lines[0]))
            rows += [row(" " * 10, line) for line in lines[1:]]
        for doubt in snapshot.doubts:
            rows.append(row(Span("doubt".ljust(10), "dim"), Span(words.doubt(doubt), "warn")))
        return rows


def explained(snapshot: Snapshot | None) -> RuleState | None:
    """The rule that a receipt can be shown of: the leading one, else the latest decision."""
    if snapshot is None:
        return None
    for rule in (snapshot.state.decided, snapshot.leading):
        if rule is not None and rule.receipt is not None:
            return rule
    return None


class FinishPage(Page):
    """How it ended; the same card stays in the scrollback."""

    def __init__(self) -> None:
        super().__init__("The end")

    def rows(self, frame: Frame, width: int) -> Sequence[Row]:
        if frame.snapshot is None:
            return ()
        rows: list[Row] = []
        for index, text in enumerate(finish_card(frame.snapshot)):
            look = "strong" if index == 0 else "text"
            lines = wrap(text, width, subsequent_indent="  ", break_on_hyphens=False) or [""]
            rows += [row(Span(line, look, bold=index == 0)) for line in lines]
        return rows


class HelpPage(Page):
    """Every key, made from the bindings themselves."""

    def __init__(self, keys: Sequence[tuple[str, str, str]]) -> None:
        self._keys = keys
        super().__init__("Keys")

    def rows(self, frame: Frame, width: int) -> Sequence[Row]:  # noqa: ARG002  # the same for every frame
        return [
            row(Span(key.rjust(12), "strong", bold=True), f"  {name.ljust(14)}", Span(text, "dim"))
            for key, name, text in self._keys
        ]
