"""Sources of readings, behind one protocol."""

from __future__ import annotations

from aftergreen.model import Plan
from aftergreen.sources.protocol import Source, SourceUnavailable

__all__ = ["Source", "SourceUnavailable", "live_source"]


def live_source(plan: Plan) -> Source:
    """The source of a live watch."""
    from aftergreen.sources.live import LiveSource  # noqa: PLC0415  # httpx costs a third of a first paint

    return LiveSource(plan)
