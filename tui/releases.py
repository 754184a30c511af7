"""The releases that a console watches, and which of them is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aftergreen import words
from aftergreen.model import Release
from aftergreen.verdict.ending import ExitCode, worst_of
from tui.view import View
from tui.watched import Watched
from widgets.frame import Frame
from widgets.overview import ranked, standing


class Releases:
    """All of them, one of which is the current one: opened, or chosen among several.

    Until somebody chose, that is the worst; then the choice stays with its release whatever the order does.
    """

    def __init__(self, watched: Sequence[Watched]) -> None:
        self.all = tuple(watched)
        self.current = self.all[0]
        self._picked = False

    @property
    def several(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.all) > 1

    @property
    def open(self) -> bool:
        """Whether leaving would abandon any of them."""
        return any(watched.open for watched in self.all)

    @property
    def code(self) -> ExitCode:
        """The exit code for leaving them as they stand."""
        return worst_of(watched.code for watched in self.all)

    @property
    def title(self) -> str:
        """How they stand, worst first, for who looks elsewhere; empty where none has begun."""
        if not any(watched.view.newest for watched in self.all):
            return ""
        worst, *others = ranked(watched.view.frame() for watched in self.all)
        more = f" and {len(others)} more" if others else ""
        release = worst.frame.release
        return f"{words.SYMBOLS[worst.mark]} {worst.word} {release.service} {release.version}{more}"

    def frame(self, look: Callable[[View], Frame], *, overall: bool) -> Frame:
        """The look at the current release, with those at the others; ``overall`` where all are looked at."""
        if self.several and not self._picked:
            self.current = self._worst_first()[0]
        own = look(self.current.view)
        others = tuple(look(watched.view) for watched in self.all if watched is not self.current)
        return replace(own, others=others, overall=overall) if others else own

    def pick(self, release: Release | None = None) -> None:
        """Keep the current release, or another one, whatever the others do."""
        self._picked = True
        if release is not None:
            self.current = next(one for one in self.all if one.view.frame().release == release)

    def move(self, by: int) -> None:
        """Choose the release so many rows further; the order may have changed since the last look."""
        order = self._worst_first()
        place = order.index(self.current) + by
        self.pick()
        self.current = order[max(0, min(len(order) - 1, place))]

    def _worst_first(self) -> list[Watched]:
        return sorted(self.all, key=lambda watched: standing(watched.view.frame()).rank)
