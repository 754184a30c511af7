"""The five read together: the walk, the leading rule, its doubts, the advice and the checklist."""

from __future__ import annotations

from collections.abc import Iterable

from aftergreen.model import Indicator, Kind, Reading, Then
from aftergreen.verdict.proposals import advised_on, breaches, fuses, proposals, withheld
from aftergreen.verdict.refusals import rollback_problem
from aftergreen.verdict.snapshot import Advice, AdviceKind, ChecklistItem, Mark
from aftergreen.verdict.state import Phase, ReleaseState, RuleState, SignalState, State


def rules_of(state: State, indicator: Indicator) -> tuple[RuleState, ...]:
    """All rules of an indicator."""
    return tuple(rule for signal in state.signals_of(indicator) for rule in signal.rules)


def rule_mark(rule: RuleState) -> Mark:
    """How one rule stands; a breach outlives the readings that can no longer be had."""
    if rule.burning or rule.breached:
        bad = rule.rule.then is Then.ROLLBACK and rule.phase is not Phase.CLEARING
        return Mark.BAD if bad else Mark.WARN
    if rule.phase is Phase.WARM_UP:
        return Mark.PENDING
    return Mark.UNKNOWN if rule.unknown else Mark.OK


def _too_early(rule: RuleState) -> bool:
    """Whether a rule cannot have judged yet, for it looks back further than there is anything to see."""
    return rule.rule.condition.trend and rule.phase is Phase.WARM_UP


def signal_mark(signal: SignalState) -> Mark:
    """How one signal stands: its worst rule; unknown without a compared reading."""
    marks = [rule_mark(rule) for rule in signal.rules if not _too_early(rule)]
    marks = marks or [rule_mark(rule) for rule in signal.rules]
    unknown = signal.reading is not None and not signal.reading.compared
    down = signal.reading is not None and signal.reading.kind is Kind.DOWN
    if unknown and not (signal.rules and all(m is Mark.PENDING for m in marks)):
        marks.append(Mark.UNKNOWN)
    if down and not signal.rules:
        marks.append(Mark.WARN)
    return worst(marks or [Mark.PENDING if signal.reading is None else Mark.OK])


def mark_of(state: State, indicator: Indicator) -> Mark:
    """How one indicator stands: its worst signal."""
    if indicator in state.setup.plan.waived:
        return Mark.WAIVED
    marks = [signal_mark(signal) for signal in state.signals_of(indicator)]
    # What no rule judges is shown, and proves nothing.
    return worst(marks if rules_of(state, indicator) else [*marks, Mark.UNKNOWN])


SEVERITY = (Mark.BAD, Mark.WARN, Mark.UNKNOWN, Mark.PENDING, Mark.OK, Mark.WAIVED)
"""Marks from the worst to the best."""


def worst(marks: Iterable[Mark]) -> Mark:
    """The most severe of the marks; unknown is worse than ok, and pending than both."""
    return min(marks, key=SEVERITY.index, default=Mark.UNKNOWN)


def warnings(state: State) -> tuple[RuleState, ...]:
    """Rules that only warn and are over their limit or breached."""
    return tuple(
        rule for rule in state.rules if rule.rule.then is Then.WARN and (rule.burning or rule.breached)
    )


def onsets(state: State) -> tuple[RuleState, ...]:
    """Every rule that is over its limit, warnings too, in the order in which it went there."""
    over = [rule for rule in state.rules if (rule.burning or rule.breached) and rule.onset is not None]
    return tuple(sorted(over, key=lambda rule: rule.onset or 0.0))


def unmoved(state: State) -> tuple[Indicator, ...]:
    """The indicators that speak against a fault: all that they have is in range."""
    return tuple(indicator for indicator in Indicator if mark_of(state, indicator) is Mark.OK)


def leading(state: State) -> RuleState | None:
    """The rule to look at first: the leading breach, else the fuse that fires first, else a warning."""
    for found in (breaches(state), fuses(state), warnings(state)):
        if found:
            return found[0]
    return None


_WAITS = {
    ReleaseState.BLIND: "nothing can be measured",
    ReleaseState.QUIET: "there is no traffic",
    ReleaseState.ROLLING_BACK: "the rollback command is running",
    ReleaseState.VERIFYING: "the effect of the rollback is being verified",
}


def advice(state: State) -> Advice:
    """One of keep watching, wait, roll back, finished."""
    if state.state.ended:
        return Advice(AdviceKind.FINISHED, state.decided)
    if state.state in _WAITS and not (state.state is ReleaseState.QUIET and fuses(state)):
        return Advice(AdviceKind.WAIT, leading(state), _WAITS[state.state])
    if state.rollback is not None and state.rollback.unknown:
        return Advice(AdviceKind.WAIT, None, "nobody knows what came of the rollback")
    proposed = proposals(state)
    if proposed:
        rule = advised_on(state)
        if rule is None:
            return Advice(AdviceKind.WAIT, proposed[0], doubt=withheld(state))
        return Advice(AdviceKind.ROLL_BACK, rule)
    burning = fuses(state)
    if burning:
        return Advice(AdviceKind.WAIT, burning[0], "a fuse burns")
    if state.state is ReleaseState.INCOMPLETE:
        return Advice(AdviceKind.WAIT, None, state.reason)
    if state.state is ReleaseState.ROLLBACK_FAILED:
        return Advice(AdviceKind.WAIT, None, "the rollback failed, and nothing is over its limit")
    return Advice(AdviceKind.KEEP_WATCHING)


_BEGINNING = (ReleaseState.PREFLIGHT, ReleaseState.SEALED, ReleaseState.WARM_UP)


def checklist(state: State) -> tuple[ChecklistItem, ...]:
    """Six lines that tick and untick themselves from facts."""
    items = [
        ChecklistItem(indicator, mark_of(state, indicator), _why(state, indicator)) for indicator in Indicator
    ]
    problem = rollback_problem(state)
    ready = ChecklistItem(None, Mark.BAD if problem else Mark.OK, problem)
    return (*items, ready)


def _why(state: State, indicator: Indicator) -> str:
    waived = state.setup.plan.waived.get(indicator)
    if waived:
        return f"waived: {waived}"
    rules = rules_of(state, indicator)
    for rule in rules:
        if rule.burning or rule.breached:
            return f"{rule.signal.label} is {rule.standing.value}"
    for signal in state.signals_of(indicator):
        if signal.reading is not None and not signal.reading.compared:
            return f"{signal.signal.label}: {_named(signal.reading)}"
    for rule in rules:
        if rule.unknown:
            return f"{rule.signal.label}: {rule.unknown.why}"
    if not rules:
        return "no rule judges it"
    if not any(rule.phase is Phase.WARM_UP for rule in rules):
        return ""
    return "still warming up" if state.state in _BEGINNING else "no rule has judged it"


def _named(reading: Reading) -> str:
    """The kind of an unknown reading; what is absent is named, for nobody would look for it by themselves."""
    detailed = reading.kind is Kind.ABSENT and reading.detail
    return f"{reading.kind.value} ({reading.detail})" if detailed else reading.kind.value
