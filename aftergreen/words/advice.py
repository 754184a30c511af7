"""The advice, the doubts, and what became of a rollback."""

from __future__ import annotations

from aftergreen.model import Automatic, Signal
from aftergreen.units import format_clock, format_duration, format_limit
from aftergreen.verdict.automatic import is_current, watches_over
from aftergreen.verdict.claims import within_chance
from aftergreen.verdict.proposals import fuses
from aftergreen.verdict.refusals import rollback_problem
from aftergreen.verdict.snapshot import Advice, AdviceKind, Snapshot
from aftergreen.verdict.state import (
    Doubt,
    DoubtKind,
    NearMiss,
    Override,
    Receipt,
    ReleaseState,
    Rollback,
    RuleState,
    SignalState,
    State,
)
from aftergreen.verdict.walk import onsets, unmoved, warnings
from aftergreen.words.lacking import held, lacking
from aftergreen.words.rules import chance, comparison, course, rule, tripped, where
from aftergreen.words.values import count, indicator_short, local_time, median, reading, share


def advice(snapshot: Snapshot) -> tuple[str, str]:
    """The advice as a lead of a few words and the rest of the sentence."""
    given = snapshot.advice
    if given.kind is AdviceKind.ROLL_BACK and given.rule is not None:
        told = f"{_decided_on(given.rule, snapshot)}{_also(snapshot, given)}."
        if snapshot.rollback is not None:
            return "Roll back:", f"{told} {_steps(snapshot)}".rstrip()
        return "Roll back:", " ".join(filter(None, (told, _without_a_person(snapshot))))
    if given.kind is AdviceKind.WAIT:
        return _wait(snapshot, given)
    if given.kind is AdviceKind.FINISHED:
        return _ended(snapshot)
    to_go = format_duration(max(0.0, snapshot.state.total - snapshot.state.watched))
    warned = warnings(snapshot.state)
    if warned:
        return (
            "Keep watching.",
            f"{to_go} to go; as it stands unproven: {warned[0].signal.label} is over its limit.",
        )
    return "Keep watching.", f"{to_go} to go."


def _without_a_person(snapshot: Snapshot) -> str:
    """What an automatic rollback does about the advice; empty where none is configured."""
    if snapshot.state.countdown is not None:
        dry = "This is a dry run: nothing will be run." if snapshot.state.countdown.dry else ""
        return dry or "It is rolled back without you unless you hold it."
    if snapshot.state.hold is not None:
        return f"{held(snapshot.state.hold)}."
    kept = not_automatic(snapshot)
    return f"{kept[0].upper()}{kept[1:]}." if kept else ""


def not_automatic(snapshot: Snapshot, now: float | None = None) -> str:
    """Why nobody but a person acts on what is proposed; empty where no automatic rollback would.

    ``now`` is the backend's time, where it is known.
    """
    problem = rollback_problem(snapshot.state)
    if problem and snapshot.state.setup.plan.automatic is not Automatic.OFF and snapshot.rollback is None:
        return f"nothing can be rolled back: {problem}"
    if snapshot.withheld is not None:
        return f"not without a person: {doubt(snapshot.withheld)}"
    if now is not None and watches_over(snapshot.state) and not is_current(snapshot.state, now):
        return (
            f"not without a person: what was judged here is {format_duration(round(now - snapshot.at))} old"
        )
    clock = snapshot.context.clock
    if clock and snapshot.advice.kind is AdviceKind.ROLL_BACK and watches_over(snapshot.state):
        return f"not without a person: {clock}, a console that is started now measures it anew"
    return ""


def _decided_on(status: RuleState, snapshot: Snapshot) -> str:
    """What rolling back is advised on: a breach, or what chance no longer explains while the fuse burns."""
    if not status.burning:
        return tripped(status, snapshot.context.offset)
    return f"{status.signal.label} is {where(status)}, and more than chance before its fuse has burnt"


def _also(snapshot: Snapshot, given: Advice) -> str:
    others = [r for r in snapshot.state.rules if r is not given.rule and (r.breached or r.burning)]
    names = list(
        dict.fromkeys(r.signal.label for r in others if given.rule and r.signal != given.rule.signal)
    )
    return f"; also {', '.join(names)}" if names else ""


def _wait(snapshot: Snapshot, given: Advice) -> tuple[str, str]:
    burning = fuses(snapshot.state)
    if given.doubt is not None and given.rule is not None:
        return "Wait:", f"{tripped(given.rule, snapshot.context.offset)}, but {doubt(given.doubt)}."
    if snapshot.release_state in (ReleaseState.BLIND, ReleaseState.QUIET):
        return "Wait:", f"{given.reason}."
    if given.rule is not None and burning and given.rule == burning[0]:
        if given.rule.unknown is not None:
            left = format_duration(given.rule.remaining)
            unknown = f"{given.rule.signal.label} is unknown ({given.rule.unknown.why})"
            return "Wait:", f"{unknown}, {left} of its fuse are left."
        until = local_time(snapshot.at + given.rule.remaining, snapshot.context.offset)
        verb = "keeps" if given.rule.rule.condition.trend else "stays"
        way = f": {course(given.rule)}" if course(given.rule) else ""
        return "Roll back", f"if {given.rule.signal.label} {verb} {where(given.rule)} until {until}{way}."
    return "Wait:", f"{given.reason}."


def _ended(snapshot: Snapshot) -> tuple[str, str]:
    state, rollback = snapshot.state, snapshot.rollback
    if state.state is ReleaseState.FINISHED:
        return "Finished.", "Every indicator is in range and there is enough evidence."
    if state.state is ReleaseState.UNPROVEN:
        first = lacking(state.missing[0], snapshot.context.offset) if state.missing else "too little was seen"
        return "Unproven:", f"{first}."
    if state.state is ReleaseState.ABANDONED or rollback is None:
        return "Abandoned:", f"{state.reason or 'nobody watches any more'}."
    if rollback.recovered:
        return "Rolled back:", f"{outcome(rollback)}."
    if rollback.unseen:
        return "Not seen to recover:", f"{rollback.unseen}."
    return "Still burning:", _steps(snapshot)


def ending(state: State) -> str:
    """How a release ended: ``unproven``, ``abandoned, nobody watches any more``."""
    return f"{state.state.value}{f', {state.reason}' if state.reason else ''}"


def _steps(snapshot: Snapshot) -> str:
    """What is left to do, on one line: the sentence, and whom or what to ask."""
    first, *others = next_steps(snapshot) or ("",)
    return f"{first} {' · '.join(others)}".strip()


def next_steps(snapshot: Snapshot) -> tuple[str, ...]:
    """What is left to do where a rollback did not mend it, in sentences; none where it did, or may yet."""
    rollback, service = snapshot.rollback, snapshot.state.setup.plan.service
    if rollback is None or rollback.running or (rollback.succeeded and rollback.recovered is not False):
        return ()
    if rollback.unknown:
        first = "Find out which version production runs."
    elif not rollback.succeeded:
        first = f"Go back by hand, or try again{f'; it wrote {rollback.output}' if rollback.output else ''}."
    else:
        first = "Look for another cause: what else changed, and what it depends on."
    runbook = f"Runbook: {service.runbook}" if service.runbook else ""
    on_call = f"On call: {service.on_call}" if service.on_call else ""
    return tuple(filter(None, (first, runbook, on_call)))


def outcome(rollback: Rollback | None) -> str:
    """What came of a rollback: ``recovered: in range 1m50s after …``, ``failed with exit code 1``."""
    if rollback is None:
        return "no rollback was run"
    if rollback.running:
        return "the rollback command is running"
    if rollback.unknown:
        return "nobody knows what came of the rollback"
    if not rollback.succeeded:
        return f"the rollback failed: {failure(rollback)}"
    if rollback.recovered is None:
        return "verifying its effect"
    if rollback.recovered and rollback.good_since is not None:
        after = format_duration(rollback.good_since - rollback.started_at)
        return f"recovered: in range {after} after it was started"
    if rollback.unseen:
        return f"rolled back and not seen to recover: {rollback.unseen}"
    return "rolled back and still burning"


def failure(rollback: Rollback) -> str:
    """Why a rollback command did not succeed, in a few words; `Rollback.error` has all of them."""
    if rollback.said:
        return f"{rollback.said_by} says so"
    if rollback.timed_out:
        return "timed out"
    return "not started" if rollback.exit_code is None else f"exit code {rollback.exit_code}"


def together(state: State, offset: float) -> str:
    """The five read together: what went over its limit first, what followed, and what did not."""
    over = onsets(state)
    if not over or over[0].onset is None:
        return ""
    first = over[0].onset
    told = [f"{over[0].signal.label} since {local_time(first, offset)}"]
    told += [f"{r.signal.label} {_after(r, first)}" for r in over[1:]]
    still = ", ".join(indicator_short(indicator) for indicator in unmoved(state))
    return f"{'; '.join(told)}. {f'In range: {still}.' if still else 'Nothing is in range.'}"


def _after(status: RuleState, first: float) -> str:
    later = (status.onset or first) - first
    return f"{format_duration(later)} later" if later else "at the same time"


def doubt(doubted: Doubt) -> str:
    """Why rolling back may not help."""
    if doubted.kind is DoubtKind.THIN:
        return f"thin: {_thin(doubted.rule)}"
    if doubted.kind is DoubtKind.CALLER:
        return _fewer_requests(doubted)
    if doubted.kind is DoubtKind.NEIGHBOUR and doubted.signal is not None:
        return _explained_by(doubted.signal, alike=doubted.rule.moved_alike)
    if doubted.kind is DoubtKind.ALIKE:
        return "the previous version moved alike: it is not this release"
    if doubted.kind is DoubtKind.UNSEEN:
        return _unseen(doubted)
    name = _dependency(doubted.rule.signal)
    if doubted.kind is DoubtKind.EARLIER:
        return f"{name} broke {format_duration(doubted.seconds)} earlier: rolling back may not help"
    if doubted.kind is DoubtKind.BEFORE:
        return f"{name} was over its limit before the deployment: rolling back will not help that"
    return f"{name} itself is failing: the fault may be theirs"


def _explained_by(signal: SignalState, *, alike: bool) -> str:
    """Which dependency explains it: ``rolling back may not help: orders-db connect is 350 ms, was 8 ms``."""
    if alike:
        return f"{_dependency(signal.signal)} fails for both versions: it is not this release"
    now = reading(signal.reading, signal.signal.unit)
    was = median(signal.baseline, signal.signal.unit)
    # What counts comes first: the line may be cut.
    return f"rolling back may not help: {signal.signal.label} is {now}, was {was}"


def _unseen(doubted: Doubt) -> str:
    if doubted.signal is None:
        return "the previous version is not seen beside it, so that it may have moved alike"
    kind = reading(doubted.signal.reading, doubted.signal.signal.unit)
    name = _dependency(doubted.signal.signal)
    return f"{doubted.signal.signal.label} is not seen ({kind}), and {name} may be what broke"


def _fewer_requests(doubted: Doubt) -> str:
    if doubted.share is None:
        return "the previous version fell silent alike: who calls them may have broken"
    left = f"only {share(doubted.share)} of the usual requests come" if doubted.share else "no requests come"
    return f"{left}, and nothing else is wrong: who calls it may have broken"


def _thin(status: RuleState) -> str:
    """Why nothing acts on a breach yet: ``2 of 24 requests, which may be chance``."""
    if status.evidence is None:
        if status.signal.events and status.rule.condition.compares:
            return "its events cannot be counted, so that it may be chance"
        return "part of it is within the ordinary spread of the time before"
    numbers, seldom = counted(status.receipt), chance(status)
    if seldom:
        return f"{numbers or 'a run'} that chance gives {seldom}"
    if not numbers:
        return "it may be chance"
    return f"{numbers}, which may be {'chance' if _may_be_chance(status) else 'one burst'}"


def _may_be_chance(status: RuleState) -> bool:
    """Whether the numbers of its last window alone could be chance, whatever came before."""
    receipt, evidence = status.receipt, status.evidence
    if receipt is None or evidence is None or receipt.count is None or receipt.failures is None:
        return True
    failures = receipt.failures if status.rule.condition.upward else receipt.count - receipt.failures
    return within_chance(failures, receipt.count, evidence.limit, evidence.alpha)


def watched(state: State) -> str:
    """How far a watch is: ``+07:49 of 15:00``; one that is extended may take twice its time and no longer.

    After a rollback it is the old version that is watched, for as long as that takes.
    """
    elapsed, duration = f"+{format_clock(state.watched, pad=True)}", state.setup.plan.timing.duration
    if state.rollback is not None:
        return elapsed
    if state.extended:
        return f"{elapsed} up to {format_clock(2 * duration, pad=True)}"
    return f"{elapsed} of {format_clock(state.total, pad=True)}"


def counted(receipt: Receipt | None) -> str:
    """What stands behind a receipt: ``49 of 984 requests``; empty where no events were counted."""
    if receipt is None or receipt.count is None or receipt.failures is None:
        return ""
    return f"{count(receipt.failures)} of {count(receipt.count)} requests"


def near_miss(near: NearMiss, offset: float) -> str:
    """``Near miss at 14:08:22 CET: HTTP 5xx 5.39 % > 1 % for 2m, 1m30s of 2m``."""
    if near.left is not None:
        later = format_duration(round(near.left))
        told = f"{comparison(near.rule)}, {later} before an automatic rollback"
        return f"Near miss at {local_time(near.at, offset)}: {told}."
    burnt, whole = format_duration(near.rule.lasted), format_duration(near.rule.rule.sustained)
    return f"Near miss at {local_time(near.at, offset)}: {comparison(near.rule)}, {burnt} of {whole}."


def _dependency(signal: Signal) -> str:
    return signal.dependency or signal.label


def override(made: Override) -> str:
    """A threshold that was changed: ``HTTP 5xx above 1 % for 2m, now 2 %: clients retry``."""
    unit = "%" if made.rule.condition.relative else made.signal.unit
    was = rule(RuleState(made.signal, made.rule, None, None)).rpartition(": ")[0]
    return f"{was}, now {format_limit(made.now.limit, unit)}: {made.reason}"
