"""What a watch was asked for, and where it tells what it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aftergreen.model import BaselineSource, Plan
from aftergreen.preflight.capture import compared_with
from aftergreen.preflight.checks import Finding
from aftergreen.verdict.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the watch was asked for.

    ``deployed_at`` turns the backend's time of now into the time of the deployment. ``advice_ends`` ends
    the watch at the first rollback advice, as a gate does. ``baseline`` is the source that was chosen at the
    start; None leaves every signal the one that its plan gives it. ``again`` says that a version which was
    rolled back was deployed once more. ``simulated`` is what a rehearsal is called on the screens; empty
    where a release is real.
    """

    version: str
    previous: str | None
    deployed_at: Callable[[float], float]
    operator: str
    read_only: str = ""
    advice_ends: bool = False
    simulated: str = ""
    baseline: BaselineSource | None = None
    again: bool = False

    def of(self, plan: Plan) -> Plan:
        """The plan with what was chosen at the start."""
        return plan if self.baseline is None else compared_with(plan, self.baseline)

    @property
    def choice(self) -> str:
        """What was chosen at the start, for the record; empty where nothing was."""
        return "" if self.baseline is None else f"baseline {self.baseline.value} was chosen at the start"


@dataclass(frozen=True, slots=True)
class Report:
    """Where a watch tells what it does: snapshots, preflight findings, steps that take a while."""

    snapshot: Callable[[Snapshot], None]
    findings: Callable[[Sequence[Finding]], None]
    progress: Callable[[str], None]
