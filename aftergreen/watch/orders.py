"""What a person may tell a watch to do; the screens know it by this and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Answer = Callable[[str], None]
"""Told once, in any thread, what became of an order: empty where it was taken, else the reason against it."""

OVER = "the watch has ended"
"""The answer to an order that comes too late."""


class Orders(Protocol):
    """Orders are taken at once and carried out in the watch's own thread; none of them blocks."""

    def roll_back(self, *, by: str, answer: Answer) -> None:
        """Run the configured rollback command, once; ``answer`` is told after the snapshot that shows it."""
        ...

    def abandon(self, *, by: str) -> None:
        """Stop watching; an open release ends as abandoned."""
        ...

    def override(self, text: str, *, by: str) -> None:
        """Change a threshold, as ``HTTP 5xx above 1% to 2% because clients retry`` says."""
        ...

    def note(self, text: str, *, by: str) -> None:
        """Write a remark into the log and the journal."""
        ...
