"""Calls whoever looks elsewhere: the terminal's bell, and its title, which other windows and tabs show."""

from __future__ import annotations

from collections.abc import Callable

from aftergreen.verdict.snapshot import Snapshot
from tui.settings import Memory
from tui.terminal import TITLE_BACK, titled


class Attention:
    """What was rung for and what the title says; ``write`` reaches the terminal beside what is drawn."""

    def __init__(self, ring: Callable[[], None], write: Callable[[str], None], memory: Memory) -> None:
        self._ring = ring
        self._write = write
        self._memory = memory
        self._rung: dict[str, float] = {}
        self._title = ""

    def give_back(self) -> None:
        """The terminal gets the title that it had."""
        if self._title:
            self._write(TITLE_BACK)

    def call(self, snapshot: Snapshot) -> bool:
        """Ring once for each breach and for each countdown; whether there is a new one."""
        counting = snapshot.state.countdown
        began = [breach.since for breach in snapshot.state.breaches if breach.until is None]
        began += [counting.at] if counting is not None else []
        name = snapshot.state.setup.release.name
        if max(began, default=0.0) <= self._rung.get(name, 0.0):
            return False
        self._rung[name] = max(began)
        if self._memory.settings.bell:
            self._ring()
        return True

    def retitle(self, said: str) -> None:
        """Say in the title how it stands, unless that is not wanted, or nothing is known yet."""
        if said and self._memory.settings.title and said != self._title:
            self._write(titled(said, first=not self._title))
            self._title = said
