"""The first rows of the screen: the state, worst thing first; whose release it is; the age of the data."""

from __future__ import annotations

from aftergreen import words
from aftergreen.units import format_clock, format_duration
from aftergreen.verdict.snapshot import Mark, Snapshot
from aftergreen.verdict.state import ReleaseState
from widgets.frame import Frame
from widgets.rows import Row, Span, beside, fit, width_of

LOOK_OF: dict[Mark, str] = {
    Mark.OK: "ok",
    Mark.WARN: "warn",
    Mark.BAD: "bad",
    Mark.UNKNOWN: "unknown",
    Mark.PENDING: "pending",
    Mark.WAIVED: "dim",
}

FRESH_INTERVALS = 3
"""Data older than so many intervals are no longer what is happening now."""

BAR = 10


def mark_span(mark: Mark) -> Span:
    """A mark as symbol and colour; its word stands beside it."""
    return Span(words.SYMBOLS[mark], LOOK_OF[mark])


def banner_mark(frame: Frame) -> Mark:
    """How the banner is coloured."""
    return Mark.PENDING if frame.snapshot is None else words.banner(frame.snapshot, frame.now).mark


def banner_rows(frame: Frame, width: int) -> tuple[Row, ...]:
    """What is happening, the fuse, the key that matters; below it the doubt, where there is one."""
    snapshot = frame.snapshot
    if snapshot is None:
        return (fit((Span(" "), Span("PREFLIGHT", bold=True), Span(f"  {frame.notice}")), width),)
    banner = words.banner(snapshot, frame.now)
    left = [Span(f" {words.SYMBOLS[banner.mark]} "), Span(banner.word, bold=True)]
    if frame.paused_at is not None:
        age = format_clock(max(0.0, frame.now - frame.paused_at))
        at = words.local_time(frame.paused_at, snapshot.context.offset)
        left[:0] = [Span(f" PAUSED at {at}, {age} ago ", bold=True)]
    if banner.fuse is not None:
        left += [Span("  "), Span(banner.fuse.text, bold=True)]
    if banner.text:
        left.append(Span(f"  {banner.text}"))
    keys = _keys(snapshot)
    right: list[Span] = [Span(f"{keys} ", bold=True)] if keys else []
    if banner.fuse is not None:
        bar = _fuse_bar(banner.fuse)
        if width_of(left) + len(bar) + 4 + width_of(right) <= width:
            left.append(Span(f"  {bar}"))
    elif _progressing(snapshot):
        left.append(Span(f"  {_progress(snapshot, width - width_of(left) - width_of(right) - 4)}"))
    rows = [beside(left, right, width)]
    if banner.doubt:
        rows.append(fit((Span(f"   ! {banner.doubt}"),), width))
    return tuple(rows)


def identity_row(frame: Frame, width: int) -> Row:
    """Service, versions, elapsed time, and always the age of the data."""
    release = frame.release if frame.snapshot is None else frame.snapshot.state.setup.release
    left = [Span(f" {release.service} "), Span(release.version, bold=True)]
    if release.previous:
        left.append(Span(f" ← {release.previous}", "dim"))
    left.append(Span(f"  {release.environment}", "dim"))
    snapshot = frame.snapshot
    if snapshot is None:
        return fit(left, width)
    if snapshot.context.simulated:
        left.insert(0, Span(" SIMULATED", "warn", bold=True))
    state = snapshot.state
    elapsed = format_clock(state.watched, pad=True)
    left.append(Span(f"  +{elapsed} of {format_clock(state.total, pad=True)}"))
    left += [Span("  "), *_age(frame, snapshot)]
    if snapshot.context.read_only:
        left.append(Span("  read-only", "warn"))
    seal = state.setup.seal[:7]
    for quiet in (
        f"{snapshot.context.operator} · sealed {seal} · {snapshot.context.journal} ",
        f"{snapshot.context.operator} · sealed {seal} ",
        f"sealed {seal} ",
    ):
        if width_of(left) + len(quiet) + 2 <= width:
            return beside(left, (Span(quiet, "dim"),), width)
    return fit(left, width)


def _age(frame: Frame, snapshot: Snapshot) -> tuple[Span, ...]:
    if snapshot.data_at is None:
        return (Span("no data yet", "unknown"),)
    age = max(0.0, frame.now - snapshot.data_at)
    stale = age > FRESH_INTERVALS * snapshot.state.setup.plan.timing.interval
    if stale and not snapshot.release_state.ended:
        return (Span(f"! data {format_duration(age)} ago", "warn", bold=True),)
    return (Span(f"data {round(age)} s ago" if age < 100 else f"data {format_duration(age)} ago"),)  # noqa: PLR2004


def _keys(snapshot: Snapshot) -> str:
    state = snapshot.release_state
    if state.ended:
        return "q leave"
    if state in (ReleaseState.PROPOSED, ReleaseState.ROLLBACK_FAILED):
        return "r roll back  w why"
    if snapshot.leading is not None and snapshot.leading.burning:
        return "r roll back  w why"
    return ""


def _fuse_bar(fuse: words.Fuse) -> str:
    share = 1.0 if fuse.sustained <= 0 else min(1.0, 1 - fuse.fires_in / fuse.sustained)
    burnt = round(share * BAR)
    bar = "▰" * burnt + "▱" * (BAR - burnt)
    return f"{format_duration(fuse.sustained - fuse.fires_in)} {bar} {format_duration(fuse.sustained)}"


def _progressing(snapshot: Snapshot) -> bool:
    return snapshot.release_state in (
        ReleaseState.WATCHING,
        ReleaseState.WARM_UP,
        ReleaseState.SEALED,
        ReleaseState.INCOMPLETE,
        ReleaseState.QUIET,
    )


def _progress(snapshot: Snapshot, room: int) -> str:
    state = snapshot.state
    counts = dict.fromkeys(Mark, 0)
    for view in snapshot.indicators:
        counts[view.mark] += 1
    told = "  ".join(f"{number} {words.SYMBOLS[mark]}" for mark, number in counts.items() if number)
    length = room - len(told) - 3
    if length < BAR:
        return told if room >= len(told) else ""
    share = 0.0 if state.total <= 0 else min(1.0, state.watched / state.total)
    done = round(share * length)
    return f"{'━' * done}{'─' * (length - done)}  {told}"
