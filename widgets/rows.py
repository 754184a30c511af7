"""The one widget that draws text: rows of spans, of which only the cells that changed are repainted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.dom import DOMNode
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

LOOKS = (
    "text",
    "strong",
    "dim",
    "ok",
    "warn",
    "bad",
    "unknown",
    "pending",
    "before",
    "after",
    "limit",
    "deploy",
    "band",
    "key",
    "rehearsal",
)
"""What a span can look like; each is a component class, so that themes and style sheets own the colours."""


@dataclass(frozen=True, slots=True)
class Span:
    """Some text with one look. ``band`` puts the baseline's background behind it, ``bold`` makes it heavy."""

    text: str
    look: str = "text"
    band: bool = False
    bold: bool = False

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return cell_len(self.text)


Row = tuple[Span, ...]

LABEL = 10
"""Cells of the labels of a list."""


def row(*spans: Span | str) -> Row:
    """A row of spans; a string is plain text."""
    return tuple(Span(span) if isinstance(span, str) else span for span in spans if span)


def width_of(spans: Iterable[Span]) -> int:
    """How many cells a row takes."""
    return sum(span.width for span in spans)


def fit(spans: Sequence[Span], width: int) -> Row:
    """The row cut or filled to exactly ``width`` cells; what is cut ends in an ellipsis."""
    if width <= 0:
        return ()
    total = width_of(spans)
    if total <= width:
        return (*spans, Span(" " * (width - total))) if total < width else tuple(spans)
    kept: list[Span] = []
    left = width - 1
    for span in spans:
        if span.width >= left:
            cut = Span(set_cell_size(span.text, left) + "…", span.look, span.band, span.bold)
            return (*kept, cut)
        kept.append(span)
        left -= span.width
    return tuple(kept)


def beside(left: Sequence[Span], right: Sequence[Span], width: int, *, gap: int = 2) -> Row:
    """Left text and right text on one row; where both do not fit the left one is cut."""
    room = width - width_of(right) - (gap if right else 0)
    if room < 0:
        return fit(right, width)
    return (*fit(left, room), *((Span(" " * gap), *right) if right else ()))


_WORDS = re.compile(r"((?:\d (?:%|ms|s|[KMGT]i?B)(?![^\s.,;:)])|\S)*)(\s*)")


def folded(text: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` cells, broken at blanks where there are any.

    Blanks inside a line stay as they are, unlike in `textwrap`: a command and a query mean every one. A
    number keeps its unit.
    """
    # A terminal that is being resized may leave no room at all for a moment.
    width = max(1, width)
    lines = [""]
    for word, blanks in _WORDS.findall(text):
        if lines[-1].strip() and cell_len(lines[-1] + word) > width:
            lines.append("")
        lines[-1:] = chop_cells(lines[-1] + word, width) or [""]
        lines[-1] = set_cell_size(lines[-1] + blanks, min(width, cell_len(lines[-1] + blanks)))
    return [line.rstrip() for line in lines]


def shortened(rows: Sequence[Row], room: int, width: int) -> tuple[Row, ...]:
    """The first ``room`` of the rows; where there are more, the last one ends in an ellipsis."""
    if len(rows) <= room or room < 1:
        return tuple(rows[: max(0, room)])
    return (*rows[: room - 1], fit((*rows[room - 1], Span(" …")), width))


def labelled(pairs: Sequence[tuple[str, str]], width: int, look: str = "text") -> list[Row]:
    """Labels with their texts beside them, none of which is cut."""
    rows: list[Row] = []
    for label, text in pairs:
        first, *others = folded(text, max(LABEL, width - LABEL))
        rows.append(row(Span(label.ljust(LABEL), "dim"), Span(first, look)))
        rows += [row(" " * LABEL, Span(line, look)) for line in others]
    return rows


@dataclass(frozen=True, slots=True)
class Fact:
    """A label, and a text beside it in one look."""

    label: str
    text: str
    look: str = "text"


def spelled(facts: Sequence[Fact], width: int) -> list[Row]:
    """The facts, none of which is cut."""
    return [line for fact in facts for line in labelled(((fact.label, fact.text),), width, fact.look)]


def shares_of(wanted: Sequence[int], budget: int) -> list[int]:
    """Rows for each: one to begin with, then in turn to whoever still wants more."""
    shares = [1] * len(wanted)
    while sum(shares) < budget and any(share < want for share, want in zip(shares, wanted, strict=True)):
        for index, want in enumerate(wanted):
            if shares[index] < want and sum(shares) < budget:
                shares[index] += 1
    return shares


def condensed(facts: Sequence[Fact], width: int, room: int) -> tuple[list[Row], bool]:
    """The facts on ``room`` rows, each on one at least, and whether any of them was cut."""
    label = max((len(fact.label) for fact in facts), default=0) + 1
    texts = [folded(fact.text, max(1, width - label)) for fact in facts]
    shares = shares_of([len(lines) for lines in texts], room)
    rows: list[Row] = []
    for fact, lines, share in zip(facts, texts, shares, strict=True):
        shown = shortened([row(Span(line, fact.look)) for line in lines], share, width - label)
        heads = (fact.label, *("",) * (share - 1))
        rows += [(Span(head.ljust(label), "dim"), *line) for head, line in zip(heads, shown, strict=True)]
    return rows, any(share < len(lines) for share, lines in zip(shares, texts, strict=True))


class Rows(Widget):
    """Shows rows of spans from its top left corner; the rest stays blank."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()
        self._looks: dict[str, Style] = {}

    class Resized(Message):
        """There is another amount of room."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return self._rows

    @property
    def text(self) -> str:
        """What a person reads, one line for each row."""
        return "\n".join("".join(span.text for span in spans).rstrip() for spans in self._rows)

    def show(self, rows: Sequence[Row]) -> None:
        """Put these rows on the screen; only what differs from before is painted."""
        before, after = self._rows, tuple(rows)
        if before == after:
            return
        self._rows = after
        if not self.is_attached:
            return
        changed = [
            region
            for y in range(max(len(before), len(after)))
            if (region := _difference(_at(before, y), _at(after, y), y)) is not None
        ]
        self.refresh(*changed)

    def on_resize(self, _event: Resize) -> None:
        self.post_message(self.Resized())

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        spans = fit(_at(self._rows, y), width)
        return Strip([Segment(span.text, base + self._style(span)) for span in spans], width)

    def _style(self, span: Span) -> Style:
        style = self._look(span.look)
        if span.band:
            style += Style(bgcolor=self._look("band").bgcolor)
        return style + Style(bold=True) if span.bold else style

    def _look(self, look: str) -> Style:
        """How a look is drawn here, asked of the style sheet when it is first needed.

        Textual asks for all component classes of a widget whenever one of its classes changes, which takes a
        third of the time of a first paint: here they are many, and few of them are seen.
        """
        known = self._looks.get(look)
        if known is None:
            part = DOMNode(classes=f"rows--{look}")
            part._attach(self)  # noqa: SLF001  # as the style sheet does it for component classes
            self.app.stylesheet.apply(part, animate=False)
            known = self._looks[look] = part.styles.partial_rich_style
        return known

    def notify_style_update(self) -> None:
        """The style sheet has something else to say."""
        super().notify_style_update()
        if self._looks:
            self._looks.clear()
            self.refresh()


def _at(rows: Sequence[Row], y: int) -> Row:
    return rows[y] if 0 <= y < len(rows) else ()


def _difference(before: Row, after: Row, y: int) -> Region | None:
    """The cells of a row between the first and the last that differ."""
    if before == after:
        return None
    old, new = _cells(before), _cells(after)
    length = max(len(old), len(new))
    old += [None] * (length - len(old))
    new += [None] * (length - len(new))
    differing = [x for x in range(length) if old[x] != new[x]]
    if not differing:
        return None
    return Region(differing[0], y, differing[-1] - differing[0] + 1, 1)


def _cells(spans: Row) -> list[tuple[str, str, bool, bool] | None]:
    """One entry for each cell; a wide character takes its cells with it."""
    cells: list[tuple[str, str, bool, bool] | None] = []
    for span in spans:
        for character in span.text:
            cells.extend([(character, span.look, span.band, span.bold)] * cell_len(character))
    return cells
