"""The Textual app: it takes snapshots, hands frames to its screens, and orders to the watch."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import ModalScreen, Screen

from aftergreen import words
from aftergreen.clock import Clock
from aftergreen.model import Indicator, Plan, Release
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.refusals import override_refused, rollback_refused
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.orders import OVER, Orders
from aftergreen.words.cards import curl_line
from themes.loader import DEFAULT_VARIABLES, load_themes
from tui.bindings import actions, bindings, keys, names, ways_out
from tui.screens.dialogs import NoteDialog, OverrideDialog, QuitDialog, RollbackDialog
from tui.screens.main import DECISION, MainScreen, Panel
from tui.screens.pages import (
    DecisionPage,
    FinishPage,
    HelpPage,
    Page,
    ReceiptPage,
    ZoomPage,
    explained,
)
from tui.screens.shown import Shown
from widgets.frame import Frame, Order

ORDERED = "it was ordered and the watch has not answered yet"


@dataclass
class SnapshotArrived(Message):
    """The watch published a snapshot."""

    snapshot: Snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the newest one matters."""
        return isinstance(message, SnapshotArrived)


@dataclass
class WatchSaid(Message):
    """The watch told what it is doing."""

    text: str


@dataclass
class OrderAnswered(Message):
    """The watch took the rollback that was ordered here, or has ``refused`` against it."""

    refused: str


@dataclass
class WatchEnded(Message):
    """The watch is over, perhaps with an error."""

    error: BaseException | None


class ConsoleApp(App[int]):
    """The console of one watch."""

    TITLE = "Aftergreen"
    CSS_PATH = str(resources.files("themes").joinpath("console.tcss"))
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(), ways_out()]

    def __init__(
        self,
        *,
        orders: Orders,
        clock: Clock,
        operator: str,
        release: Release,
        plan: Plan,
        read_only: str = "",
        on_painted: Callable[[], None] | None = None,
    ) -> None:
        plain = bool(os.environ.get("NO_COLOR"))
        super().__init__(ansi_color=plain)
        self.animation_level = "none"
        self._orders = orders
        self._clock = clock
        self._operator = operator
        self._release = release
        self._plan = plan
        self._read_only = read_only
        self._on_painted = on_painted
        self._plain = plain
        self._newest: Snapshot | None = None
        self._shown: Snapshot | None = None
        self._paused_at: float | None = None
        self._order: Order | None = None
        self._notice = "starting"
        self._carded = False

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot that arrived."""
        return self._newest

    # From the watch's thread

    def receive(self, snapshot: Snapshot) -> None:
        """Take a snapshot from any thread; it may be replaced by a newer one before it is shown."""
        self.post_message(SnapshotArrived(snapshot))

    def progress(self, text: str) -> None:
        """Take a word about what the watch is doing."""
        self.post_message(WatchSaid(text))

    def preflight(self, findings: Sequence[Finding]) -> None:
        """Take the findings of preflight."""
        for finding in findings:
            self.post_message(WatchSaid(finding.text))

    def watch_ended(self, error: BaseException | None) -> None:
        """Take the end of the watch."""
        self.post_message(WatchEnded(error))

    def answered(self, refused: str) -> None:
        """Take the watch's answer to the rollback that was ordered here."""
        self.post_message(OrderAnswered(refused))

    # Life

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DEFAULT_VARIABLES)

    def get_default_screen(self) -> Screen[None]:
        return MainScreen()

    def on_mount(self) -> None:
        found, problems = load_themes(None)
        for theme in found:
            self.register_theme(theme)
        self.theme = "aftergreen-ansi" if self._plain else "aftergreen-dark"
        self.set_class(self._plain, "-plain")
        for problem in problems:
            self.notify(problem, severity="warning", markup=False)
        self._show()
        self.set_interval(1.0, self._tick)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            try:
                loop.add_signal_handler(number, self.exit)
            except (RuntimeError, ValueError, NotImplementedError):
                # Not the main thread: a test drives the app, and signals are not ours.
                return

    def on_ready(self) -> None:
        if self._on_painted is not None:
            self._on_painted()

    async def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        self._newest = message.snapshot
        if self._paused_at is None:
            self._shown = message.snapshot
        self._show()
        await self._offer_card()

    async def _offer_card(self) -> None:
        """Show how it ended, once, when nothing else is open."""
        snapshot = self._newest
        ended = snapshot is not None and snapshot.release_state.ended
        if ended and not self._carded and isinstance(self.screen, MainScreen):
            self._carded = True
            self._go_on()
            await self._open(FinishPage())

    def on_watch_said(self, message: WatchSaid) -> None:
        self._notice = message.text
        self._show()

    def on_watch_ended(self, message: WatchEnded) -> None:
        if message.error is not None:
            self.exit(1)
        else:
            self.answered(OVER)

    def on_rollback_dialog_confirmed(self, _message: RollbackDialog.Confirmed) -> None:
        if self._unanswered():
            return
        self._order = Order(self.frame().present, self._why_no_rollback())
        if not self._order.refused:
            self._orders.roll_back(by=self._operator, answer=self.answered)
        self._show()

    def on_order_answered(self, message: OrderAnswered) -> None:
        """The order waits no longer: a snapshot shows what it began, or the reason against it is said."""
        refused = message.refused
        if self._order is None or not self._order.waits:
            return
        self._order = replace(self._order, refused=refused) if refused else None
        if refused and not any(isinstance(screen, RollbackDialog) for screen in self.screen_stack):
            self.notify(f"No rollback was started: {refused}.", severity="error", markup=False)
        self._show()

    async def _tick(self) -> None:
        self._show()
        await self._offer_card()

    def frame(self) -> Frame:
        """What is to be shown right now."""
        snapshot = self._shown
        offset = snapshot.context.offset if snapshot is not None else 0.0
        present, paused = self._clock.now() - offset, self._paused_at
        return Frame(
            release=snapshot.state.setup.release if snapshot is not None else self._release,
            plan=self._plan,
            snapshot=snapshot,
            now=present if paused is None else paused,
            notice=self._notice,
            frozen=None if paused is None else max(0.0, present - paused),
            newest=None if paused is None else self._newest,
            refusal=self._why_no_rollback(),
            order=self._order,
            shaded=self.no_color or self.native_ansi_color,
        )

    def _show(self) -> None:
        if not self.is_running:
            # A last tick while the app goes: its screens are still stacked and already empty.
            return
        frame = self.frame()
        for screen in self.screen_stack:
            if isinstance(screen, Shown) and screen.is_mounted:
                screen.show(frame)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self._refusal(action):
            return None
        if action == "zoom_focused" and not isinstance(self.screen, MainScreen):
            return False
        return super().check_action(action, parameters)

    def _refusal(self, action: str) -> str:
        """Why an action can do nothing now, empty where it can."""
        if action == "roll_back":
            return self._why_no_rollback()
        if action == "pause" and self._shown is None:
            return "there is nothing to freeze yet"
        if action in ("focus_next", "focus_previous") and isinstance(self.screen, MainScreen):
            return "" if self.screen.has_panels else "this screen is too small for panels; 1 to 6 open them"
        if action == "zoom_focused" and isinstance(self.screen, MainScreen) and not self._chosen():
            return "nothing leads and nothing is chosen; 1 to 6 open one"
        if action == "copy_receipt" and explained(self._shown) is None:
            return "there is no receipt yet"
        if action == "override" and self._newest is not None:
            return override_refused(self._newest.state, self._newest.context.read_only)
        if action in ("note", "override"):
            if self._newest is None:
                return "the watch has not begun"
            if self._newest.release_state.ended:
                return "the release has ended"
        return ""

    def _say_refusal(self, action: str) -> bool:
        name, problem = names().get(action, action), self._refusal(action)
        if problem:
            self.notify(f"{name}: {problem}.", severity="warning", markup=False)
        return bool(problem)

    def _why_no_rollback(self) -> str:
        snapshot = self._newest
        if snapshot is None:
            return self._read_only or "the watch has not begun"
        return rollback_refused(snapshot.state, snapshot.context.read_only) or self._unanswered()

    def _unanswered(self) -> str:
        """Why an order may not be given again; empty where none waits for the watch."""
        return ORDERED if self._order is not None and self._order.waits else ""

    def on_key(self, event: events.Key) -> None:
        """A key whose action is refused arrives here: say why nothing happens."""
        action = actions().get(event.key)
        if action is not None and not isinstance(self.screen, ModalScreen):
            self._say_refusal(action)

    async def action_roll_back(self) -> None:
        """Open the dialog that asks for the service's name."""
        # Nobody decides on a frozen view, nor beside what was said against an order that is over.
        self._order = None
        self._go_on()
        await self.push_screen(RollbackDialog(self.frame(), self._operator))

    async def action_why(self) -> None:
        """Show the receipt."""
        await self._open(ReceiptPage())

    async def action_decision(self) -> None:
        """Show the decision with its facts."""
        await self._open(DecisionPage())

    async def action_zoom(self, number: int) -> None:
        """Show one indicator on the whole screen."""
        await self._open(ZoomPage(list(Indicator)[number - 1]))

    async def action_zoom_focused(self) -> None:
        """Zoom the focused panel; where none has the focus, the one that leads."""
        number = self._chosen()
        if number == DECISION:
            await self.action_decision()
        elif number:
            await self.action_zoom(number)

    def _chosen(self) -> int:
        """The number of the focused panel, else of the one that leads; 0 where there is neither."""
        if isinstance(self.focused, Panel):
            return int((self.focused.id or "").removeprefix("panel-"))
        leading = self._shown.leading if self._shown is not None else None
        return list(Indicator).index(leading.signal.indicator) + 1 if leading is not None else 0

    async def action_help(self) -> None:
        """Show every key."""
        await self._open(HelpPage(keys()))

    async def action_note(self) -> None:
        """Ask for a remark and record it."""

        def write(text: str | None) -> None:
            if text:
                self._orders.note(text, by=self._operator)

        # Awaited, so that the next key meets the dialog.
        await self.push_screen(NoteDialog(), write)

    async def action_override(self) -> None:
        """Ask which threshold changes, to what, and why."""

        def change(text: str | None) -> None:
            if text:
                self._orders.override(text, by=self._operator)

        self._go_on()
        if self._newest is not None:
            await self.push_screen(OverrideDialog(self._newest.state.setup.plan), change)

    def action_copy_receipt(self) -> None:
        """Copy the receipt's curl line to the terminal's clipboard."""
        rule = explained(self._shown)
        line = curl_line(rule.receipt, self._plan.backend) if rule and rule.receipt else ""
        if not line:
            self.notify("A probe has no query to copy.", markup=False)
            return
        self.copy_to_clipboard(line)
        self.notify("The curl line was sent to the terminal's clipboard.", markup=False)

    def action_pause(self) -> None:
        """Freeze or release the view."""
        if self._paused_at is None:
            self._paused_at = self.frame().now
            self._show()
        else:
            self._go_on()

    def _go_on(self) -> None:
        self._paused_at = None
        self._shown = self._newest
        self._show()

    async def action_back(self) -> None:
        """Leave the open page; on the overview leave what was chosen there: a panel, a frozen view."""
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        else:
            self.screen.set_focus(None)
            self._paused_at, self._shown = None, self._newest
        self._show()

    async def action_leave(self) -> None:
        """Leave; ask first while the release is open."""
        snapshot = self._newest
        if snapshot is None or snapshot.release_state.ended:
            self.exit(0 if snapshot is None else int(exit_code(snapshot.state)))
        elif not any(isinstance(screen, QuitDialog) for screen in self.screen_stack):
            # Awaited, so that the next key meets the dialog.
            await self.push_screen(QuitDialog(self.frame()), self._answered)

    def _answered(self, leave: bool | None) -> None:  # noqa: FBT001  # what the dialog was dismissed with
        if leave and self._newest is not None:
            self._orders.abandon(by=self._operator)
            self.exit(int(exit_code(self._newest.state)))

    async def action_quit(self) -> None:
        """Textual's own way out asks as well."""
        await self.action_leave()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002  # Textual's
        """Every action by name, for the palette."""
        yield SystemCommand("Theme", "Other colours", self.action_change_theme)
        for number, indicator in enumerate(Indicator, start=1):
            title = words.indicator_title(indicator)
            yield SystemCommand(
                f"Zoom {title}", f"{title} on the whole screen", lambda n=number: self.action_zoom(n)
            )
        for binding in bindings():
            if binding.action not in ("command_palette", "zoom_focused") and not binding.action.startswith(
                "zoom("
            ):
                yield SystemCommand(binding.description, binding.tooltip, self._run(binding.action))

    def _run(self, action: str) -> Callable[[], None]:
        async def run() -> None:
            if not self._say_refusal(action):
                await self.run_action(action)

        def later() -> None:
            self.call_later(run)

        return later

    async def _open(self, page: Page) -> None:
        if isinstance(self.screen, Page):
            await self.pop_screen()
        await self.push_screen(page)
        self._show()
