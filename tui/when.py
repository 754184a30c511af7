"""Reads ``--deployed-at``: ``now``, a time ago such as ``-3m``, or an ISO 8601 time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aftergreen.units import parse_duration


def parse_when(text: str) -> Callable[[float], float]:
    """A function from the backend's time of now to the time that is meant; ValueError with the cure.

    An ISO time without a zone is local time, as every clock on the reader's wall.
    """
    if text == "now":
        return lambda now: now
    if text.startswith(("-", "−")):
        ago = parse_duration(text[1:])
        return lambda now: now - ago
    try:
        at = datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: write now, a time ago such as -3m, or 2026-03-01T14:02:10+01:00"
        ) from None
    return lambda _now: at
