"""Rolling back without a person: on what, what keeps it from that, its countdown, and what ends a hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aftergreen.model import Automatic, Indicator, Kind
from aftergreen.verdict.proposals import proposals, stopped_by
from aftergreen.verdict.refusals import rollback_problem
from aftergreen.verdict.state import (
    Countdown,
    Doubt,
    DoubtKind,
    DryRun,
    Event,
    EventKind,
    Events,
    Hold,
    NearMiss,
    Phase,
    RuleState,
    State,
)

BY = "automatic rollback"
"""Who ordered a rollback that no person did."""

FRESH, FRESH_FOR = 3, 30.0
"""Intervals, or seconds where those are shorter, for which what was judged last is what is so now."""

NOT_SEEN = frozenset({Kind.BLIND, Kind.PARTIAL, Kind.STALE, Kind.AMBIGUOUS})
"""Readings that say nothing of what they are about; where there is no traffic, that has been seen."""


def is_current(state: State, now: float) -> bool:
    """Whether what was judged last is what is so now, as far as a decision without a person needs it."""
    timing, lag = state.setup.plan.timing, state.setup.plan.backend.lag
    return now - lag - state.at < max(FRESH * timing.interval, FRESH_FOR)


def watches_over(state: State) -> bool:
    """Whether the release may still be rolled back without a person, by this watch or another one."""
    waits = state.rollback is None and not state.dry_runs and not state.state.ended
    return waits and state.setup.plan.automatic is not Automatic.OFF and not rollback_problem(state)


def acting_on(state: State) -> RuleState | None:
    """The rule for which a countdown may run at this moment; None where none may.

    It is over its limit now, and nothing keeps it from being acted on (`kept_by`).
    """
    return next(_acting(state), None)


def supports(state: State, countdown: Countdown) -> bool:
    """Whether the rule that was announced may still be acted on: another one has a grace of its own."""
    announced = countdown.rule
    if announced is None:
        return acting_on(state) is not None
    return any((r.signal.key, r.rule) == (announced.signal.key, announced.rule) for r in _acting(state))


def _acting(state: State) -> Iterator[RuleState]:
    if not watches_over(state) or state.hold is not None or state.blind_since is not None:
        return
    yield from (rule for rule in proposals(state) if _now(rule) and kept_by(state, rule) is None)


def kept_by(state: State, rule: RuleState) -> Doubt | None:
    """What keeps a proposal from being acted on without a person: a doubt, chance, or what is not seen."""
    stopped = stopped_by(state, rule)
    if stopped is not None:
        return stopped
    return Doubt(DoubtKind.THIN, rule) if not rule.sure else _unseen(state, rule)


def _now(rule: RuleState) -> bool:
    """Whether the rule is over its limit now and asks for a rollback now: early only if ``fast``."""
    early = rule.burning and rule.rule.fast
    return rule.unknown is None and (rule.phase is Phase.BREACHED or early)


def _unseen(state: State, rule: RuleState) -> Doubt | None:
    """What is not seen and might say that it is not this release."""
    # A silence may be what took the service's own view of its dependencies with it.
    if not rule.rule.condition.compares:
        return None
    if rule.signal.controlled and rule.run == 0:
        return Doubt(DoubtKind.UNSEEN, rule)
    for signal in state.signals_of(Indicator.DEPENDENCY):
        if signal.reading is not None and signal.reading.kind in NOT_SEEN:
            return Doubt(DoubtKind.UNSEEN, rule, signal=signal)
    return None


def withheld_by(state: State) -> Doubt | None:
    """Why nothing is acted on although it is proposed; None where it is, or nothing is proposed."""
    if not watches_over(state) or acting_on(state) is not None:
        return None
    standing = (rule for rule in proposals(state) if _now(rule))
    return next(filter(None, (kept_by(state, rule) for rule in standing)), None)


# What is on the record


def counted_down(state: State, countdown: Countdown) -> tuple[State, Events]:
    """A console announced that the release will be rolled back, and when.

    One countdown stands at a time: another may follow when it is over and nothing came of it.
    """
    standing = state.countdown
    over = standing is None or countdown.at >= standing.due
    if not watches_over(state) or state.hold is not None or not over:
        return state, ()
    text = "dry run" if countdown.dry else ""
    seconds = countdown.due - countdown.at
    event = Event(countdown.at, EventKind.COUNTDOWN, rule=countdown.rule, seconds=seconds, text=text)
    return replace(state, countdown=countdown), (event,)


def stopped(state: State, at: float, why: str) -> tuple[State, Events]:
    """A console stopped the countdown, for a reason of its machine."""
    countdown = state.countdown
    if countdown is None or at <= countdown.at:
        return state, ()
    left = countdown.left(at)
    event = Event(at, EventKind.COUNTDOWN_STOPPED, rule=countdown.rule, seconds=left, text=why)
    return replace(state, countdown=None), (event,)


def held(state: State, hold: Hold) -> tuple[State, Events]:
    """Somebody holds the release, or says why; whoever was first holds it."""
    standing = state.hold
    reasons = standing is not None and standing.by == hold.by and hold.reason and not standing.reason
    if not watches_over(state) or (standing is not None and not reasons):
        return state, ()
    breached = bool(proposals(state)) or (standing is not None and standing.breached)
    event = Event(hold.at, EventKind.HELD, by=hold.by, text=hold.reason)
    return replace(state, hold=replace(hold, breached=breached), countdown=None), (event,)


def released(state: State, at: float, by: str) -> tuple[State, Events]:
    """Somebody released a hold: from now on the release may be acted on again, after a whole grace."""
    if state.hold is None:
        return state, ()
    return replace(state, hold=None), (Event(at, EventKind.RELEASED, by=by),)


def dry_run(state: State, at: float) -> tuple[State, Events]:
    """The grace is over, and the release would have been rolled back now."""
    countdown = state.countdown
    if countdown is None or not watches_over(state):
        return state, ()
    event = Event(at, EventKind.DRY_RUN, rule=countdown.rule)
    return replace(state, countdown=None, dry_runs=(*state.dry_runs, DryRun(at, countdown.rule))), (event,)


# What the readings change


def settled(state: State) -> tuple[State, Events]:
    """The release after an instant: a countdown ends where nothing is acted on, a hold with the breach."""
    state, told = _stopped(state)
    hold = state.hold
    if hold is None:
        return state, told
    if proposals(state):
        return replace(state, hold=replace(hold, breached=True)), told
    if not hold.breached:
        return state, told
    ended = Event(state.at, EventKind.RELEASED, text="the breach is over")
    return replace(state, hold=None), (*told, ended)


def _stopped(state: State) -> tuple[State, Events]:
    countdown = state.countdown
    # What was seen before it began has not ended it: who joins walks through that as well.
    if countdown is None or state.at <= countdown.at or supports(state, countdown):
        return state, ()
    left = countdown.left(state.at)
    event = Event(state.at, EventKind.COUNTDOWN_STOPPED, rule=countdown.rule, seconds=left)
    state = replace(state, countdown=None)
    kept = withheld_by(state)
    if kept is None and state.blind_since is None and countdown.rule is not None:
        near = NearMiss(countdown.rule, state.at, left)
        event = replace(event, text="it is no longer over its limit")
        return replace(state, near_misses=(*state.near_misses, near)), (event,)
    return state, (replace(event, doubt=kept, text="" if kept else "nothing can be measured"),)
