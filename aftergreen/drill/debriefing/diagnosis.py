"""What somebody takes the trouble for: which indicator shows it, whose fault it is, what is to be done."""

from __future__ import annotations

from dataclasses import dataclass

from aftergreen.drill.scenario.model import Cause, Decision, Truth
from aftergreen.model import Indicator

_BEGINS = "diagnosis: "

_NONE = "none"

CAUSES = {
    Cause.RELEASE: "the release itself",
    Cause.DEPENDENCY: "a dependency, whatever version runs",
    Cause.TRAFFIC: "more people than usual, and no fault",
    Cause.MONITORING: "what measures, not what is measured",
    Cause.NOBODY: "nothing: the release is well",
}

DECISIONS = {
    Decision.ROLL_BACK: "roll back",
    Decision.KEEP: "keep it, and wait for evidence",
    Decision.CALL: "call the owner; a rollback mends nothing",
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One answer to the three questions; no indicator shows what is no fault.

    ``at`` is in seconds after the deployment, None where it was given after the watch.
    """

    indicator: Indicator | None
    cause: Cause
    decision: Decision
    at: float | None = None

    @property
    def remark(self) -> str:
        """The remark by which it stands in the journal."""
        shows = self.indicator.value if self.indicator is not None else _NONE
        return f"{_BEGINS}{shows}, {self.cause.value}, {self.decision.value}"

    def names(self, truth: Truth) -> bool:
        """Whether it names what shows it first, and whose fault it is."""
        return (self.indicator, self.cause) == (truth.indicator, truth.cause)


def read(remark: str, at: float) -> Diagnosis | None:
    """The diagnosis that stands in the journal as this remark; None for every other remark."""
    parts = remark.removeprefix(_BEGINS).split(", ")
    if not remark.startswith(_BEGINS) or len(parts) != 3:  # noqa: PLR2004  # one part for each question
        return None
    shows, cause, decision = parts
    try:
        indicator = None if shows == _NONE else Indicator(shows)
        return Diagnosis(indicator, Cause(cause), Decision(decision), at)
    except ValueError:
        return None
