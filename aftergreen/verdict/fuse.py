"""One rule at one instant: warm-up, fuse, breach and clearing."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import Condition
from aftergreen.verdict.conditions import Judged, judged, remembered
from aftergreen.verdict.deviations import DEVIATIONS
from aftergreen.verdict.samples import JITTER
from aftergreen.verdict.spread import ROBUST_DEVIATION
from aftergreen.verdict.state import EventKind, Look, Phase, Receipt, RuleState, Unknown

NEAR_MISS_SHARE = 0.5
"""A fuse that burnt at least this share of its length and went out is a near miss."""


def advance(rule: RuleState, look: Look) -> tuple[RuleState, EventKind | None]:
    """The rule after one more instant, and what is worth telling about it.

    The fuse burns over the interval between two neighbouring instants that both exceed the limit, measured
    between the raw samples behind them, and fires when those sum to ``for``: an instant that rests on the
    sample of the one before adds nothing. One good instant puts it out; an unknown one freezes it; unknown
    for longer than ``for``, it starts anew.
    """
    rule = remembered(rule, look)
    due = 1 if look.judging and look.claims else 0
    found = judged(rule, look)
    if found is None:
        return rule, None
    if isinstance(found, str):
        rule = replace(rule, asked=rule.asked + (0 if look.blind else due))
        return _unknown(rule, look, found)
    onset = rule.onset if found.over or rule.breached else None
    if found.over and not rule.breached and onset is None:
        onset = look.at
    passed = _passed(rule, look)
    taken = look.reading.taken(look.at)
    rule = replace(
        rule, asked=rule.asked + due, judged=rule.judged + due, unknown=None, onset=onset, sample=taken
    )
    rule = _outside(rule, look, found, passed)
    if rule.breached:
        return _clearing(rule, look, found, passed)
    if not look.judging:
        return rule, None
    return _burn(rule, look, found.value, passed) if found.over else _put_out(rule)


def _passed(rule: RuleState, look: Look) -> float:
    """Seconds from the raw sample behind the last judged instant to that behind this one."""
    return 0.0 if rule.sample is None else max(0.0, look.reading.taken(look.at) - rule.sample)


def _unknown(rule: RuleState, look: Look, why: str) -> tuple[RuleState, EventKind | None]:
    since = rule.unknown.since if rule.unknown else look.at
    # Unknown since the beginning is not warming up any more once rules judge.
    phase = Phase.OK if look.judging and rule.phase is Phase.WARM_UP else rule.phase
    rule = replace(rule, phase=phase, unknown=Unknown(why, since), last_over=None, last_clear=None)
    if look.at - since <= rule.rule.sustained:
        return rule, None
    if rule.phase is Phase.CLEARING:
        return replace(rule, phase=Phase.BREACHED, cleared=0.0, clear_since=None), None
    if rule.phase is Phase.OVER_LIMIT:
        near = EventKind.NEAR_MISS if _nearly(rule) else None
        lost = replace(rule, phase=Phase.OK, burnt=0.0, seen=0.0, onset=None, peak=None)
        return replace(lost, outside=0.0, last_outside=None), near
    return rule, None


def _nearly(rule: RuleState) -> bool:
    """Whether a fuse that goes out now burnt long enough to be told of."""
    return rule.lasted >= NEAR_MISS_SHARE * rule.rule.sustained


def _outside(rule: RuleState, look: Look, found: Judged, passed: float) -> RuleState:
    """How long the run over the limit has been more than the ordinary spread of the time before."""
    if not (found.over and look.judging and _unusual(rule, look, found.value)):
        return rule if rule.last_outside is None else replace(rule, outside=0.0, last_outside=None)
    burnt = passed if _neighbours(rule.last_outside, look) else 0.0
    return replace(rule, outside=rule.outside + burnt, last_outside=look.at)


def _unusual(rule: RuleState, look: Look, value: float) -> bool:
    baseline = look.baseline
    # Of a silence the baseline has said already that so many events are expected.
    if baseline is None or not baseline.fit or rule.rule.condition is Condition.SILENT:
        return True
    ordinary = DEVIATIONS * ROBUST_DEVIATION * baseline.spread
    return (value - baseline.median if rule.rule.condition.upward else baseline.median - value) > ordinary


def settled(rule: RuleState, at: float) -> RuleState:
    """The rule with the instant at which its run became more than chance; without it once the run is over.

    Events need their evidence, and where they cannot be counted there is none; everything else needs a whole
    fuse of samples outside the ordinary spread.
    """
    if not (rule.burning or rule.breached):
        return rule if rule.sure_at is None else replace(rule, sure_at=None)
    if rule.sure_at is not None:
        return rule
    if rule.evidence is not None:
        sure = rule.evidence.enough
    elif rule.signal.events and rule.rule.condition.compares:
        sure = False
    else:
        sure = rule.last_outside is not None and rule.outside + JITTER >= rule.rule.sustained
    return replace(rule, sure_at=at) if sure else rule


def _neighbours(before: float | None, look: Look) -> bool:
    return before is not None and look.at - before <= look.interval * 1.5


def _burn(rule: RuleState, look: Look, value: float, passed: float) -> tuple[RuleState, EventKind | None]:
    started = rule.phase is not Phase.OVER_LIMIT
    burnt, seen = (0.0, 0.0) if started else (rule.burnt, rule.seen)
    if _neighbours(rule.last_over, look):
        burnt, seen = burnt + passed, seen + look.interval
    worse = max if rule.rule.condition.upward else min
    burning = replace(
        rule,
        phase=Phase.OVER_LIMIT,
        burnt=burnt,
        seen=seen,
        last_over=look.at,
        peak=value if rule.peak is None or started else worse(rule.peak, value),
        receipt=receipt(rule, look, value),
    )
    # Sums fall short of their length by rounding.
    if burnt + JITTER >= rule.rule.sustained:
        return replace(burning, phase=Phase.BREACHED, breached_at=look.at), EventKind.BREACHED
    return burning, EventKind.OVER_LIMIT if started else None


def _put_out(rule: RuleState) -> tuple[RuleState, EventKind | None]:
    if rule.phase is Phase.OK and rule.receipt is None:
        return rule, None
    out = replace(rule, phase=Phase.OK, burnt=0.0, seen=0.0, last_over=None, peak=None, receipt=None)
    if rule.phase is not Phase.OVER_LIMIT:
        return out, None
    return out, EventKind.NEAR_MISS if _nearly(rule) else EventKind.BACK


def _clearing(
    rule: RuleState, look: Look, found: Judged, passed: float
) -> tuple[RuleState, EventKind | None]:
    if not look.judging:
        return rule, None
    if found.over or not found.clear:
        back = replace(rule, phase=Phase.BREACHED, cleared=0.0, clear_since=None, last_clear=None)
        return back, None
    cleared = rule.cleared + (passed if _neighbours(rule.last_clear, look) else 0.0)
    since = rule.clear_since if rule.clear_since is not None else look.at
    rule = replace(rule, phase=Phase.CLEARING, cleared=cleared, clear_since=since, last_clear=look.at)
    if cleared + JITTER < rule.rule.clear_for:
        return rule, None
    done = replace(
        rule,
        phase=Phase.OK,
        onset=None,
        burnt=0.0,
        seen=0.0,
        outside=0.0,
        last_outside=None,
        cleared=0.0,
        last_over=None,
        last_clear=None,
        peak=None,
    )
    return done, EventKind.CLEARED


def receipt(rule: RuleState, look: Look, value: float) -> Receipt:
    """What the comparison at this instant stood on."""
    return Receipt(
        signal=rule.signal,
        rule=rule.rule,
        at=look.at,
        value=value,
        limit=rule.limit,
        count=look.reading.count,
        failures=look.reading.failures,
        baseline=look.baseline,
        view=look.view,
        trend=rule.trend,
    )
