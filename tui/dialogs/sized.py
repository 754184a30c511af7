"""How much room a dialog has, and what gives way where the terminal is short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input

from aftergreen.watch.said import LONGEST
from tui.dialogs.line import Line
from tui.screens.shown import ShownModal
from widgets.rows import Row, Rows

T = TypeVar("T")

FRAME, SHORT_FRAME = 9, 5
"""Rows of the dialog that the facts leave to its frame, the field and what is said below it."""

SHORT = 16
"""Below so many rows of the terminal blanks give way to what has to be read."""

SHARE = 0.92
"""How much of the terminal's height a dialog may take; the style sheet says the same."""


def remark(placeholder: str) -> Input:
    """A field for a sentence of somebody's own."""
    field = Line(placeholder=placeholder, id="note", max_length=LONGEST, compact=True)
    field.cursor_blink = False
    return field


class SizedDialog(ShownModal[T]):
    """A dialog that says as much as there is room for."""

    def fit(self) -> bool:
        """Whether the terminal is short; blanks give way then."""
        short = self.size.height < SHORT
        self.set_class(short, "-short")
        return short

    def room(self) -> int:
        """Rows for the facts; the rest of the dialog is always seen."""
        short = self.fit()
        frame = (SHORT_FRAME if short else FRAME) + self.query_one("#alarm").display
        return max(1, int(self.size.height * (1.0 if short else SHARE)) - frame)


class FactsDialog(SizedDialog[T]):
    """A dialog that asks something below facts, which scroll where there are more than there is room for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,pagedown", "scroll(1)", "Down", id="down"),
        Binding("up,pageup", "scroll(-1)", "Up", id="up"),
    ]

    def asking(self, title: str, field: Input) -> ComposeResult:
        """The parts: the facts, what is asked, the field for it, and what is said of the last answer."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content(title)
            with VerticalScroll(id="dialog-facts", can_focus=False):
                yield Rows(id="dialog-text")
            yield Rows(id="dialog-asked")
            yield field
            yield Rows(id="dialog-said")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def room(self) -> int:
        """Rows for the facts; what is said of the last answer may take more than the one that is kept."""
        return max(1, super().room() - (len(self.query_one("#dialog-said", Rows).rows) - 1))

    def say(self, rows: Sequence[Row]) -> None:
        """Say something below the field, whole; say it before the facts are shown."""
        said = self.query_one("#dialog-said", Rows)
        said.styles.height = len(rows)
        said.show(rows)

    @property
    def width(self) -> int:
        """Columns for the facts."""
        return max(20, self.query_one("#dialog-text", Rows).size.width)

    def show_facts(self, rows: Sequence[Row]) -> int:
        """Show them; how many of them only scrolling shows."""
        text, room = self.query_one("#dialog-text", Rows), self.room()
        text.styles.height = len(rows)
        text.show(rows)
        self.query_one("#dialog-facts").styles.height = min(len(rows), room)
        return max(0, len(rows) - room)

    def action_scroll(self, rows: int) -> None:
        """Move the facts by so many rows."""
        self.query_one("#dialog-facts").scroll_relative(y=rows, animate=False, immediate=True)
