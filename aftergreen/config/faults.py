"""What is wrong with a configuration: every fault with its place, and the error that carries them all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aftergreen.clean import clean
from aftergreen.units import format_duration

# As they stand in the file: faults are told in the order in which a person reads.
_SECTIONS = (
    "extends",
    "service",
    "metrics",
    "watch",
    "baseline",
    "evidence",
    "signals",
    "indicators",
    "rollback",
    "journal",
    "notices",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where it is (``signals[2].rules[0].above``), what was found there, what is expected."""

    place: str
    found: str
    expected: str
    nearest: str | None = None

    def sentence(self) -> str:
        """The fault and its cure as one sentence."""
        hint = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        return f"{self.place}: found {self.found}, expected {self.expected}{hint}"


class ConfigError(Exception):
    """A configuration that cannot be used; its text lists every fault, one a line."""

    def __init__(self, origin: str, faults: Iterable[Fault]) -> None:
        self.origin = origin
        self.faults = tuple(faults)
        super().__init__(origin, self.faults)

    def __str__(self) -> str:
        lines = [fault.sentence() for fault in self.faults]
        if len(lines) == 1:
            return lines[0] if self.faults[0].place.startswith(self.origin) else f"{self.origin}: {lines[0]}"
        return "\n  ".join((f"{self.origin} has {len(lines)} errors:", *lines))


class Unfit(ValueError):
    """A value of the file that does not fit its key."""

    def __init__(self, found: str, expected: str, nearest: str | None = None) -> None:
        super().__init__(f"expected {expected}")
        self.found = found
        self.expected = expected
        self.nearest = nearest


class Faults:
    """Collects faults, one a place; beneath a place whose value was left out, nothing more is said.

    ``sections`` are the keys of the file as people write them, one below the other.
    """

    def __init__(self, sections: Sequence[str] = _SECTIONS) -> None:
        self._sections = sections
        self._faults: dict[str, Fault] = {}
        self._left_out: set[str] = set()

    def add(self, place: str, found: str, expected: str, nearest: str | None = None) -> None:
        """Record a fault, unless its place is known to be faulty."""
        if not self.faulty(place):
            self._faults[place] = Fault(place, found, expected, nearest)

    def leave_out(self, place: str, fault: Unfit) -> None:
        """Record a value that does not fit, and is missing from everything that is checked afterwards."""
        self.add(place, fault.found, fault.expected, fault.nearest)
        self._left_out.add(place)

    def faulty(self, place: str) -> bool:
        """Whether a fault was recorded for this place, or a value left out that contains it."""
        return place in self._faults or any(
            place.startswith((f"{outer}.", f"{outer}[")) for outer in self._left_out
        )

    def in_order(self) -> tuple[Fault, ...]:
        """All faults in the order of the file."""
        return tuple(sorted(self._faults.values(), key=lambda fault: _position(fault.place, self._sections)))


def shown(value: object) -> str:
    """A value of the file as a person recognises it, on one line and of bounded length."""
    if isinstance(value, str):
        return f'"{clean(value, 60)}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 64:  # noqa: PLR2004  # Python refuses to write very long ones
        return "an enormous number"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "a table"
    return f"a {type(value).__name__}"


def shown_duration(seconds: float) -> str:
    """A duration as the file would have it."""
    return f'"{format_duration(seconds)}"'


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a typing mistake most likely meant."""
    matches = difflib.get_close_matches(word.lower(), tuple(known), n=1)
    return matches[0] if matches else None


def listed(words: Iterable[str]) -> str:
    """The words as a choice: ``a, b or c``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _position(place: str, sections: Sequence[str]) -> tuple[int, ...]:
    section = re.split(r"[.\[]", place, maxsplit=1)[0]
    first = sections.index(section) if section in sections else len(sections)
    return (first, *(int(index) for index in re.findall(r"\[([0-9]+)\]", place)))
