"""The rollback dialog: what will run, why, what speaks against it; then the command as it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from aftergreen import words
from aftergreen.rollback.command import command_of
from aftergreen.units import format_clock, format_duration
from aftergreen.words.cards import receipt_rows
from tui.dialogs.sized import FactsDialog
from tui.dialogs.typed_name import TypedName
from tui.screens.pages import explained
from widgets.frame import Frame, Order
from widgets.rollback import command_rows, outcome_rows, output_rows
from widgets.rows import Row, Rows, Span, labelled, row, width_of

NOTHING = "nothing was run"

BECAUSE = " because "

UNKNOWN = "nobody knows what came of the one before: it may have worked, and something of it may still run"

OUTPUT_SHOWN = 12


class RollbackDialog(FactsDialog[None]):
    """What will run, why, what speaks against it, who; then the command as it runs."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close", id="close")]

    def __init__(self, frame: Frame, operator: str) -> None:
        super().__init__(frame)
        self._operator = operator
        self._attempt = _attempt(frame)
        self._said = ""
        self._heard: Order | None = None

    @dataclass
    class Confirmed(Message):
        """The service's name was typed, by a person who had ``seen`` that attempt as the newest.

        There is a ``reason`` where one was asked for.
        """

        seen: int
        reason: str = ""

    def body(self) -> ComposeResult:
        yield from self.asking("Roll back", TypedName(self._entered))

    def draw(self, frame: Frame) -> None:
        self._hear(frame)
        live = _attempt(frame) > self._attempt
        asking = not live and frame.ordered is None
        self._ask(asking=asking)
        asked, width = self.query_one("#dialog-asked", Rows), self.width
        hidden = self.show_facts(
            self._live(frame, width, self.room()) if live else self._question(frame, width)
        )
        asked.display = asking
        more = Span(f"  ↓ {hidden} more" if hidden else "", "warn")
        name = Span(frame.plan.service.name, "strong", bold=True)
        because = Span(f" {BECAUSE.strip()} …" if self._unknown(frame) else "", "strong", bold=True)
        whole = row("Type ", name, because, " and press enter.", more)
        asked.show((whole if width_of(whole) <= width else row("Type ", name, because, more),))
        self.query_one("#dialog-said", Rows).show((self._below(frame, live=live),))

    def _hear(self, frame: Frame) -> None:
        """Say once what speaks against an order; the name has to be typed anew."""
        if frame.order is None or frame.order.waits or frame.order is self._heard:
            return
        self._heard = frame.order
        self._said = f"{frame.order.refused}: {NOTHING}"
        self.query_one(TypedName).value = ""

    def _ask(self, *, asking: bool) -> None:
        field = self.query_one(TypedName)
        hidden, field.display = not field.display, asking
        if asking and hidden:
            # What is hidden loses the focus.
            field.focus()

    def _entered(self, text: str) -> None:
        wanted = self._frame.plan.service.name
        name, _, reason = text.partition(BECAUSE)
        if name != wanted:
            self._refuse(f"that is not {wanted}")
        elif self._unknown(self._frame) and not reason.strip():
            self._refuse(f"say why it is run again, after {wanted} because")
        else:
            self.app.post_message(self.Confirmed(self._attempt, reason.strip()))

    def on_typed_name_refused(self, _message: TypedName.Refused) -> None:
        self._refuse("the name must be typed, not pasted")

    def _refuse(self, reason: str) -> None:
        self._said = f"{reason}: {NOTHING}"
        self.show(self._frame)

    def _below(self, frame: Frame, *, live: bool) -> Row:
        """What became of the last key, or which key leaves."""
        if live:
            running = frame.snapshot is not None and frame.snapshot.rolling_back
            return row(Span(f"esc closes{'; the command goes on' if running else ''}", "dim"))
        if frame.ordered is not None:
            waited = Span(f"ordered {format_clock(frame.ordered)} ago, not yet taken", "warn")
            return row(waited, Span("  esc closes; the order stands", "dim"))
        return row(Span(self._said, "bad") if self._said else Span("esc closes, nothing is run", "dim"))

    def _question(self, frame: Frame, width: int) -> list[Row]:
        snapshot, plan = frame.snapshot, frame.plan
        release = frame.release if snapshot is None else snapshot.state.setup.release
        rows: list[Row] = []
        if plan.rollback is not None:
            rows += command_rows(command_of(plan.rollback, release), width)
            ended = f"ended after {format_duration(plan.rollback.timeout)}"
            rows += labelled((("strategy", f"{plan.rollback.strategy.value}, {ended}"),), width)
        rows += self._reasons(frame, width)
        return [*rows, *labelled((("who", self._operator),), width)]

    def _reasons(self, frame: Frame, width: int) -> list[Row]:
        snapshot, rule = frame.snapshot, explained(frame.snapshot)
        earlier: list[Row] = []
        if self._unknown(frame):
            earlier = labelled((("doubt", UNKNOWN),), width, "warn")
        if snapshot is None or rule is None:
            own = "no rule is over its limit: this is your own decision"
            return [*earlier, *labelled((("why", own),), width)]
        receipt = dict(receipt_rows(rule, frame.plan.backend, snapshot.context.offset))
        kept = [(label, receipt[label]) for label in ("baseline", "counted") if label in receipt]
        doubts = [("doubt", words.doubt(doubt)) for doubt in snapshot.doubts]
        return [
            *earlier,
            *labelled((("why", words.tripped(rule, snapshot.context.offset)), *kept), width),
            *labelled(doubts, width, "warn"),
        ]

    @staticmethod
    def _unknown(frame: Frame) -> bool:
        """Whether nobody knows what came of the one before; then a reason is asked for."""
        return (
            frame.snapshot is not None
            and frame.snapshot.rollback is not None
            and frame.snapshot.rollback.unknown
        )

    def _live(self, frame: Frame, width: int, height: int) -> list[Row]:
        snapshot = frame.snapshot
        if snapshot is None or snapshot.rollback is None:
            return []
        outcome, written = outcome_rows(snapshot.rollback, width, frame.now), output_rows(snapshot, width)
        return [*outcome, (), *written[-max(1, min(OUTPUT_SHOWN, height - len(outcome) - 1)) :]]


def _attempt(frame: Frame) -> int:
    rollback = frame.snapshot.rollback if frame.snapshot is not None else None
    return rollback.attempt if rollback is not None else 0
