"""What reaches the app from the watch's thread, each as a message of Textual's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from aftergreen.preflight.checks import Finding
from aftergreen.verdict.snapshot import Snapshot


@dataclass
class SnapshotArrived(Message):
    """The watch published a snapshot."""

    snapshot: Snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the newest one matters."""
        return isinstance(message, SnapshotArrived)


@dataclass
class WatchSaid(Message):
    """The watch told what it is doing."""

    text: str


@dataclass
class PreflightFound(Message):
    """Preflight is done, and this is what it found."""

    findings: Sequence[Finding]


@dataclass
class OrderAnswered(Message):
    """The watch took the rollback that was ordered here, or has ``refused`` against it."""

    refused: str


@dataclass
class WatchEnded(Message):
    """The watch is over, perhaps with an error."""

    error: BaseException | None
