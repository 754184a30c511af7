"""The screen that stays open: banner, identity, six panels or their lines, the log."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Footer

from aftergreen import words
from aftergreen.model import Indicator
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from tui.screens.shown import ShownScreen
from widgets.decision import advice_rows, checklist_rows, decision_rows, log_rows, ticked, walk_row
from widgets.frame import Frame
from widgets.header import LOOK_OF, banner_mark, banner_rows, identity_row
from widgets.panels import compact_rows, panel_rows, panel_title
from widgets.rows import Row, Rows, Span

WIDE = (110, 32)
"""From this size on the six panels have room; below it every indicator is a line."""

SMALLEST = (60, 14)
"""Below this one line says the state and the verdict."""

LOOKS = tuple(f"-{look}" for look in dict.fromkeys(LOOK_OF.values()))


class Panel(Rows, can_focus=True):
    """One framed panel; enter opens its zoom."""


class MainScreen(ShownScreen):
    """Everything at one glance, in one of three layouts."""

    def __init__(self) -> None:
        super().__init__()
        self._frame: Frame | None = None

    def compose(self) -> ComposeResult:
        yield Rows(id="banner")
        yield Rows(id="identity")
        with Container(id="grid"):
            for number in range(1, len(Indicator) + 1):
                yield Panel(id=f"panel-{number}", classes="panel")
            yield Panel(id="panel-6", classes="panel")
        yield Rows(id="board")
        yield Rows(id="log")
        yield Footer(show_command_palette=False)

    def on_resize(self) -> None:
        self._lay_out()
        if self._frame is not None:
            # Sizes of the widgets are known only after this layout.
            self.call_after_refresh(self.show, self._frame)

    def show(self, frame: Frame) -> None:
        self._frame = frame
        banner = self.query_one("#banner", Rows)
        rows = banner_rows(frame, self.size.width)
        banner.set_class(len(rows) > 1, "-two")
        for look in LOOKS:
            banner.set_class(look == f"-{LOOK_OF[banner_mark(frame)]}", look)
        if self.has_class("-tiny"):
            banner.show(self._one_line(frame, rows))
            return
        banner.show(rows)
        self.query_one("#identity", Rows).show((identity_row(frame, self.size.width),))
        log = self.query_one("#log", Rows)
        log.show(log_rows(frame, self.size.width, log.size.height))
        if frame.snapshot is not None:
            (self._show_panels if self.has_class("-wide") else self._show_board)(frame, frame.snapshot)

    def _lay_out(self) -> None:
        width, height = self.size
        wide = width >= WIDE[0] and height >= WIDE[1]
        tiny = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(wide, "-wide")
        self.set_class(tiny, "-tiny")
        self.set_class(not wide and not tiny, "-compact")

    def _show_panels(self, frame: Frame, snapshot: Snapshot) -> None:
        for number, view in enumerate(snapshot.indicators, start=1):
            panel = self.query_one(f"#panel-{number}", Panel)
            panel.show(panel_rows(view, frame, panel.size.width, panel.size.height))
            self._frame_panel(panel, view, snapshot)
        decision = self.query_one("#panel-6", Panel)
        decision.show(decision_rows(frame, decision.size.width, decision.size.height))
        _set(decision, "6 Decision", ticked(snapshot))

    def _frame_panel(self, panel: Panel, view: IndicatorView, snapshot: Snapshot) -> None:
        title, word = panel_title(view)
        leads = snapshot.leading is not None and snapshot.leading.signal.indicator is view.indicator
        panel.set_class(leads and view.mark is Mark.BAD, "-leading")
        for look in ("bad", "warn", "unknown"):
            panel.set_class(LOOK_OF[view.mark] == look, f"-{look}")
        room = max(0, panel.size.width - 4)
        _set(panel, f"{title} · {word}" if word else title, words.panel_footer(view, snapshot)[:room])

    def _show_board(self, frame: Frame, snapshot: Snapshot) -> None:
        board = self.query_one("#board", Rows)
        width, height = board.size
        inner = width - 2
        decision: list[Row] = [walk_row(snapshot), *advice_rows(snapshot, inner)[:3]]
        decision += checklist_rows(snapshot, inner)
        room = height - len(decision)
        lines = compact_rows(frame, inner, max(len(Indicator), room))
        shown = [*lines, *decision][:height]
        board.show([(Span(" "), *line) for line in shown])

    def _one_line(self, frame: Frame, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        if frame.snapshot is None:
            return rows
        banner = words.banner(frame.snapshot, frame.now)
        lead, rest = words.advice(frame.snapshot)
        text = f"{words.SYMBOLS[banner.mark]} {banner.word} {lead} {rest}"
        return ((Span(text),),)


def _set(panel: Panel, title: str, subtitle: str) -> None:
    """Change a frame's texts only where they differ: each change repaints the frame."""
    if str(panel.border_title or "") != title:
        panel.border_title = Content(title)
    if str(panel.border_subtitle or "") != subtitle:
        panel.border_subtitle = Content(subtitle)
