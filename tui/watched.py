"""One of the releases that a console watches."""

from __future__ import annotations

from dataclasses import dataclass

from aftergreen.verdict.ending import ExitCode, exit_code
from aftergreen.watch.orders import Orders
from tui.view import View


@dataclass(eq=False, slots=True)
class Watched:
    """What is known of a release, and who carries out what is ordered for it."""

    view: View
    orders: Orders
    carded: bool = False
    """Whether its finish card was shown, which happens once."""
    told: bool = False
    """Whether it was said that preflight found something."""

    @property
    def ended(self) -> bool:
        """Whether its watch has come to an end."""
        newest = self.view.newest
        return newest is not None and newest.release_state.ended

    @property
    def code(self) -> ExitCode:
        """The exit code for leaving it as it stands."""
        newest = self.view.newest
        return ExitCode.FINISHED if newest is None else exit_code(newest.state)

    @property
    def open(self) -> bool:
        """Whether leaving would abandon it."""
        return self.view.newest is not None and not (self.ended or self.view.failed)
