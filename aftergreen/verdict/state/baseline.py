"""How a signal was before the deployment."""

from __future__ import annotations

from dataclasses import dataclass

from aftergreen.model import BaselineSource


@dataclass(frozen=True, slots=True)
class Baseline:
    """How a signal was before: median and spread of its samples, in the signal's unit.

    ``spread`` is the median absolute deviation. ``unfit`` says why relative rules may not use it; empty
    where it is fit. ``broken`` says that a rule was already exceeded by the newest samples before the
    deployment. ``factor`` is how the level just before the deployment stands to the level then; median and
    spread are multiplied by it. ``remark`` says why that could not be told; empty where it could.
    ``per_second`` is how many events it lets one expect, or samples where no events are counted. ``climbed``
    are look-backs in seconds and by how much the signal rose steadily over one at most, where a rule asks.
    ``exceeded`` are the places of the rules that made it ``broken``, among the signal's own. ``repeated`` are
    samples that rest on the scrape of the one before: they cover time, and tell nothing new.
    """

    median: float
    spread: float
    samples: int
    expected: int
    unfit: str = ""
    broken: bool = False
    source: BaselineSource = BaselineSource.BEFORE
    factor: float = 1.0
    remark: str = ""
    per_second: float = 0.0
    climbed: tuple[tuple[float, float], ...] = ()
    exceeded: tuple[int, ...] = ()
    repeated: int = 0

    def was_exceeded(self, place: int) -> bool:
        """Whether the rule at this place among its signal's was exceeded just before the deployment."""
        return place in self.exceeded if self.exceeded else self.broken

    @property
    def distinct(self) -> int:
        """The number of raw samples behind it."""
        return self.samples - self.repeated

    @property
    def fit(self) -> bool:
        """Whether relative rules may compare with it."""
        return not self.unfit
