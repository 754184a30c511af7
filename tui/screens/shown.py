"""What every screen of the console has in common: it shows frames."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import ModalScreen, Screen

from aftergreen.verdict.snapshot import Mark
from tui.bindings import bar
from widgets.frame import Frame
from widgets.header import (
    LOOK_OF,
    alarm_rows,
    banner_mark,
    banner_rows,
    elsewhere,
    identity_rows,
    narrow_rows,
    rehearsed,
)
from widgets.keys import KeyBar
from widgets.overview import Standings, overall_row, ranked
from widgets.rows import Row, Rows, fit, width_of

Result = TypeVar("Result")

ONE_ROW, NARROW_HEAD = 60, 2
"""Cells below which the state is folded, and on how many rows it then stands above a page."""

LOOKS = tuple(f"-{look}" for look in dict.fromkeys(LOOK_OF.values()))


class Shown:
    """Something that is a function of the newest frame; what it leaves open, a subclass has to say."""

    def show(self, frame: Frame) -> None:
        """Show this frame; called for every snapshot and once a second."""
        raise NotImplementedError  # an abstract class has a metaclass, and so have Textual's screens

    def body(self) -> ComposeResult:
        """What is its own, beside what all of its kind have."""
        raise NotImplementedError  # an abstract class has a metaclass, and so have Textual's screens

    def draw(self, frame: Frame) -> None:
        """Show the frame in the body."""
        raise NotImplementedError  # an abstract class has a metaclass, and so have Textual's screens


class ShownScreen(Screen[None], Shown):
    """A full screen: the state, whose it is, how old the data are; then what a subclass shows; the keys.

    The first rows and the keys are looked at every second, the body between them only where the snapshot or
    the size is another one.
    """

    MOVES: ClassVar[bool] = False
    """Whether its body is another one every second, whatever arrived."""

    def __init__(self) -> None:
        super().__init__()
        self._frame: Frame | None = None
        self._stood: tuple[Frame, Standings] | None = None
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Rows(id="banner")
        yield Rows(id="identity")
        yield from self.body()
        yield KeyBar()

    def head(self, frame: Frame, width: int) -> tuple[Row, ...]:
        """The state, on as many rows as it takes."""
        if frame.overall:
            return (overall_row(self.standings(frame), width),)
        if width >= ONE_ROW:
            return banner_rows(frame, width)
        return narrow_rows(frame, width)[:NARROW_HEAD]

    def mark(self, frame: Frame) -> Mark:
        """What the first rows are coloured by."""
        return self.standings(frame)[0].mark if frame.overall else banner_mark(frame)

    def standings(self, frame: Frame) -> Standings:
        """How all releases of the console stand, worked out once for each look."""
        if self._stood is None or self._stood[0] is not frame:
            self._stood = frame, ranked((frame, *frame.others))
        return self._stood[1]

    def whose(self, frame: Frame, width: int) -> tuple[Row, ...]:
        """Whose release it is, and the times of its watch."""
        return () if frame.overall else identity_rows(frame, width)

    def on_resize(self, _event: Resize) -> None:
        if self._frame is not None:
            self.show(self._frame)

    def on_rows_resized(self) -> None:
        """A part has other room than before, for the terminal's size or the rows above it changed."""
        self._redraw()

    def show(self, frame: Frame) -> None:
        self._frame = frame
        width = self.size.width
        banner = self.query_one("#banner", Rows)
        rows = self._headed(frame, width)
        banner.styles.height = len(rows)
        ended = frame.snapshot is not None and frame.snapshot.release_state.ended
        banner.set_class(ended and not frame.overall, "-ended")
        current = f"-{LOOK_OF[self.mark(frame)]}"
        for look in LOOKS:
            banner.set_class(look == current, look)
        banner.show(rows)
        identity, whose = self.query_one("#identity", Rows), self.whose(frame, width)
        identity.styles.height = len(whose)
        identity.show(whose)
        self.query_one(KeyBar).show_keys(bar(self.active_bindings.values()), width)
        self._redraw()

    def _headed(self, frame: Frame, width: int) -> tuple[Row, ...]:
        """The state; before it that this is a rehearsal, beside it what goes wrong with another release."""
        rehearsal, other = rehearsed(frame), elsewhere(frame, width)
        room = width - width_of(rehearsal) - width_of(other)
        first, *rest = self.head(frame, room)
        return ((*rehearsal, *fit(first, room), *other), *rest)

    def _redraw(self) -> None:
        frame = self._frame
        if frame is None or not self.is_mounted:
            return
        drawn = (
            frame.snapshot,
            frame.shaded,
            frame.drawing,
            frame.reach,
            self.size,
            *(part.size for part in self.query(Rows)),
        )
        # A snapshot is compared by what it is, not by what it holds: that would cost as much as drawing.
        unmoved = not self.MOVES and len(drawn) == len(self._drawn)
        if unmoved and all(
            new is old or (place and new == old)
            for place, (new, old) in enumerate(zip(drawn, self._drawn, strict=True))
        ):
            return
        self._drawn = drawn
        self.draw(frame)


class ShownModal(ModalScreen[Result], Shown, Generic[Result]):
    """A dialog that shows frames, and above itself what is about to happen without a person."""

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._frame = frame

    def compose(self) -> ComposeResult:
        yield Rows(id="alarm")
        yield from self.body()

    def on_mount(self) -> None:
        self.show(self._frame)

    def on_rows_resized(self) -> None:
        self.show(self._frame)

    def show(self, frame: Frame) -> None:
        self._frame = frame
        alarm = self.query_one("#alarm", Rows)
        rows = alarm_rows(frame, self.size.width)
        alarm.display = bool(rows)
        alarm.styles.height = len(rows)
        alarm.show(rows)
        self.draw(frame)
