"""The lowest row of the screen: the keys that matter, as many as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events

from widgets.rows import Row, Rows, Span, width_of


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the row. Where room is short, keys of a higher ``rank`` go first."""

    key: str
    shown: str
    name: str
    enabled: bool = True
    rank: int = 0


def fitting(keys: Sequence[Key], width: int) -> tuple[Key, ...]:
    """The keys that fit into ``width`` cells, in their order."""
    kept = list(keys)
    while kept and width_of(keys_row(kept)) > width:
        kept.remove(max(reversed(kept), key=lambda key: key.rank))
    return tuple(kept)


def keys_row(keys: Sequence[Key]) -> Row:
    """``r Roll back  w Why  …``; a key that does nothing now is dim."""
    spans: list[Span] = []
    for key in keys:
        look = "key" if key.enabled else "dim"
        spans += [Span(" "), Span(key.shown, look, bold=key.enabled)]
        spans += [Span(f" {key.name} ", "text" if key.enabled else "dim")]
    return tuple(spans)


class KeyBar(Rows):
    """Shows keys; a click on one presses it."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: tuple[Key, ...] = ()

    def show_keys(self, keys: Sequence[Key], width: int) -> None:
        """Put these keys on the row."""
        self._keys = fitting(keys, width)
        self.show((keys_row(self._keys),))

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        left = 0
        for key in self._keys:
            left += width_of(keys_row((key,)))
            if event.x < left:
                self.app.simulate_key(key.key)
                return
