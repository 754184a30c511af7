"""The last page of a rehearsal: what was true, when what happened, and what was made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from aftergreen.drill.debriefing.rehearsed import Rehearsed
from aftergreen.drill.rehearsal import Rehearsal
from aftergreen.journal import JournalError
from tui.screens.pages import Page
from widgets.debrief import debrief_rows
from widgets.frame import Frame
from widgets.rows import Row, Span, folded, row


class DebriefPage(Page):
    """The debrief; it fills itself as soon as it is known what the rules alone would have done."""

    MOVES = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "app.write_debrief", "Markdown", id="markdown", tooltip="Write it into a file")
    ]

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__("Debrief")
        self._rehearsal = rehearsal
        self._final: Rehearsed | None = None

    def rows(self, frame: Frame, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002  # as long as it is
        try:
            found = self._known()
        except JournalError as error:
            return [row(Span(line, "bad")) for line in folded(str(error), width)]
        rows = debrief_rows(found, frame, width)
        if not self._rehearsal.worked_out:
            waits = "working out what the rules, and those of others, would have done …"
            rows.append(row(Span(waits, "dim")))
        elif self._rehearsal.failed:
            unknown = f"what would have happened without anybody is unknown: {self._rehearsal.failed}"
            rows += [row(Span(line, "warn")) for line in folded(unknown, width)]
        return rows

    def _known(self) -> Rehearsed:
        """What is known of it; once all is, the journal is left alone."""
        if self._final is not None:
            return self._final
        all_known, snapshot = self._rehearsal.worked_out, self._rehearsal.snapshot
        found = self._rehearsal.rehearsed()
        if all_known and snapshot is not None and snapshot.release_state.ended:
            self._final = found
        return found
