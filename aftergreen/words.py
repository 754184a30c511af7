"""Every short sentence about rules, readings and events, generated from the evaluated objects.

The screen, the plain output and the reports use the same words; nothing here knows about colours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from aftergreen.model import Condition, Indicator, Kind, Plan, Reading, Signal, Then
from aftergreen.units import format_duration, format_limit, format_value
from aftergreen.verdict import detect
from aftergreen.verdict.snapshot import Advice, AdviceKind, Doubt, DoubtKind, IndicatorView, Mark, Snapshot
from aftergreen.verdict.state import (
    Baseline,
    Event,
    EventKind,
    NearMiss,
    Phase,
    Receipt,
    ReleaseState,
    Rollback,
    RuleState,
    SignalState,
    State,
)
from aftergreen.verdict.trend import left_until
from aftergreen.verdict.walk import fuses, onsets, unmoved, warnings

SELDOM = "hardly ever"
CHANCE, ENORMOUS = 2.0, 1e6
"""Odds below which evidence is none, and above which their number means nothing to anybody."""

SYMBOLS: Mapping[Mark, str] = {
    Mark.OK: "✓",
    Mark.WARN: "!",
    Mark.BAD: "✗",
    Mark.UNKNOWN: "?",
    Mark.PENDING: "·",
    Mark.WAIVED: "–",
}

_TITLES = {
    Indicator.ERROR_RATE: ("Error rate", "errors"),
    Indicator.LATENCY: ("Latency", "latency"),
    Indicator.SATURATION: ("Saturation", "saturation"),
    Indicator.DEPENDENCY: ("Dependencies", "deps"),
    Indicator.BUSINESS: ("Business", "business"),
}


def indicator_title(indicator: Indicator) -> str:
    """The indicator's name as a heading."""
    return _TITLES[indicator][0]


def indicator_short(indicator: Indicator) -> str:
    """The indicator's name in the decision walk."""
    return _TITLES[indicator][1]


def local_time(at: float, offset: float = 0.0, zone: tzinfo | None = None) -> str:
    """A backend time in the reader's own zone: ``14:08:22 CET``."""
    return f"{datetime.fromtimestamp(at + offset, UTC).astimezone(zone):%H:%M:%S %Z}"


def count(number: float) -> str:
    """A number of events; `increase()` extrapolates, so it may carry a fraction that nobody counted."""
    return f"{number:,.0f}"


def share(fraction: float) -> str:
    """A relative change as the configuration writes it: ``50 %``."""
    return format_limit(fraction, "%")


def condition(status: RuleState) -> str:
    """What the rule asks, with its effective limit: ``> 1 % for 2m``, ``silent for 3m``."""
    asked = status.rule.condition
    if asked is Condition.CLIMBING:
        return f"climbing for {format_duration(status.rule.limit)}"
    if asked is Condition.SILENT:
        return f"silent for {format_duration(status.rule.limit)}"
    return f"{_beyond(status)}{_lasting(status)}"


def _lasting(status: RuleState) -> str:
    """Nothing where a single instant is enough, because the condition looks back itself."""
    return f" for {format_duration(status.rule.sustained)}" if status.rule.sustained else ""


def _beyond(status: RuleState) -> str:
    asked = status.rule.condition
    if asked is Condition.EXHAUSTS:
        return f"full at {limit_value(status)} within {format_duration(status.rule.limit)}"
    if not asked.compares:
        return "climbing" if asked is Condition.CLIMBING else "silent"
    sign = ">" if asked.upward else "<"
    return f"{sign} {'its baseline' if status.limit is None else limit_value(status)}"


def _where(status: RuleState) -> str:
    """Where a signal is that burns the fuse: ``over 1 %``, ``silent``, ``full in 11m (9m to 15m)``."""
    if status.rule.condition is Condition.SILENT:
        return "silent"
    if status.rule.condition.trend:
        return course(status) or condition(status)
    return f"{'over' if status.rule.condition.upward else 'under'} {limit_value(status)}"


def rule(status: RuleState) -> str:
    """The rule as it was written: ``HTTP 5xx above 1 % for 2m: roll back``."""
    then = "roll back" if status.rule.then is Then.ROLLBACK else "warn"
    fast = ", fast" if status.rule.fast else ""
    return f"{status.signal.label} {_written(status)}: {then}{fast}"


def _written(status: RuleState) -> str:
    written, unit = status.rule, status.signal.unit
    floor = f", by at least {format_limit(written.by_at_least, unit)}" if written.by_at_least else ""
    if written.condition is Condition.CLIMBING:
        return f"climbing for {format_duration(written.limit)}{floor}{_held(status)}"
    if not written.condition.compares:
        return f"{condition(status)}"
    if not written.condition.relative:
        return f"{written.condition.value} {format_limit(written.limit, unit)}{_lasting(status)}"
    direction = "above" if written.condition.upward else "below"
    return f"{share(written.limit)} {direction} baseline{floor}{_lasting(status)}"


def _held(status: RuleState) -> str:
    return f", held for {format_duration(status.rule.sustained)}" if status.rule.sustained else ""


def course(status: RuleState) -> str:
    """Where the course of a signal leads: ``full in 11m (9m to 15m)``, ``climbing by 2.1 ms a minute``."""
    trend = status.trend
    if trend is None or not trend.steady:
        return ""
    if status.rule.capacity is None:
        return f"climbing by {format_value(trend.slope * 60, status.signal.unit)} a minute"
    left = left_until(trend, status.rule.capacity)
    if left is None or left.seconds == 0:
        return "full"
    latest = "never" if math.isinf(left.latest) else _rounded(left.latest)
    return f"full in {_rounded(left.seconds)} ({_rounded(left.earliest)} to {latest})"


def _rounded(seconds: float) -> str:
    """A time to come, no more precise than it is known: whole minutes from two on."""
    step = 60 if seconds >= 120 else 5  # noqa: PLR2004  # two minutes
    return format_duration(max(step, round(seconds / step) * step))


def limit_value(status: RuleState) -> str:
    """The effective limit alone: as it was written, or as it follows from the baseline."""
    if status.limit is None:
        return "no limit"
    unit = status.signal.unit
    return (format_value if status.rule.condition.relative else format_limit)(status.limit, unit)


def comparison(status: RuleState, value: float | None = None) -> str:
    """What is being judged now: ``HTTP 5xx 4.98 % > 1 % for 2m``, ``pool 41 of 100, full in 11m …``."""
    if status.rule.condition is Condition.SILENT:
        return f"{status.signal.label} {condition(status)}"
    seen = value if value is not None else (status.receipt.value if status.receipt else None)
    shown = "" if seen is None else f" {format_value(seen, status.signal.unit)}"
    if status.rule.condition.trend and course(status):
        capacity = "" if status.limit is None else f" of {limit_value(status)}"
        return f"{status.signal.label}{shown}{capacity}, {course(status)}"
    return f"{status.signal.label}{shown} {condition(status)}"


def last_seen(status: RuleState) -> str:
    """What was compared before nothing could be: ``HTTP 5xx was 4.98 % > 1 %``."""
    value = "" if status.receipt is None else f" {format_value(status.receipt.value, status.signal.unit)}"
    return f"{status.signal.label} was{value} {_beyond(status)}"


def evidence(status: RuleState) -> str:
    """Whether it may be chance: ``a run this bad would come once in 1,200 releases if …``."""
    if status.evidence is None or status.limit is None:
        return ""
    rate = f"if the true rate were {limit_value(status)}"
    if status.evidence.once_in < CHANCE:
        return f"none: an ordinary run {rate}"
    seldom = chance(status)
    return f"a run this bad would {'hardly ever come' if seldom == SELDOM else f'come {seldom}'} {rate}"


def chance(status: RuleState) -> str:
    """How rarely chance gives such a run: ``once in 1,200 releases``; empty where it is an ordinary one."""
    odds = 0.0 if status.evidence is None else status.evidence.once_in
    if odds < CHANCE:
        return ""
    if odds > ENORMOUS:
        return SELDOM
    digits = 10 ** max(0, math.floor(math.log10(odds)) - 1)
    return f"once in {odds // digits * digits:,.0f} releases"


def look_back(signal: SignalState) -> tuple[str, str]:
    """The look-back where the window holds too little, and what it holds: ``5m`` and ``3 of 104, 2.9 %``."""
    wider = signal.look_back
    if wider is None or wider.seconds <= signal.signal.window or wider.trials <= 0:
        return "", ""
    rate = format_value(wider.failures / wider.trials, "%")
    return format_duration(wider.seconds), f"{count(wider.failures)} of {count(wider.trials)}, {rate}"


def noticeable(plan: Plan, signal: Signal, per_second: float) -> str:
    """What the traffic lets one notice: ``at 60 requests/min it would notice 10 % within 3m, …``."""
    found = detect.noticeable(plan, signal, per_second)
    if not found:
        return ""
    seen = [noticed for noticed in found if noticed.after is not None]
    soonest = min((noticed.after for noticed in seen if noticed.after is not None), default=None)
    quick = [noticed for noticed in seen if noticed.after == soonest][-1:]
    slow = [noticed for noticed in seen[-1:] if noticed not in quick]
    parts = [f"{share(n.rate)} within {format_duration(n.after or 0.0)}" for n in (*quick, *slow)]
    parts += [f"{share(n.rate)} not before the end" for n in found if n.after is None][:1]
    return f"at {format_value(per_second * 60, '')} requests/min it would notice {', '.join(parts)}"


def limit(status: RuleState) -> str:
    """The effective limit and where it comes from: ``263 ms (+50 %)``, ``1 % for 2m``."""
    written = status.rule
    if not written.condition.compares:
        return condition(status)
    if status.limit is None:
        return "none: " + (status.unknown.why if status.unknown else "no baseline yet")
    lasting = f"for {format_duration(written.sustained)}"
    if not written.condition.relative:
        return f"{limit_value(status)} {lasting}"
    sign = "+" if written.condition.upward else "−"
    return f"{limit_value(status)} ({sign}{share(written.limit)})"


def reading(read: Reading | None, unit: str) -> str:
    """The newest reading: a value, or the word for why there is none."""
    if read is None:
        return "…"
    if read.kind is Kind.DOWN:
        return "down"
    if read.value is None or not read.compared:
        return read.kind.value
    return format_value(read.value, unit)


def seen(read: Reading | None) -> str:
    """How much stands behind a reading: ``62 of 1,244``, or nothing."""
    if read is None or read.count is None:
        return ""
    if read.failures is not None or read.kind is Kind.ZERO:
        return f"{count(read.failures or 0.0)} of {count(read.count)}"
    return f"n {count(read.count)}"


def baseline(summary: Baseline | None, unit: str) -> str:
    """Median and spread of the time before: ``0.10 % ±0.03``."""
    if summary is None:
        return "unknown"
    middle = format_value(summary.median, unit)
    spread = format_value(summary.spread, unit)
    suffix = middle.lstrip("0123456789.,−")
    if suffix and spread.endswith(suffix):
        spread = spread.removesuffix(suffix).rstrip()
    return f"{middle} ±{spread}"


def companions(signal: SignalState) -> str:
    """The baselines that were not committed, and how the value of now stands to each of them."""
    now = signal.reading.value if signal.reading is not None and signal.reading.compared else None
    return " · ".join(_companion(other, now, signal.signal.unit) for other in signal.companions)


def _companion(other: Baseline, now: float | None, unit: str) -> str:
    told = f"{other.source.value} {baseline(other, unit)}"
    if other.unfit:
        return f"{told}, not fit: {other.unfit}"
    if now is None or other.median == 0 or not math.isfinite(now):
        return told
    change = now / other.median - 1.0
    return f"{told}, now {'+' if change >= 0 else '−'}{abs(change):.0%}".replace("%", " %")


def median(summary: Baseline | None, unit: str) -> str:
    """What the signal was before: the median alone, or a dash where nothing is known."""
    return "–" if summary is None else format_value(summary.median, unit)


def advice(snapshot: Snapshot) -> tuple[str, str]:
    """The advice as a lead of a few words and the rest of the sentence."""
    given = snapshot.advice
    if given.kind is AdviceKind.ROLL_BACK and given.rule is not None:
        early = ", more than chance already" if given.rule.burning else ""
        return "Roll back:", f"{comparison(given.rule)}{early}{_also(snapshot, given)}."
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


def _also(snapshot: Snapshot, given: Advice) -> str:
    others = [r for r in snapshot.state.rules if r is not given.rule and (r.breached or r.burning)]
    names = list(
        dict.fromkeys(r.signal.label for r in others if given.rule and r.signal != given.rule.signal)
    )
    return f"; also {', '.join(names)}" if names else ""


def _wait(snapshot: Snapshot, given: Advice) -> tuple[str, str]:
    burning = fuses(snapshot.state)
    if snapshot.release_state in (ReleaseState.BLIND, ReleaseState.QUIET):
        return "Wait:", f"{given.reason}."
    if given.rule is not None and burning and given.rule == burning[0]:
        if given.rule.unknown is not None:
            left = format_duration(given.rule.remaining)
            unknown = f"{given.rule.signal.label} is unknown ({given.rule.unknown.why})"
            return "Wait:", f"{unknown}, {left} of its fuse are left."
        left = format_duration(given.rule.remaining)
        return "Roll back", f"if {given.rule.signal.label} stays {_where(given.rule)} for {left} more."
    return "Wait:", f"{given.reason}."


def _ended(snapshot: Snapshot) -> tuple[str, str]:
    state, rollback = snapshot.state, snapshot.rollback
    if state.state is ReleaseState.FINISHED:
        return "Finished.", "Every indicator is in range and there is enough evidence."
    if state.state is ReleaseState.UNPROVEN:
        return "Unproven:", f"{state.missing[0] if state.missing else 'too little was seen'}."
    if state.state is ReleaseState.ABANDONED or rollback is None:
        return "Abandoned:", f"{state.reason or 'nobody watches any more'}."
    if rollback.recovered:
        return "Rolled back:", f"{outcome(rollback)}."
    if rollback.unseen:
        return "Not seen to recover:", f"{rollback.unseen}."
    return "Still burning:", "look for another cause."


def outcome(rollback: Rollback | None) -> str:
    """What came of a rollback: ``recovered in 1m50s``, ``still burning``, ``failed with exit code 1``."""
    if rollback is None:
        return "no rollback was run"
    if rollback.running:
        return "the rollback command is running"
    if not rollback.succeeded:
        return f"the rollback failed: {failure(rollback)}"
    if rollback.recovered is None:
        return "verifying its effect"
    if rollback.recovered and rollback.good_since is not None:
        return f"recovered in {format_duration(rollback.good_since - rollback.started_at)}"
    if rollback.unseen:
        return f"rolled back and not seen to recover: {rollback.unseen}"
    return "rolled back and still burning"


def failure(rollback: Rollback) -> str:
    """Why a rollback command did not succeed, in a few words; `Rollback.error` has all of them."""
    if rollback.timed_out:
        return "timed out"
    return "not started" if rollback.exit_code is None else f"exit code {rollback.exit_code}"


def together(state: State, offset: float) -> str:
    """The five read together: what went over its limit first, what followed, and what did not move."""
    over = onsets(state)
    if not over or over[0].onset is None:
        return ""
    first = over[0].onset
    told = [f"{over[0].signal.label} since {local_time(first, offset)}"]
    told += [f"{r.signal.label} {_after(r, first)}" for r in over[1:]]
    still = ", ".join(indicator_short(indicator) for indicator in unmoved(state))
    return f"{'; '.join(told)}. {f'Unmoved: {still}.' if still else 'Nothing is unmoved.'}"


def _after(status: RuleState, first: float) -> str:
    later = (status.onset or first) - first
    return f"{format_duration(later)} later" if later else "at the same time"


def doubt(doubted: Doubt) -> str:
    """Why rolling back may not help."""
    if doubted.kind is DoubtKind.THIN:
        return f"thin: {_thin(doubted.rule)}"
    if doubted.kind is DoubtKind.ALIKE:
        return "the previous version moved alike: it is not this release"
    name = _dependency(doubted.rule.signal)
    if doubted.kind is DoubtKind.EARLIER:
        return f"{name} broke {format_duration(doubted.seconds)} earlier: rolling back may not help"
    if doubted.kind is DoubtKind.BEFORE:
        return f"{name} was over its limit before the deployment: rolling back will not help that"
    return f"{name} itself is failing: the fault may be theirs"


def _thin(status: RuleState) -> str:
    """Why a breach may still be chance: ``2 of 24, which may be chance``."""
    if status.evidence is None:
        return "part of it is within the ordinary spread of the time before"
    numbers = _counted(status.receipt)
    return f"{numbers}, which may be chance" if numbers else "it may be chance"


def _counted(receipt: Receipt | None) -> str:
    if receipt is None or receipt.count is None or receipt.failures is None:
        return ""
    return f"{count(receipt.failures)} of {count(receipt.count)} requests"


def near_miss(near: NearMiss, offset: float) -> str:
    """``Near miss at 14:08:22 CET: HTTP 5xx 5.39 % > 1 % for 2m, 1m30s of 2m``."""
    burnt, whole = format_duration(near.rule.burnt), format_duration(near.rule.rule.sustained)
    return f"Near miss at {local_time(near.at, offset)}: {comparison(near.rule)}, {burnt} of {whole}."


def _dependency(signal: Signal) -> str:
    return signal.dependency or signal.label


def event_mark(event: Event) -> Mark:
    """How an event is to be taken."""
    kind = event.kind
    if kind in (EventKind.BREACHED, EventKind.OVER_LIMIT, EventKind.SURE):
        serious = event.rule is not None and event.rule.rule.then is Then.ROLLBACK
        return Mark.BAD if serious else Mark.WARN
    if kind is EventKind.ENDED:
        return Mark.OK if event.text == ReleaseState.FINISHED.value else Mark.WARN
    if kind is EventKind.ROLLBACK_ENDED:
        return Mark.BAD if event.text else Mark.OK
    return _EVENT_MARKS.get(kind, Mark.PENDING)


_EVENT_MARKS = {
    EventKind.STILL_BURNING: Mark.BAD,
    EventKind.BLIND: Mark.UNKNOWN,
    EventKind.UNKNOWN: Mark.UNKNOWN,
    EventKind.QUIET: Mark.UNKNOWN,
    EventKind.BASELINE_UNFIT: Mark.UNKNOWN,
    EventKind.NEAR_MISS: Mark.WARN,
    EventKind.EXTENDED: Mark.WARN,
    EventKind.ROLLBACK_STARTED: Mark.WARN,
    EventKind.BACK: Mark.OK,
    EventKind.CLEARED: Mark.OK,
    EventKind.KNOWN: Mark.OK,
    EventKind.SIGHT: Mark.OK,
    EventKind.RECOVERED: Mark.OK,
}


def event(happened: Event) -> str:
    """One line of the log."""
    signal = happened.signal
    if happened.rule is not None:
        return _rule_event(happened, happened.rule)
    if signal is not None:
        return _signal_event(happened, signal)
    return _release_event(happened)


def _rule_event(happened: Event, status: RuleState) -> str:
    label, unit = status.signal.label, status.signal.unit
    value = reading(happened.reading, unit)
    failed = happened.reading is not None and happened.reading.failures is not None
    behind = f" ({seen(happened.reading)})" if failed else ""
    if happened.kind is EventKind.OVER_LIMIT:
        lasting = format_duration(status.rule.sustained)
        return f"{label} {_where(status)}: {value}{behind}; breached if it lasts {lasting}"
    if happened.kind is EventKind.BREACHED:
        thin = ", thin" if status.thin else ""
        if not status.rule.condition.compares:
            return f"{label} breached: {comparison(status).removeprefix(label).lstrip()}{thin}"
        return f"{label} breached: {value} {condition(status)}{behind}{thin}"
    if happened.kind is EventKind.SURE:
        left = format_duration(status.remaining)
        seldom = chance(status)
        return f"{label}{f': {seldom} by chance' if seldom else ' is more than chance'}; {left} of fuse left"
    if happened.kind is EventKind.NEAR_MISS:
        burnt, whole = format_duration(status.burnt), format_duration(status.rule.sustained)
        return f"{label} near miss: {_where(status)} for {burnt} of {whole}, back at {value}"
    if happened.kind is EventKind.BACK:
        return f"{label} back in range: {value}"
    if happened.kind is EventKind.CLEARED:
        return f"{label} cleared: {value}"
    return f"the watch is extended: {label} is {status.phase.value}"


def _signal_event(happened: Event, signal: Signal) -> str:
    if happened.kind is EventKind.BASELINE_UNFIT:
        return f"{signal.label}: the baseline is not fit to compare with: {happened.text}"
    if happened.kind is EventKind.KNOWN:
        value = reading(happened.reading, signal.unit)
        return f"{signal.label} is known again after {format_duration(happened.seconds)}: {value}"
    read = happened.reading
    detail = f" ({read.detail})" if read is not None and read.detail else ""
    return f"{signal.label} is unknown: {reading(read, signal.unit)}{detail}"


def _release_event(happened: Event) -> str:
    by = f" by {happened.by}" if happened.by else ""
    length = format_duration(happened.seconds)
    if happened.kind is EventKind.ROLLBACK_ENDED:
        failed = f"the rollback command failed after {length}: {happened.text}"
        return failed if happened.text else f"the rollback command ended after {length}"
    texts = {
        EventKind.SEALED: f"deployed; thresholds and baseline sealed {happened.text[:7]}",
        EventKind.JUDGING: "warm-up is over, rules judge from here",
        EventKind.BLIND: f"blind, the watch clock stops: {happened.text}",
        EventKind.SIGHT: f"measuring again after {length} of blindness",
        EventKind.QUIET: "quiet: the backend answers and there is no traffic",
        EventKind.ROLLBACK_STARTED: f"rollback started{by}",
        EventKind.RECOVERED: f"recovered in {length}",
        EventKind.STILL_BURNING: f"rolled back and not recovered after {length}: {happened.text}",
        EventKind.ENDED: f"the release is {happened.text}{by}",
        EventKind.NOTE: f"note{by}: {happened.text}",
    }
    return texts.get(happened.kind, happened.text)


def panel_footer(view: IndicatorView, snapshot: Snapshot) -> str:
    """The one remark at a panel's lower edge."""
    if view.waived:
        return f"waived: {view.waived}"
    if over := _over_since(view, snapshot.context.offset):
        return over
    # Blindness is said once for all panels, by the banner.
    return "" if snapshot.release_state is ReleaseState.BLIND else _why_unknown(view)


def _over_since(view: IndicatorView, offset: float) -> str:
    rules = [r for s in view.signals for r in s.rules]
    for status in rules:
        if status.breached and status.breached_at is not None:
            if status.phase is Phase.CLEARING and status.clear_since is not None:
                return f"{status.signal.label} clearing since {local_time(status.clear_since, offset)}"
            return f"{status.signal.label} breached at {local_time(status.breached_at, offset)}"
    for status in rules:
        if status.burning and status.onset is not None:
            return f"{status.signal.label} over its limit since {local_time(status.onset, offset)}"
    return ""


def _why_unknown(view: IndicatorView) -> str:
    for signal in view.signals:
        if signal.reading is not None and not signal.reading.compared and signal.reading.detail:
            return signal.reading.detail
    return next((r.unknown.why for s in view.signals for r in s.rules if r.unknown is not None), "")
