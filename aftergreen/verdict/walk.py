"""The five read together: the walk, the leading rule, its doubts, the advice and the checklist."""

from __future__ import annotations

from collections.abc import Iterable

from aftergreen.model import Indicator, Kind, Then
from aftergreen.verdict.snapshot import Advice, AdviceKind, ChecklistItem, Doubt, DoubtKind, Mark
from aftergreen.verdict.state import Phase, ReleaseState, RuleState, SignalState, State

CHECKLIST = {
    Indicator.ERROR_RATE: "error rate in range",
    Indicator.LATENCY: "latency not risen",
    Indicator.SATURATION: "resources stable",
    Indicator.DEPENDENCY: "dependencies responding",
    Indicator.BUSINESS: "business as expected",
}
ROLLBACK_DEFINED = "rollback defined"


def rules_of(state: State, indicator: Indicator) -> tuple[RuleState, ...]:
    """All rules of an indicator."""
    return tuple(rule for signal in signals_of(state, indicator) for rule in signal.rules)


def signals_of(state: State, indicator: Indicator) -> tuple[SignalState, ...]:
    """All signals of an indicator."""
    return tuple(s for s in state.signals.values() if s.signal.indicator is indicator)


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
    marks = [signal_mark(signal) for signal in signals_of(state, indicator)]
    # What no rule judges is shown, and proves nothing.
    return worst(marks if rules_of(state, indicator) else [*marks, Mark.UNKNOWN])


_SEVERITY = (Mark.BAD, Mark.WARN, Mark.UNKNOWN, Mark.PENDING, Mark.OK, Mark.WAIVED)


def worst(marks: Iterable[Mark]) -> Mark:
    """The most severe of the marks; unknown is worse than ok, and pending than both."""
    return min(marks, key=_SEVERITY.index, default=Mark.UNKNOWN)


def breaches(state: State) -> tuple[RuleState, ...]:
    """Breached rollback rules in the order of the walk, within an indicator the earliest first."""
    found = [rule for rule in state.rules if rule.breached and rule.rule.then is Then.ROLLBACK]
    order = list(Indicator)
    return tuple(sorted(found, key=lambda r: (order.index(r.signal.indicator), r.breached_at or 0.0)))


def fuses(state: State) -> tuple[RuleState, ...]:
    """Burning fuses of rollback rules, the one that fires first in front."""
    burning = [rule for rule in state.rules if rule.burning and rule.rule.then is Then.ROLLBACK]
    return tuple(sorted(burning, key=lambda rule: rule.remaining))


def proposals(state: State) -> tuple[RuleState, ...]:
    """Rules for which rolling back is advised: breaches, then fuses that are more than chance already."""
    return (*breaches(state), *(rule for rule in fuses(state) if rule.sure and rule.unknown is None))


def decisive(state: State) -> RuleState | None:
    """The proposal that may be acted on without a person: more than chance, and early only if ``fast``."""
    return next((r for r in proposals(state) if r.sure and (r.breached or r.rule.fast)), None)


def withheld(state: State) -> Doubt | None:
    """What keeps the decisive proposal, or else the first, from being acted on; None where nothing does.

    What was broken before the deployment, and a previous version that moved alike, say that it is not this
    release. A dependency that broke after the deployment may have been broken by it.
    """
    stopping = (DoubtKind.BEFORE, DoubtKind.ALIKE)
    rule = decisive(state) or next(iter(proposals(state)), None)
    return next((doubt for doubt in doubts(state, rule) if doubt.kind in stopping), None)


def advised(state: State) -> bool:
    """Whether rolling back is advised: it is proposed, and nothing says that it is not this release."""
    return bool(proposals(state)) and withheld(state) is None


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


def doubts(state: State, rule: RuleState | None) -> tuple[Doubt, ...]:
    """Why rolling back for this rule may not help (semantics §5)."""
    if rule is None or rule.rule.then is not Then.ROLLBACK or rule.onset is None:
        return ()
    alike = (Doubt(DoubtKind.ALIKE, rule),) if rule.moved_alike else ()
    own = state.signals[rule.signal.key].baseline
    if own is not None and own.broken:
        alike = (*alike, Doubt(DoubtKind.BEFORE, rule))
    thin = (Doubt(DoubtKind.THIN, rule),) if rule.thin else ()
    if rule.signal.indicator is Indicator.DEPENDENCY:
        return (*alike, Doubt(DoubtKind.THEIRS, rule), *thin)
    found: list[Doubt] = []
    for signal in signals_of(state, Indicator.DEPENDENCY):
        earlier = [r for r in signal.rules if r.onset is not None and (r.burning or r.breached)]
        if signal.baseline is not None and signal.baseline.broken and earlier:
            found.append(Doubt(DoubtKind.BEFORE, earlier[0]))
            continue
        found.extend(
            Doubt(DoubtKind.EARLIER, other, rule.onset - other.onset)
            for other in earlier
            if other.onset is not None and other.onset < rule.onset
        )
    return (*alike, *sorted(found, key=lambda doubt: -doubt.seconds), *thin)


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
    proposed = proposals(state)
    if proposed:
        doubted = withheld(state)
        if doubted is not None:
            return Advice(AdviceKind.WAIT, proposed[0], doubt=doubted)
        return Advice(AdviceKind.ROLL_BACK, proposed[0])
    burning = fuses(state)
    if burning:
        return Advice(AdviceKind.WAIT, burning[0], "a fuse burns")
    if state.state is ReleaseState.INCOMPLETE:
        return Advice(AdviceKind.WAIT, None, state.reason)
    return Advice(AdviceKind.KEEP_WATCHING)


def checklist(state: State) -> tuple[ChecklistItem, ...]:
    """Six lines that tick and untick themselves from facts."""
    items = [
        ChecklistItem(name, mark_of(state, indicator), _why(state, indicator))
        for indicator, name in CHECKLIST.items()
    ]
    problem = rollback_problem(state)
    ready = ChecklistItem(ROLLBACK_DEFINED, Mark.BAD if problem else Mark.OK, problem)
    return (*items, ready)


def rollback_problem(state: State) -> str:
    """Why no rollback could be run; empty where one can."""
    plan = state.setup.plan
    if plan.rollback is None:
        return "no rollback command is configured"
    if not any(rule.rule.then is Then.ROLLBACK for rule in state.rules):
        return 'no rule says then = "rollback"'
    return state.setup.rollback_problem


def rollback_refused(state: State, read_only: str = "") -> str:
    """Why nobody may roll back now; empty where somebody may. ``read_only`` says why a console may not."""
    rollback = state.rollback
    if read_only:
        return f"read-only: {read_only}"
    if rollback is not None and rollback.running:
        return "a rollback is running"
    if rollback is not None and rollback.succeeded:
        return "it was rolled back already"
    if state.state.ended:
        return "the release has ended"
    return rollback_problem(state)


def override_refused(state: State, read_only: str = "") -> str:
    """Why no threshold may be changed now; empty where one may."""
    if read_only:
        return f"read-only: {read_only}"
    if state.state.ended:
        return "the release has ended"
    return "a rollback was started" if state.rollback is not None else ""


def _why(state: State, indicator: Indicator) -> str:
    waived = state.setup.plan.waived.get(indicator)
    if waived:
        return f"waived: {waived}"
    rules = rules_of(state, indicator)
    for rule in rules:
        if rule.burning or rule.breached:
            return f"{rule.signal.label} is {rule.phase.value}"
    for signal in signals_of(state, indicator):
        if signal.reading is not None and not signal.reading.compared:
            return f"{signal.signal.label}: {signal.reading.kind.value}"
    for rule in rules:
        if rule.unknown:
            return f"{rule.signal.label}: {rule.unknown.why}"
    if not rules:
        return "no rule judges it"
    return "still warming up" if any(r.phase is Phase.WARM_UP for r in rules) else ""
