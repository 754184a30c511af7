"""The Textual app: it takes snapshots, hands frames to its screens, and orders to the watch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual import events
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen

from aftergreen.clean import clean
from aftergreen.clock import Clock
from aftergreen.model import Automatic, Indicator, Plan, Release
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.orders import OVER, Orders, RollBack
from aftergreen.words.cards import curl_line
from themes.loader import DEFAULT_VARIABLES
from tui.attention import Attention
from tui.bindings import actions, bindings, keys, names, ways_out
from tui.capabilities import Capabilities
from tui.dialogs.filter import FilterDialog
from tui.dialogs.hold import HoldDialog, ReleaseDialog
from tui.dialogs.leave import LeaveDialog
from tui.dialogs.note import NoteDialog
from tui.dialogs.outcome import OutcomeDialog
from tui.dialogs.override import OverrideDialog
from tui.dialogs.rollback import RollbackDialog
from tui.export import save
from tui.messages import OrderAnswered, PreflightFound, SnapshotArrived, WatchEnded, WatchSaid
from tui.palette import commands
from tui.refusals import refusal
from tui.remembering import Remembering
from tui.screens.main import DECISION, MainScreen, chosen
from tui.screens.pages import (
    ChecklistPage,
    DecisionPage,
    FindingsPage,
    FinishPage,
    HelpPage,
    Page,
    ReceiptPage,
    ZoomPage,
    explained,
)
from tui.screens.shown import Shown
from tui.settings import Memory
from tui.terminal import under_job_control
from tui.view import View
from widgets.frame import Frame


class ConsoleApp(Remembering):
    """The console of one watch."""

    TITLE = "Aftergreen"
    CSS_PATH = str(resources.files("themes").joinpath("console.tcss"))
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(), *ways_out()]

    def __init__(
        self,
        *,
        orders: Orders,
        clock: Clock,
        operator: str,
        release: Release,
        plan: Plan,
        read_only: str = "",
        own_themes: Path | None = None,
        terminal: Capabilities | None = None,
        memory: Memory | None = None,
        on_painted: Callable[[], None] = lambda: None,
        on_mounted: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(terminal or Capabilities(), memory or Memory(), own_themes)
        self.animation_level = "none"
        self.view = View(clock, release, plan, read_only)
        self._orders = orders
        self._operator = operator
        self._plan = plan
        self._on_painted = on_painted
        self._on_mounted = on_mounted
        self._carded = False
        self._leaving = False
        self._attention = Attention(self.bell, self._tell_terminal, self.memory)

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot that arrived."""
        return self.view.newest

    # From the watch's thread

    def receive(self, snapshot: Snapshot) -> None:
        """Take a snapshot from any thread; it may be replaced by a newer one before it is shown."""
        self.post_message(SnapshotArrived(snapshot))

    def progress(self, text: str) -> None:
        """Take a word about what the watch is doing."""
        self.post_message(WatchSaid(text))

    def preflight(self, findings: Sequence[Finding]) -> None:
        """Take the findings of preflight."""
        self.post_message(PreflightFound(findings))

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
        self.dress()
        self.set_class(self.uncoloured, "-plain")
        self.show()
        self.set_interval(1.0, self._tick)
        self._on_mounted()

    def on_ready(self) -> None:
        self._on_painted()

    async def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        self.view.take(message.snapshot)
        self._attention.take(message.snapshot, self.view.present())
        self.show()
        await self._offer_card()

    def _tell_terminal(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def exit(
        self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        # The card is read below the prompt; a page that opens while the app goes has no parts.
        self._carded = self._leaving = True
        self._attention.give_back()
        super().exit(result, return_code, message)

    async def _offer_card(self) -> None:
        """Show how it ended, once, when nothing else is open."""
        snapshot = self.view.newest
        ended = snapshot is not None and snapshot.release_state.ended
        if ended and not self._carded and isinstance(self.screen, MainScreen):
            self._carded = True
            self._go_on()
            await self._open(FinishPage())

    def on_watch_said(self, message: WatchSaid) -> None:
        self.view.notice = message.text
        self.show()

    def on_preflight_found(self, message: PreflightFound) -> None:
        self.view.findings = tuple(message.findings)
        if message.findings:
            number = len(message.findings)
            said = (
                "one thing to know: f shows it" if number == 1 else f"{number} things to know: f shows them"
            )
            self.notify(f"Preflight found {said}.", severity="warning", markup=False)
        self.show()

    def on_watch_ended(self, message: WatchEnded) -> None:
        if message.error is not None:
            self.exit(1)
        else:
            self.answered(OVER)

    def on_rollback_dialog_confirmed(self, message: RollbackDialog.Confirmed) -> None:
        if self.view.give_order():
            self._orders.roll_back(RollBack(self._operator, message.seen, message.reason), self.answered)
        self.show()

    def on_order_answered(self, message: OrderAnswered) -> None:
        """The order waits no longer: a snapshot shows what it began, or the reason against it is said."""
        refused = message.refused
        if not self.view.answered(refused):
            return
        if refused and not any(isinstance(screen, RollbackDialog) for screen in self.screen_stack):
            self.notify(f"No rollback was started: {refused}.", severity="error", markup=False)
        self.show()

    async def _tick(self) -> None:
        self.show()
        await self._offer_card()

    def frame(self) -> Frame:
        """What is to be shown right now."""
        return self.view.frame(shaded=self.no_color or self.native_ansi_color, drawing=self.drawing)

    def show(self) -> None:
        """Hand the frame of this moment to every open screen."""
        if self._leaving or not self.is_running:
            # A last tick, or a page that opens, while the app goes: screens are stacked without their parts.
            return
        frame = self.frame()
        for screen in self.screen_stack:
            if isinstance(screen, Shown) and screen.is_mounted:
                screen.show(frame)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "hold" and self._plan.automatic is Automatic.OFF:
            # Nothing that could be held: the key is no use to anybody here.
            return False
        if refusal(action, self.view, self.screen):
            return None
        if action == "zoom_focused" and not isinstance(self.screen, MainScreen):
            return False
        return super().check_action(action, parameters)

    def _say_refusal(self, action: str) -> bool:
        name, problem = names().get(action, action), refusal(action, self.view, self.screen)
        if problem:
            self.notify(f"{name}: {problem}.", severity="warning", markup=False)
        return bool(problem)

    def on_key(self, event: events.Key) -> None:
        """A key whose action is refused arrives here: say why nothing happens."""
        action = actions().get(event.key)
        if action is not None and not isinstance(self.screen, ModalScreen):
            self._say_refusal(action)

    async def action_roll_back(self) -> None:
        """Open the dialog that asks for the service's name."""
        # Nobody decides on a frozen view, nor beside what was said against an order that is over.
        self.view.order = None
        self._go_on()
        await self.push_screen(RollbackDialog(self.frame(), self._operator))

    async def action_hold(self) -> None:
        """Hold the release at once and ask why afterwards; where it is held, ask for its release."""
        if any(isinstance(screen, HoldDialog | ReleaseDialog) for screen in self.screen_stack):
            return
        self._go_on()
        newest = self.view.newest
        if newest is not None and newest.state.hold is not None:
            await self.push_screen(ReleaseDialog(self.frame()), self._release)
            return
        self._orders.hold("", by=self._operator)
        await self.push_screen(HoldDialog(self.frame()), self._say_why)

    def _release(self, release: bool | None) -> None:  # noqa: FBT001  # what the dialog was dismissed with
        if release:
            self._orders.release(by=self._operator)

    def _say_why(self, reason: str | None) -> None:
        if reason:
            self._orders.hold(reason, by=self._operator)

    async def action_why(self) -> None:
        """Show the receipt."""
        await self._open(ReceiptPage())

    async def action_checklist(self) -> None:
        """Show what is ticked and what is missing, with the facts."""
        await self._open(ChecklistPage())

    async def action_decision(self) -> None:
        """Show what is advised, and all that happened."""
        await self._open(DecisionPage())

    async def action_findings(self) -> None:
        """Show what preflight found."""
        # What called for it has done its work, and would stand in the way.
        self.clear_notifications()
        await self._open(FindingsPage())

    async def action_zoom(self, number: int) -> None:
        """Show one indicator on the whole screen."""
        await self._open(ZoomPage(list(Indicator)[number - 1]))

    async def action_zoom_focused(self) -> None:
        """Zoom the focused panel; where none has the focus, the one that leads."""
        number = chosen(self.screen, self.view.shown)
        if number == DECISION:
            await self.action_decision()
        elif number:
            await self.action_zoom(number)

    async def action_help(self) -> None:
        """Show every key."""
        await self._open(HelpPage(keys()))

    async def action_note(self) -> None:
        """Ask for a remark and record it."""

        def write(text: str | None) -> None:
            if text:
                self._orders.note(text, by=self._operator)

        # Awaited, so that the next key meets the dialog.
        await self.push_screen(NoteDialog(self.frame()), write)

    async def action_override(self) -> None:
        """Ask which threshold changes, to what, and why."""

        def change(text: str | None) -> None:
            if text:
                self._orders.override(text, by=self._operator)

        self._go_on()
        if self.view.newest is not None:
            await self.push_screen(OverrideDialog(self.frame()), change)

    async def action_outcome(self) -> None:
        """Ask what came of a rollback of which nobody knows."""

        def settle(text: str | None) -> None:
            if text:
                self._orders.settle(text, by=self._operator)

        self._go_on()
        await self.push_screen(OutcomeDialog(self.frame()), settle)

    def action_copy_receipt(self) -> None:
        """Copy the receipt's curl line to the terminal's clipboard."""
        rule = explained(self.view.shown)
        line = curl_line(rule.receipt, self._plan.backend) if rule and rule.receipt else ""
        if not line:
            self.notify("A probe has no query to copy.", markup=False)
            return
        self.copy_to_clipboard(line)
        self.notify("The curl line was sent to the terminal's clipboard.", markup=False)

    def action_range(self, factor: float) -> None:
        """Show a shorter or a longer time on the charts."""
        if self.view.change_reach(factor):
            self.show()
        else:
            self.notify(f"The charts show the {'whole' if factor > 1 else 'shortest'} time.", markup=False)

    async def action_filter(self) -> None:
        """Ask which signals and events are looked at."""

        def choose(only: str | None) -> None:
            if only is not None:
                self.view.only = clean(only)
                self.show()

        await self.push_screen(FilterDialog(self.frame()), choose)

    def action_export(self) -> None:
        """Save the screen where the console was started, and hand its place to the clipboard."""
        try:
            place = save(self, self.view.frame().release, Path.cwd())
        except OSError as error:
            why = f"{error.filename or 'this folder'}: {clean((error.strerror or 'unknown').lower())}"
            self.notify(f"Nothing was saved: {why}.", severity="error", markup=False)
            return
        self.copy_to_clipboard(str(place))
        self.notify(f"Saved {place} and, as text, .txt; the clipboard has its place.", markup=False)

    def action_pause(self) -> None:
        """Freeze or release the view."""
        if not self.view.freeze():
            self.view.go_on()
        self.show()

    def _go_on(self) -> None:
        self.view.go_on()
        self.show()

    async def action_back(self) -> None:
        """Leave the open page; on the overview what was chosen there: a panel, a filter, a frozen view."""
        if len(self.screen_stack) > 1:
            await self.pop_screen()
        else:
            self.screen.set_focus(None)
            self.view.only = ""
            self.view.go_on()
        self.show()

    async def action_leave(self) -> None:
        """Leave; ask first while the release is open."""
        snapshot = self.view.newest
        if snapshot is None or snapshot.release_state.ended:
            self.exit(0 if snapshot is None else int(exit_code(snapshot.state)))
        elif not any(isinstance(screen, LeaveDialog) for screen in self.screen_stack):
            # Awaited, so that the next key meets the dialog.
            await self.push_screen(LeaveDialog(self.frame()), self._leave)

    def _leave(self, leave: bool | None) -> None:  # noqa: FBT001  # what the dialog was dismissed with
        if leave and self.view.newest is not None:
            self._orders.abandon(by=self._operator)
            self.exit(int(exit_code(self.view.newest.state)))

    def action_suspend_process(self) -> None:
        """Sleep until the shell says otherwise; where there is none, nobody would wake the console."""
        if under_job_control():
            super().action_suspend_process()
        else:
            self.notify("Sleep: no shell with job control started the console.", markup=False)

    def action_draw(self, mode: str) -> None:
        """Draw charts in another mode, and at once."""
        super().action_draw(mode)
        self.show()

    async def action_quit(self) -> None:
        """Textual's own way out asks as well."""
        await self.action_leave()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:  # noqa: ARG002  # Textual's
        """Every action by name, for the palette."""
        return commands(self._later)

    def _later(self, action: str) -> Callable[[], None]:
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
        self.show()
