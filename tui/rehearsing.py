"""The console of a rehearsal: the real one, that asks for a diagnosis and ends with a debrief."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual import events

from aftergreen.clean import clean
from aftergreen.drill.debriefing.debrief import markdown
from aftergreen.drill.debriefing.diagnosis import Diagnosis
from aftergreen.drill.rehearsal import Refused, Rehearsal
from aftergreen.journal import JournalError
from tui.app import ConsoleApp
from tui.bindings import actions, ways_out
from tui.dialogs.diagnosis import DiagnosisDialog
from tui.dialogs.leave import LeaveDialog
from tui.export import reason, write_new
from tui.messages import SnapshotArrived
from tui.screens.debrief import DebriefPage
from widgets.debrief import drawn
from widgets.frame import Frame

_WAYS_OUT = [key for binding in ways_out() if binding.action == "leave" for key in binding.key.split(",")]


class RehearsingApp(ConsoleApp):
    """The console, of which a rehearsal sees the keys."""

    REHEARSES: ClassVar[bool] = True

    def __init__(self, rehearsal: Rehearsal, **given: Any) -> None:  # noqa: ANN401  # all that a console is given
        super().__init__(**given)
        self.rehearsal = rehearsal
        self._told = False
        """Whether it was told what was true; nobody is asked any more."""

    async def on_event(self, event: events.Event) -> None:
        """See every key before it means anything."""
        if isinstance(event, events.Key) and not event.is_forwarded and self._tells_notice(event.key):
            self.rehearsal.pressed()
        await super().on_event(event)

    def _tells_notice(self, key: str) -> bool:
        """Whether who presses it looks at the release, and is not about to leave or to halt it."""
        leaving = any(isinstance(screen, LeaveDialog | DebriefPage) for screen in self.screen_stack)
        action = actions(self.keymap).get(key)
        return not leaving and action not in ("leave", "halt") and key not in _WAYS_OUT

    async def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        # Textual calls the handlers of all classes; this one comes first.
        self.rehearsal.snapshot = message.snapshot
        if message.snapshot.release_state.ended:
            # Nobody can act any more, and it takes seconds.
            self.rehearsal.over()

    def frame(self) -> Frame:
        for watched in self.releases.all:
            watched.view.simulated = self.rehearsal.called
        return super().frame()

    async def action_leave(self) -> None:
        if isinstance(self.screen, DebriefPage):
            # Nothing is left to ask.
            await self.part()
        else:
            await super().action_leave()

    async def part(self) -> None:
        """Ask for a diagnosis where none was given, then tell what was made of it; leave from there."""
        if self._told:
            await super().part()
            return
        newest = self.view.newest
        # Who leaves in the middle has decided nothing that could be compared, and need not wait for it.
        decided = newest is not None and (newest.release_state.ended or newest.rollback is not None)
        self.rehearsal.over(compared=decided)
        if any(isinstance(screen, DiagnosisDialog) for screen in self.screen_stack):
            await self.pop_screen()
            await self._debrief(None)
        elif self.rehearsal.diagnosis is not None:
            await self._debrief(None)
        else:
            await self.push_screen(DiagnosisDialog(self.frame()), self._debrief)

    async def _debrief(self, diagnosis: Diagnosis | None) -> None:
        if diagnosis is not None:
            self.rehearsal.said(diagnosis)
        self._told = True
        await self.open(DebriefPage(self.rehearsal))

    async def action_diagnose(self) -> None:
        """Ask what shows it, whose fault it is, and what is to be done."""
        if self._told:
            self.notify("Diagnosis: the debrief has told what it was.", severity="warning", markup=False)
            return

        def record(diagnosis: Diagnosis | None) -> None:
            if diagnosis is not None:
                self.rehearsal.said(replace(diagnosis, at=self.rehearsal.age))
                self._orders.note(diagnosis.remark, by=self.operator)

        await self.push_screen(DiagnosisDialog(self.frame()), record)

    def action_halt(self) -> None:
        """Let the time of the rehearsal stand still, or go on."""
        try:
            self.rehearsal.halt()
        except Refused as error:
            self.notify(f"Halt: {error}.", severity="warning", markup=False)
        else:
            goes_on = f"halted; {self.keys['halt']} lets it go on"
            told = goes_on if self.rehearsal.halted else "going on"
            self.notify(f"The time of the drill is {told}.", markup=False)
        self.show()

    def action_write_debrief(self) -> None:
        """Write the debrief as Markdown into the folder in which the console was started."""
        try:
            found = self.rehearsal.rehearsed()
            name = f"aftergreen-drill-{found.scenario.name}-{found.seed}"
            place = write_new(Path.cwd(), name, ".md", markdown(found, drawn(found, self.view.newest)))
        except OSError as error:
            self.notify(f"Nothing was saved: {reason(error)}.", severity="error", markup=False)
            return
        except JournalError as error:
            self.notify(f"Nothing was saved: {error}", severity="error", markup=False)
            return
        self.notify(f"Saved {clean(str(place))}.", markup=False)
