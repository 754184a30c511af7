"""The first rows of the screen: the state, worst thing first; whose release it is; the age of the data."""

from __future__ import annotations

from aftergreen import words
from aftergreen.units import format_clock, format_duration
from aftergreen.verdict.snapshot import Mark, Snapshot
from aftergreen.verdict.state import ReleaseState
from aftergreen.words.banner import Banner, Fuse, banner_of
from widgets.frame import Frame
from widgets.rows import Row, Span, beside, fit, folded, row, shortened, width_of

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

NAMED = 80
"""Cells from which on another release that burns is named beside the state of this one."""

NARROW_FACTS = 2
"""Rows of facts where the terminal is narrow."""

DOUBT, DOUBT_ROWS = 3, 4
"""By how many cells a doubt is set in, and on how many rows it may stand."""

HOLD_ANYWHERE = "ctrl+g"
"""The key that holds a release where letters are typed."""


def mark_span(mark: Mark) -> Span:
    """A mark as symbol and colour; its word stands beside it."""
    return Span(words.SYMBOLS[mark], LOOK_OF[mark])


def banner_mark(frame: Frame) -> Mark:
    """How the banner is coloured: by what is known now, also above a frozen view."""
    if frame.failed:
        return Mark.UNKNOWN
    snapshot = frame.latest
    return Mark.PENDING if snapshot is None else banner_of(snapshot, frame.present).mark


def banner_rows(frame: Frame, width: int) -> tuple[Row, ...]:
    """What is happening, the fuse, the key that matters; below it the doubt, where there is one."""
    snapshot = frame.snapshot
    if frame.failed:
        return _failed_rows(frame.failed, width)
    if snapshot is None:
        return (fit((Span(" · "), Span("PREFLIGHT", bold=True), Span(f"  {frame.notice} …")), width),)
    banner = banner_of(snapshot, frame.now)
    if frame.frozen is not None:
        return _frozen_rows(frame, snapshot, frame.frozen, banner, width)
    left = _said(banner)
    right = _keys(frame, snapshot, width - width_of(left))
    room = width - width_of(left) - width_of(right) - 4
    for more in banner.more:
        if len(more) > room:
            break
        left.append(Span(more))
        room -= len(more)
    if banner.fuse is not None:
        bar = _fuse_bar(banner.fuse)
        left.append(Span(f"  {bar}" if len(bar) <= room else ""))
    elif _progressing(snapshot):
        left.append(Span(f"  {_progress(snapshot, room)}"))
    return (beside(left, right, width), *_doubt_rows(banner, width))


def _failed_rows(failed: str, width: int) -> tuple[Row, ...]:
    """Why nobody watches this release here, whole: the cure stands at its end."""
    head = [Span(f" {words.SYMBOLS[Mark.UNKNOWN]} "), Span("NOT WATCHED", bold=True), Span("  ")]
    first, *rest = folded(failed, width - width_of(head))
    lines = folded(" ".join(rest), width - DOUBT) if rest else []
    below = [fit(row(" " * DOUBT, line), width) for line in lines]
    return (fit((*head, Span(first)), width), *shortened(below, DOUBT_ROWS, width))


def rehearsed(frame: Frame) -> Row:
    """That nothing here is real, before all else; empty where it is."""
    return (Span(f" {frame.simulated} ", "rehearsal", bold=True),) if frame.simulated else ()


def elsewhere(frame: Frame, width: int) -> Row:
    """Which other release of this console burns, and the key that leads there; empty where none does."""
    burning = [other for other in frame.others if not frame.overall and banner_mark(other) is Mark.BAD]
    if not burning:
        return ()
    sign, more = words.SYMBOLS[Mark.BAD], f" +{len(burning) - 1}" if len(burning) > 1 else ""
    said = f"{burning[0].release.service}{more} · esc"
    if width < NAMED or len(said) > width // 3:
        said = f"{len(burning)} more"
    look = "text" if banner_mark(frame) is Mark.BAD else "bad"
    return (Span(f" {sign} {said} ", look, bold=True),)


def alarm_rows(frame: Frame, width: int) -> tuple[Row, ...]:
    """The countdown for whoever looks at something else, and the key that holds it; empty where none runs."""
    counting = next((one for one in (frame, *frame.others) if _counting(one)), None)
    snapshot = None if counting is None else counting.latest
    if counting is None or snapshot is None:
        return ()
    banner = banner_of(snapshot, counting.present)
    left = banner.fuse.text if banner.fuse is not None else banner.word
    name = "" if counting is frame else f"{counting.release.service} "
    said = [Span(f" {words.SYMBOLS[banner.mark]} "), Span(f"{name}{left}", bold=True)]
    # The key is for the release that is looked at.
    key = () if frame.hold_refused or name else (Span(f"{HOLD_ANYWHERE} holds it ", bold=True),)
    why = Span(f"  {banner.text}")
    # Half a rule explains nothing, and takes the place of what can be done.
    whole = width_of(said) + width_of((why,)) + width_of(key) + 2 <= width
    return (beside([*said, why] if whole else said, key, width),)


def _counting(frame: Frame) -> bool:
    """Whether a countdown to a rollback runs."""
    counting = frame.latest.state.countdown if frame.latest is not None else None
    return counting is not None and not counting.lapsed(frame.present)


def _said(banner: Banner) -> list[Span]:
    """Mark and word, the time that is left, the facts."""
    spans = [Span(f" {words.SYMBOLS[banner.mark]} "), Span(banner.word, bold=True)]
    if banner.fuse is not None:
        spans += [Span("  "), Span(banner.fuse.text, bold=True)]
    return [*spans, Span(f"  {banner.text}")] if banner.text else spans


def _doubt_rows(banner: Banner, width: int) -> tuple[Row, ...]:
    """What speaks against it, or why nothing is known: the cure stands at its end, and is not cut."""
    if not banner.doubt:
        return ()
    lines = folded(f"! {banner.doubt}", width - DOUBT)
    return shortened([fit(row(" " * DOUBT, line), width) for line in lines], DOUBT_ROWS, width)


def _frozen_rows(
    frame: Frame, snapshot: Snapshot, frozen: float, banner: Banner, width: int
) -> tuple[Row, ...]:
    """A frozen view says so before all else, and what has become of the release meanwhile."""
    at = words.local_time(frame.now, snapshot.context.offset)
    left = [Span(" "), Span(f"PAUSED at {at}, {format_clock(frozen)} ago ", bold=True)]
    said, key = (
        [*_said(banner), *map(Span, banner.more)],
        (Span(f"{frame.keys['pause']} goes on ", bold=True),),
    )
    if width_of(left) + width_of(said) + width_of(key) + 1 <= width:
        rows = [beside([*left, *said], key, width)]
    else:
        rows = [beside(left, key, width), fit(said, width)]
    rows += _doubt_rows(banner, width)
    if frame.newest is not None:
        now = banner_of(frame.newest, frame.present)
        counting = frame.newest.state.countdown != snapshot.state.countdown
        if counting or (now.word, now.mark) != (banner.word, banner.mark):
            rows.append(fit((Span("   now:"), *_said(now)), width))
    return tuple(rows)


def narrow_rows(frame: Frame, width: int) -> tuple[Row, ...]:
    """The banner where no row holds it: the word and the time that is left, then what is known, then a doubt.

    Always of now: above a frozen view there is no room to say what has become of it meanwhile.
    """
    snapshot = frame.latest
    if snapshot is None or frame.failed:
        return banner_rows(frame, width)
    banner = banner_of(snapshot, frame.present)
    head = [Span(f" {words.SYMBOLS[banner.mark]} "), Span(banner.word, bold=True)]
    if banner.fuse is not None:
        head.append(Span(f"  {banner.fuse.text}", bold=True))
    if frame.frozen is not None:
        head.append(Span(f"  PAUSED {format_clock(frame.frozen)}", bold=True))
    # What speaks against it goes before the moments of what speaks for it.
    room = (1 if banner.doubt else NARROW_FACTS) * (width - 1)
    facts = folded(_facts(banner, room) or words.advice(snapshot)[1], width - 1)
    said = shortened([fit(row(" ", line), width) for line in facts], NARROW_FACTS, width)
    doubts = _doubt_rows(banner, width)
    return (fit(head, width), *said, *shortened(doubts, 1 + NARROW_FACTS - len(said), width))


def _facts(banner: Banner, room: int) -> str:
    """What the banner says, with the moments that there is room for."""
    text = banner.text
    for more in banner.more:
        if len(text) + len(more) > room:
            break
        text += more
    return text


def identity_rows(frame: Frame, width: int) -> tuple[Row, ...]:
    """Whose release it is and the times of its watch: on one row, or on two where one is too short."""
    row_of_all = _identity_row(frame, width)
    if row_of_all is not None:
        return (row_of_all,)
    snapshot = frame.snapshot
    head, release = _whose(frame), frame.release
    back = Span(f" ← {release.previous}" if release.previous else "", "dim")
    first = fit((*head, back) if width_of((*head, back)) <= width else head, width)
    if snapshot is None:
        return (first,)
    elapsed, *age = _times(frame, snapshot)
    return first, fit((Span(elapsed.text[1:]), *age), width)


def _whose(frame: Frame) -> list[Span]:
    """Service and version; what was chosen of it before them."""
    release = frame.release
    head = [Span(f" {release.service} "), Span(release.version, bold=True)]
    if frame.only:
        head.insert(0, Span(f" /{frame.only} ", "warn", bold=True))
    return head


def _identity_row(frame: Frame, width: int) -> Row | None:
    """Service, versions, elapsed time, and always the age of the data; None where that takes more."""
    snapshot, release, head = frame.snapshot, frame.release, _whose(frame)
    previous = [Span(f" ← {release.previous}", "dim")] if release.previous else []
    place = [Span(f"  {release.environment}", "dim")]
    if snapshot is None:
        return fit((*head, *previous, *place), width)
    times = _times(frame, snapshot)
    # What is known anyway gives way first, the age of the data never.
    for middle in ([*previous, *place], previous, []):
        left = [*head, *middle, *times]
        if width_of(left) <= width:
            break
    else:
        return None
    overrides = len(snapshot.state.overrides)
    seal = f"sealed {snapshot.state.seal[:7]}{f', {overrides} overridden' if overrides else ''}"
    for quiet in _quiet(snapshot, seal):
        if width_of(left) + len(quiet) + 2 <= width:
            return beside(left, (Span(quiet, "dim"),), width)
    return fit(left, width)


def _quiet(snapshot: Snapshot, seal: str) -> tuple[str, ...]:
    """Who sits here, who else watches, the seal, who shares the journal: first all, then ever less."""
    context = snapshot.context
    who, others = context.operator, context.others
    if not others:
        return f"{who} · {seal} · {context.journal} ", f"{who} · {seal} ", f"{seal} "
    beside = f"with {others[0]}{f' and {len(others) - 1} more' if len(others) > 1 else ''}"
    both = f"{who} {beside} · {seal}"
    return f"{both} · {context.journal} ", f"{both} ", f"{beside} · {seal} ", f"{beside} "


def _times(frame: Frame, snapshot: Snapshot) -> list[Span]:
    spans = [Span(f"  {words.watched(snapshot.state)}  "), *data_age(snapshot, frame.present)]
    return [*spans, Span("  read-only", "warn")] if snapshot.context.read_only else spans


def data_age(snapshot: Snapshot, now: float) -> tuple[Span, ...]:
    """How old the newest data are, with a mark where they are too old for what is shown to be so now.

    Of a watch that is over nobody asks how old its data are: it says when that was.
    """
    if snapshot.release_state.ended:
        return (Span(f"ended {words.local_time(snapshot.at, snapshot.context.offset)}"),)
    if snapshot.data_at is None:
        return (Span("no data yet", "unknown"),)
    age = max(0.0, now - snapshot.data_at)
    stale = age > FRESH_INTERVALS * snapshot.state.setup.plan.timing.interval
    if stale:
        return (Span(f"! data {format_duration(age)} ago", "warn", bold=True),)
    return (Span(f"data {round(age)} s ago" if age < 100 else f"data {format_duration(age)} ago"),)  # noqa: PLR2004


def _keys(frame: Frame, snapshot: Snapshot, room: int) -> list[Span]:
    """The keys that matter now, as many as there is room for."""
    state, leading, key = snapshot.release_state, snapshot.leading, frame.keys
    why, back = f"{key['why']} why", f"{key['roll_back']} roll back"
    keys: list[str] = []
    if state.ended:
        keys = [f"{key['leave']} leave"]
    elif frame.ordered is not None:
        keys = ["rollback ordered", why]
    elif snapshot.rollback is not None and snapshot.rollback.unknown:
        keys = [f"{key['outcome']} outcome", *([] if frame.refusal else [back])]
    elif snapshot.state.countdown is not None or snapshot.state.hold is not None:
        held = f"{key['hold']} {'release' if snapshot.state.hold is not None else 'hold'}"
        keys = [*([] if frame.hold_refused else [held]), *([] if frame.refusal else [back])]
    elif state in (ReleaseState.PROPOSED, ReleaseState.ROLLBACK_FAILED) or (leading and leading.burning):
        keys = [why] if frame.refusal else [back, why]
    while keys and len("  ".join(keys)) + 3 > room:
        keys.pop()
    return [Span(f"{'  '.join(keys)} ", bold=True)] if keys else []


def _fuse_bar(fuse: Fuse) -> str:
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
    told = "  ".join(
        f"{words.SYMBOLS[mark]} {number} {mark.value}" for mark, number in counts.items() if number
    )
    length = room - len(told) - 3
    if length < BAR:
        return told if room >= len(told) else ""
    share = 0.0 if state.total <= 0 else min(1.0, state.watched / state.total)
    done = round(share * length)
    return f"{'━' * done}{'─' * (length - done)}  {told}"
