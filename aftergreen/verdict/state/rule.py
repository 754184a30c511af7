"""One rule as it stands, and what its comparisons stood on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aftergreen.model import Rule, Signal, Then, View
from aftergreen.verdict.evidence import Evidence
from aftergreen.verdict.state.baseline import Baseline
from aftergreen.verdict.trend import Trend

EPSILON = 1e-6
"""Seconds by which sums of intervals may fall short through rounding."""


class Phase(StrEnum):
    """Where a rule stands."""

    WARM_UP = "warm-up"
    OK = "ok"
    OVER_LIMIT = "over limit"
    BREACHED = "breached"
    CLEARING = "clearing"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why a rule cannot judge, and since when."""

    why: str
    since: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything needed to check a decision by hand.

    ``view`` is what was looked through at ``at``: with the signal it says what was asked and over which
    ``window``. There is no ``limit`` where a course or a silence is judged; ``trend`` is the course.
    """

    signal: Signal
    rule: Rule
    at: float
    value: float
    limit: float | None
    count: float | None
    failures: float | None
    baseline: Baseline | None
    view: View
    trend: Trend | None = None

    @property
    def window(self) -> float:
        """The look-back that was in use, in seconds."""
        return self.view.span(self.signal, self.at)


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule as it stands: its phase, its fuse, and the numbers that put it there.

    ``limit`` and ``clear`` are the effective values, None while a relative rule has no fit baseline.
    ``burnt`` and ``cleared`` are seconds of fuse and of clearing, between the raw samples behind instants;
    ``seen`` are seconds of the run over the limit between the instants themselves. ``sample`` is when the
    newest raw sample behind the last judged instant was taken. ``onset`` is the first instant of the
    run over the limit, warm-up included; ``judged`` and ``asked`` count the instants that could and that
    should have been judged. ``evidence`` is what the events since the deployment say against the limit; None
    where none are counted. ``outside`` are seconds of a run over the limit that lies outside the ordinary
    spread of the baseline. ``sure_at`` is when the present run became more than chance. ``samples`` and
    ``trend`` are the course over the look-back of a rule that judges one. ``run`` counts the samples of the
    present run over the limit at which there was a control, ``alike`` those at which it was over it as well.
    """

    signal: Signal
    rule: Rule
    limit: float | None
    clear: float | None
    phase: Phase = Phase.WARM_UP
    burnt: float = 0.0
    seen: float = 0.0
    sample: float | None = None
    onset: float | None = None
    last_over: float | None = None
    peak: float | None = None
    breached_at: float | None = None
    cleared: float = 0.0
    clear_since: float | None = None
    last_clear: float | None = None
    unknown: Unknown | None = None
    judged: int = 0
    asked: int = 0
    receipt: Receipt | None = None
    evidence: Evidence | None = None
    outside: float = 0.0
    last_outside: float | None = None
    sure_at: float | None = None
    samples: tuple[tuple[float, float], ...] = ()
    trend: Trend | None = None
    run: int = 0
    alike: int = 0

    @property
    def breached(self) -> bool:
        """Whether the breach stands: also while it clears."""
        return self.phase in (Phase.BREACHED, Phase.CLEARING)

    @property
    def burning(self) -> bool:
        """Whether the fuse burns."""
        return self.phase is Phase.OVER_LIMIT

    @property
    def standing(self) -> Phase:
        """The phase as a sentence says it: what only warns is over its limit however long it lasts."""
        only_warns = self.rule.then is Then.WARN and self.phase is Phase.BREACHED
        return Phase.OVER_LIMIT if only_warns else self.phase

    @property
    def sure(self) -> bool:
        """Whether the run over the limit is more than chance, so that it may be acted on without a person."""
        return self.sure_at is not None

    @property
    def thin(self) -> bool:
        """Whether the rule is breached to the letter, and it may still be chance."""
        return self.breached and not self.sure

    @property
    def moved_alike(self) -> bool:
        """Whether the previous version is over the limit in most of the run as well."""
        return 2 * self.alike > self.run

    @property
    def decided_at(self) -> float | None:
        """When it was decided: at the breach, or as soon as it was more than chance if that was later."""
        return max((at for at in (self.breached_at, self.sure_at) if at is not None), default=None)

    @property
    def lasted(self) -> float:
        """Seconds that the run over the limit was seen for: more than burnt where samples were read again."""
        return max(self.burnt, self.seen)

    @property
    def remaining(self) -> float:
        """Seconds until the fuse fires if the signal stays over its limit."""
        return max(0.0, self.rule.sustained - self.burnt)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rollback rule that was breached, as it stood then.

    ``until`` is when it cleared; None where it has not.
    """

    rule: RuleState
    since: float
    until: float | None = None

    def stands(self, rule: RuleState) -> bool:
        """Whether it is one of this rule, and has not cleared."""
        same = (self.rule.signal.key, self.rule.rule) == (rule.signal.key, rule.rule)
        return same and self.until is None


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A fuse that burnt at least half way and went out, or a breach that ended during a countdown.

    ``left`` is how many seconds later it would have been rolled back without a person; None for a fuse.
    """

    rule: RuleState
    at: float
    left: float | None = None
