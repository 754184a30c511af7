"""What a release that passes claims of its failures, and what it takes to claim it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aftergreen.model import Rule, Signal
from aftergreen.verdict.state import RuleState, SignalState

TRIALS_PER_LIMIT = 3.0
"""Clean trials needed to claim a rate of at most θ are about 3/θ: (1 - θ)^(3/θ) ≈ e⁻³ ≈ 5 %."""

_CONFIDENT = 1.645
"""The 95th percentile of a standard normal variable."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What was counted for a rule since claims began, and how many trials its claim takes.

    ``rate`` is the failure rate that is claimed not to be exceeded.
    """

    rule: RuleState
    rate: float
    trials: float
    failures: float
    needed: float

    @property
    def borne_out(self) -> bool:
        """Whether enough was counted, and the evidence says nothing else."""
        refuted = self.rule.evidence is not None and self.rule.evidence.enough
        return self.trials >= self.needed and not refuted


def failing_rate(rule: Rule, limit: float) -> float:
    """The failure rate at the limit; under a lower limit what is missing has failed."""
    return limit if rule.condition.upward else 1.0 - limit


def claimed_rate(signal: Signal, rule: Rule, limit: float | None) -> float | None:
    """The failure rate that a rule which passes claims not to be exceeded; None where it claims none."""
    if not signal.events or limit is None or not rule.condition.compares:
        return None
    rate = failing_rate(rule, limit)
    return rate if 0.0 < rate < 1.0 else None


def claim_of(signal: SignalState, rule: RuleState) -> Claim | None:
    """The claim of one rule of a signal; None where it makes none.

    A fixed limit is claimed with confidence of 95 %: its failures and trials bound the true rate. A relative
    limit lies so close above what is usual that no traffic would prove it; of it enough clean trials are
    asked for.
    """
    rate = claimed_rate(signal.signal, rule.rule, rule.limit)
    if rate is None:
        return None
    trials, failures = signal.counts.claimed
    if not rule.rule.condition.upward:
        failures = trials - failures
    takes = TRIALS_PER_LIMIT if rule.rule.condition.relative else at_most(failures)
    extra = failures if rule.rule.condition.relative else 0.0
    return Claim(rule, rate, trials, failures, takes / rate + extra)


def within_chance(failures: float, trials: float, rate: float, alpha: float) -> bool:
    """Whether so many failures of so many trials come with a chance of more than ``alpha`` at this rate.

    By the bound of H. Chernoff (A measure of asymptotic efficiency, 1952): the chance is at most
    exp(-n D), D being the divergence of the share that failed from the rate.
    """
    if trials <= 0 or failures <= rate * trials:
        return True
    share = min(1.0, failures / trials)
    divergence = share * math.log(share / rate)
    if share < 1.0:
        divergence += (1.0 - share) * math.log((1.0 - share) / (1.0 - rate))
    return trials * divergence < math.log(1.0 / alpha)


def at_most(failures: float) -> float:
    """The number of failures that is expected at most where so many were seen, with confidence of 95 %.

    The upper bound of a Poisson variable, by the approximation of E. B. Wilson and M. M. Hilferty (The
    distribution of chi-square, 1931); `TRIALS_PER_LIMIT` where none was seen.
    """
    shape = failures + 1.0
    cube = 1.0 - 1.0 / (9.0 * shape) + _CONFIDENT / (3.0 * math.sqrt(shape))
    return max(TRIALS_PER_LIMIT, shape * cube**3)
