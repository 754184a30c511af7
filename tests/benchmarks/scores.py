"""What a scorecard counts: watches of one kind of traffic, and what became of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.benchmarks.traffic import Traffic

OURS, FAST, LITERAL = "Aftergreen", "Aftergreen, fast", "for 2m"


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of the card: a kind of traffic, and how many watches of it."""

    traffic: Traffic
    runs: int


@dataclass(frozen=True, slots=True)
class Score:
    """What became of the watches of a cell under one shape of rule; delays in seconds, ascending.

    ``early`` counts those that were rolled back before a late fault began.
    """

    cell: Cell
    shape: str
    delays: tuple[float, ...]
    early: int = 0

    @property
    def share(self) -> float:
        """The share of watches that were rolled back."""
        return len(self.delays) / self.cell.runs

    @property
    def middle(self) -> float | None:
        """The median over all watches; None where fewer than half were rolled back in time."""
        return self._reached(0.5)

    @property
    def slow(self) -> float | None:
        """The ninetieth percentile over all watches; None where fewer than that were rolled back in time."""
        return self._reached(0.9)

    def _reached(self, share: float) -> float | None:
        """The delay by which this share of all watches was rolled back, those before the fault left out."""
        rank = math.ceil(share * (self.cell.runs - self.early))
        return self.delays[rank - 1] if 0 < rank <= len(self.delays) else None
