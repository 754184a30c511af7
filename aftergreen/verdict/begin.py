"""A sealed release at the moment of its deployment."""

from __future__ import annotations

from collections.abc import Sequence

from aftergreen.model import Instant, Signal, SignalKey, View
from aftergreen.verdict.control import SAMPLES
from aftergreen.verdict.limits import clear_of, limit_of
from aftergreen.verdict.samples import distinct
from aftergreen.verdict.signal import nothing_known
from aftergreen.verdict.state import (
    Event,
    EventKind,
    Events,
    ReleaseState,
    RuleState,
    Setup,
    SignalState,
    State,
)
from aftergreen.verdict.trace import empty_trace, extend


def begin(setup: Setup, history: Sequence[Instant] = ()) -> tuple[State, Events]:
    """A sealed release at the moment of its deployment, its charts filled with the past."""
    timing, deployed_at = setup.plan.timing, setup.release.deployed_at
    signals: dict[SignalKey, SignalState] = {}
    for signal in setup.plan.signals:
        baseline = setup.baselines.get(signal.key)
        trace = empty_trace(1.5 * timing.duration, timing.interval)
        for instant in history:
            trace = extend(trace, instant.at, instant.readings.get(signal.key))
        # The deployment is a gap of its own: no line joins the old version to the new one.
        trace = extend(trace, deployed_at, None)
        rules = []
        for rule in signal.rules:
            limit = limit_of(rule, baseline)
            evidence = nothing_known(setup.plan, signal, rule, limit)
            rules.append(RuleState(signal, rule, limit, clear_of(rule, limit, baseline), evidence=evidence))
        companions = tuple(setup.companions.get(signal.key, ()))
        signals[signal.key] = SignalState(
            signal, baseline, tuple(rules), trace, companions=companions, control=_control(signal, history)
        )
    state = State(
        setup=setup,
        view=View(setup.release.version, deployed_at),
        at=deployed_at,
        state=ReleaseState.SEALED,
        signals=signals,
    )
    unfit = tuple(
        Event(deployed_at, EventKind.BASELINE_UNFIT, signal=signals[key].signal, text=baseline.unfit)
        for key, baseline in setup.baselines.items()
        if baseline.unfit and any(rule.condition.relative for rule in signals[key].signal.rules)
    )
    return state, (Event(deployed_at, EventKind.SEALED, text=setup.seal), *unfit)


def _control(signal: Signal, history: Sequence[Instant]) -> tuple[tuple[float, float], ...]:
    """What the previous version said before the deployment, where the signal is compared with it."""
    if not signal.controlled:
        return ()
    readings = ((instant.at, instant.readings.get(signal.key)) for instant in history)
    return tuple(distinct((at, reading) for at, reading in readings if reading is not None)[-SAMPLES:])
