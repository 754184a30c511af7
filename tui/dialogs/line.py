"""A field for a line of text."""

from __future__ import annotations

from textual.widgets import Input

from aftergreen.clean import harmless


class Line(Input):
    """Takes nothing that drives a terminal, however it is typed or pasted."""

    def replace(self, text: str, start: int, end: int) -> None:
        """See `Input.replace`, by which all text comes in."""
        super().replace(harmless(text), start, end)
