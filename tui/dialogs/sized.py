"""How much room a dialog has, and what gives way where the terminal is short."""

from __future__ import annotations

from typing import TypeVar

from tui.screens.shown import ShownModal

T = TypeVar("T")

FRAME, SHORT_FRAME = 9, 5
"""Rows of the dialog that the facts leave to its frame, the field and what is said below it."""

SHORT = 16
"""Below so many rows of the terminal blanks give way to what has to be read."""

SHARE = 0.92
"""How much of the terminal's height a dialog may take; the style sheet says the same."""


class SizedDialog(ShownModal[T]):
    """A dialog that says as much as there is room for."""

    def fit(self) -> bool:
        """Whether the terminal is short; blanks give way then."""
        short = self.size.height < SHORT
        self.set_class(short, "-short")
        return short

    def room(self) -> int:
        """Rows for the facts; the rest of the dialog is always seen."""
        short = self.fit()
        frame = SHORT_FRAME if short else FRAME
        return max(1, int(self.size.height * (1.0 if short else SHARE)) - frame)
