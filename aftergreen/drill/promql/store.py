"""The samples of the simulated service in memory, selected as Prometheus 2.x selects them.

Times are whole milliseconds since the epoch, as in Prometheus itself.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

Labels = tuple[tuple[str, str], ...]
"""Label pairs sorted by name, the metric's name among them as ``__name__``; none has an empty value."""

NAME = "__name__"
LOOKBACK = 300_000
"""How old the newest sample may be for a series to have a value, in milliseconds."""

STALE = math.nan
"""What a scrape leaves behind where a series is gone. No sample is NaN, so NaN can only mean this."""


class Matcher(NamedTuple):
    """Whether one label's value is wanted; a label that is not there has the empty value."""

    label: str
    wants: Callable[[str], bool]


def labels_of(pairs: Mapping[str, str]) -> Labels:
    """The pairs as labels."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value))


def is_equal(value: str) -> Callable[[str], bool]:
    """Wants exactly this value."""
    return value.__eq__


def is_like(pattern: str) -> Callable[[str], bool]:
    """Wants values that the regular expression matches from end to end."""
    compiled = re.compile(pattern, re.DOTALL)
    return lambda value: compiled.fullmatch(value) is not None


class Series:
    """The samples of one series, ascending in time."""

    __slots__ = ("labels", "times", "values")

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.times: list[int] = []
        self.values: list[float] = []

    def append(self, time: int, value: float) -> None:
        """Add the newest sample; ValueError where it is not newer than the last, or NaN."""
        if math.isnan(value):
            raise ValueError("a sample is a number; `end` marks where a series is gone")
        self._append(time, value)

    def end(self, time: int) -> None:
        """Mark that the series was gone at this scrape: from here on it has no value."""
        self._append(time, STALE)

    def at(self, time: int) -> tuple[int, float] | None:
        """Its newest sample at most five minutes old, unless it has ended since."""
        index = bisect_right(self.times, time) - 1
        if index < 0 or self.times[index] < time - LOOKBACK or math.isnan(self.values[index]):
            return None
        return self.times[index], self.values[index]

    def within(self, first: int, last: int) -> tuple[Sequence[int], Sequence[float]]:
        """Times and values from ``first`` to ``last``, both inclusive, without the marks of its end."""
        begin, end = bisect_left(self.times, first), bisect_right(self.times, last)
        times, values = self.times[begin:end], self.values[begin:end]
        if any(map(math.isnan, values)):
            kept = [(t, v) for t, v in zip(times, values, strict=True) if not math.isnan(v)]
            return [t for t, _ in kept], [v for _, v in kept]
        return times, values

    def _append(self, time: int, value: float) -> None:
        if self.times and time <= self.times[-1]:
            raise ValueError(f"a sample at {time} is not newer than the last, at {self.times[-1]}")
        self.times.append(time)
        self.values.append(value)


class Store:
    """All series by their labels, in the order in which they first appeared."""

    def __init__(self) -> None:
        self._series: dict[Labels, Series] = {}
        self._by_name: dict[str, list[Series]] = {}

    def series(self, pairs: Mapping[str, str]) -> Series:
        """The series with these labels, a new one where there is none."""
        labels = labels_of(pairs)
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = Series(labels)
            self._by_name.setdefault(pairs.get(NAME, ""), []).append(found)
        return found

    def select(self, name: str | None, matchers: Iterable[Matcher]) -> list[Series]:
        """The series of that metric, or of all, that every matcher wants."""
        wanted = tuple(matchers)
        among = self._series.values() if name is None else self._by_name.get(name, ())
        return [series for series in among if _wanted(dict(series.labels), wanted)]

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series.values())


def _wanted(labels: Mapping[str, str], matchers: Iterable[Matcher]) -> bool:
    return all(matcher.wants(labels.get(matcher.label, "")) for matcher in matchers)
