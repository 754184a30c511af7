"""What is missing for `finished`, and the exit code of an ending."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from aftergreen.model import Indicator
from aftergreen.verdict.claims import claim_of
from aftergreen.verdict.proposals import advised_on, breaches, fuses, proven
from aftergreen.verdict.snapshot import Mark
from aftergreen.verdict.state import (
    EPSILON,
    Breach,
    CutShort,
    Held,
    Lacking,
    NotBorneOut,
    NotServing,
    Phase,
    ReleaseState,
    RuleState,
    SeldomJudged,
    SignalState,
    State,
    TooShort,
    Unticked,
    WasBreached,
)
from aftergreen.verdict.walk import SEVERITY, checklist

MEASURED_SHARE = 0.9
"""A rule that judged less than this share of its instants proves nothing; as for a baseline's samples."""


class ExitCode(IntEnum):
    """What a pipeline reads."""

    FINISHED = 0
    INTERNAL = 1
    USAGE = 2
    PREFLIGHT = 3
    UNPROVEN = 10
    RECOVERED = 20
    STILL_BURNING = 21
    ROLLBACK_FAILED = 22
    ROLLBACK_ADVISED = 23
    ABANDONED = 30


WORST_FIRST = (
    ExitCode.INTERNAL,
    ExitCode.USAGE,
    ExitCode.ROLLBACK_FAILED,
    ExitCode.STILL_BURNING,
    ExitCode.ROLLBACK_ADVISED,
    ExitCode.RECOVERED,
    ExitCode.PREFLIGHT,
    ExitCode.ABANDONED,
    ExitCode.UNPROVEN,
    ExitCode.FINISHED,
)
"""Endings by how much they need somebody: nobody can vouch for it, it burns, it is put right, it is open."""


def worst_of(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of several releases that were watched together."""
    return min(codes, key=WORST_FIRST.index, default=ExitCode.INTERNAL)


def exit_code(state: State) -> ExitCode:
    """The exit code of a release that ended, or is left, in this state."""
    rollback = state.rollback
    if rollback is not None:
        if rollback.recovered:
            return ExitCode.RECOVERED
        if rollback.running and state.state is ReleaseState.ABANDONED:
            # It goes on, and nobody knows yet what will have come of it.
            return ExitCode.ABANDONED
        failed = not rollback.running and not rollback.succeeded
        return ExitCode.ROLLBACK_FAILED if failed else ExitCode.STILL_BURNING
    if state.state is ReleaseState.ABANDONED and state.countdown is not None:
        # Who leaves before it is over wanted no verdict.
        return ExitCode.ABANDONED
    # What may be chance is advice as long as somebody watches; nobody acts on it afterwards.
    if proven(state) or (advised_on(state) is not None and not state.state.ended):
        return ExitCode.ROLLBACK_ADVISED
    if state.state is ReleaseState.FINISHED:
        return ExitCode.FINISHED
    return ExitCode.UNPROVEN if state.state is ReleaseState.UNPROVEN else ExitCode.ABANDONED


def left_over(state: State) -> RuleState | None:
    """What is over its limit at the end of a release that nobody rolled back; None where nothing is."""
    if not state.state.ended or state.rollback is not None:
        return None
    return next(iter((*breaches(state), *fuses(state))), None)


def missing(state: State) -> tuple[Lacking, ...]:
    """What keeps the release from being finished; empty where nothing does."""
    # What went wrong says more than what could not be seen.
    found: list[Lacking] = [WasBreached(breach) for breach in state.breaches if _unanswered(state, breach)]
    if state.hold is not None:
        found.append(Held(state.hold))
    found.extend(
        Unticked(item.indicator, item.why)
        for item in sorted(checklist(state), key=lambda item: SEVERITY.index(item.mark))
        if item.mark not in (Mark.OK, Mark.WAIVED)
    )
    for indicator in Indicator:
        if indicator not in state.setup.plan.waived:
            for signal in state.signals_of(indicator):
                found.extend(_unproven(signal))
    found.extend(_not_running(state))
    if state.watched + EPSILON < state.total:
        found.append(CutShort(state.watched, state.total))
    return tuple(found)


def _unproven(signal: SignalState) -> list[Lacking]:
    found: list[Lacking] = []
    shares = [rule.judged / rule.asked for rule in signal.rules if rule.asked]
    if shares and min(shares) < MEASURED_SHARE:
        found.append(SeldomJudged(signal.signal, min(shares)))
    # Its look-back is longer than what was seen.
    found.extend(
        TooShort(rule) for rule in signal.rules if rule.rule.condition.trend and rule.phase is Phase.WARM_UP
    )
    claims = [claim for rule in signal.rules if (claim := claim_of(signal, rule)) is not None]
    open_ = [claim for claim in claims if not claim.borne_out]
    # One for each signal: the claim that is furthest off.
    hardest = max(open_, key=lambda claim: claim.needed - claim.trials, default=None)
    if hardest is not None:
        found.append(
            NotBorneOut(hardest.rule, hardest.rate, hardest.trials, hardest.failures, hardest.needed)
        )
    return found


def _unanswered(state: State, breach: Breach) -> bool:
    """Whether a breach went by without anybody answering for it.

    Who changed the threshold since then did so by name and with a reason: the breach is accepted.
    """
    accepted = any(
        (o.signal.key, o.rule) == (breach.rule.signal.key, breach.rule.rule) and o.at >= breach.since
        for o in state.overrides
    )
    return breach.until is not None and not accepted


def _not_running(state: State) -> list[Lacking]:
    if state.setup.plan.service.running is None:
        return []
    version = state.setup.release.version
    if state.running is None:
        return [NotServing(version, None)]
    serving, total = state.running.get(version, 0.0), sum(state.running.values())
    return [] if total > 0 and serving == total else [NotServing(version, serving, total)]
