"""What is missing for `finished`, and the exit code of an ending (semantics §§6, 8)."""

from __future__ import annotations

from enum import IntEnum

from aftergreen.model import Indicator, Signal
from aftergreen.units import format_duration, format_limit
from aftergreen.verdict.counts import tightest
from aftergreen.verdict.fitness import TRIALS_PER_LIMIT
from aftergreen.verdict.snapshot import Mark
from aftergreen.verdict.state import ReleaseState, SignalState, State
from aftergreen.verdict.walk import checklist, proposals, signals_of

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
    if proposals(state):
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
            for signal in signals_of(state, indicator):
                found.extend(_unproven(signal))
    found.extend(_not_running(state))
    if state.watched + 1e-6 < state.total:
        watched, total = format_duration(state.watched), format_duration(state.total)
        found.append(f"only {watched} of {total} could be watched")
    return tuple(found)


def trials_needed(signal: Signal) -> float:
    """How many clean trials it takes to claim the signal's tightest limit; 0 where none are counted."""
    limit = tightest(signal)
    return 0.0 if limit is None else TRIALS_PER_LIMIT / limit


def _unproven(signal: SignalState) -> list[str]:
    found = []
    shares = [rule.judged / rule.asked for rule in signal.rules if rule.asked]
    if shares and min(shares) < MEASURED_SHARE:
        found.append(f"{signal.signal.label}: could be judged in {min(shares):.0%} of the watch only")
    limit, needed = tightest(signal.signal), trials_needed(signal.signal)
    if limit is not None and signal.counts.clean < needed:
        shown = format_limit(limit, signal.signal.unit)
        had = f"{signal.counts.clean:,.0f} clean requests"
        found.append(f"{signal.signal.label}: {had}, a claim of at most {shown} takes {needed:,.0f}")
    return found


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
