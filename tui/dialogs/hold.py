"""The dialogs about a hold: why somebody holds the release, and its end by name."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from aftergreen import words
from aftergreen.units import format_duration
from aftergreen.verdict.snapshot import Snapshot
from tui.dialogs.sized import FactsDialog, remark
from tui.dialogs.typed_name import TypedName
from widgets.frame import Frame
from widgets.rows import Row, Rows, Span, labelled, row

UNTIL = "until somebody releases it, or the breach is over"


class HoldDialog(FactsDialog[str]):
    """Whether the hold is on the record, and a field for why."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close", id="close")]

    def body(self) -> ComposeResult:
        yield from self.asking("Hold", remark("a load test runs"))

    def draw(self, frame: Frame) -> None:
        snapshot = frame.latest
        self.show_facts(_stands(snapshot, self.width) if snapshot is not None else [])
        self.query_one("#dialog-asked", Rows).show((row("Say why, for whoever reads it later."),))
        held = snapshot is not None and snapshot.state.hold is not None
        below = Span(f"esc closes{'; it stays held' if held else ''}", "dim")
        self.query_one("#dialog-said", Rows).show((row(below),))

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        await self.action_dismiss(event.value.strip())


class ReleaseDialog(FactsDialog[bool]):
    """Who holds it and why; whoever types the service's name ends that."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Close", id="close")]

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._said = ""

    def body(self) -> ComposeResult:
        yield from self.asking("Release", TypedName(self._entered))

    def draw(self, frame: Frame) -> None:
        snapshot, plan = frame.latest, frame.plan.rollback
        facts = _stands(snapshot, self.width) if snapshot is not None else []
        if plan is not None:
            then = f"what is breached is rolled back after {format_duration(plan.grace)}, without a person"
            facts += labelled((("then", then),), self.width, "warn")
        self.show_facts(facts)
        name = Span(frame.plan.service.name, "strong", bold=True)
        self.query_one("#dialog-asked", Rows).show((row("Type ", name, " to release it."),))
        below = Span(self._said, "bad") if self._said else Span("esc closes; it stays held", "dim")
        self.query_one("#dialog-said", Rows).show((row(below),))

    def _entered(self, text: str) -> None:
        wanted = self._frame.plan.service.name
        if text == wanted:
            self.call_later(self.action_dismiss, True)  # noqa: FBT003  # what the dialog is dismissed with
        else:
            self._refuse(f"that is not {wanted}")

    def on_typed_name_refused(self, _message: TypedName.Refused) -> None:
        self._refuse("the name must be typed, not pasted")

    def _refuse(self, reason: str) -> None:
        self._said = f"{reason}: it stays held"
        self.show(self._frame)


def _stands(snapshot: Snapshot, width: int) -> list[Row]:
    """Whether it is held, by whom and since when; or what came before."""
    hold, rollback, leading = snapshot.state.hold, snapshot.rollback, snapshot.leading
    why = [("breached" if leading.breached else "over", words.comparison(leading))] if leading else []
    if hold is not None:
        at = words.local_time(hold.at, snapshot.context.offset)
        facts = [("held", f"by {hold.by} since {at}, {UNTIL}"), ("because", hold.reason), *why]
        return labelled([(label, text) for label, text in facts if text], width)
    if rollback is not None:
        return labelled((("too late", f"the rollback was started by {rollback.by}"),), width, "bad")
    if snapshot.release_state.ended:
        return labelled((("too late", "the release has ended"),), width, "bad")
    return labelled((("asked", "it is not held yet"), *why), width, "warn")
