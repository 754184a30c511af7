"""What an automatic rollback has come to: its countdown, who holds it, and what it only would have done."""

from __future__ import annotations

from dataclasses import dataclass

from aftergreen.verdict.state.rule import RuleState

LAPSED = 2.0
"""Seconds after its end at which a countdown that nobody acted on is void."""


@dataclass(frozen=True, slots=True)
class Countdown:
    """The grace before a release is rolled back without a person, the same on every console.

    It began ``at`` and is over at ``due``, both on the backend's clock. ``rule`` is what it acts on, None
    where the configuration of this console does not have it; ``dry`` says that nothing will be run.
    """

    at: float
    due: float
    rule: RuleState | None
    dry: bool = False

    def lapsed(self, now: float) -> bool:
        """Whether nobody acted when it was over: who announced it is gone."""
        return now >= self.due + LAPSED

    def left(self, now: float) -> float:
        """Seconds until it is over."""
        return max(0.0, self.due - now)


@dataclass(frozen=True, slots=True)
class Hold:
    """A person keeps the release from being rolled back without one, since ``at``.

    ``breached`` says that something was proposed meanwhile: with its end the hold ends as well.
    """

    by: str
    at: float
    reason: str = ""
    breached: bool = False


@dataclass(frozen=True, slots=True)
class DryRun:
    """When and for what the release would have been rolled back without a person."""

    at: float
    rule: RuleState | None
