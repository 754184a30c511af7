"""The screen that stays open: six panels or their lines, and the log."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen

from aftergreen import words
from aftergreen.model import Indicator
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from aftergreen.words.banner import banner_of
from tui.screens.shown import ONE_ROW, ShownScreen
from widgets.board import board_rows
from widgets.decision import decision_rows, log_rows, ticked
from widgets.frame import Frame
from widgets.header import LOOK_OF, data_age, narrow_rows
from widgets.panels import panel_rows, panel_title
from widgets.rows import Row, Rows, Span, folded

WIDE = (110, 32)
"""From this size on the six panels have room; below it every indicator is a line."""

COMPACT = (ONE_ROW, 14)
"""Below this there is no log, and the first row is folded."""

SMALLEST = (36, 12)
"""Below this a sentence says the state and the verdict."""

DECISION = len(Indicator) + 1
"""The number of the panel after those of the indicators."""


class Panel(Rows, can_focus=True):
    """One framed panel; enter opens its zoom."""


class MainScreen(ShownScreen):
    """Everything at one glance, in one of four layouts."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "app.back", "Back", show=False, id="back")]
    # A frame that is lit from the start would be what one sees first.
    AUTO_FOCUS = ""

    @property
    def has_panels(self) -> bool:
        """Whether there is room for panels, which can be focused."""
        return self.has_class("-wide")

    def body(self) -> ComposeResult:
        with Container(id="grid"):
            for number, indicator in enumerate(Indicator, start=1):
                yield _titled(Panel(id=f"panel-{number}"), f"{number} {words.indicator_title(indicator)}")
            yield _titled(Panel(id=f"panel-{DECISION}"), f"{DECISION} Decision")
        yield Rows(id="board")
        yield Rows(id="log")

    def on_resize(self, event: Resize) -> None:
        width, height = event.size
        layouts = (("-wide", WIDE), ("-compact", COMPACT), ("-narrow", SMALLEST), ("-tiny", (0, 0)))
        fitting = next(name for name, least in layouts if width >= least[0] and height >= least[1])
        for name, _ in layouts:
            self.set_class(name == fitting, name)
        super().on_resize(event)

    def head(self, frame: Frame, width: int) -> tuple[Row, ...]:
        if self.has_class("-tiny") and frame.snapshot is not None and not frame.failed:
            return _sentence(frame, frame.snapshot, width)[: self.size.height]
        if self.has_class("-narrow"):
            return narrow_rows(frame, width)
        return super().head(frame, width)

    def draw(self, frame: Frame) -> None:
        log = self.query_one("#log", Rows)
        log.show(log_rows(frame, self.size.width, log.size.height))
        if frame.snapshot is None or self.has_class("-tiny"):
            return
        if self.has_class("-wide"):
            self._draw_panels(frame, frame.snapshot)
        else:
            self._draw_board(frame)

    def _draw_panels(self, frame: Frame, snapshot: Snapshot) -> None:
        for number, view in enumerate(snapshot.indicators, start=1):
            panel = self.query_one(f"#panel-{number}", Panel)
            panel.display = not view.waived
            if view.waived:
                continue
            panel.show(panel_rows(view, frame, panel.size.width, panel.size.height))
            _frame_panel(panel, view, snapshot, frame.keys[f"zoom({number})"])
        decision = self.query_one(f"#panel-{DECISION}", Panel)
        self._share_grid(decision, sum(not view.waived for view in snapshot.indicators))
        decision.show(decision_rows(frame, decision.size.width, decision.size.height))
        _set(decision, f"{DECISION} Decision", ticked(snapshot))

    def _share_grid(self, decision: Panel, indicators: int) -> None:
        """What is waived takes no room: the decision has the whole row where it would stand alone on it."""
        self.query_one("#grid").styles.grid_size_rows = (indicators + 2) // 2
        decision.set_class(indicators % 2 == 0, "-alone")

    def _draw_board(self, frame: Frame) -> None:
        board = self.query_one("#board", Rows)
        width, height = board.size
        board.show([(Span(" "), *line) for line in board_rows(frame, width - 2, height)])


def chosen(screen: Screen[Any], snapshot: Snapshot | None) -> int:
    """The number of the focused panel, else of the one that leads; 0 where there is neither."""
    if isinstance(screen.focused, Panel):
        return int((screen.focused.id or "").removeprefix("panel-"))
    leading = snapshot.leading if snapshot is not None else None
    return list(Indicator).index(leading.signal.indicator) + 1 if leading is not None else 0


def _titled(panel: Panel, title: str) -> Panel:
    panel.add_class("panel")
    panel.border_title = Content(title)
    return panel


def _frame_panel(panel: Panel, view: IndicatorView, snapshot: Snapshot, key: str) -> None:
    title, word = panel_title(view)
    leads = snapshot.leading is not None and snapshot.leading.signal.indicator is view.indicator
    panel.set_class(leads and view.mark is Mark.BAD, "-leading")
    for look in ("bad", "warn", "unknown"):
        panel.set_class(LOOK_OF[view.mark] == look, f"-{look}")
    room = max(0, panel.size.width - 4)
    _set(
        panel,
        f"{title} · {word}" if word else title,
        _footer(words.panel_footer(view, snapshot), room, f"{key} shows it"),
    )


def _footer(text: str, room: int, key: str) -> str:
    """The remark at a panel's edge; where it is cut, the key that shows the rest."""
    if len(text) <= room:
        return text
    return f"{text[: max(0, room - len(key) - 3)].rstrip()}… · {key}"[:room]


def _set(panel: Panel, title: str, subtitle: str) -> None:
    """Change a frame's texts only where they differ: each change repaints the frame."""
    if str(panel.border_title or "") != title:
        panel.border_title = Content(title)
    if str(panel.border_subtitle or "") != subtitle:
        panel.border_subtitle = Content(subtitle)


def _sentence(frame: Frame, snapshot: Snapshot, width: int) -> tuple[Row, ...]:
    """The state and the verdict in words, folded into as many rows as they take."""
    newest, now = frame.newest or snapshot, frame.present
    # Not the frozen view: there is no room here to say what has become of it meanwhile.
    banner = banner_of(newest, now)
    facts = "".join((banner.text, *banner.more)) or " ".join(words.advice(newest))
    fuse = [banner.fuse.text] if banner.fuse is not None else []
    if newest.state.countdown is not None and not frame.hold_refused:
        fuse.append(f"{frame.keys['hold']} holds it")
    doubt = [f"! {banner.doubt}"] if banner.doubt else []
    age = "".join(span.text for span in data_age(newest, now))
    said = "  ".join([f"{words.SYMBOLS[banner.mark]} {banner.word}", *fuse, facts, *doubt, age])
    return tuple((Span(line),) for line in folded(said, width))
