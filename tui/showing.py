"""What arrives from the watches is shown: the app that takes snapshots and hands frames to its screens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import RenderableType
from textual.screen import Screen

from aftergreen.preflight.checks import Finding
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.orders import OVER
from tui.attention import Attention
from tui.capabilities import Capabilities
from tui.dialogs.rollback import RollbackDialog
from tui.messages import OrderAnswered, PreflightFound, SnapshotArrived, WatchEnded, WatchSaid
from tui.releases import Releases
from tui.remembering import Remembering
from tui.screens.main import MainScreen
from tui.screens.overview import OverviewScreen
from tui.screens.pages import (
    FinishPage,
    Page,
)
from tui.screens.shown import Shown
from tui.settings import Memory
from tui.view import View
from tui.watched import Watched
from widgets.frame import Frame
from widgets.overview import standing


class Showing(Remembering):
    """An app that shows releases as their watches tell of them; what a person does there, a subclass has."""

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
        self.releases = Releases(watched)
        """The releases of this console, and which of them is looked at."""
        self.operator = operator
        self._on_painted = on_painted
        self._on_mounted = on_mounted
        self._leaving = False
        self._attention = Attention(self.bell, self._tell_terminal, self.memory)

    @property
    def view(self) -> View:
        """What is known of the release that is looked at."""
        return self.releases.current.view

    @property
    def overall(self) -> bool:
        """Whether all releases are looked at, and none of them is opened."""
        opened = any(isinstance(screen, MainScreen) for screen in self.screen_stack)
        return self.releases.several and not opened

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

    def get_default_screen(self) -> Screen[None]:
        return OverviewScreen() if self.releases.several else MainScreen()

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
        self.show()
        await self._offer_card()

    def _point_at(self, watched: Watched) -> None:
        """Say what went wrong where nobody looks: at a release that is not on the screen."""
        if watched is not self.releases.current and not isinstance(self.screen, OverviewScreen):
            stands, release = standing(watched.view.frame()), watched.view.frame().release
            said = f"{release.service} {release.version}: {stands.word}  {stands.text}"
            self.notify(said, severity="error", markup=False)

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
        current = self.releases.current
        if current.ended and not (current.carded or self._leaving) and isinstance(self.screen, MainScreen):
            current.carded = True
            self.go_on()
            await self.open(FinishPage())

    def on_watch_said(self, message: WatchSaid) -> None:
        message.watched.view.notice = message.text
        self.show()

    def on_preflight_found(self, message: PreflightFound) -> None:
        message.watched.view.findings = tuple(message.findings)
        self._tell_findings()
        self.show()

    def _tell_findings(self) -> None:
        """Say once that preflight found something; of several releases when one is opened."""
        current, number = self.releases.current, len(self.view.findings)
        if number and not (current.told or self.overall):
            current.told = True
            said = "one thing to know" if number == 1 else f"{number} things to know"
            shows = f"{self.keys['findings']} shows {'it' if number == 1 else 'them'}"
            self.notify(f"Preflight found {said}: {shows}.", severity="warning", markup=False)

    def on_watch_ended(self, message: WatchEnded) -> None:
        watched, error = message.watched, message.error
        self.answered(watched, OVER)
        if error is None:
            return
        watched.view.failed = str(error) or repr(error)
        if all(one.view.failed for one in self.releases.all):
            self.exit(1)
            return
        self._point_at(watched)
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

        def look(view: View) -> Frame:
            shaded = self.no_color or self.native_ansi_color
            return view.frame(shaded=shaded, drawing=self.drawing, keys=self.keys)

        return self.releases.frame(look, overall=self.overall)

    def show(self) -> None:
        """Hand the frame of this moment to every open screen."""
        if self._leaving or not self.is_running:
            # A last tick, or a page that opens, while the app goes: screens are stacked without their parts.
            return
        frame = self.frame()
        self._attention.retitle(self.releases.title)
        for screen in self.screen_stack:
            # Also what lies below: who comes back to it must not see for a moment what is long over.
            if screen.is_mounted and isinstance(screen, Shown):
                screen.show(frame)

    def go_on(self) -> None:
        """Show what is newest, and what follows."""
        self.view.go_on()
        self.show()

    async def open(self, page: Page) -> None:
        """Show a page, instead of the one that is open."""
        if isinstance(self.screen, Page):
            await self.pop_screen()
        await self.push_screen(page)
        self.show()
