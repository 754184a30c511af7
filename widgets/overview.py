"""Several releases at one glance: worst first, one row each, or two where the terminal is narrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aftergreen import words
from aftergreen.model import Release
from aftergreen.verdict.snapshot import IndicatorView, Mark, Snapshot
from aftergreen.verdict.walk import SEVERITY, signal_mark
from aftergreen.words.banner import Banner, banner_of
from widgets.frame import Frame
from widgets.header import LOOK_OF, data_age, mark_span
from widgets.rows import Row, Span, beside, fit, row, width_of
from widgets.signal_rows import drawing_of, fit_text
from widgets.spark import SMALLEST, spark

NAMES, VERSIONS, SHORTEST = 24, 16, 12
"""To how many characters services and versions are cut; services to a quarter of the row, but not shorter."""

CLOCK = len("+00:00 up to 00:00")

WIDEST = 14
"""Cells of a small chart beyond which more would tell nothing more."""

LEAD = 40
"""Cells that what leads has beside charts."""

TELLING = 8
"""Cells of a small chart that tell a course; for them what leads goes to a row of its own, if it can."""

HEADS = ("err", "lat", "sat", "dep", "biz")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one release stands at one look, in the words of its own screen."""

    frame: Frame
    mark: Mark
    word: str
    text: str
    burns: bool = False
    """Whether a rule is breached, so that it goes before what is only over its limit."""

    @property
    def rank(self) -> tuple[int, bool, bool, str, str]:
        """Worst first; of those that stand alike, what still goes on first, then by name."""
        snapshot, release = self.frame.latest, self.frame.release
        ended = snapshot is not None and snapshot.release_state.ended
        place = SEVERITY.index(self.mark)
        return place, not self.burns, ended, release.service, release.environment


Standings = Sequence[Standing]
"""All releases of a console, worst first."""


def standing(frame: Frame) -> Standing:
    """How the release of a frame stands now, also where its view is frozen."""
    snapshot = frame.latest
    if frame.failed:
        return Standing(frame, Mark.UNKNOWN, "NOT WATCHED", frame.failed)
    if snapshot is None:
        return Standing(frame, Mark.PENDING, "PREFLIGHT", f"{frame.notice} …")
    banner = banner_of(snapshot, frame.present)
    burns = any(breach.until is None for breach in snapshot.state.breaches)
    return Standing(frame, banner.mark, banner.word, _lead(banner, snapshot), burns)


def ranked(frames: Iterable[Frame]) -> list[Standing]:
    """How releases stand, worst first."""
    return sorted(map(standing, frames), key=lambda stands: stands.rank)


def _lead(banner: Banner, snapshot: Snapshot) -> str:
    """What there is to say beside the word: the time that is left, what leads, what speaks against it."""
    fuse = [banner.fuse.text] if banner.fuse is not None else []
    doubt = [f"! {banner.doubt}"] if banner.doubt else []
    said = [*fuse, *([banner.text] if banner.text else []), *doubt]
    return " · ".join(said) or words.advice(snapshot)[1]


def named(release: Release, standings: Standings) -> str:
    """What a release is called among others: by its environment too where a service is there twice."""
    twice = sum(stands.frame.release.service == release.service for stands in standings) > 1
    return f"{release.service}/{release.environment}" if twice else release.service


def overall_row(standings: Standings, width: int) -> Row:
    """How many releases stand how, worst first, and the time, so that a dead line is seen to be one."""
    counts = Counter((stands.mark, stands.word.lower()) for stands in standings)
    said = [Span(f" {len(standings)} releases", bold=True)]
    for (mark, word), many in counts.items():
        said += _counted(mark, f"{many} {word}")
    worst = standings[0].frame
    offset = worst.latest.context.offset if worst.latest is not None else 0.0
    clock = Span(f"{words.local_time(worst.present, offset)} ")
    if width_of(said) + clock.width + 2 > width:
        # Without the words there is always room.
        marks = Counter(stands.mark for stands in standings)
        said = [said[0], *(span for mark, many in marks.items() for span in _counted(mark, str(many)))]
    return beside(said, (clock,), width)


def _counted(mark: Mark, text: str) -> Row:
    return Span("  "), Span(f"{words.SYMBOLS[mark]} {text}", bold=mark is Mark.BAD)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns: cells for service, version and small charts, and whether what leads stands below."""

    names: int
    versions: int
    charts: int
    below: bool

    @property
    def clocks(self) -> bool:
        """Whether there is room for the clock of each watch."""
        return self.versions > 0

    @property
    def head(self) -> int:
        """Cells before the charts: mark, service, version, clock."""
        return 5 + self.names + (self.versions + CLOCK + 4 if self.clocks else 0)


def layout_of(standings: Standings, width: int, height: int) -> Layout:
    """The columns in which everything stands that there is room for."""
    longest = max(len("service"), *(len(named(one.frame.release, standings)) for one in standings))
    names = min(NAMES, max(SHORTEST, width // 4), longest)
    versions = min(VERSIONS, max(len("version"), *(len(one.frame.release.version) for one in standings)))
    head = Layout(names, versions, 0, below=False).head

    def charts(room: int) -> int:
        fitting = min(WIDEST, room // len(HEADS) - 2)
        return fitting if fitting >= SMALLEST else 0

    beside, alone = charts(width - head - LEAD - 2), charts(width - head - 2)
    if beside < TELLING and 2 * len(standings) <= height:
        return Layout(names, versions if head <= width else 0, alone, below=True)
    return Layout(names, versions if width - head >= LEAD // 2 else 0, beside, below=False)


def head_row(layout: Layout, width: int) -> Row:
    """What the columns are."""
    spans = [Span("   "), Span(fit_text("service", layout.names), "dim"), Span("  ")]
    if layout.clocks:
        spans += [Span(f"{fit_text('version', layout.versions)}  {'clock'.ljust(CLOCK)}  ", "dim")]
    if layout.charts:
        spans += [Span(f" {name.ljust(layout.charts)} ", "dim") for name in HEADS]
        spans.append(Span(" "))
    return fit((*spans, Span("" if layout.below else "what leads", "dim")), width)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What was drawn of a snapshot, and how."""

    snapshot: Snapshot
    look: tuple[int, str]
    row: Row


class Charts:
    """The small charts of releases; they are drawn once for each snapshot, not for each second."""

    def __init__(self) -> None:
        self._drawn: dict[str, _Drawn] = {}

    def row(self, frame: Frame, width: int) -> Row:
        """The five indicators of a release, each as a mark and ``width`` cells of a chart."""
        snapshot = frame.latest
        if snapshot is None:
            return (Span(" " * (len(HEADS) * (width + 2))),)
        drawn = self._drawn.get(frame.release.name)
        # A snapshot is compared by what it is: what it holds would cost as much as drawing.
        if drawn is None or drawn.snapshot is not snapshot or drawn.look != (width, frame.drawing):
            drawn = _Drawn(snapshot, (width, frame.drawing), _charts(snapshot, frame, width))
            self._drawn[frame.release.name] = drawn
        return drawn.row


def _charts(snapshot: Snapshot, frame: Frame, width: int) -> Row:
    # Bars are read at this size, and dots are not.
    barred = replace(frame, drawing="ascii" if frame.drawing == "ascii" else "block", reach=1.0)
    return row(*(span for view in snapshot.indicators for span in _chart(view, snapshot, barred, width)))


def _chart(view: IndicatorView, snapshot: Snapshot, frame: Frame, width: int) -> Row:
    """The worst signal of one indicator; of what is waived nothing."""
    mark = Span(words.SYMBOLS[view.mark] if view.mark is not Mark.OK else " ", LOOK_OF[view.mark])
    if view.waived or not view.signals:
        return fit((mark,), width + 2)
    worst = min(view.signals, key=lambda signal: SEVERITY.index(signal_mark(signal)))
    return fit((mark, *spark(drawing_of(worst, snapshot, frame), width)), width + 2)


def release_rows(
    stands: Standing, name: str, layout: Layout, charts: Charts, width: int, *, chosen: bool
) -> tuple[Row, ...]:
    """One release: how it stands, whose it is, its clock, its indicators, and what leads."""
    frame, snapshot = stands.frame, stands.frame.latest
    release, look = frame.release, LOOK_OF[stands.mark]
    spans = [
        Span("▸" if chosen else " ", "key", bold=True),
        mark_span(stands.mark),
        Span(" "),
        Span(fit_text(name, layout.names), "strong", bold=chosen),
        Span("  "),
    ]
    if layout.clocks:
        spans += [Span(fit_text(release.version, layout.versions)), Span("  "), *_clock(snapshot), Span("  ")]
    if layout.charts:
        spans += [*charts.row(frame, layout.charts), Span(" ")]
    lead = [
        Span(stands.word, look, bold=True),
        *_stale(frame, snapshot),
        Span(f"  {stands.text}" if stands.text else ""),
    ]
    if layout.below:
        return fit(spans, width), fit((Span("     "), *lead), width)
    return (fit((*spans, *lead), width),)


def _clock(snapshot: Snapshot | None) -> Row:
    """How far the watch is; of one that is over, when it ended."""
    if snapshot is None:
        text = ""
    elif snapshot.release_state.ended:
        text = f"ended {words.local_clock(snapshot.at, snapshot.context.offset)}"
    else:
        text = words.watched(snapshot.state)
    return (Span(fit_text(text, CLOCK)),)


def _stale(frame: Frame, snapshot: Snapshot | None) -> Row:
    """That the data are old; nothing where they are of now, as they usually are."""
    if snapshot is None:
        return ()
    age = data_age(snapshot, frame.present)
    return (Span("  "), *age) if any(span.look in ("warn", "unknown") for span in age) else ()


def release_list(
    standings: Standings, chosen: Frame, charts: Charts, width: int, height: int
) -> tuple[tuple[Row, ...], list[Release]]:
    """The rows below the head, and the release that each row is about; the ``chosen`` one is among them."""
    layout = layout_of(standings, width, height)
    each = 2 if layout.below else 1
    room = max(1, height // each)
    place = next(place for place, one in enumerate(standings) if one.frame is chosen)
    # One more than the chosen one is seen, where there is one.
    first = max(0, min(place - room + 2, len(standings) - room))
    shown = standings[first : first + room]
    hidden = len(standings) - first - len(shown)
    rows: list[Row] = []
    for one in shown:
        name = named(one.frame.release, standings)
        rows += release_rows(one, name, layout, charts, width, chosen=one.frame is chosen)
    if hidden:
        rows[-1] = beside(rows[-1], (Span(f"+{hidden} below ", "dim"),), width)
    return tuple(rows), [one.frame.release for one in shown for _ in range(each)]


def events_rows(standings: Standings, width: int, height: int) -> tuple[Row, ...]:
    """What happened to any of the releases, newest first."""
    told = [
        (event.at + snapshot.context.offset, named(one.frame.release, standings), event)
        for one in standings
        if (snapshot := one.frame.latest) is not None
        for event in snapshot.events[:height]
    ]
    told.sort(key=lambda item: item[0], reverse=True)
    names = min(NAMES, max(SHORTEST, width // 4), max((len(name) for _, name, _ in told), default=0))
    return tuple(
        fit(
            (
                Span(f" {words.local_time(at)} ", "dim"),
                Span(fit_text(name, names)),
                Span(" "),
                mark_span(words.event_mark(event)),
                Span(f" {words.event(event)}"),
            ),
            width,
        )
        for at, name, event in told[:height]
    )
