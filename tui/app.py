"""The Textual app: it takes snapshots, hands frames to its screens, and orders to the watch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual import events
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen

from aftergreen import words
from aftergreen.clean import clean
from aftergreen.model import Automatic, Indicator, Plan
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.ending import worst_of
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
from tui.refusals import of_one, refusal
from tui.remembering import Remembering
from tui.screens.main import DECISION, MainScreen, chosen
from tui.screens.overview import OverviewScreen
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
from tui.watched import Watched
from widgets.frame import Frame
from widgets.overview import ranked, standing


class ConsoleApp(Remembering):
    """The console of one watch, or of several that are looked at together and opened one by one."""

    TITLE = "Aftergreen"
    CSS_PATH = str(resources.files("themes").joinpath("console.tcss"))
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(), *ways_out()]

    def __init__(
        self,
        *,
        watched: Sequence[Watched],
        operator: str,
        own_themes: Path | None = None,
        terminal: Capabilities | None = None,
        memory: Memory | None = None,
        on_painted: Callable[[], None] = lambda: None,
        on_mounted: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(terminal or Capabilities(), memory or Memory(), own_themes)
        self.animation_level = "none"
        self.watched = tuple(watched)
        """The releases of this console."""
        self.current = self.watched[0]
        """The release that is looked at, or chosen among all: the worst one until somebody chose."""
        self._picked = False
        self._operator = operator
        self._on_painted = on_painted
        self._on_mounted = on_mounted
        self._leaving = False
        self._attention = Attention(self.bell, self._tell_terminal, self.memory)

    @property
    def view(self) -> View:
        """What is known of the release that is looked at."""
        return self.current.view

    @property
    def _orders(self) -> Orders:
        return self.current.orders

    @property
    def _plan(self) -> Plan:
        return self.current.view.plan

    @property
    def _several(self) -> bool:
        return len(self.watched) > 1

    @property
    def _overall(self) -> bool:
        """Whether all releases are looked at, and none of them is opened."""
        return self._several and not any(isinstance(screen, MainScreen) for screen in self.screen_stack)

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot that arrived."""
        return self.view.newest

    # From the watch's thread

    def receive(self, watched: Watched, snapshot: Snapshot) -> None:
        """Take a snapshot from any thread; it may be replaced by a newer one before it is shown."""
        self.post_message(SnapshotArrived(watched, snapshot))

    def progress(self, watched: Watched, text: str) -> None:
        """Take a word about what a watch is doing."""
        self.post_message(WatchSaid(watched, text))

    def preflight(self, watched: Watched, findings: Sequence[Finding]) -> None:
        """Take the findings of preflight."""
        self.post_message(PreflightFound(watched, findings))

    def watch_ended(self, watched: Watched, error: BaseException | None) -> None:
        """Take the end of a watch."""
        self.post_message(WatchEnded(watched, error))

    def answered(self, watched: Watched, refused: str) -> None:
        """Take a watch's answer to the rollback that was ordered here."""
        self.post_message(OrderAnswered(watched, refused))

    # Life

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(DEFAULT_VARIABLES)

    def get_default_screen(self) -> Screen[None]:
        return OverviewScreen() if self._several else MainScreen()

    def on_mount(self) -> None:
        self.dress()
        self.set_class(self.uncoloured, "-plain")
        self.show()
        self.set_interval(1.0, self._tick)
        self._on_mounted()

    def on_ready(self) -> None:
        self._on_painted()

    async def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        message.watched.view.take(message.snapshot)
        if self._attention.call(message.snapshot):
            self._point_at(message.watched)
        self._attention.retitle(self._titled())
        self.show()
        await self._offer_card()

    def _point_at(self, burning: Watched) -> None:
        """Say what went wrong where nobody looks: at a release that is not on the screen."""
        if self._several and burning is not self.current and len(self.screen_stack) > 1:
            frame = burning.view.frame()
            stands, name = standing(frame), f"{frame.release.service} {frame.release.version}"
            self.notify(f"{name}: {stands.word}  {stands.text}", severity="error", markup=False)

    def _titled(self) -> str:
        """How it stands, worst first, for who looks elsewhere."""
        worst, *others = ranked(watched.view.frame() for watched in self.watched)
        more = f" and {len(others)} more" if others else ""
        release = worst.frame.release
        return f"{words.SYMBOLS[worst.mark]} {worst.word} {release.service} {release.version}{more}"

    def _tell_terminal(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def exit(
        self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        # The card is read below the prompt; a page that opens while the app goes has no parts.
        self._leaving = True
        self._attention.give_back()
        super().exit(result, return_code, message)

    async def _offer_card(self) -> None:
        """Show how it ended, once, when nothing else is open."""
        current = self.current
        if current.ended and not (current.carded or self._leaving) and isinstance(self.screen, MainScreen):
            current.carded = True
            self._go_on()
            await self._open(FinishPage())

    def on_watch_said(self, message: WatchSaid) -> None:
        message.watched.view.notice = message.text
        self.show()

    def on_preflight_found(self, message: PreflightFound) -> None:
        message.watched.view.findings = tuple(message.findings)
        self._tell_findings()
        self.show()

    def _tell_findings(self) -> None:
        """Say once that preflight found something; of several releases when one is opened."""
        number = len(self.view.findings)
        if number and not (self.current.told or self._overall):
            self.current.told = True
            said = "one thing to know" if number == 1 else f"{number} things to know"
            shows = f"{self.keys['findings']} shows {'it' if number == 1 else 'them'}"
            self.notify(f"Preflight found {said}: {shows}.", severity="warning", markup=False)

    def on_watch_ended(self, message: WatchEnded) -> None:
        watched, error = message.watched, message.error
        self.answered(watched, OVER)
        if error is None:
            return
        watched.view.failed = str(error) or repr(error)
        if all(one.view.failed for one in self.watched):
            self.exit(1)
        self.show()

    def on_rollback_dialog_confirmed(self, message: RollbackDialog.Confirmed) -> None:
        if self.view.give_order():
            order = RollBack(self._operator, message.seen, message.reason)
            self._orders.roll_back(order, partial(self.answered, self.current))
        self.show()

    def on_order_answered(self, message: OrderAnswered) -> None:
        """The order waits no longer: a snapshot shows what it began, or the reason against it is said."""
        refused, view = message.refused, message.watched.view
        if not view.answered(refused):
            return
        if refused and not any(isinstance(screen, RollbackDialog) for screen in self.screen_stack):
            self.notify(f"No rollback was started: {refused}.", severity="error", markup=False)
        self.show()

    async def _tick(self) -> None:
        self.show()
        await self._offer_card()

    def frame(self) -> Frame:
        """What is to be shown right now."""
        looks = {
            watched: watched.view.frame(
                shaded=self.no_color or self.native_ansi_color, drawing=self.drawing, keys=self.keys
            )
            for watched in self.watched
        }
        own = looks.pop(self.current)
        return replace(own, others=tuple(looks.values()), overall=self._overall) if looks else own

    def show(self) -> None:
        """Hand the frame of this moment to every open screen."""
        if self._leaving or not self.is_running:
            # A last tick, or a page that opens, while the app goes: screens are stacked without their parts.
            return
        if self._several and not self._picked:
            self.current = min(self.watched, key=lambda watched: standing(watched.view.frame()).rank)
        frame = self.frame()
        for screen in self.screen_stack:
            # Also what lies below: who comes back to it must not see for a moment what is long over.
            if screen.is_mounted and isinstance(screen, Shown):
                screen.show(frame)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "hold" and self._plan.automatic is Automatic.OFF:
            # Nothing that could be held: the key is no use to anybody here.
            return False
        if self._overall and of_one(action):
            return False
        if self._refused(action):
            return None
        if action == "zoom_focused" and not isinstance(self.screen, MainScreen | OverviewScreen):
            return False
        return super().check_action(action, parameters)

    def _refused(self, action: str) -> str:
        return refusal(action, self.view, self.screen, keys=self.keys, overall=self._overall)

    def _say_refusal(self, action: str) -> bool:
        name, problem = names().get(action, action), self._refused(action)
        if problem:
            self.notify(f"{name}: {problem}.", severity="warning", markup=False)
        return bool(problem)

    def on_key(self, event: events.Key) -> None:
        """A key whose action is refused arrives here: say why nothing happens."""
        action = actions(self.keymap).get(event.key)
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
        """Open the chosen release; zoom the focused panel; where none has the focus, the one that leads."""
        if isinstance(self.screen, OverviewScreen):
            self._picked = True
            await self.push_screen(MainScreen())
            self.show()
            self._tell_findings()
            await self._offer_card()
            return
        number = chosen(self.screen, self.view.shown)
        if number == DECISION:
            await self.action_decision()
        elif number:
            await self.action_zoom(number)

    async def action_help(self) -> None:
        """Show every key."""
        await self._open(HelpPage(keys(self.keymap)))

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
        """Leave the open page; before a release what was chosen there: a panel, a filter, a frozen view."""
        if isinstance(self.screen, MainScreen) and (self.screen.focused or self.view.chosen):
            self.screen.set_focus(None)
            self.view.only = ""
            self.view.go_on()
        elif len(self.screen_stack) > 1:
            await self.pop_screen()
        self.show()

    def action_focus_next(self) -> None:
        """The next panel, or the next release."""
        self._move(1) if isinstance(self.screen, OverviewScreen) else super().action_focus_next()

    def action_focus_previous(self) -> None:
        """The panel or the release before."""
        self._move(-1) if isinstance(self.screen, OverviewScreen) else super().action_focus_previous()

    def _move(self, by: int) -> None:
        """Choose the release so many rows further; the order may have changed since the last look."""
        order = sorted(self.watched, key=lambda watched: standing(watched.view.frame()).rank)
        place = order.index(self.current) + by
        self._picked = True
        self.current = order[max(0, min(len(order) - 1, place))]
        self.show()

    async def on_overview_screen_clicked(self, message: OverviewScreen.Clicked) -> None:
        """Choose and open the release that was clicked."""
        for watched in self.watched:
            if watched.view.frame().release == message.release:
                self._picked, self.current = True, watched
                await self.action_zoom_focused()

    async def action_leave(self) -> None:
        """Leave; ask first while a release is open."""
        if not any(watched.open for watched in self.watched):
            self.exit(self._code())
        elif not any(isinstance(screen, LeaveDialog) for screen in self.screen_stack):
            # Awaited, so that the next key meets the dialog.
            await self.push_screen(LeaveDialog(self.frame()), self._leave)

    def _leave(self, leave: bool | None) -> None:  # noqa: FBT001  # what the dialog was dismissed with
        if leave:
            for watched in self.watched:
                watched.orders.abandon(by=self._operator)
            self.exit(self._code())

    def _code(self) -> int:
        return worst_of(watched.code for watched in self.watched)

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
