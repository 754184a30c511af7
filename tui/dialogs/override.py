"""The dialog in which a threshold is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from aftergreen.model import Plan
from aftergreen.watch.overrides import EXAMPLE, limits_of, parse_change
from tui.dialogs.sized import FRAME, SHORT_FRAME, SizedDialog, remark
from widgets.frame import Frame
from widgets.rows import Row, Rows, Span, folded, row, shortened

RECORDED = "It is recorded with your name and the reason, and everybody who watches sees it."


class OverrideDialog(SizedDialog[str]):
    """A threshold that changes during the watch: which one, to what, and why."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close", id="close")]

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._problem = ""

    @property
    def _plan(self) -> Plan:
        """The plan with what was changed so far, by whomever."""
        snapshot = self._frame.newest or self._frame.snapshot
        return self._frame.plan if snapshot is None else snapshot.state.setup.plan

    def body(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Change a threshold")
            yield Rows(id="dialog-text")
            yield remark(EXAMPLE)

    def draw(self, frame: Frame) -> None:  # noqa: ARG002  # its plan is all that is shown of it
        """What can be changed, or what is wrong with what was written."""
        text = self.query_one("#dialog-text", Rows)
        short, width = self.fit(), max(20, text.size.width)
        look = "warn" if self._problem else "text"
        told = (
            [self._problem] if self._problem else [RECORDED, *(f"· {one}" for one in limits_of(self._plan))]
        )
        rows: Sequence[Row] = [row(Span(line, look)) for one in told for line in folded(one, width)]
        rows = shortened(rows, max(1, self.size.height - (SHORT_FRAME if short else FRAME)), width)
        text.styles.height = len(rows)
        text.show(rows)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        try:
            if text:
                parse_change(self._plan, text)
        except ValueError as error:
            self._problem = f"Nothing was changed: {error}"
            self.show(self._frame)
            return
        await self.action_dismiss(text)
