"""The dialogs: rolling back, quitting, writing a note. None of them focuses a button that confirms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from aftergreen import words
from aftergreen.model import Plan
from aftergreen.rollback.command import fill
from aftergreen.units import format_clock, format_duration
from aftergreen.watch.overrides import EXAMPLE, limits_of, parse_change
from aftergreen.words.cards import receipt_rows
from tui.screens.pages import explained
from tui.screens.shown import ShownModal
from widgets.frame import Frame, Order
from widgets.rollback import command_rows, outcome_rows, output_rows
from widgets.rows import Row, Rows, Span, folded, labelled, row, shortened, width_of

WAIT = 0.7
"""Seconds in which the field takes no keys: those were meant for the screen below."""

NOTHING = "nothing was run"

OUTPUT_SHOWN = 12

RECORDED = "It is recorded with your name and the reason, and everybody who watches sees it."

FRAME, SHORT_FRAME = 9, 5
"""Rows of the dialog that the facts leave to its frame, the field and what is said below it."""

SHORT = 16
"""Below so many rows of the terminal blanks give way to what has to be read."""

SHARE = 0.92
"""How much of the terminal's height a dialog may take; the style sheet says the same."""


class TypedName(Input):
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

    def on_mount(self) -> None:
        self.set_timer(WAIT, self._open)

    def _open(self) -> None:
        self.ready = True
        self.placeholder = "type the service's name, then enter"

    async def _on_key(self, event: events.Key) -> None:
        if self.ready and event.key != "enter":
            await super()._on_key(event)
        elif event.key != "escape":
            event.stop()
            event.prevent_default()
            if self.ready:
                self._entered(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Refused())

    def action_paste(self) -> None:
        """Refuse the clipboard as well."""
        self.post_message(self.Refused())


class RollbackDialog(ShownModal[None]):
    """What will run, why, what speaks against it, who; then the command as it runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="close"),
        Binding("down,pagedown", "scroll(1)", "Down", id="down"),
        Binding("up,pageup", "scroll(-1)", "Up", id="up"),
    ]

    def __init__(self, frame: Frame, operator: str) -> None:
        super().__init__()
        self._frame = frame
        self._operator = operator
        self._attempt = _attempt(frame)
        self._said = ""
        self._heard: Order | None = None

    class Confirmed(Message):
        """The service's name was typed."""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Roll back")
            with VerticalScroll(id="dialog-facts", can_focus=False):
                yield Rows(id="dialog-text")
            yield Rows(id="dialog-asked")
            yield TypedName(self._entered)
            yield Rows(id="dialog-said")

    def on_mount(self) -> None:
        self.query_one(TypedName).focus()
        self.show(self._frame)

    def on_rows_resized(self) -> None:
        self.show(self._frame)

    def action_scroll(self, rows: int) -> None:
        """Move the facts by so many rows, where they are more than there is room for."""
        self.query_one("#dialog-facts").scroll_relative(y=rows, animate=False, immediate=True)

    def show(self, frame: Frame) -> None:
        self._frame = frame
        self._hear(frame)
        live = _attempt(frame) > self._attempt
        asking = not live and frame.ordered is None
        self._ask(asking=asking)
        text, asked = self.query_one("#dialog-text", Rows), self.query_one("#dialog-asked", Rows)
        width, room = max(20, text.size.width), self._room()
        rows = self._live(frame, width, room) if live else self._question(frame, width)
        text.styles.height = len(rows)
        text.show(rows)
        self.query_one("#dialog-facts").styles.height = min(len(rows), room)
        asked.display = asking
        hidden = len(rows) - room
        more = Span(f"  ↓ {hidden} more" if hidden > 0 else "", "warn")
        name = Span(frame.plan.service.name, "strong", bold=True)
        whole = row("Type ", name, " and press enter.", more)
        asked.show((whole if width_of(whole) <= width else row("Type ", name, more),))
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

    def _room(self) -> int:
        """Rows for the facts; the rest of the dialog is always seen."""
        short = self.size.height < SHORT
        self.set_class(short, "-short")
        frame = SHORT_FRAME if short else FRAME
        return max(1, int(self.size.height * (1.0 if short else SHARE)) - frame)

    def _entered(self, name: str) -> None:
        wanted = self._frame.plan.service.name
        if name == wanted:
            self.app.post_message(self.Confirmed())
        else:
            self._refuse(f"that is not {wanted}")

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
            command = fill(
                plan.rollback.command,
                service=release.service,
                environment=release.environment,
                version=release.version,
                previous=release.previous,
            )
            rows += command_rows(command, width)
            ended = f"ended after {format_duration(plan.rollback.timeout)}"
            rows += labelled((("strategy", f"{plan.rollback.strategy.value}, {ended}"),), width)
        rows += self._reasons(frame, width)
        return [*rows, *labelled((("who", self._operator),), width)]

    def _reasons(self, frame: Frame, width: int) -> list[Row]:
        snapshot, rule = frame.snapshot, explained(frame.snapshot)
        if snapshot is None or rule is None:
            return labelled((("why", "no rule is over its limit: this is your own decision"),), width)
        receipt = dict(receipt_rows(rule, frame.plan.backend, snapshot.context.offset))
        kept = [(label, receipt[label]) for label in ("baseline", "counted") if label in receipt]
        doubts = [("doubt", words.doubt(doubt)) for doubt in snapshot.doubts]
        return [
            *labelled((("why", words.comparison(rule)), *kept), width),
            *labelled(doubts, width, "warn"),
        ]

    def _live(self, frame: Frame, width: int, height: int) -> list[Row]:
        snapshot = frame.snapshot
        if snapshot is None or snapshot.rollback is None:
            return []
        outcome, written = outcome_rows(snapshot.rollback, width, frame.now), output_rows(snapshot, width)
        return [*outcome, (), *written[-max(1, min(OUTPUT_SHOWN, height - len(outcome) - 1)) :]]


def _attempt(frame: Frame) -> int:
    rollback = frame.snapshot.rollback if frame.snapshot is not None else None
    return rollback.attempt if rollback is not None else 0


class QuitDialog(ShownModal[bool]):
    """Asks before an open release is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Leave", id="leave"),
        Binding("n,escape", "dismiss(False)", "Stay", id="stay"),
    ]

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Leave")
            yield Rows(id="dialog-text")

    def on_mount(self) -> None:
        self.show(self._frame)

    def on_rows_resized(self) -> None:
        self.show(self._frame)

    def show(self, frame: Frame) -> None:
        self._frame = frame
        text = self.query_one("#dialog-text", Rows)
        short, width = self.size.height < SHORT, max(20, text.size.width)
        self.set_class(short, "-short")
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
    release, snapshot = frame.release, frame.newest or frame.snapshot
    name = f"{release.service} {release.version}"
    if snapshot is not None and snapshot.release_state.ended:
        return (f"The watch of {name} has ended: {snapshot.release_state.value}.",)
    watched = f"{name} is still being watched."
    if snapshot is not None and snapshot.rolling_back:
        return watched, "The rollback command goes on; nobody will see whether it helps."
    if frame.ordered is not None:
        return watched, "A rollback was ordered and not yet taken; nobody will see whether it runs."
    return watched, "Leaving abandons the release: nobody will see what happens next."


class NoteDialog(ShownModal[str]):
    """A remark for the log and the journal."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close", id="close")]

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Note")
            field = Input(placeholder="a remark; enter writes it", id="note", max_length=400, compact=True)
            field.cursor_blink = False
            yield field

    def show(self, frame: Frame) -> None:
        """Nothing on it changes with the release."""

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        # A screen cannot await its own end in its own handler: `dismiss` alone would fail.
        await self.action_dismiss(event.value.strip())


class OverrideDialog(ShownModal[str]):
    """A threshold that changes during the watch: which one, to what, and why."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close", id="close")]

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._problem = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Change a threshold")
            yield Rows(id="dialog-text")
            field = Input(placeholder=EXAMPLE, id="note", max_length=400, compact=True)
            field.cursor_blink = False
            yield field

    def on_mount(self) -> None:
        self._say()

    def on_rows_resized(self) -> None:
        self._say()

    def show(self, frame: Frame) -> None:
        """Nothing on it changes with the release."""

    def _say(self) -> None:
        """What can be changed, or what is wrong with what was written."""
        text = self.query_one("#dialog-text", Rows)
        short, width = self.size.height < SHORT, max(20, text.size.width)
        self.set_class(short, "-short")
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
            self._say()
            return
        await self.action_dismiss(text)
