"""Why something may not be done now, for keys, dialogs, words and the watch alike; empty where it may."""

from __future__ import annotations

from aftergreen.model import Automatic, Plan, Release, Then
from aftergreen.verdict.state import State


def unprepared(plan: Plan, release: Release) -> str:
    """What is missing in the plan for a rollback of this release."""
    if plan.rollback is None:
        return "no rollback command is configured"
    if not any(rule.then is Then.ROLLBACK for signal in plan.signals for rule in signal.rules):
        return 'no rule says then = "rollback"'
    if release.previous is None and any("{previous}" in part for part in plan.rollback.command):
        return "the rollback command names {previous}: pass --previous"
    return ""


def rollback_problem(state: State) -> str:
    """Why no rollback could be run, whoever wants one."""
    return unprepared(state.setup.plan, state.setup.release) or state.setup.unstartable


def read_only(why: str) -> str:
    """Why a console may do nothing at all; ``why`` it is read-only, empty where it is not."""
    return f"read-only: {why}" if why else ""


def rollback_refused(state: State, why_read_only: str = "") -> str:
    """Why nobody may roll back now; ``why_read_only`` says why a console may not."""
    rollback = state.rollback
    if why_read_only:
        return read_only(why_read_only)
    if rollback is not None and rollback.running:
        return "a rollback is running"
    if rollback is not None and rollback.succeeded:
        return "it was rolled back already"
    if state.state.ended:
        return "the release has ended"
    return rollback_problem(state)


def uninformed(state: State, seen: int, reason: str) -> str:
    """Why a rollback is not run for somebody who saw the attempt ``seen`` as the newest, and for a reason."""
    rollback = state.rollback
    if rollback is None:
        return ""
    if rollback.attempt > seen:
        return f"{rollback.by} was faster: look at what came of it"
    if rollback.unknown and not reason:
        return "nobody knows what came of the one before: say why it is run again"
    return ""


def outcome_refused(state: State, why_read_only: str = "") -> str:
    """Why nobody may say now what came of the rollback."""
    if why_read_only:
        return read_only(why_read_only)
    if state.rollback is None or not state.rollback.unknown:
        return "there is no rollback whose outcome is unknown"
    return "the release has ended" if state.state.ended else ""


def hold_refused(state: State, why_read_only: str = "") -> str:
    """Why nobody may hold the release now, whether somebody does or not."""
    if why_read_only:
        return read_only(why_read_only)
    if state.setup.plan.automatic is Automatic.OFF:
        return "there is nothing to hold: automatic rollback is off"
    if state.state.ended:
        return "the release has ended"
    if state.rollback is not None:
        return "a rollback was started: nothing acts without a person any more"
    return "it was a dry run, and that is over" if state.dry_runs else rollback_problem(state)


def override_refused(state: State, why_read_only: str = "") -> str:
    """Why no threshold may be changed now."""
    if why_read_only:
        return read_only(why_read_only)
    if state.state.ended:
        return "the release has ended"
    return "a rollback was started" if state.rollback is not None else ""
