"""Calls whoever looks elsewhere: the terminal's bell, and its title, which other windows and tabs show."""

from __future__ import annotations

from collections.abc import Callable

from aftergreen import words
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.words.banner import banner_of
from tui.settings import Memory
from tui.terminal import TITLE_BACK, titled


class Attention:
    """What was rung for and what the title says; ``write`` reaches the terminal beside what is drawn."""

    def __init__(self, ring: Callable[[], None], write: Callable[[str], None], memory: Memory) -> None:
        self._ring = ring
        self._write = write
        self._memory = memory
        self._rung = 0.0
        self._title = ""

    def take(self, snapshot: Snapshot, now: float) -> None:
        """A newer snapshot arrived; ``now`` is the time on the backend's clock."""
        self._call(snapshot)
        if self._memory.settings.title:
            self._retitle(snapshot, now)

    def give_back(self) -> None:
        """The terminal gets the title that it had."""
        if self._title:
            self._write(TITLE_BACK)

    def _call(self, snapshot: Snapshot) -> None:
        """Once for each breach and for each countdown."""
        counting = snapshot.state.countdown
        began = [breach.since for breach in snapshot.state.breaches if breach.until is None]
        began += [counting.at] if counting is not None else []
        if max(began, default=0.0) > self._rung:
            self._rung = max(began)
            if self._memory.settings.bell:
                self._ring()

    def _retitle(self, snapshot: Snapshot, now: float) -> None:
        state, release = banner_of(snapshot, now), snapshot.state.setup.release
        said = f"{words.SYMBOLS[state.mark]} {state.word} {release.service} {release.version}"
        if said != self._title:
            self._write(titled(said, first=not self._title))
            self._title = said
