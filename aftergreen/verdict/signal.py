"""One signal at one instant: its rules, its counts, its evidence, and whether it is known."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import Plan, Reading, Reduce, Rule, Signal
from aftergreen.verdict.claims import failing_rate
from aftergreen.verdict.control import alike
from aftergreen.verdict.counts import counted, look_back
from aftergreen.verdict.deviations import unusual
from aftergreen.verdict.evidence import Evidence, no_evidence, weigh
from aftergreen.verdict.fuse import advance, settled
from aftergreen.verdict.state import Event, EventKind, Look, RuleState, SignalState, Unknown
from aftergreen.verdict.trace import extend

_TOLD_AS_IT_WAS = (EventKind.NEAR_MISS, EventKind.BACK)


def counts_events(signal: Signal) -> bool:
    """Whether trials and failures of the signal can be counted, so that its rules have evidence."""
    return signal.events and signal.windowed and signal.reduce is not Reduce.WORST


def nothing_known(plan: Plan, signal: Signal, rule: Rule, limit: float | None) -> Evidence | None:
    """The evidence of a rule before the first request; None where its signal counts no events."""
    if limit is None or not counts_events(signal) or not rule.condition.compares:
        return None
    return no_evidence(
        failing_rate(rule, limit), round(plan.timing.duration / plan.timing.interval), plan.alpha
    )


def advance_signal(
    before: SignalState, look: Look, control: Reading | None = None
) -> tuple[SignalState, list[Event]]:
    """The signal after one more instant, and what is worth telling about it.

    ``control`` is what the previous version said, where the signal is compared with it.
    """
    events: list[Event] = []
    counts = counted(before.counts, before.signal, look)
    rules = []
    for rule in before.rules:
        after, kind = advance(rule, look)
        after = alike(after, look, control, before.control)
        after = settled(_weighed(after, before.counts.total, counts.total), look.at)
        if kind is not None:
            told = rule if kind in _TOLD_AS_IT_WAS else after
            events.append(Event(look.at, kind, signal=before.signal, rule=told, reading=look.reading))
        if after.burning and after.sure_at == look.at:
            events.append(Event(look.at, EventKind.SURE, signal=before.signal, rule=after))
        rules.append(after)
    unknown, told_of = _known(before, look)
    since = look.view.since
    run = _run(before, look, tuple(rules))
    return replace(
        before,
        rules=tuple(rules),
        reading=look.reading,
        at=look.at,
        known=look.reading if look.reading.compared else before.known,
        known_at=look.at if look.reading.compared else before.known_at,
        trace=extend(before.trace, look.at, look.reading),
        unknown=unknown,
        newest=before.newest if look.reading.newest is None else look.reading.newest,
        apart=_apart(before, look.reading),
        unusual_since=run[0],
        unusual_at=run[1],
        counts=counts,
        look_back=None if since is None else look_back(counts, before.signal, since),
    ), [*events, *told_of]


def _apart(before: SignalState, reading: Reading) -> float:
    """Seconds between the last two raw samples behind the signal; as before where there is no new one."""
    if reading.newest is None or before.newest is None or reading.newest <= before.newest:
        return before.apart
    return reading.newest - before.newest


def _run(before: SignalState, look: Look, rules: tuple[RuleState, ...]) -> tuple[float | None, float | None]:
    """The first and the last instant of the present run out of the ordinary.

    A dip that is no longer than the window ends none.
    """
    found = unusual(before.signal, look.reading, look.baseline, rules)
    since, last = before.unusual_since, before.unusual_at
    if found:
        return (look.at if since is None else since), look.at
    if found is None or (last is not None and look.at - last <= before.signal.window):
        return since, last
    return None, None


def _known(before: SignalState, look: Look) -> tuple[Unknown | None, list[Event]]:
    unknown, reading = before.unknown, look.reading
    if not reading.compared and look.judging and unknown is None and not look.blind:
        event = Event(look.at, EventKind.UNKNOWN, signal=before.signal, reading=reading)
        return Unknown(reading.kind.value, look.at), [event]
    if not reading.compared or unknown is None:
        return unknown, []
    seconds = look.at - unknown.since
    return None, [Event(look.at, EventKind.KNOWN, signal=before.signal, reading=reading, seconds=seconds)]


def _weighed(rule: RuleState, before: tuple[float, float], after: tuple[float, float]) -> RuleState:
    """The rule with what was counted since the last instant."""
    if rule.evidence is None:
        return rule
    trials, failures = after[0] - before[0], after[1] - before[1]
    if not rule.rule.condition.upward:
        failures = trials - failures
    return replace(rule, evidence=weigh(rule.evidence, trials, failures))
