"""The release under a changed threshold: the rule starts anew, everything else goes on."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import Plan, Rule
from aftergreen.verdict.limits import clear_of, limit_of
from aftergreen.verdict.signal import nothing_known
from aftergreen.verdict.state import Event, EventKind, Override, Phase, RuleState, SignalState, State


def override(state: State, plan: Plan, made: Override) -> tuple[State, tuple[Event, ...]]:
    """The release with the rule as it is from now on; ``plan`` is the one with that rule.

    Its fuse starts anew, and so does its evidence: a limit that was chosen after looking at the data cannot
    be held against them. A breach of the old limit is over unless the new one is exceeded as well. An
    override made against another seal than the one that holds changes nothing.
    """
    if made.against != state.seal or state.state.ended or state.rollback is not None:
        return state, ()
    before = state.signals[made.signal.key]
    signal = plan.signal(made.signal.key)
    after = replace(
        before,
        signal=signal,
        rules=tuple(
            replace(_anew(plan, before, made.now) if r.rule == made.rule else r, signal=signal)
            for r in before.rules
        ),
    )
    state = replace(
        state,
        setup=replace(state.setup, plan=plan),
        signals={**state.signals, signal.key: after},
        overrides=(*state.overrides, made),
        decided=None,
    )
    return state, (Event(made.at, EventKind.OVERRIDE, signal=signal, override=made, by=made.by),)


def _anew(plan: Plan, signal: SignalState, rule: Rule) -> RuleState:
    limit = limit_of(rule, signal.baseline)
    old = next((r for r in signal.rules if r.phase is not Phase.WARM_UP), None)
    return RuleState(
        signal=signal.signal,
        rule=rule,
        limit=limit,
        clear=clear_of(rule, limit, signal.baseline),
        phase=Phase.OK if old is not None else Phase.WARM_UP,
        evidence=nothing_known(plan, signal.signal, rule, limit),
    )
