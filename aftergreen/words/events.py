"""The lines of the log, and the remark at the edge of a panel."""

from __future__ import annotations

from aftergreen.model import Kind, Signal, Then
from aftergreen.units import format_duration, format_value
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from aftergreen.verdict.state import (
    Event,
    EventKind,
    Phase,
    ReleaseState,
    RuleState,
    SignalState,
)
from aftergreen.words.advice import doubt, override
from aftergreen.words.rules import chance, comparison, course, stands, where
from aftergreen.words.values import local_time, reading, seen


def event_mark(event: Event) -> Mark:
    """How an event is to be taken."""
    kind = event.kind
    if kind in (EventKind.BREACHED, EventKind.OVER_LIMIT, EventKind.SURE):
        serious = event.rule is not None and event.rule.rule.then is Then.ROLLBACK
        return Mark.BAD if serious else Mark.WARN
    if kind is EventKind.ENDED:
        if event.rule is not None:
            return Mark.BAD
        return Mark.OK if event.text == ReleaseState.FINISHED.value else Mark.WARN
    if kind is EventKind.ROLLBACK_ENDED:
        return Mark.BAD if event.text else Mark.OK
    return _EVENT_MARKS.get(kind, Mark.PENDING)


_EVENT_MARKS = {
    EventKind.COUNTDOWN: Mark.BAD,
    EventKind.DRY_RUN: Mark.BAD,
    EventKind.COUNTDOWN_STOPPED: Mark.WARN,
    EventKind.HELD: Mark.WARN,
    EventKind.RELEASED: Mark.WARN,
    EventKind.STILL_BURNING: Mark.BAD,
    EventKind.ROLLBACK_LOST: Mark.BAD,
    EventKind.BLIND: Mark.UNKNOWN,
    EventKind.UNKNOWN: Mark.UNKNOWN,
    EventKind.QUIET: Mark.UNKNOWN,
    EventKind.BASELINE_UNFIT: Mark.UNKNOWN,
    EventKind.OVERRIDE: Mark.WARN,
    EventKind.NEAR_MISS: Mark.WARN,
    EventKind.EXTENDED: Mark.WARN,
    EventKind.ROLLBACK_STARTED: Mark.WARN,
    EventKind.ROLLBACK_SAID: Mark.WARN,
    EventKind.BACK: Mark.OK,
    EventKind.CLEARED: Mark.OK,
    EventKind.KNOWN: Mark.OK,
    EventKind.SIGHT: Mark.OK,
    EventKind.RECOVERED: Mark.OK,
}


_AUTOMATIC = (EventKind.COUNTDOWN, EventKind.COUNTDOWN_STOPPED, EventKind.DRY_RUN)


def event(happened: Event) -> str:
    """One line of the log."""
    signal = happened.signal
    if happened.override is not None:
        return f"threshold changed by {happened.by}: {override(happened.override)}"
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
        then = "breached" if status.rule.then is Then.ROLLBACK else "a warning"
        way = f", {course(status)}" if course(status) else ""
        return f"{label} {where(status)}: {value}{way}{behind}; {then} if it lasts {lasting}"
    if happened.kind is EventKind.BREACHED:
        thin = ", thin" if status.thin else ""
        return f"{label} {stands(status)}: {comparison(status).removeprefix(label).lstrip()}{behind}{thin}"
    if happened.kind is EventKind.SURE:
        left = format_duration(status.remaining)
        seldom = chance(status)
        told = f" ({seldom})" if seldom else ""
        return f"{comparison(status)}: now more than chance{told}; {left} of fuse left"
    if happened.kind is EventKind.NEAR_MISS:
        burnt, whole = format_duration(status.lasted), format_duration(status.rule.sustained)
        known = happened.reading is None or happened.reading.compared
        after = f"back at {value}" if known else "then unknown"
        return f"{label} near miss: {where(status)} for {burnt} of {whole}, {after}"
    if happened.kind is EventKind.BACK:
        return f"{label} back in range: {value}"
    if happened.kind is EventKind.CLEARED:
        return f"{label} cleared: {value}"
    if happened.kind in _AUTOMATIC:
        return _automatic_event(happened, comparison(status))
    if happened.kind is EventKind.ENDED:
        return f"{_release_ended(happened)}, and {label} is still {status.standing.value}"
    return f"the watch is extended: {label} is {status.standing.value}"


def _automatic_event(happened: Event, why: str) -> str:
    lasting = format_duration(round(happened.seconds))
    if happened.kind is EventKind.COUNTDOWN:
        dry = ", a dry run that runs nothing" if happened.text else " unless somebody holds it"
        return f"automatic rollback in {lasting}{dry}: {why}"
    if happened.kind is EventKind.DRY_RUN:
        return f"dry run: it would have been rolled back now: {why}"
    told = doubt(happened.doubt) if happened.doubt is not None else happened.text
    return f"countdown stopped, {lasting} before an automatic rollback: {told}"


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
    because = f" because {happened.text}" if happened.text else ""
    length = format_duration(happened.seconds)
    if happened.kind is EventKind.ROLLBACK_ENDED:
        failed = f"the rollback command failed after {length}: {happened.text}"
        return failed if happened.text else f"the rollback command ended after {length}"
    if happened.kind in _AUTOMATIC:
        return _automatic_event(happened, "by a rule that this configuration does not have")
    texts = {
        EventKind.HELD: f"{happened.by} holds it{because}: nothing is rolled back without a person",
        EventKind.RELEASED: f"released{by}" if by else f"the hold is over: {happened.text}",
        EventKind.EXTENDED: "the watch is extended: it is held",
        EventKind.ROLLBACK_LOST: f"nobody knows what came of the rollback command: {happened.text}",
        EventKind.SEALED: f"deployed; thresholds and baseline sealed {happened.text[:7]}",
        EventKind.JUDGING: "warm-up is over, rules judge from here",
        EventKind.BLIND: f"blind, the watch clock stops: {happened.text}",
        EventKind.SIGHT: f"measuring again after {length} of blindness",
        EventKind.QUIET: "quiet: the backend answers and there is no traffic",
        EventKind.ROLLBACK_STARTED: f"rollback started{by}{because}",
        EventKind.ROLLBACK_SAID: f"{happened.by} says that the rollback {happened.text}",
        EventKind.RECOVERED: f"recovered: in range {length} after the rollback was started",
        EventKind.STILL_BURNING: f"rolled back and not recovered after {length}: {happened.text}",
        EventKind.ENDED: _release_ended(happened),
        EventKind.NOTE: f"note{by}: {happened.text}",
    }
    return texts.get(happened.kind, happened.text)


def _release_ended(happened: Event) -> str:
    return f"the release is {happened.text}{f' by {happened.by}' if happened.by else ''}"


def panel_footer(view: IndicatorView, snapshot: Snapshot) -> str:
    """The one remark at a panel's lower edge."""
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
            since = local_time(status.breached_at, offset)
            return f"{status.signal.label} {stands(status)} at {since}{_tripped_value(status)}"
    for status in rules:
        if status.burning and status.onset is not None:
            compared = status.rule.condition.compares
            return (
                f"{status.signal.label} {'over its limit' if compared else where(status)} "
                f"since {local_time(status.onset, offset)}"
            )
    return ""


def _tripped_value(status: RuleState) -> str:
    """The value that tripped a rule, where it is a value that did."""
    if status.receipt is None or not status.rule.condition.compares:
        return ""
    return f": {format_value(status.receipt.value, status.signal.unit)}"


def _why_unknown(view: IndicatorView) -> str:
    for signal in view.signals:
        if signal.reading is not None and not signal.reading.compared and signal.reading.detail:
            return why_unknown(signal)
    return next((r.unknown.why for s in view.signals for r in s.rules if r.unknown is not None), "")


def why_unknown(signal: SignalState) -> str:
    """Why a signal has no value; what the previous version had is told from what never was."""
    read = signal.reading
    if read is None or read.compared:
        return ""
    if read.kind is Kind.NO_SERIES and signal.baseline is not None:
        return "the previous version had series, this one has none"
    return read.detail
