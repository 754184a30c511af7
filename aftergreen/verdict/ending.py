"""What is missing for `finished`, and the exit code of an ending (semantics §§6, 8)."""

from __future__ import annotations

from enum import IntEnum

from aftergreen.model import Indicator
from aftergreen.units import format_duration, format_limit
from aftergreen.verdict.claims import Claim, claim_of
from aftergreen.verdict.proposals import advised
from aftergreen.verdict.snapshot import Mark
from aftergreen.verdict.state import Phase, ReleaseState, RuleState, SignalState, State
from aftergreen.verdict.walk import checklist

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


def exit_code(state: State) -> ExitCode:
    """The exit code of a release that ended, or is left, in this state."""
    rollback = state.rollback
    if rollback is not None:
        if rollback.recovered:
            return ExitCode.RECOVERED
        failed = not rollback.running and not rollback.succeeded
        return ExitCode.ROLLBACK_FAILED if failed else ExitCode.STILL_BURNING
    if advised(state):
        return ExitCode.ROLLBACK_ADVISED
    if state.state is ReleaseState.FINISHED:
        return ExitCode.FINISHED
    return ExitCode.UNPROVEN if state.state is ReleaseState.UNPROVEN else ExitCode.ABANDONED


def missing(state: State) -> tuple[str, ...]:
    """What keeps the release from being finished, one phrase each; empty where nothing does."""
    found = [
        f"{item.name}: {item.why}" for item in checklist(state) if item.mark not in (Mark.OK, Mark.WAIVED)
    ]
    for indicator in Indicator:
        if indicator not in state.setup.plan.waived:
            for signal in state.signals_of(indicator):
                found.extend(_unproven(signal))
    found.extend(_not_running(state))
    if state.watched + 1e-6 < state.total:
        watched, total = format_duration(state.watched), format_duration(state.total)
        found.append(f"only {watched} of {total} could be watched")
    return tuple(found)


def _unproven(signal: SignalState) -> list[str]:
    found = []
    shares = [rule.judged / rule.asked for rule in signal.rules if rule.asked]
    if shares and min(shares) < MEASURED_SHARE:
        found.append(f"{signal.signal.label}: could be judged in {min(shares):.0%} of the watch only")
    # Its look-back is longer than what was seen.
    found.extend(
        f"{rule.signal.label}: {_course(rule)} could not be judged, the watch is too short"
        for rule in signal.rules
        if rule.rule.condition.trend and rule.phase is Phase.WARM_UP
    )
    claims = [claim for rule in signal.rules if (claim := claim_of(signal, rule)) is not None]
    open_ = [claim for claim in claims if not claim.borne_out]
    # One sentence for each signal, about the claim that is furthest off.
    hardest = max(open_, key=lambda claim: claim.needed - claim.trials, default=None)
    return [*found, _not_borne_out(hardest)] if hardest is not None else found


def _course(rule: RuleState) -> str:
    """``climbing_for 1h``, as the file says it."""
    return f"{rule.rule.condition.value} {format_duration(rule.rule.limit)}"


def _not_borne_out(claim: Claim) -> str:
    signal, limit = claim.rule.signal, format_limit(claim.rule.limit or 0.0, claim.rule.signal.unit)
    at = f"at {'most' if claim.rule.rule.condition.upward else 'least'} {limit}"
    had = f"{signal.label}: {claim.failures:,.0f} of {claim.trials:,.0f} requests failed"
    if round(claim.failures) == 0:
        had = f"{signal.label}: {claim.trials:,.0f} clean requests"
    if claim.failures > claim.rate * claim.trials:
        return f"{had}, which is not {at}"
    if claim.trials >= claim.needed:
        return f"{had}, of late more than chance gives {at}"
    return f"{had}, a claim of {at} takes {claim.needed:,.0f}"


def _not_running(state: State) -> list[str]:
    if state.setup.plan.service.running is None:
        return []
    version = state.setup.release.version
    if state.running is None:
        return [f"which version runs could not be measured (expected {version})"]
    serving, total = state.running.get(version, 0.0), sum(state.running.values())
    if total > 0 and serving == total:
        return []
    return [f"{version} serves on {serving:.0f} of {total:.0f} instances"]
