"""A rollback as the verdict sees it: started, ended, and whether the service recovered."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import Then, View
from aftergreen.verdict.proposals import proposals
from aftergreen.verdict.state import (
    Counts,
    Event,
    EventKind,
    Events,
    Phase,
    ReleaseState,
    Rollback,
    RuleState,
    State,
)
from aftergreen.verdict.trace import extend

PATIENCE = 60.0
"""Seconds beyond its timeout after which a rollback command of another console counts as lost."""


def rollback_started(state: State, rollback: Rollback) -> tuple[State, Events]:
    """A rollback command was started."""
    standing = proposals(state)
    rollback = replace(rollback, leading=standing[0] if standing else None)
    event = Event(rollback.started_at, EventKind.ROLLBACK_STARTED, by=rollback.by, text=rollback.reason)
    started = replace(state, rollback=rollback, state=ReleaseState.ROLLING_BACK, countdown=None, hold=None)
    return started, (event,)


def rollback_ended(state: State, ended: Rollback) -> tuple[State, Events]:
    """The rollback command ended, or a person says how.

    Where it succeeded, the old version is judged from now on.
    """
    at = ended.ended_at if ended.ended_at is not None else state.at
    event = Event(at, _ended_as(ended), text=ended.error, seconds=at - ended.started_at, by=ended.by)
    if ended.said:
        said = f"{'worked' if ended.succeeded else 'failed'} because {ended.said}"
        event = replace(event, text=said, by=ended.said_by)
    if not ended.succeeded:
        return replace(state, rollback=ended, state=ReleaseState.ROLLBACK_FAILED), (event,)
    signals = {
        key: replace(
            signal,
            rules=tuple(_anew(rule) for rule in signal.rules),
            trace=extend(signal.trace, at, None),
            unknown=None,
            counts=Counts(),
            look_back=None,
        )
        for key, signal in state.signals.items()
    }
    view = View(state.setup.release.previous, at)
    return replace(state, rollback=ended, state=ReleaseState.VERIFYING, signals=signals, view=view), (event,)


def _ended_as(ended: Rollback) -> EventKind:
    if ended.said:
        return EventKind.ROLLBACK_SAID
    return EventKind.ROLLBACK_LOST if ended.unknown else EventKind.ROLLBACK_ENDED


def _anew(rule: RuleState) -> RuleState:
    """A rule at the beginning of verification: a breach stands until it clears, fuses start anew."""
    kept = Phase.BREACHED if rule.breached else Phase.WARM_UP
    return replace(
        rule,
        phase=kept,
        burnt=0.0,
        seen=0.0,
        sample=None,
        onset=None,
        last_over=None,
        peak=None,
        cleared=0.0,
        clear_since=None,
        last_clear=None,
        unknown=None,
        # It is about the version that is gone.
        evidence=None,
        outside=0.0,
        last_outside=None,
        sure_at=None,
        samples=(),
        trend=None,
        run=0,
        alike=0,
    )


def lost(state: State) -> tuple[State, list[Event]]:
    """A gate cannot wait for ever for a command whose console died: its outcome stays unknown."""
    rollback, plan = state.rollback, state.setup.plan.rollback
    longest = (plan.timeout if plan is not None else 0.0) + PATIENCE
    if rollback is None or not state.setup.advice_ends or state.at < rollback.started_at + longest:
        return state, []
    text = "nobody recorded what came of the rollback command"
    state, events = rollback_ended(state, replace(rollback, ended_at=state.at, error=text))
    return state, list(events)


def verify(state: State) -> tuple[State, list[Event]]:
    """The release after one more instant since a rollback was started.

    Recovered: every rule that was breached has cleared and no other rollback rule is breached. The time
    told runs from the command's start to the first sample of the good run.
    """
    rollback = state.rollback
    if state.state is not ReleaseState.VERIFYING or rollback is None:
        return state, []
    ended_at = rollback.ended_at if rollback.ended_at is not None else state.at
    good_since = _good_since(state, rollback)
    rollback = replace(rollback, good_since=good_since)
    state = replace(state, rollback=rollback)
    if good_since is not None and _proven(state, good_since):
        seconds = good_since - rollback.started_at
        return _end(state, rollback, recovered=True, kind=EventKind.RECOVERED, seconds=seconds)
    within = state.setup.plan.rollback.verify_within if state.setup.plan.rollback else 0.0
    if state.at >= ended_at + within:
        rollback = replace(rollback, unseen=_unseen(state))
        return _end(state, rollback, recovered=False, kind=EventKind.STILL_BURNING, seconds=within)
    return state, []


def _end(
    state: State, rollback: Rollback, *, recovered: bool, kind: EventKind, seconds: float
) -> tuple[State, list[Event]]:
    ended = replace(state, rollback=replace(rollback, recovered=recovered), state=ReleaseState.ROLLED_BACK)
    why = "" if recovered else rollback.unseen or "still burning"
    return ended, [Event(state.at, kind, seconds=seconds, text=why)]


def _unseen(state: State) -> str:
    """What was not measured, so that nobody can say whether it still burns."""
    if state.blind_since is not None:
        return "nothing could be measured"
    standing = [rule for rule in state.rules if rule.breached]
    if standing and all(rule.unknown is not None for rule in standing):
        return f"{standing[0].signal.label} could not be measured"
    return ""


def _good_since(state: State, rollback: Rollback) -> float | None:
    rules = [r for r in state.rules if r.rule.then is Then.ROLLBACK or r.breached]
    bad = any(r.phase in (Phase.BREACHED, Phase.OVER_LIMIT) for r in rules)
    judged = any(r.phase in (Phase.OK, Phase.CLEARING) for r in rules)
    if bad or not judged or not _old_version_runs(state):
        return None
    return rollback.good_since if rollback.good_since is not None else state.at


def _proven(state: State, good_since: float) -> bool:
    if any(rule.breached for rule in state.rules):
        return False
    if state.decided is not None and state.decided.breached:
        return True
    # Rolled back before a breach, or without one: nothing had to clear, so the good run must be long enough.
    needed = max((r.rule.clear_for for r in state.rules if r.rule.then is Then.ROLLBACK), default=0.0)
    return state.at - good_since >= needed


def _old_version_runs(state: State) -> bool:
    if state.setup.plan.service.running is None:
        return True
    if not state.running:
        return False
    previous = state.setup.release.previous
    return all(count == 0 or version == previous for version, count in state.running.items())
