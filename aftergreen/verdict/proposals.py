"""Which rules propose to roll back, what speaks against it, and what may be acted on."""

from __future__ import annotations

from aftergreen.model import Indicator, Then
from aftergreen.verdict.snapshot import Doubt, DoubtKind
from aftergreen.verdict.state import RuleState, State


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


def acts_on(state: State) -> RuleState | None:
    """The rule for which the engine would roll back by itself; None where it would not."""
    rule = decisive(state)
    return rule if rule is not None and withheld(state) is None else None


def doubts(state: State, rule: RuleState | None) -> tuple[Doubt, ...]:
    """Why rolling back for this rule may not help."""
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
    for signal in state.signals_of(Indicator.DEPENDENCY):
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
