"""The dialog that asks which signals and events are looked at."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from tui.dialogs.line import Line
from tui.screens.shown import ShownModal
from widgets.frame import Frame

LONGEST = 60


class FilterDialog(ShownModal[str | None]):
    """A part of a name: what does not hold it is left out of panels and log, while the banner tells all."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Close", id="close")]

    def body(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Filter")
            field = Line(
                self._frame.only,
                placeholder="part of a name; enter shows it, nothing shows all",
                id="filter",
                max_length=LONGEST,
                compact=True,
            )
            field.cursor_blink = False
            yield field

    def draw(self, frame: Frame) -> None:
        """Nothing on it changes with the release."""

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        # A screen cannot await its own end in its own handler: `dismiss` alone would fail.
        await self.action_dismiss(event.value.strip())
