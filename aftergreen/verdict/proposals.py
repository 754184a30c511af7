"""Which rules propose to roll back, what speaks against it, and what may be acted on."""

from __future__ import annotations

from aftergreen.model import Indicator, Then
from aftergreen.verdict.neighbours import neighbour
from aftergreen.verdict.state import Doubt, DoubtKind, RuleState, State


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


def stopped_by(state: State, rule: RuleState) -> Doubt | None:
    """What keeps a proposal from being acted on; None where nothing does.

    What was broken before the deployment, a previous version that moved alike, and a neighbour whose damage
    explains it say that it is not this release. A dependency that broke after the deployment and explains
    nothing, or not enough, may have been broken by it.
    """
    stopping = (DoubtKind.BEFORE, DoubtKind.NEIGHBOUR, DoubtKind.CALLER, DoubtKind.ALIKE)
    return next((doubt for doubt in doubts(state, rule) if doubt.kind in stopping), None)


def advised_on(state: State) -> RuleState | None:
    """The rule for which rolling back is advised: the first proposal that nothing stops."""
    return next((rule for rule in proposals(state) if stopped_by(state, rule) is None), None)


def withheld(state: State) -> Doubt | None:
    """Why no rolling back is advised although it is proposed; None where it is, or nothing is proposed."""
    proposed = proposals(state)
    return stopped_by(state, proposed[0]) if proposed and advised_on(state) is None else None


def proven(state: State) -> bool:
    """Whether rolling back is advised for something that is more than chance."""
    return any(rule.sure and stopped_by(state, rule) is None for rule in proposals(state))


def acts_on(state: State) -> RuleState | None:
    """The rule for which the engine would roll back by itself; None where it would not.

    More than chance, stopped by nothing, and early only if ``fast``.
    """
    sure = (rule for rule in proposals(state) if rule.sure and (rule.breached or rule.rule.fast))
    return next((rule for rule in sure if stopped_by(state, rule) is None), None)


def doubts(state: State, rule: RuleState | None) -> tuple[Doubt, ...]:
    """Why rolling back for this rule may not help."""
    if rule is None or rule.rule.then is not Then.ROLLBACK or rule.onset is None:
        return ()
    theirs = neighbour(state, rule)
    not_ours: list[Doubt] = []
    if theirs is not None:
        # Who it is says more than that it is not this release.
        not_ours.append(theirs)
    elif rule.moved_alike:
        not_ours.append(Doubt(DoubtKind.ALIKE, rule))
    own = state.signals[rule.signal.key].baseline
    if own is not None and own.was_exceeded(_place_of(state, rule)):
        not_ours.append(Doubt(DoubtKind.BEFORE, rule))
    thin = (Doubt(DoubtKind.THIN, rule),) if rule.thin else ()
    if rule.signal.indicator is Indicator.DEPENDENCY:
        return (*not_ours, Doubt(DoubtKind.THEIRS, rule), *thin)
    found: list[Doubt] = []
    for signal in state.signals_of(Indicator.DEPENDENCY):
        earlier = [r for r in signal.rules if r.onset is not None and (r.burning or r.breached)]
        if signal.baseline is not None and signal.baseline.broken and earlier:
            found.append(Doubt(DoubtKind.BEFORE, earlier[0]))
            continue
        if theirs is not None and theirs.signal is not None and theirs.signal.signal == signal.signal:
            continue
        # An order within one scrape is none.
        apart = max(signal.apart, state.signals[rule.signal.key].apart)
        found.extend(
            Doubt(DoubtKind.EARLIER, other, rule.onset - other.onset)
            for other in earlier
            if other.onset is not None and other.onset + apart < rule.onset
        )
    return (*not_ours, *sorted(found, key=lambda doubt: -doubt.seconds), *thin)


def _place_of(state: State, rule: RuleState) -> int:
    """Which of its signal's rules it is."""
    rules = state.signals[rule.signal.key].rules
    return next((place for place, other in enumerate(rules) if other.rule == rule.rule), -1)
