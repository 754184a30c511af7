"""The dialog that asks before an open release is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from tui.dialogs.sized import SizedDialog
from widgets.frame import Frame
from widgets.rows import Row, Rows, Span, folded, row, shortened


class LeaveDialog(SizedDialog[bool]):
    """Asks before an open release is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Leave", id="leave"),
        Binding("n,escape", "dismiss(False)", "Stay", id="stay"),
    ]

    def body(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Leave")
            yield Rows(id="dialog-text")

    def draw(self, frame: Frame) -> None:
        text = self.query_one("#dialog-text", Rows)
        short, width = self.fit(), max(20, text.size.width)
        said: Sequence[Row] = [row(line) for told in _leaving(frame) for line in folded(told, width)]
        if short:
            # The frame, and the row that says how to answer.
            said = shortened(said, self.size.height - 3, width)
        keys = row(Span("y", "strong", bold=True), " leave   ", Span("n", "strong", bold=True), " stay")
        rows = [*said, *(() if short else ((),)), keys]
        text.styles.height = len(rows)
        text.show(rows)


def _leaving(frame: Frame) -> tuple[str, ...]:
    """What leaving means now."""
    if frame.others:
        return _leaving_all((frame, *frame.others))
    release, snapshot = frame.release, frame.latest
    name = f"{release.service} {release.version}"
    if snapshot is not None and snapshot.release_state.ended:
        return (f"The watch of {name} has ended: {snapshot.release_state.value}.",)
    watched = f"{name} is still being watched."
    if snapshot is not None and snapshot.rolling_back:
        return watched, "The rollback command goes on; nobody will see whether it helps."
    if frame.ordered is not None:
        return watched, "A rollback was ordered and not yet taken; nobody will see whether it runs."
    return watched, "Leaving abandons the release: nobody will see what happens next."


def _leaving_all(frames: Sequence[Frame]) -> tuple[str, ...]:
    """What leaving means for each of several releases that are still open."""
    going_on = [frame for frame in frames if not (frame.failed or _ended(frame))]
    abandoned = "every one of them" if len(going_on) > 1 else "the release"
    names = ", ".join(f"{frame.release.service} {frame.release.version}" for frame in going_on)
    running = [frame.release.service for frame in going_on if frame.latest and frame.latest.rolling_back]
    goes_on = f"The rollback of {', '.join(running)} goes on; nobody will see whether it helps."
    return (
        f"Still being watched: {names}.",
        f"Leaving abandons {abandoned}: nobody will see what happens next.",
        *([goes_on] if running else ()),
    )


def _ended(frame: Frame) -> bool:
    return frame.latest is not None and frame.latest.release_state.ended
