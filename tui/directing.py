"""The facilitator's console: a rehearsal in another console is watched and directed."""

from __future__ import annotations

from collections.abc import Coroutine
from importlib import resources
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region

from aftergreen.drill.directing.facilitation import Told
from aftergreen.drill.directing.facilitator import Facilitator, Gone, NotDone
from aftergreen.drill.service.directed import Act
from aftergreen.paths import Paths
from tui.capabilities import Capabilities, capabilities
from tui.remembering import Remembering
from tui.settings import Memory
from widgets.direction import CHOSEN, direction_head, fault_rows, happened_rows
from widgets.keys import Key, KeyBar
from widgets.rows import Rows, Span, fit, row

_SHORTEST = 14
"""Rows below which what happened gives way to the faults."""


class DirectingApp(Remembering):
    """Shows how a rehearsal stands, and does to its faults what is ordered by key."""

    EVERY: ClassVar[float] = 0.5
    """Seconds between two looks at the rehearsal."""

    TITLE = "Aftergreen"
    CSS_PATH = str(resources.files("themes").joinpath("console.tcss"))
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i,enter", "act('inject')", "Inject", key_display="i", id="inject"),
        Binding("e", "act('end')", "End", id="end"),
        Binding("s", "act('soften')", "Soften", id="soften"),
        Binding("p,space", "halt", "Halt", key_display="p", id="halt"),
        Binding("j,down,tab", "choose(1)", "Next", key_display="j", id="next"),
        Binding("k,up,shift+tab", "choose(-1)", "Previous", key_display="k", id="previous"),
        Binding("q,ctrl+c,ctrl+q,escape", "quit", "Quit", key_display="q", id="quit", priority=True),
    ]

    def __init__(
        self,
        facilitator: Facilitator,
        *,
        terminal: Capabilities | None = None,
        memory: Memory | None = None,
        own_themes: Path | None = None,
    ) -> None:
        super().__init__(terminal or Capabilities(), memory or Memory(), own_themes)
        self.animation_level = "none"
        self._facilitator = facilitator
        self._told: Told | None = None
        self._gone = ""
        self._chosen = 0

    def compose(self) -> ComposeResult:
        yield Rows(id="banner")
        with VerticalScroll(id="page", can_focus=False) as page:
            page.border_title = Content("Faults")
            yield Rows(id="content")
        with VerticalScroll(id="done", can_focus=False) as done:
            done.border_title = Content("What was done")
            yield Rows(id="happened")
        yield KeyBar()

    async def on_mount(self) -> None:
        self.dress()
        self.set_class(self.uncoloured, "-plain")
        self.set_interval(self.EVERY, self.look)
        await self.look()

    async def on_unmount(self) -> None:
        await self._facilitator.close()

    def on_resize(self, _event: Resize) -> None:
        self.call_after_refresh(self._draw)

    async def look(self) -> None:
        """Ask how it stands, and show that."""
        await self._ordered(self._facilitator.look())

    async def _ordered(self, order: Coroutine[None, None, Told]) -> None:
        try:
            self._told = await order
            self._gone = ""
        except Gone as error:
            self._gone = str(error)
        except NotDone as error:
            self.notify(f"Not done: {error}.", severity="warning", markup=False)
        self._draw()

    async def action_act(self, act: str) -> None:
        """Do this to the chosen fault."""
        await self._ordered(self._facilitator.act(Act(act), self._chosen))

    async def action_halt(self) -> None:
        """Let time stand still, or go on."""
        await self._ordered(self._facilitator.halt())

    def action_choose(self, step: int) -> None:
        """Choose the fault that many rows below."""
        if self._told is not None:
            self._chosen = (self._chosen + step) % max(1, len(self._told.faults))
            self._draw()

    def _draw(self) -> None:
        told, width = self._told, self.size.width
        if not self.screen.is_mounted:
            return
        head = [fit(row(Span(f" {self._gone or 'looking for the rehearsal …'}")), width)]
        if told is not None:
            head = direction_head(told, width, self._gone)
        banner = self.query_one("#banner", Rows)
        banner.styles.height = len(head)
        banner.show(head)
        self.query_one("#done").display = self.size.height >= _SHORTEST
        self.query_one(KeyBar).show_keys(self._keys(), width)
        if told is None:
            return
        self._show_parts(told)

    def _show_parts(self, told: Told) -> None:
        for place, rows in (
            ("#content", fault_rows(told.faults, self._chosen, self._room("#content"))),
            ("#happened", happened_rows(told)),
        ):
            part = self.query_one(place, Rows)
            part.styles.height = max(1, len(rows))
            part.show(rows)
        for y, spans in enumerate(self.query_one("#content", Rows).rows):
            if spans and spans[0].text.startswith(CHOSEN):
                self.query_one("#page").scroll_to_region(Region(0, y, 1, 2), animate=False)

    def _room(self, place: str) -> int:
        return max(20, self.query_one(place, Rows).size.width)

    def _keys(self) -> list[Key]:
        # Where room is short: the arrows are known without being told, and the way out stays.
        ranks = {"previous": 3, "next": 2, "quit": 0}
        return [
            Key(
                one.key.split(",")[0],
                one.key_display or one.key,
                one.description,
                rank=ranks.get(str(one.id), 1),
            )
            for one in self.BINDINGS
            if isinstance(one, Binding)
        ]


def run_directing(facilitator: Facilitator, paths: Paths, *, mouse: bool = True) -> int:
    """Direct a rehearsal on this terminal until somebody leaves."""
    app = DirectingApp(
        facilitator, terminal=capabilities(), memory=Memory(paths.settings), own_themes=paths.themes
    )
    app.run(mouse=mouse)
    return app.return_code or 0
