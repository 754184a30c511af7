"""Why rolling back for a rule may not help, or why nobody acts on it without a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aftergreen.verdict.state.rule import RuleState
from aftergreen.verdict.state.signal import SignalState


class DoubtKind(StrEnum):
    """Why a rollback may not help."""

    EARLIER = "a dependency broke earlier"
    BEFORE = "it was broken before the deployment"
    THEIRS = "the failing thing is a dependency itself"
    ALIKE = "the previous version moved alike"
    NEIGHBOUR = "a dependency explains it"
    CALLER = "less is asked for, and that succeeds"
    THIN = "it may still be chance"
    UNSEEN = "what could speak against it is not seen"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt about rolling back.

    ``seconds`` is by how much the dependency was earlier, ``signal`` the one that explains it, ``share`` the
    part of the usual requests that still come.
    """

    kind: DoubtKind
    rule: RuleState
    seconds: float = 0.0
    signal: SignalState | None = None
    share: float | None = None
