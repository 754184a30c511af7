"""The dialog that takes a remark."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from tui.dialogs.sized import remark
from tui.screens.shown import ShownModal
from widgets.frame import Frame


class NoteDialog(ShownModal[str]):
    """A remark for the log and the journal."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close", id="close")]

    def body(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Note")
            yield remark("a remark; enter writes it")

    def draw(self, frame: Frame) -> None:
        """Nothing on it changes with the release."""

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        # A screen cannot await its own end in its own handler: `dismiss` alone would fail.
        await self.action_dismiss(event.value.strip())
