"""The dialogs: rolling back, quitting, writing a note. None of them focuses a button that confirms."""

from __future__ import annotations

import shlex
from textwrap import wrap
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from aftergreen import words
from aftergreen.cards import receipt_rows
from aftergreen.rollback.command import fill
from aftergreen.units import format_clock
from tui.screens.pages import explained
from tui.screens.shown import ShownModal
from widgets.frame import Frame
from widgets.rows import Row, Rows, Span, row

WAIT = 0.7
"""Seconds in which the field takes no keys: those were meant for the screen below."""

TYPED = 0.02
"""Seconds that a person takes for a key at the very least; a whole name faster than that was pasted."""

OUTPUT_SHOWN = 12


class TypedName(Input):
    """A field that believes only what is typed, key by key."""

    class Refused(Message):
        """Something was not typed; ``reason`` says what."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self) -> None:
        super().__init__(placeholder="wait", id="name", select_on_focus=False)
        self.cursor_blink = False
        self._times: list[float] = []
        self.ready = False

    def on_mount(self) -> None:
        self.set_timer(WAIT, self._open)

    def _open(self) -> None:
        self.ready = True
        self.placeholder = "type the service's name, then enter"

    async def _on_key(self, event: events.Key) -> None:
        if not self.ready and event.key != "escape":
            event.stop()
            event.prevent_default()
            return
        if event.is_printable:
            self._times.append(event.time)
        await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Refused("the name must be typed, not pasted"))

    def action_paste(self) -> None:
        """Refuse the clipboard as well."""
        self.post_message(self.Refused("the name must be typed, not pasted"))

    async def action_submit(self) -> None:
        """Hand over only what was typed by hand."""
        if not self.ready:
            return
        last = self._times[-len(self.value) :]
        if len(last) > 1 and last[-1] - last[0] < TYPED * (len(last) - 1):
            self.value = ""
            self._times.clear()
            self.post_message(self.Refused("the name must be typed, not pasted"))
            return
        await super().action_submit()


class RollbackDialog(ShownModal[None]):
    """What will run, why, what speaks against it, who; then the command as it runs."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close", id="close")]

    def __init__(self, frame: Frame, operator: str) -> None:
        super().__init__()
        self._frame = frame
        self._operator = operator
        self._attempt = _attempt(frame)
        self._said = ""
        self._ordered = False

    class Confirmed(Message):
        """The service's name was typed."""

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Roll back")
            yield Rows(id="dialog-text")
            yield TypedName()
            yield Rows(id="dialog-said")

    def on_mount(self) -> None:
        self.query_one(TypedName).focus()
        self.show(self._frame)

    def on_resize(self) -> None:
        self.call_after_refresh(self.show, self._frame)

    def show(self, frame: Frame) -> None:
        self._frame = frame
        live = _attempt(frame) > self._attempt
        field = self.query_one(TypedName)
        field.display = not live and not self._ordered
        width = max(20, self.query_one("#dialog").size.width - 4)
        rows = self._live(frame) if live else self._question(frame, width)
        text = self.query_one("#dialog-text", Rows)
        text.styles.height = len(rows)
        text.show(rows)
        said = self.query_one("#dialog-said", Rows)
        said.show((row(Span(self._said, "bad")),) if not live else (row(Span("esc closes", "dim")),))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        wanted = self._frame.plan.service.name
        if event.value != wanted:
            self._said = f"that is not {wanted}: nothing was run"
            self.show(self._frame)
            return
        self._ordered = True
        self._said = "starting …"
        self.app.post_message(self.Confirmed())
        self.show(self._frame)

    def on_typed_name_refused(self, message: TypedName.Refused) -> None:
        self._said = f"{message.reason}: nothing was run"
        self.show(self._frame)

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
            rows += _labelled("runs", shlex.join(command), width)
            rows += _labelled(
                "strategy", f"{plan.rollback.strategy.value}, ended after {plan.rollback.timeout:g} s", width
            )
        rule = explained(snapshot)
        if snapshot is not None and rule is not None:
            rows += _labelled("why", words.comparison(rule), width)
            kept = ("baseline", "counted")
            for label, text in receipt_rows(rule, plan.backend, snapshot.context.offset):
                if label in kept:
                    rows += _labelled(label, text, width)
        else:
            rows += _labelled("why", "no rule is over its limit: this is your own decision", width)
        if snapshot is not None:
            for doubt in snapshot.doubts:
                rows += _labelled("doubt", words.doubt(doubt), width, look="warn")
        rows += _labelled("who", self._operator, width)
        return [*rows, (), row("Type ", Span(release.service, "strong", bold=True), " and press enter.")]

    def _live(self, frame: Frame) -> list[Row]:
        snapshot = frame.snapshot
        if snapshot is None or snapshot.rollback is None:
            return []
        rollback = snapshot.rollback
        until = rollback.ended_at if rollback.ended_at is not None else frame.now
        elapsed = format_clock(max(0.0, until - rollback.started_at))
        look = "text" if rollback.running else ("ok" if rollback.succeeded else "bad")
        rows: list[Row] = [row(Span(words.outcome(rollback), look, bold=True), f"  {elapsed}"), ()]
        lines = snapshot.output[-OUTPUT_SHOWN:]
        return rows + [row(Span(line, "dim")) for line in lines]


def _attempt(frame: Frame) -> int:
    rollback = frame.snapshot.rollback if frame.snapshot is not None else None
    return rollback.attempt if rollback is not None else 0


def _labelled(label: str, text: str, width: int, look: str = "text") -> list[Row]:
    lines = wrap(text, width - 10, break_on_hyphens=False) or [""]
    head = row(Span(label.ljust(10), "dim"), Span(lines[0], look))
    return [head, *(row(" " * 10, Span(line, look)) for line in lines[1:])]


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

    def show(self, frame: Frame) -> None:
        release = frame.release
        rows = [
            row(f"{release.service} {release.version} is still being watched."),
            row("Leaving abandons the release: nobody will see what happens next."),
            (),
            row(Span("y", "strong", bold=True), " leave   ", Span("n", "strong", bold=True), " stay"),
        ]
        text = self.query_one("#dialog-text", Rows)
        text.styles.height = len(rows)
        text.show(rows)


class NoteDialog(ShownModal[str]):
    """A remark for the log and the journal."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close", id="close")]

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Note")
            field = Input(placeholder="a remark for the log; enter writes it", id="note", max_length=400)
            field.cursor_blink = False
            yield field

    def show(self, frame: Frame) -> None:
        """Nothing on it changes with the release."""

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        await self.dismiss(event.value.strip())
