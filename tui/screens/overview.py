"""All releases of the console at one glance: worst first, and below them what happened to any."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message

from aftergreen.model import Release
from tui.screens.shown import ShownScreen
from widgets.frame import Frame
from widgets.overview import Charts, events_rows, head_row, layout_of, release_list
from widgets.rows import Row, Rows

HEAD = 3
"""Rows of the state, of the columns' names, and of the keys."""

LOG = 4
"""Rows that the log has at least, where there is so much room."""


class OverviewScreen(ShownScreen):
    """A row for each release; the chosen one is opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "app.zoom_focused", "Open", id="open-release"),
        Binding("escape", "app.back", "Back", show=False, id="back"),
    ]
    AUTO_FOCUS = ""
    # Clocks and fuses of every row go on between two snapshots.
    MOVES = True

    class Clicked(Message):
        """Somebody clicked on a release."""

        def __init__(self, release: Release) -> None:
            super().__init__()
            self.release = release

    def __init__(self) -> None:
        super().__init__()
        self._charts = Charts()
        self._lines: list[Release] = []

    def body(self) -> ComposeResult:
        yield Rows(id="releases")
        yield Rows(id="happened")

    def whose(self, frame: Frame, width: int) -> tuple[Row, ...]:
        return (head_row(layout_of(self.standings(frame), width, self._room()), width),)

    def draw(self, frame: Frame) -> None:
        width, standings = self.size.width, self.standings(frame)
        rows, self._lines = release_list(standings, frame, self._charts, width, self._room())
        releases, happened = self.query_one("#releases", Rows), self.query_one("#happened", Rows)
        happened.display = len(rows) < self.size.height - HEAD
        releases.styles.height = len(rows) if happened.display else "1fr"
        releases.show(rows)
        happened.show(((), *events_rows(standings, width, max(0, happened.size.height - 1))))

    def _room(self) -> int:
        """The rows that releases may take: all that are left, but some for the log."""
        room = self.size.height - HEAD
        return room - LOG if room > 3 * LOG else max(1, room)

    def on_click(self, event: Click) -> None:
        """Open the release that was clicked."""
        if event.widget is self.query_one("#releases") and event.y < len(self._lines):
            self.post_message(self.Clicked(self._lines[event.y]))
