"""What a watch tells of itself: each event once, in the order in which it happened, and into the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aftergreen import words
from aftergreen.journal import EntryKind
from aftergreen.verdict.state import Event, EventKind, Events

Record = Callable[[EntryKind, float, Mapping[str, object], str], None]


class Log:
    """The events of one watch. ``record`` writes what is told into the journal."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._events: list[Event] = []
        self._told: set[tuple[object, ...]] = set()
        self._trouble = ""

    @property
    def events(self) -> Sequence[Event]:
        """All of them, oldest first."""
        return self._events

    def tell(self, events: Events) -> None:
        """Add what was not told before: instants that are judged again tell the same once more."""
        for event in events:
            key = (event.at, event.kind, event.signal and event.signal.key, event.rule and event.rule.rule)
            if key in self._told and event.kind is not EventKind.NOTE:
                continue
            self._told.add(key)
            self._events.append(event)
            body = {"event": event.kind.value, "text": words.event(event)}
            self._record(EntryKind.EVENT, event.at, body, event.by)

    def note(self, at: float, text: str, by: str = "") -> None:
        """Add a remark."""
        self.tell((Event(at, EventKind.NOTE, text=text, by=by),))

    def note_trouble(self, at: float, text: str) -> bool:
        """Add what is wrong with the journal itself; False where the same was said the last time."""
        if text == self._trouble:
            return False
        self._trouble = text
        self._events.append(Event(at, EventKind.NOTE, text=text))
        return True
