"""The dialog in which a person says what came of a rollback of which nobody knows."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from aftergreen import words
from aftergreen.units import format_duration
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.said import EXAMPLE, parse_said
from aftergreen.words.cards import measured_now
from tui.dialogs.sized import FactsDialog, remark
from widgets.frame import Frame
from widgets.rollback import command_rows, output_rows
from widgets.rows import Row, Rows, Span, labelled, row, width_of

OUTPUT_SHOWN = 8
"""Newest lines of the output that are shown; the file has all of them."""

ASKED = "Say worked or failed, because …"
RECORDED = "; it is recorded with your name."


class OutcomeDialog(FactsDialog[str]):
    """What is known of it, what the metrics say now, and a field for what a person knows."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close", id="close")]

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._problem = ""

    def body(self) -> ComposeResult:
        yield from self.asking("What came of the rollback", remark(EXAMPLE))

    def draw(self, frame: Frame) -> None:
        snapshot = frame.snapshot
        hidden = self.show_facts(_known(snapshot, frame.now, self.width) if snapshot is not None else [])
        more = Span(f"↓ {hidden} more  " if hidden else "", "warn")
        whole, short = row(more, ASKED, RECORDED), row(more, ASKED)
        self.query_one("#dialog-asked", Rows).show((whole if width_of(whole) <= self.width else short,))
        below = (
            Span(self._problem, "bad") if self._problem else Span("esc closes, nothing is recorded", "dim")
        )
        self.query_one("#dialog-said", Rows).show((row(below),))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        try:
            if text:
                parse_said(text)
        except ValueError as error:
            self._problem = f"nothing was recorded: {error}"
            self.show(self._frame)
            return
        await self.action_dismiss(text)


def _known(snapshot: Snapshot, now: float, width: int) -> list[Row]:
    """What was run, by whom and when, what it wrote, and what is measured now."""
    rollback = snapshot.rollback
    if rollback is None:
        return []
    at = words.local_time(rollback.started_at, snapshot.context.offset)
    ago = format_duration(max(0.0, now - rollback.started_at))
    facts = [
        ("began", f"{at}, {ago} ago, ordered by {rollback.by}"),
        ("output", rollback.output or "none is kept"),
    ]
    return [
        *labelled((("unknown", rollback.error), ("now", measured_now(snapshot))), width, "warn"),
        *command_rows(rollback.command, width),
        *labelled(facts, width),
        *output_rows(snapshot, width)[-OUTPUT_SHOWN:],
    ]
