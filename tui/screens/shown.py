"""What every screen of the console has in common: it shows frames."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.screen import ModalScreen, Screen

from widgets.frame import Frame

Result = TypeVar("Result")


class Shown:
    """Something that is a function of the newest frame."""

    def show(self, frame: Frame) -> None:
        """Show this frame; called for every snapshot and once a second."""
        raise NotImplementedError


class ShownScreen(Screen[None], Shown):
    """A full screen that shows frames."""


class ShownModal(ModalScreen[Result], Shown, Generic[Result]):
    """A dialog that shows frames."""
