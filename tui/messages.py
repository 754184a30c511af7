"""What reaches the app from the watches' thread, each as a message of Textual's about one of the watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from aftergreen.preflight.checks import Finding
from aftergreen.verdict.snapshot import Snapshot
from tui.watched import Watched


@dataclass
class SnapshotArrived(Message):
    """The watch published a snapshot."""

    watched: Watched
    snapshot: Snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the newest one of a watch matters."""
        return isinstance(message, SnapshotArrived) and message.watched is self.watched


@dataclass
class WatchSaid(Message):
    """The watch told what it is doing."""

    watched: Watched
    text: str


@dataclass
class PreflightFound(Message):
    """Preflight is done, and this is what it found."""

    watched: Watched
    findings: Sequence[Finding]


@dataclass
class OrderAnswered(Message):
    """The watch took the rollback that was ordered here, or has ``refused`` against it."""

    watched: Watched
    refused: str


@dataclass
class WatchEnded(Message):
    """The watch is over, perhaps with an error."""

    watched: Watched
    error: BaseException | None
