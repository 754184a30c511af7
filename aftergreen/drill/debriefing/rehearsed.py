"""What is known of a rehearsal once it is over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from aftergreen.drill.debriefing.score import Deeds, Noticed, Score, first_sign, noticed, score
from aftergreen.drill.directing.direction import as_directed, told_of
from aftergreen.drill.scenario.model import Scenario
from aftergreen.drill.service.directed import Direction

YOU, RULES = "you", "rules"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal with what was done in it, and what the rules, and those of others, would have done.

    ``done`` is None where nobody could do anything; ``person`` says whether a person could. ``ruled`` is
    what the sealed rules do by themselves, None where they did. ``others`` is when the usual shapes of rules
    of other tools would have rolled back, in seconds after the deployment, by their names; None where they
    would not have. ``at`` is when it began, in seconds since the epoch of this world and not of the simulated
    one; ``speed`` None where the clock leapt. ``named`` is how the scenario was asked for. ``directions``
    are those of a facilitator.
    """

    scenario: Scenario
    seed: int
    done: Deeds | None = None
    person: bool = False
    ruled: Deeds | None = None
    others: Mapping[str, float | None] = field(default_factory=dict)
    operator: str = ""
    at: float = 0.0
    speed: float | None = None
    blind: bool = False
    named: str = ""
    directions: tuple[Direction, ...] = ()

    @property
    def decided_by(self) -> str:
        """Whose deeds they are: `YOU`, or those of the `RULES` where no person could, or did, act."""
        return YOU if self.person and not (self.done is not None and self.done.by_rules) else RULES

    def true_for(self, done: Deeds | None) -> Scenario:
        """The scenario as it was for whoever did this: directions that came after a rollback do not count."""
        before = math.inf if done is None or done.rolled_back is None else done.rolled_back
        return as_directed(self.scenario, self.directions, before)

    @property
    def true(self) -> Scenario:
        """The scenario as it was for those whose deeds they are."""
        return self.true_for(self.done)

    @property
    def directed(self) -> tuple[tuple[float, str], ...]:
        """What a facilitator did, and when."""
        return tuple((one.at, told_of(self.scenario, one)) for one in self.directions)

    @property
    def sign(self) -> float | None:
        """When there was the first sign, in seconds after the deployment."""
        return first_sign(self.true)

    @property
    def noticed(self) -> Noticed | None:
        """When somebody took notice of it."""
        return None if self.done is None else noticed(self.done, self.sign)

    @property
    def score(self) -> Score | None:
        """What the deeds were worth; None where there could be none."""
        return None if self.done is None else score(self.true, self.done)
