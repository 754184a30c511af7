"""The console: what a person does on the screens, and the orders that come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib import resources
from pathlib import Path
from traceback import format_exc
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen

from aftergreen.clean import clean, clean_lines
from aftergreen.model import Automatic, Indicator
from aftergreen.watch.orders import Orders, RollBack
from aftergreen.words.cards import curl_line
from tui.bindings import DRILL, actions, bindings, keys, names, ways_out
from tui.dialogs.filter import FilterDialog
from tui.dialogs.hold import HoldDialog, ReleaseDialog
from tui.dialogs.leave import LeaveDialog
from tui.dialogs.note import NoteDialog
from tui.dialogs.outcome import OutcomeDialog
from tui.dialogs.override import OverrideDialog
from tui.dialogs.rollback import RollbackDialog
from tui.export import reason, save
from tui.palette import commands
from tui.refusals import of_one, refusal
from tui.screens.main import DECISION, MainScreen, chosen
from tui.screens.overview import OverviewScreen
from tui.screens.pages import (
    ChecklistPage,
    DecisionPage,
    FindingsPage,
    HelpPage,
    ReceiptPage,
    ZoomPage,
    explained,
)
from tui.showing import Showing
from tui.terminal import under_job_control


class ConsoleApp(Showing):
    """The console of one watch, or of several that are looked at together and opened one by one."""

    TITLE = "Aftergreen"
    CSS_PATH = str(resources.files("themes").joinpath("console.tcss"))
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(), *ways_out()]

    REHEARSES: ClassVar[bool] = False
    """Whether nothing here is real."""

    def _fatal_error(self) -> None:
        """Leave with where it went wrong; Textual would add the values of all variables, secret ones too."""
        self._exit_renderables.append(Text(clean_lines(format_exc())))
        self._close_messages_no_wait()

    @property
    def _orders(self) -> Orders:
        return self.releases.current.orders

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in DRILL and not self.REHEARSES:
            return False
        if action == "hold" and self.view.plan.automatic is Automatic.OFF:
            # Nothing that could be held: the key is no use to anybody here.
            return False
        if self.overall and of_one(action):
            return False
        if self._refused(action):
            return None
        if action == "zoom_focused" and not isinstance(self.screen, MainScreen | OverviewScreen):
            return False
        return super().check_action(action, parameters)

    def _refused(self, action: str) -> str:
        return refusal(action, self.view, self.screen, keys=self.keys, overall=self.overall)

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
        self.go_on()
        await self.push_screen(RollbackDialog(self.frame(), self.operator))

    def on_rollback_dialog_confirmed(self, message: RollbackDialog.Confirmed) -> None:
        if self.view.give_order():
            order = RollBack(self.operator, message.seen, message.reason)
            self._orders.roll_back(order, partial(self.answered, self.releases.current))
        self.show()

    async def action_hold(self) -> None:
        """Hold the release at once and ask why afterwards; where it is held, ask for its release."""
        if any(isinstance(screen, HoldDialog | ReleaseDialog) for screen in self.screen_stack):
            return
        self.go_on()
        newest = self.view.newest
        if newest is not None and newest.state.hold is not None:
            await self.push_screen(ReleaseDialog(self.frame()), self._release)
            return
        self._orders.hold("", by=self.operator)
        await self.push_screen(HoldDialog(self.frame()), self._say_why)

    def _release(self, release: bool | None) -> None:  # noqa: FBT001  # what the dialog was dismissed with
        if release:
            self._orders.release(by=self.operator)

    def _say_why(self, reason: str | None) -> None:
        if reason:
            self._orders.hold(reason, by=self.operator)

    async def action_why(self) -> None:
        """Show the receipt."""
        await self.open(ReceiptPage())

    async def action_checklist(self) -> None:
        """Show what is ticked and what is missing, with the facts."""
        await self.open(ChecklistPage())

    async def action_decision(self) -> None:
        """Show what is advised, and all that happened."""
        await self.open(DecisionPage())

    async def action_findings(self) -> None:
        """Show what preflight found."""
        # What called for it has done its work, and would stand in the way.
        self.clear_notifications()
        await self.open(FindingsPage())

    async def action_zoom(self, number: int) -> None:
        """Show one indicator on the whole screen."""
        await self.open(ZoomPage(list(Indicator)[number - 1]))

    async def action_zoom_focused(self) -> None:
        """Open the chosen release; zoom the focused panel; where none has the focus, the one that leads."""
        if isinstance(self.screen, OverviewScreen):
            self.releases.pick()
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
        await self.open(HelpPage(keys(self.keymap, rehearsed=self.REHEARSES)))

    async def action_note(self) -> None:
        """Ask for a remark and record it."""

        def write(text: str | None) -> None:
            if text:
                self._orders.note(text, by=self.operator)

        # Awaited, so that the next key meets the dialog.
        await self.push_screen(NoteDialog(self.frame()), write)

    async def action_override(self) -> None:
        """Ask which threshold changes, to what, and why."""

        def change(text: str | None) -> None:
            if text:
                self._orders.override(text, by=self.operator)

        self.go_on()
        if self.view.newest is not None:
            await self.push_screen(OverrideDialog(self.frame()), change)

    async def action_outcome(self) -> None:
        """Ask what came of a rollback of which nobody knows."""

        def settle(text: str | None) -> None:
            if text:
                self._orders.settle(text, by=self.operator)

        self.go_on()
        await self.push_screen(OutcomeDialog(self.frame()), settle)

    def action_copy_receipt(self) -> None:
        """Copy the receipt's curl line to the terminal's clipboard."""
        rule = explained(self.view.shown)
        line = curl_line(rule.receipt, self.view.plan.backend) if rule and rule.receipt else ""
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
        release = self.view.frame().release
        try:
            place = save(self, () if self.overall else (release.service, release.version), Path.cwd())
        except OSError as error:
            self.notify(f"Nothing was saved: {reason(error)}.", severity="error", markup=False)
            return
        self.copy_to_clipboard(str(place))
        self.notify(
            f"Saved {clean(str(place))} and, as text, .txt; the clipboard has its place.", markup=False
        )

    def action_pause(self) -> None:
        """Freeze or release the view."""
        if not self.view.freeze():
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
        if isinstance(self.screen, OverviewScreen):
            self.releases.move(1)
            self.show()
        else:
            super().action_focus_next()

    def action_focus_previous(self) -> None:
        """The panel or the release before."""
        if isinstance(self.screen, OverviewScreen):
            self.releases.move(-1)
            self.show()
        else:
            super().action_focus_previous()

    async def on_overview_screen_clicked(self, message: OverviewScreen.Clicked) -> None:
        """Choose and open the release that was clicked."""
        self.releases.pick(message.release)
        await self.action_zoom_focused()

    async def action_leave(self) -> None:
        """Leave; ask first while a release is open."""
        if not self.releases.open:
            await self.part()
        elif not any(isinstance(screen, LeaveDialog) for screen in self.screen_stack):
            # Awaited, so that the next key meets the dialog.
            await self.push_screen(LeaveDialog(self.frame()), self._leave)

    async def _leave(self, leave: bool | None) -> None:  # noqa: FBT001  # what the dialog was dismissed with
        if leave:
            for watched in self.releases.all:
                watched.orders.abandon(by=self.operator)
            await self.part()

    async def part(self) -> None:
        """Leave for good: nothing asks any more."""
        self.exit(self.releases.code)

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
        return commands(self._later, rehearsed=self.REHEARSES)

    def _later(self, action: str) -> Callable[[], None]:
        async def run() -> None:
            if not self._say_refusal(action):
                await self.run_action(action)

        def later() -> None:
            self.call_later(run)

        return later
