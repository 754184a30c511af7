"""What a person may tell a watch to do; the screens know it by this and nothing else."""

from __future__ import annotations

from typing import Protocol


class Orders(Protocol):
    """Orders are taken at once and carried out in the watch's own thread; none of them blocks."""

    def roll_back(self, *, by: str) -> None:
        """Run the configured rollback command, once."""
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
