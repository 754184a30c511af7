"""The first row of the screen: what is happening, worst thing first, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aftergreen.model import Indicator, Then
from aftergreen.units import format_clock, format_duration
from aftergreen.verdict.ending import left_over
from aftergreen.verdict.snapshot import Mark, Snapshot
from aftergreen.verdict.state import Countdown, Hold, ReleaseState, Rollback, RuleState
from aftergreen.verdict.walk import warnings
from aftergreen.words import (
    comparison,
    doubt,
    ending,
    failure,
    lacking,
    last_seen,
    local_clock,
    not_automatic,
    outcome,
    reading,
)


@dataclass(frozen=True, slots=True)
class Fuse:
    """The fuse on the banner: burnt and whole length in seconds, and the time until it fires.

    ``frozen`` says why it does not burn now. The grace before an automatic rollback is one too: ``fires`` is
    what happens at its end.
    """

    burnt: float
    sustained: float
    fires_in: float
    frozen: str = ""
    fires: str = "fires"

    @property
    def text(self) -> str:
        """``fires in 0:23``, ``fuse frozen: stale``."""
        if self.frozen:
            return f"fuse frozen: {self.frozen}"
        return f"{self.fires} in {format_clock(self.fires_in)}"


@dataclass(frozen=True, slots=True)
class Banner:
    """The first row of the screen: how it stands, the word, the rest, the doubt, the fuse.

    ``more`` are the moments that the numbers of ``text`` speak of; the keys that matter go before them.
    """

    mark: Mark
    word: str
    text: str
    doubt: str = ""
    fuse: Fuse | None = None
    more: tuple[str, ...] = ()


def banner_of(snapshot: Snapshot, now: float) -> Banner:
    """What is happening, worst thing first; ``now`` is the time on the backend's clock."""
    found, since = _banner(snapshot, now), snapshot.state.blind_since
    if since is None or snapshot.release_state is ReleaseState.BLIND or snapshot.release_state.ended:
        return found
    lasting = format_duration(max(0.0, now - since))
    # What was found still stands, and nobody can see whether it is still true.
    why = _why_unknown(snapshot)
    told = f"BLIND for {lasting}: nothing can be measured{f': {why}' if why else ''}"
    return replace(found, doubt=told)


def _why_unknown(snapshot: Snapshot) -> str:
    """Why the first signal of the walk that has no value has none, whatever of it is looked at."""
    readings = (signal.reading for i in Indicator for signal in snapshot.state.signals_of(i))
    return next((r.detail for r in readings if r is not None and not r.compared and r.detail), "")


def _banner(snapshot: Snapshot, now: float) -> Banner:
    doubts = doubt(snapshot.doubts[0]) if snapshot.doubts else ""
    lead = snapshot.leading
    state = snapshot.release_state
    if snapshot.rollback is not None:
        return _rollback_banner(snapshot, snapshot.rollback, now)
    over = left_over(snapshot.state)
    if over is not None:
        return _burnt_banner(snapshot, over, doubts)
    counting = snapshot.state.countdown
    if counting is not None and not counting.lapsed(now):
        return _countdown_banner(snapshot, counting, now)
    if snapshot.state.hold is not None and (lead is not None or not snapshot.release_state.ended):
        return _held_banner(snapshot, snapshot.state.hold)
    if state is ReleaseState.PROPOSED and lead is not None and lead.breached:
        against = not_automatic(snapshot, now) or doubts
        return Banner(Mark.BAD, "BREACHED", comparison(lead), against, more=_moments(snapshot, lead))
    if state is ReleaseState.BLIND:
        since = snapshot.state.blind_since
        lasting = f" for {format_duration(max(0.0, now - since))}" if since is not None else ""
        text = f"nothing measured{lasting}; the watch clock stands still"
        return Banner(Mark.UNKNOWN, "BLIND", text, _why_unknown(snapshot))
    if lead is not None and lead.burning and lead.rule.then is Then.ROLLBACK:
        if lead.unknown is not None:
            frozen = Fuse(lead.burnt, lead.rule.sustained, lead.remaining, frozen=lead.unknown.why)
            return Banner(Mark.BAD, "OVER LIMIT", last_seen(lead), doubts, frozen)
        due = max(0.0, lead.remaining - max(0.0, now - snapshot.at))
        fuse = Fuse(lead.burnt, lead.rule.sustained, due)
        return Banner(Mark.BAD, "OVER LIMIT", comparison(lead), doubts, fuse)
    return _calm_banner(snapshot)


def _moments(snapshot: Snapshot, rule: RuleState) -> tuple[str, ...]:
    """When the value was measured that a breach stands on, and what is measured now."""
    if not rule.breached or rule.breached_at is None:
        return ()
    newest = snapshot.signals[rule.signal.key].reading
    now = (f", now {reading(newest, rule.signal.unit)}",) if newest is not None else ()
    return f" at {local_clock(rule.breached_at, snapshot.context.offset)}", *now


def _burnt_banner(snapshot: Snapshot, over: RuleState, doubts: str) -> Banner:
    """A watch that is over while something is over its limit, which nobody rolled back."""
    word = "STILL BREACHED" if over.breached else "STILL OVER LIMIT"
    more = (*_moments(snapshot, over)[:1], f"; {ending(snapshot.state)}")
    return Banner(Mark.BAD, word, comparison(over), doubts, more=more)


def _countdown_banner(snapshot: Snapshot, counting: Countdown, now: float) -> Banner:
    """What happens without anybody's doing, when, and on what it stands."""
    grace, left = counting.due - counting.at, counting.left(now)
    fires = "would roll back" if counting.dry else "rolls back"
    fuse = Fuse(grace - left, grace, left, fires=fires)
    doubts = doubt(snapshot.doubts[0]) if snapshot.doubts else ""
    rule = counting.rule
    why, more = ("", ()) if rule is None else (comparison(rule), _moments(snapshot, rule))
    return Banner(Mark.BAD, "DRY RUN" if counting.dry else "BREACHED", why, doubts, fuse, more)


def _held_banner(snapshot: Snapshot, hold: Hold) -> Banner:
    """Who keeps what is over its limit from being rolled back; on the second row why."""
    lead = snapshot.leading
    over, more = ("", ()) if lead is None else (f"  {comparison(lead)}", _moments(snapshot, lead))
    doubts = doubt(snapshot.doubts[0]) if snapshot.doubts else ""
    because = f"because {hold.reason}" if hold.reason else ""
    mark = Mark.WARN if lead is None else Mark.BAD
    return Banner(mark, "HELD", f"by {hold.by}{over}", doubts or because, more=more)


def _rollback_banner(snapshot: Snapshot, rollback: Rollback, now: float) -> Banner:
    unsettled = rollback.running or (rollback.succeeded and rollback.recovered is None)
    if snapshot.release_state is ReleaseState.ABANDONED and unsettled:
        left = "still running" if rollback.running else "not verified"
        text = f"{snapshot.state.reason}; its rollback was {left}"
        return Banner(Mark.WARN, "ABANDONED", text)
    if rollback.running:
        lasting = format_clock(max(0.0, now - rollback.started_at))
        return Banner(Mark.WARN, "ROLLING BACK", f"by {rollback.by}, {lasting}")
    if rollback.unknown:
        return Banner(Mark.BAD, "OUTCOME UNKNOWN", "say what came of it, or run it again")
    if not rollback.succeeded:
        return Banner(Mark.BAD, "ROLLBACK FAILED", f"{failure(rollback)}: go back by hand, or try again")
    if rollback.recovered is None:
        return Banner(
            Mark.WARN, "VERIFYING", f"is {snapshot.state.setup.release.previous or 'the old version'} well?"
        )
    if rollback.recovered:
        return Banner(Mark.OK, "RECOVERED", outcome(rollback).removeprefix("recovered: "))
    if rollback.unseen:
        return Banner(Mark.BAD, "NOT SEEN TO RECOVER", f"rolled back; {rollback.unseen}")
    lead = snapshot.leading
    over = () if lead is None else (f": {comparison(lead)}",)
    return Banner(Mark.BAD, "STILL BURNING", "rolled back, and the breach has not cleared", more=over)


def _calm_banner(snapshot: Snapshot) -> Banner:
    state = snapshot.release_state
    word = state.value.upper()
    if state is ReleaseState.FINISHED:
        return Banner(Mark.OK, word, "every indicator in range, enough evidence")
    if state is ReleaseState.UNPROVEN:
        missing = snapshot.state.missing
        return Banner(Mark.WARN, word, lacking(missing[0], snapshot.context.offset) if missing else "")
    if state in (ReleaseState.INCOMPLETE, ReleaseState.QUIET):
        why = _why_unknown(snapshot) if state is ReleaseState.INCOMPLETE else ""
        return Banner(Mark.UNKNOWN, word, snapshot.state.reason, why)
    if state is ReleaseState.ABANDONED:
        return Banner(Mark.WARN, word, snapshot.state.reason)
    warned = warnings(snapshot.state)
    if warned:
        more = _moments(snapshot, warned[0])
        return Banner(Mark.WARN, "WARNING" if more else word, comparison(warned[0]), more=more)
    pending = state in (ReleaseState.SEALED, ReleaseState.WARM_UP, ReleaseState.PREFLIGHT)
    return Banner(Mark.PENDING if pending else Mark.OK, word, "")
