"""The field into which a person types the name of what is about to change."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message

from tui.dialogs.line import Line

WAIT = 0.7
"""Seconds in which the field takes no keys: those were meant for the screen below."""


class TypedName(Line):
    """A field that takes keys and no paste, and hands what was typed to ``entered``.

    A paste is what the terminal marks as one; how fast keys arrive says more about the line than about who
    sits at it. Enter hands over what was typed before it, whatever was typed ahead: Textual's own way comes
    back to the field after the keys that follow, and is lost where one of them closes the dialog.
    """

    class Refused(Message):
        """Something was pasted."""

    def __init__(self, entered: Callable[[str], None]) -> None:
        super().__init__(placeholder="wait", id="name", select_on_focus=False, compact=True)
        self.cursor_blink = False
        self._entered = entered
        self.ready = False
        self._early = False

    def on_mount(self) -> None:
        self.set_timer(WAIT, self._open)

    def _open(self) -> None:
        self.ready = True
        early = ": what came before was not taken" if self._early else ""
        self.placeholder = f"type the service's name, then enter{early}"

    async def _on_key(self, event: events.Key) -> None:
        if self.ready and event.key != "enter":
            await super()._on_key(event)
        elif event.key != "escape":
            event.stop()
            event.prevent_default()
            self._early |= not self.ready
            if self.ready:
                self._entered(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Refused())

    def action_paste(self) -> None:
        """Refuse the clipboard as well."""
        self.post_message(self.Refused())
