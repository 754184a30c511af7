"""What has to be asked of a backend for the readings of some signals, as texts without repetition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aftergreen.model import Reduce, Signal, SignalKey, View
from aftergreen.promql import newest, selectors, stands_alone, substitute

POINTS = 1000
"""Instants of one range query; Prometheus refuses more than 11,000."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What one signal asks at one look-back: its queries by role, and for each the ages of its selectors.

    ``alone`` holds the roles whose queries may answer without any sample. ``totals`` are the same queries
    over all the time since the view began, where the signal counts events.
    """

    queries: Mapping[str, str]
    ages: Mapping[str, tuple[str, ...]]
    alone: frozenset[str]
    totals: Mapping[str, str]

    @property
    def texts(self) -> Iterator[str]:
        """Every text that has to be asked."""
        yield from self.queries.values()
        yield from self.totals.values()
        for ages in self.ages.values():
            yield from ages


class Catalogue:
    """The questions of signals seen through one view; those of equal look-back are worked out once."""

    def __init__(self, signals: Sequence[Signal], view: View) -> None:
        self._signals = tuple(signal for signal in signals if signal.probe is None)
        self._view = view
        self._known: dict[tuple[SignalKey, float, float], Questions] = {}

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The signals that a backend can be asked for: all but probes."""
        return self._signals

    def of(self, signal: Signal, at: float) -> Questions:
        """What the signal asks at this instant."""
        window = round(self._view.span(signal, at), 3) if signal.windowed else 0.0
        # What a whole view counts has no meaning for one that is not bounded, nor for the worst of several.
        counts = signal.events and signal.windowed and signal.reduce is not Reduce.WORST
        whole = round(at - self._view.since, 3) if counts and self._view.since is not None else 0.0
        known = self._known.get((signal.key, window, whole))
        if known is None:
            known = self._known[signal.key, window, whole] = _questions(
                signal, window, whole, self._view.version
            )
        return known

    def texts(self, at: float) -> dict[str, None]:
        """Every text of this instant, once each, in the order of the signals."""
        return dict.fromkeys(text for signal in self._signals for text in self.of(signal, at).texts)

    def selectors(self, signal: Signal) -> tuple[str, ...]:
        """The distinct selectors of all queries of a signal."""
        filled = (
            substitute(query, window=signal.window, version=self._view.version) for query in signal.queries
        )
        return tuple(dict.fromkeys(selector for query in filled for selector in selectors(query)))


def _questions(signal: Signal, window: float, whole: float, version: str | None) -> Questions:
    roles = {
        "query": signal.query,
        "numerator": signal.numerator,
        "denominator": signal.denominator,
        "count": signal.count,
    }
    queries = {
        role: substitute(query, window=window, version=version) for role, query in roles.items() if query
    }
    ages = {role: tuple(newest(one) for one in selectors(query)) for role, query in queries.items()}
    alone = frozenset(role for role, query in queries.items() if stands_alone(query))
    totals = {
        role: substitute(query, window=whole, version=version)
        for role, query in roles.items()
        if query and whole > 0 and role in ("numerator", "denominator")
    }
    return Questions(queries, ages, alone, totals)


def milliseconds(at: float) -> int:
    """A time as backends count it."""
    return round(at * 1000)


def runs(instants: Iterable[float]) -> Iterator[tuple[float, ...]]:
    """The instants cut into runs that one range query can evaluate: evenly spaced, at most `POINTS` each."""
    run: list[float] = []
    for at in instants:
        uneven = len(run) > 1 and _apart(run[-1], at) != _apart(run[0], run[1])
        if uneven or len(run) == POINTS:
            yield tuple(run)
            run = []
        run.append(at)
    if run:
        yield tuple(run)


def _apart(earlier: float, later: float) -> int:
    return milliseconds(later) - milliseconds(earlier)
