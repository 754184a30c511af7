"""The longer texts: the receipt of a decision and the finish card of a release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aftergreen.model import Backend, Release
from aftergreen.promql import curl, expression
from aftergreen.units import format_duration, format_value
from aftergreen.verdict.detect import traffic_of
from aftergreen.verdict.ending import exit_code, left_over
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import DryRun, Receipt, ReleaseState, RuleState, State
from aftergreen.words import (
    SYMBOLS,
    baseline,
    comparison,
    count,
    doubt,
    ending,
    event,
    event_mark,
    evidence,
    failure,
    lacking,
    limit_value,
    local_time,
    near_miss,
    next_steps,
    noticeable,
    outcome,
    override,
    reading,
    rule,
    together,
    tripped,
)

PRODUCTION = ("prod", "production")
"""Names of the environment that everybody calls production."""

Rows = tuple[tuple[str, str], ...]


def receipt_rows(status: RuleState, backend: Backend, offset: float = 0.0) -> Rows:
    """The receipt of a rule as label and text; empty while the rule has compared nothing over its limit."""
    receipt = status.receipt
    if receipt is None:
        return ()
    unit = receipt.signal.unit
    rows = [
        ("rule", rule(status)),
        ("value", f"{format_value(receipt.value, unit)} at {local_time(receipt.at, offset)}"),
        ("limit", limit_value(status)),
        ("baseline", baseline(receipt.baseline, unit)),
        ("counted", _counted(receipt)),
        ("evidence", evidence(status)),
        ("window", f"the last {format_duration(receipt.window)}"),
        ("query", asked(receipt) or f"probe {receipt.signal.probe}"),
        ("curl", curl_line(receipt, backend)),
    ]
    return tuple((label, text) for label, text in rows if text)


def curl_line(receipt: Receipt, backend: Backend) -> str:
    """The shell line that gives the receipt's number again; empty for a probe, which has no history."""
    query = asked(receipt)
    return curl(backend, query, receipt.at) if query else ""


def asked(receipt: Receipt) -> str:
    """One expression that gives the receipt's number again at its time; empty for a probe."""
    return expression(receipt.signal, receipt.at, receipt.view)


def _counted(receipt: Receipt) -> str:
    if receipt.count is None:
        return ""
    if receipt.failures is None:
        return f"{count(receipt.count)} observations"
    return f"{count(receipt.failures)} of {count(receipt.count)}"


def production(snapshot: Snapshot) -> str:
    """The first sentence of the finish card: which version the environment runs."""
    state, release = snapshot.state, snapshot.state.setup.release
    place = _place(release)
    rollback = state.rollback
    if state.running is not None:
        return f"{place} runs {_running(state.running)}.{_rolled_back(snapshot)}"
    if rollback is None:
        return f"{place} runs {release.version}, as it was deployed; nothing here measured it."
    old = release.previous or "the previous version"
    if rollback.running:
        return f"{place} runs {release.version} or {old}: the rollback command is still running."
    if rollback.unknown:
        return f"{place} runs {release.version} or {old}: nobody knows what came of the rollback."
    if not rollback.succeeded:
        return f"{place} may still run {release.version}: the rollback failed, {failure(rollback)}."
    reported = f"{rollback.said_by} said" if rollback.said else "the rollback command reported"
    return f"{place} runs {old}, as {reported}.{_rolled_back(snapshot)}"


def measured_now(snapshot: Snapshot) -> str:
    """What stands over its limit at this moment, and which version serves."""
    leading, counts = snapshot.leading, snapshot.state.running
    told = "no rule is over its limit"
    if leading is not None:
        newest = snapshot.state.signals[leading.signal.key].reading
        value = reading(newest, leading.signal.unit)
        told = f"{leading.signal.label} {value}, its limit is {limit_value(leading)}"
    place = _place(snapshot.state.setup.release).lower()
    return f"{told}; {place} runs {_running(counts)}" if counts else told


def _place(release: Release) -> str:
    """What the environment is called at the beginning of a sentence."""
    return "Production" if release.environment.lower() in PRODUCTION else f"Environment {release.environment}"


def _running(measured: Mapping[str, float]) -> str:
    counts = {version: number for version, number in measured.items() if number}
    total = sum(counts.values())
    if not counts:
        return "no instance of any version"
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(
        f"{version} on {number:.0f} of {total:.0f} instances" for version, number in counts.items()
    )


def _rolled_back(snapshot: Snapshot) -> str:
    rollback, release = snapshot.rollback, snapshot.state.setup.release
    if rollback is None or not rollback.succeeded:
        return ""
    at = local_time(rollback.started_at, snapshot.context.offset)
    return f" {release.version} was rolled back at {at} by {rollback.by}."


def finish_card(snapshot: Snapshot) -> tuple[str, ...]:
    """What stays on the terminal: production's version, the verdict, why, and the exit code."""
    state, release = snapshot.state, snapshot.state.setup.release
    code = exit_code(state)
    lines = [production(snapshot), f"{release.name}: {_verdict(snapshot)} (exit code {code.value})."]
    if state.rollback is not None and state.rollback.error not in lines[1]:
        lines.append(state.rollback.error)
    lines.extend(_left_to_do(snapshot))
    decided = state.grounds
    if decided is not None and decided.decided_at is not None:
        at = local_time(decided.decided_at, snapshot.context.offset)
        lines.append(f"Decided at {at}: {_decision(decided, snapshot.context.offset)}.")
        lines.extend(f"Doubt: {doubt(doubted)}." for doubted in snapshot.doubts)
        lines.extend(filter(None, [together(state, snapshot.context.offset)]))
        lines.extend(f"  {label:<9}{text}" for label, text in _proof(decided, snapshot))
    lines.append(
        f"Watched {format_duration(state.watched)}"
        + (f" of {format_duration(state.total)}" if state.watched <= state.total else "")
        + (f", blind for {format_duration(state.blind)}" if state.blind else "")
        + f"; sealed {state.seal[:7]}."
    )
    lines.extend(
        f"Changed at {local_time(made.at, snapshot.context.offset)} by {made.by}: {override(made)}."
        for made in state.overrides
    )
    lines.extend(_noticeable(state))
    lines.extend(f"Missing: {lacking(found, snapshot.context.offset)}." for found in state.missing)
    lines.extend(near_miss(near, snapshot.context.offset) for near in state.near_misses)
    lines.extend(_dry_run(dry, snapshot.context.offset) for dry in state.dry_runs)
    lines.extend(_happened(snapshot))
    return tuple(lines)


def _happened(snapshot: Snapshot) -> Iterator[str]:
    """Every breach, every rollback and every remark, in the words of the log and as they followed."""
    if snapshot.milestones:
        yield "What happened:"
    for told in snapshot.milestones:
        at = local_time(told.at, snapshot.context.offset)
        yield f"  {at} {SYMBOLS[event_mark(told)]} {event(told)}"


def _decision(decided: RuleState, offset: float) -> str:
    """What was decided on; with the moment of its value where that was another one."""
    earlier = decided.receipt is not None and decided.receipt.at != decided.decided_at
    return tripped(decided, offset) if earlier else comparison(decided)


def _left_to_do(snapshot: Snapshot) -> Iterator[str]:
    """How a command that goes on is followed, and what is left where it did not mend anything."""
    rollback, release = snapshot.rollback, snapshot.state.setup.release
    if rollback is not None and rollback.running:
        where = f", or read {rollback.output}" if rollback.output else ""
        yield f"Follow it: aftergreen watch --version {release.version}{where}."
    steps = next_steps(snapshot)
    if steps and rollback is not None and rollback.recovered is False:
        yield f"Measured: {measured_now(snapshot)}."
    yield from steps


def _noticeable(state: State) -> Iterator[str]:
    """What the traffic of the new version could show; after a rollback that is no longer the question."""
    if state.rollback is not None:
        return
    for signal in state.signals.values():
        per_second = traffic_of(signal, state.setup.release.deployed_at)
        text = noticeable(state.setup.plan, signal.signal, per_second)
        if text:
            yield f"{signal.signal.label}: {text}."


def _dry_run(dry: DryRun, offset: float) -> str:
    why = f": {comparison(dry.rule)}" if dry.rule is not None else ""
    return f"Dry run: it would have been rolled back at {local_time(dry.at, offset)}{why}."


def _proof(decided: RuleState, snapshot: Snapshot) -> Rows:
    rows = receipt_rows(decided, snapshot.state.setup.plan.backend, snapshot.context.offset)
    return tuple(row for row in rows if row[0] in ("rule", "baseline", "counted", "evidence", "curl"))


def _verdict(snapshot: Snapshot) -> str:
    state = snapshot.state
    rollback = state.rollback
    if rollback is not None:
        left = state.state is ReleaseState.ABANDONED and rollback.succeeded and rollback.recovered is None
        return "rolled back, and left before its effect was seen" if left else outcome(rollback)
    over = left_over(state)
    if over is not None:
        return f"{over.signal.label} is still {over.standing.value}; {ending(state)}"
    named = {
        ReleaseState.PROPOSED: "left with a rollback advised that nobody ran",
        ReleaseState.ABANDONED: f"abandoned: {state.reason}" if state.reason else "abandoned",
    }
    return named.get(state.state, state.state.value)
