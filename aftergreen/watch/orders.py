"""What a person may tell a watch to do; the screens know it by this and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Answer = Callable[[str], None]
"""Told once, in any thread, what became of an order: empty where it was taken, else the reason against it."""

OVER = "the watch has ended"
"""The answer to an order that comes too late."""


@dataclass(frozen=True, slots=True)
class RollBack:
    """The order to run the rollback command.

    ``seen`` is the newest attempt that the person who ordered it had seen, 0 where there was none: what came
    of a later one might have changed their mind. A ``reason`` is needed where nobody knows what came of it.
    """

    by: str
    seen: int = 0
    reason: str = ""


class Orders(Protocol):
    """Orders are taken at once and carried out in the watch's own thread; none of them blocks."""

    def roll_back(self, order: RollBack, answer: Answer) -> None:
        """Run the configured rollback command, once; ``answer`` is told after the snapshot that shows it."""
        ...

    def hold(self, reason: str, *, by: str) -> None:
        """Keep the release from being rolled back without a person; once more to say why."""
        ...

    def release(self, *, by: str) -> None:
        """End a hold."""
        ...

    def settle(self, text: str, *, by: str) -> None:
        """Say what came of a rollback of which nobody knows: ``worked because the old pods serve``."""
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
