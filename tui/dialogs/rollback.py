"""The rollback dialog: why, what speaks against it, what is not undone, what runs; then how it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from unicodedata import normalize

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from aftergreen import words
from aftergreen.rollback.command import command_of
from aftergreen.units import format_clock, format_duration
from aftergreen.words import question
from tui.dialogs.sized import FactsDialog
from tui.dialogs.typed_name import TypedName
from tui.screens.pages import explained
from widgets.frame import Frame, Order
from widgets.rollback import command_line, command_rows, outcome_rows, output_rows
from widgets.rows import Fact, Row, Rows, Span, condensed, folded, labelled, row, spelled, width_of

NOTHING = "nothing was run"

BECAUSE = " because "

OUTPUT_SHOWN = 12

WHOLE = "ctrl+o"
"""The key that shows every word where room is short; letters are typed into the field."""


class RollbackDialog(FactsDialog[None]):
    """Why, what speaks against it, what stays all the same, what runs, who; then the command as it runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="close"),
        Binding(WHOLE, "whole", "All of it", id="whole"),
    ]

    def __init__(self, frame: Frame, operator: str) -> None:
        super().__init__(frame)
        self._operator = operator
        self._attempt = _attempt(frame)
        self._said = ""
        self._heard: Order | None = None
        self._whole = False

    @dataclass
    class Confirmed(Message):
        """The service's name was typed, by a person who had ``seen`` that attempt as the newest.

        There is a ``reason`` where one was asked for.
        """

        seen: int
        reason: str = ""

    def body(self) -> ComposeResult:
        release = self._frame.release
        back = f" → {release.previous}" if release.previous else ""
        yield from self.asking(
            f"Roll back {release.service} {release.version}{back}", TypedName(self._entered)
        )

    def draw(self, frame: Frame) -> None:
        self._hear(frame)
        live = _attempt(frame) > self._attempt
        asking = not live and frame.ordered is None
        self._ask(asking=asking)
        self.say(self._below(frame, live=live))
        asked, width = self.query_one("#dialog-asked", Rows), self.width
        if live:
            facts, cut = self._live(frame, width, self.room()), False
        else:
            facts, cut = self._question(frame, width, self.room())
        hidden = self.show_facts(facts)
        asked.display = asking
        told = f"↓ {hidden} more" if hidden else f"{WHOLE}: all" if cut else ""
        more = Span(f"  {told}" if told else "", "warn")
        name = Span(frame.plan.service.name, "strong", bold=True)
        because = Span(f" {BECAUSE.strip()} …" if self._unknown(frame) else "", "strong", bold=True)
        whole = row("Type ", name, because, " and press enter.", more)
        asked.show((whole if width_of(whole) <= width else row("Type ", name, because, more),))

    def _hear(self, frame: Frame) -> None:
        """Say once what speaks against an order; the name has to be typed anew."""
        if frame.order is None or frame.order.waits or frame.order is self._heard:
            return
        self._heard = frame.order
        self._said = f"{frame.order.refused.rstrip('.')}: {NOTHING}"
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
        # Keyboards and files may write one character in two ways.
        if normalize("NFC", name) != wanted:
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

    def _below(self, frame: Frame, *, live: bool) -> list[Row]:
        """What became of the last key, or which key leaves."""
        if live:
            running = frame.snapshot is not None and frame.snapshot.rolling_back
            leaves = Span(f"esc closes{'; the command goes on' if running else ''}", "dim")
            # Of the same login both may be, so not told by its name.
            second = "another was first: yours ran nothing  " if frame.order and frame.order.refused else ""
            return [row(Span(second, "warn"), leaves)]
        if frame.ordered is not None:
            waited = Span(f"ordered {format_clock(frame.ordered)} ago, not yet taken", "warn")
            return [row(waited, Span("  esc closes; the order stands", "dim"))]
        if not self._said:
            return [row(Span("esc closes, nothing is run", "dim"))]
        return [row(Span(line, "bad")) for line in folded(self._said, self.width)]

    def action_whole(self) -> None:
        """Show every word, to be scrolled, or what there is room for."""
        self._whole = not self._whole
        self.show(self._frame)

    def _question(self, frame: Frame, width: int, room: int) -> tuple[list[Row], bool]:
        """What is to be known before it, and whether it was cut where there is no room for every word."""
        snapshot, plan, rule = frame.snapshot, frame.plan, explained(frame.snapshot)
        release = frame.release if snapshot is None else snapshot.state.setup.release
        command = () if plan.rollback is None else command_of(plan.rollback, release)
        limits = [release.environment]
        if plan.rollback is not None:
            limits.append(f"up to {format_duration(plan.rollback.timeout)}")
        why = Fact("why", question.why(snapshot, rule))
        against = _against(question.against(snapshot, rule, frame.now))
        runs = Fact("runs", " · ".join((command_line(command), *limits)))
        rest = Fact("stays", question.stays(plan, release.version)), Fact("who", self._operator)
        every = spelled((why, *against, runs, *rest), width)
        if len(every) <= room:
            return every, False
        if self._whole:
            spelt = [*command_rows(command, width), *spelled((Fact("", ", ".join(limits)), *rest), width)]
            return [*spelled((why, *against), width), *spelt], False
        one = Fact("against", " · ".join(fact.text for fact in against), against[0].look)
        return condensed((why, one, runs, *rest), width, room)

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
        started = words.local_time(snapshot.rollback.started_at, snapshot.context.offset)
        by = labelled((("by", f"{snapshot.rollback.by} at {started}"),), width)
        outcome = [*outcome_rows(snapshot.rollback, width, frame.now), *by]
        written = output_rows(snapshot, width)
        return [*outcome, (), *written[-max(1, min(OUTPUT_SHOWN, height - len(outcome) - 1)) :]]


def _against(doubts: Sequence[str]) -> list[Fact]:
    """What speaks against it, a fact each; where nothing does, that is said too."""
    if not doubts:
        return [Fact("against", "nothing that is measured", "dim")]
    labels = ("against", *("",) * (len(doubts) - 1))
    return [Fact(label, f"! {text}", "warn") for label, text in zip(labels, doubts, strict=True)]


def _attempt(frame: Frame) -> int:
    rollback = frame.snapshot.rollback if frame.snapshot is not None else None
    return rollback.attempt if rollback is not None else 0
