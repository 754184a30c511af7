"""What a screen is a function of: the snapshot, and when it is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from aftergreen.model import Plan, Release
from aftergreen.verdict.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Frame:
    """One look at the release.

    ``snapshot`` is None until the first one arrives; ``notice`` says what is being done until then.
    ``now`` is the time on the backend's clock. ``paused_at`` is when the view was frozen. ``drawing`` is
    the drawing mode of the charts.
    """

    release: Release
    plan: Plan
    snapshot: Snapshot | None
    now: float
    notice: str = ""
    paused_at: float | None = None
    drawing: str = "braille"
