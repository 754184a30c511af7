"""The pure core: a state and the readings of one instant give a new state and what happened.

There is no clock, no I/O and no randomness in here. Live watch, gate, history and demo all drive `step`;
only the source and the clock differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from aftergreen.model import Instant, Kind, Reading, Signal, Then
from aftergreen.verdict.automatic import settled, watches_over
from aftergreen.verdict.control import compared_now
from aftergreen.verdict.ending import left_over, missing
from aftergreen.verdict.load import load_of, under_load
from aftergreen.verdict.proposals import acts_on, advised_on, breaches, fuses, proposals, stopped_by
from aftergreen.verdict.signal import advance_signal
from aftergreen.verdict.state import (
    EPSILON,
    Breach,
    Event,
    EventKind,
    Events,
    Look,
    NearMiss,
    ReleaseState,
    RuleState,
    State,
)
from aftergreen.verdict.verify import lost, verify


def step(state: State, instant: Instant) -> tuple[State, Events]:
    """The release after one more instant of the grid, and the events of that instant.

    Instants come in ascending order, each once; an ended release no longer changes.
    """
    if over(state):
        return state, ()
    blind = is_blind(state, instant)
    state, events = _read(state, instant, blind=blind)
    state = _run_clock(state, instant, blind=blind)
    state = replace(
        state,
        at=instant.at,
        running=instant.running,
        data_at=_newest(state, instant),
    )
    state, more = _settle(state, instant)
    return state, (*events, *more)


def over(state: State) -> bool:
    """Whether nothing more is judged; a gate does not wait for what only a person can do.

    Advice that may still be chance waits for the end, and so does what this watch may act on by itself.
    """
    if state.state.ended or not state.setup.advice_ends:
        return state.state.ended
    acts = watches_over(state) and not state.setup.looks_on
    proposed = state.state is ReleaseState.PROPOSED and acts_on(state) is not None
    return state.state is ReleaseState.ROLLBACK_FAILED or (proposed and not acts)


def abandon(state: State, reason: str, *, by: str = "") -> tuple[State, Events]:
    """Somebody stopped watching, or a newer deployment made the watch pointless."""
    if over(state):
        return state, ()
    ended = replace(state, state=ReleaseState.ABANDONED, reason=reason, missing=missing(state))
    return ended, (_ended(ended, by=by),)


def conclude(state: State) -> tuple[State, Events]:
    """No further instants will come: what is not over by now is unproven."""
    if over(state):
        return state, ()
    ended = replace(state, state=ReleaseState.UNPROVEN, reason="", missing=missing(state))
    return ended, (_ended(ended),)


def _ended(state: State, *, by: str = "") -> Event:
    """The end of a release, with what is over its limit at that end and was not rolled back."""
    return Event(state.at, EventKind.ENDED, rule=left_over(state), text=state.state.value, by=by)


def is_blind(state: State, instant: Instant) -> bool:
    """Whether nothing can be measured: no value, and no answer that says there was no traffic.

    A probe that answers is no sight of the service, as long as anything else is to be measured.
    """
    asked = [s.key for s in state.setup.plan.signals if s.probe is None] or list(instant.readings)
    readings = [instant.readings[key] for key in asked if key in instant.readings]
    # A version that serves nothing has no series; where the backend has fresh data, that is a sight.
    # Where failures cannot be told, requests were seen all the same.
    sights = {Kind.NO_TRAFFIC, Kind.ABSENT, *([Kind.NO_SERIES] if instant.fresh else [])}
    return not any(r.compared or r.kind in sights for r in readings)


def is_quiet(state: State) -> bool:
    """Whether the backend answers and there is no traffic anywhere."""
    ratios = [s.reading for s in state.signals.values() if s.signal.denominator is not None]
    return bool(ratios) and all(r is not None and r.kind is Kind.NO_TRAFFIC for r in ratios)


def judges(state: State, signal: Signal, at: float) -> bool:
    """Whether rules of the signal judge at ``at``: warm-up is over and the window lies wholly inside."""
    return at + EPSILON >= judging_since(state, signal)


def judging_since(state: State, signal: Signal) -> float:
    """When rules of the signal begin to judge what the view shows."""
    since = state.view.since if state.view.since is not None else state.setup.release.deployed_at
    verifying = state.state is ReleaseState.VERIFYING
    wait = 0.0 if verifying else state.setup.plan.timing.warmup
    return since + max(wait, signal.window if signal.windowed else 0.0)


def _read(state: State, instant: Instant, *, blind: bool) -> tuple[State, list[Event]]:
    events: list[Event] = []
    signals = {}
    near: list[NearMiss] = []
    load = load_of(state, instant.readings, instant.at, state.view)
    for key, earlier in state.signals.items():
        control = instant.control.get(key) if earlier.signal.controlled else None
        before = (
            earlier
            if state.rollback is not None
            else compared_now(earlier, control, instant.at, state.setup.plan.timing.interval)
        )
        before = under_load(before, load)
        reading = instant.readings.get(key, Reading.unknown(Kind.BLIND, "not asked"))
        look = Look(
            at=instant.at,
            reading=reading,
            judging=judges(state, before.signal, instant.at),
            # What could not be asked, as the past of a probe, is no reproach either.
            blind=blind or key not in instant.readings,
            claims=instant.at > state.setup.starts + EPSILON,
            interval=state.setup.plan.timing.interval,
            view=state.view,
            baseline=before.baseline,
            fresh=_fresh(state, instant, before.signal),
            expected=math.log(1.0 / state.setup.plan.alpha),
            judging_since=judging_since(state, before.signal),
            reach=state.setup.reach.get(key, 0.0),
        )
        after, found = advance_signal(before, look, control)
        events.extend(found)
        near.extend(NearMiss(e.rule, e.at) for e in found if e.kind is EventKind.NEAR_MISS and e.rule)
        signals[key] = after
    state = replace(
        state,
        signals=signals,
        near_misses=(*state.near_misses, *near),
        breaches=_breaches(state.breaches, events),
    )
    return replace(state, decided=_decided(state)), events


def _breaches(known: tuple[Breach, ...], events: Sequence[Event]) -> tuple[Breach, ...]:
    """The breaches of rollback rules so far, after these events."""
    for event in events:
        rule = event.rule
        if rule is None or rule.rule.then is not Then.ROLLBACK:
            continue
        if event.kind is EventKind.BREACHED:
            known = (*known, Breach(rule, event.at))
        elif event.kind is EventKind.CLEARED:
            known = tuple(replace(b, until=event.at) if b.stands(rule) else b for b in known)
    return known


def _fresh(state: State, instant: Instant, signal: Signal) -> bool:
    """Whether the backend demonstrably has fresh data of something else than the signal."""
    others = (s.key for s in state.setup.plan.signals if s.probe is None and s.key != signal.key)
    return bool(instant.fresh) or any(
        reading.compared for key in others if (reading := instant.readings.get(key)) is not None
    )


def _decided(state: State) -> RuleState | None:
    """The proposal that the advice stands on: the first one, for as long as any stands.

    It is kept as it was when it was made, and once more when it has become a breach, or more than chance.
    """
    decided, standing = state.decided, proposals(state)
    if state.rollback is not None:
        return decided
    # What nothing stops goes before what was broken already.
    first = advised_on(state) or next(iter(standing), None)
    if decided is None or first is None:
        return first
    now = next((r for r in standing if (r.signal.key, r.rule) == (decided.signal.key, decided.rule)), None)
    if now is None:
        return decided if decided.breached else first
    if first is not now and stopped_by(state, now) is not None and stopped_by(state, first) is None:
        return first
    return now if (now.breached, now.sure) > (decided.breached, decided.sure) else decided


def _run_clock(state: State, instant: Instant, *, blind: bool) -> State:
    passed = max(0.0, instant.at - max(state.at, state.setup.starts))
    if blind:
        since = state.blind_since if state.blind_since is not None else instant.at
        return replace(state, blind=state.blind + passed, blind_since=since)
    return replace(state, watched=state.watched + passed)


def _newest(state: State, instant: Instant) -> float | None:
    times = [state.data_at, *(reading.newest for reading in instant.readings.values())]
    return max((at for at in times if at is not None), default=None)


def _settle(state: State, instant: Instant) -> tuple[State, list[Event]]:
    events: list[Event] = []
    blind = is_blind(state, instant)
    if blind and state.blind_since == instant.at:
        reasons = {r.detail or r.kind.value for r in instant.readings.values()}
        events.append(Event(instant.at, EventKind.BLIND, text=min(reasons, default="")))
    if not blind and state.blind_since is not None:
        seconds = instant.at - state.blind_since
        state = replace(state, blind_since=None)
        events.append(Event(instant.at, EventKind.SIGHT, seconds=seconds))
    if state.rollback is not None:
        state, more = lost(state) if state.rollback.running else verify(state)
        return state, [*events, *more]
    before = state.state
    state = _named(state, blind=blind)
    if state.state is ReleaseState.QUIET and before is not ReleaseState.QUIET:
        events.append(Event(instant.at, EventKind.QUIET))
    # By the time and not by the state: who is blind has not warmed up.
    if 0.0 <= instant.at + EPSILON - _warm_at(state) < state.setup.plan.timing.interval:
        events.append(Event(instant.at, EventKind.JUDGING))
    state, settling = settled(state)
    state, more = _end(state)
    return state, [*events, *settling, *more]


def _named(state: State, *, blind: bool) -> State:
    if proposals(state):
        return replace(state, state=ReleaseState.PROPOSED, reason="")
    if blind:
        return replace(state, state=ReleaseState.BLIND, reason="nothing can be measured")
    if state.at + EPSILON < _warm_at(state):
        return replace(state, state=ReleaseState.WARM_UP, reason="")
    if is_quiet(state):
        return replace(state, state=ReleaseState.QUIET, reason="there is no traffic")
    reason = _incomplete(state)
    named = ReleaseState.INCOMPLETE if reason else ReleaseState.WATCHING
    return replace(state, state=named, reason=reason)


def _warm_at(state: State) -> float:
    """When the warm-up is over."""
    timing = state.setup.plan.timing
    return state.setup.release.deployed_at + max(timing.warmup, timing.rollout)


def _incomplete(state: State) -> str:
    for signal in state.signals.values():
        if signal.signal.indicator in state.setup.plan.waived or not judges(state, signal.signal, state.at):
            continue
        if signal.reading is not None and not signal.reading.compared:
            return f"{signal.signal.label}: {signal.reading.kind.value}"
        for rule in signal.rules:
            if rule.unknown is not None:
                return f"{rule.signal.label}: {rule.unknown.why}"
    return ""


def _end(state: State) -> tuple[State, list[Event]]:
    duration = state.setup.plan.timing.duration
    lost = max(0.0, state.blind - duration)
    if state.watched + lost + EPSILON < state.total:
        return state, []
    pending = breaches(state) or fuses(state) or [rule for rule in state.rules if rule.burning]
    if (pending or state.hold is not None) and state.extended + EPSILON < duration:
        first = state.extended == 0.0
        longer = min(duration, state.extended + state.setup.plan.timing.interval)
        why = pending[0] if pending else None
        events = [Event(state.at, EventKind.EXTENDED, rule=why)] if first else []
        return replace(state, extended=longer), events
    lacking = missing(state)
    ended = ReleaseState.UNPROVEN if lacking or pending else ReleaseState.FINISHED
    state = replace(state, state=ended, reason="", missing=lacking, countdown=None)
    return state, [_ended(state)]
