"""What every source of readings offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aftergreen.model import Ground, Instant, Signal, SignalKey, View


@dataclass(frozen=True, slots=True)
class Absence:
    """What it would mean if no series stood behind a number.

    ``ground`` is why it would mean zero; None where nothing says so, and then ``missing`` says in one
    sentence what is not there. ``seen`` tells that there were such series within the look-back of seven days.
    """

    ground: Ground | None
    seen: bool = False
    missing: str = ""


class Source(Protocol):
    """Reads signals at instants of the grid. Never raises for what a backend does: that is a reading."""

    async def read(self, signals: Sequence[Signal], at: float, view: View) -> Instant:
        """The readings of all signals at ``at``, asked concurrently under one deadline."""
        ...

    async def history(
        self, signals: Sequence[Signal], instants: Sequence[float], view: View
    ) -> tuple[Instant, ...]:
        """The same for past instants, evenly spaced and ascending; one Instant each, in that order.

        A probe has no past: it has no reading there.
        """
        ...

    async def prepare(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, float | None]:
        """Measure the scrape interval behind each signal, which decides when a reading is stale.

        None where it cannot be told (a probe, a query whose selectors have no samples yet).
        """
        ...

    async def absences(self, signals: Sequence[Signal], at: float, view: View) -> Mapping[SignalKey, Absence]:
        """What the absence of its series would mean, of every signal whose number can do without any."""
        ...

    async def buckets(
        self, signals: Sequence[Signal], at: float, view: View
    ) -> Mapping[SignalKey, tuple[float, ...]]:
        """The finite bounds of the buckets behind each signal that is a histogram's quantile, ascending."""
        ...

    async def now(self) -> float:
        """The time on the source's clock; raises `SourceUnavailable` where it cannot be had."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class SourceUnavailable(Exception):
    """The source cannot be reached or refuses to answer; the text says why in one sentence."""
