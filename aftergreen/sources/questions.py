"""What has to be asked of a backend for the readings of some signals, as texts without repetition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aftergreen.model import Reduce, Signal, SignalKey, View
from aftergreen.promql import (
    Witness,
    falls_back,
    joins_terms,
    newest,
    selectors,
    stands_alone,
    substitute,
    witnesses,
)

POINTS = 1000
"""Instants of one range query; Prometheus refuses more than 11,000."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What one signal asks at one look-back: its queries by role, and for each the ages of its selectors.

    ``alone`` holds the roles whose queries may answer without any sample. ``totals`` are the same queries
    over all the time since the view began, where the signal counts events. ``doubted`` is the role whose
    number may stand for nothing at all: the numerator of events, which is empty where nothing failed, or a
    query that falls back on a number; it has ``witnesses``. ``falls_back`` and ``joins`` say so of it.
    """

    queries: Mapping[str, str]
    ages: Mapping[str, tuple[str, ...]]
    alone: frozenset[str]
    totals: Mapping[str, str]
    doubted: str = ""
    witnesses: tuple[Witness, ...] = ()
    falls_back: bool = False
    joins: bool = False

    @property
    def texts(self) -> Iterator[str]:
        """Every text that has to be asked."""
        yield from self.queries.values()
        yield from self.totals.values()
        yield from self.newest
        for witness in self.witnesses:
            if witness.labels:
                yield there(witness.carrying)

    @property
    def newest(self) -> Iterator[str]:
        """Those that ask when a newest sample was taken: each gives one series at most, without labels."""
        for ages in self.ages.values():
            yield from ages
        for witness in self.witnesses:
            yield newest(witness.selector)


def there(selector: str) -> str:
    """Asks whether a selector finds any series."""
    return f"count({selector})"


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

    def newest(self, at: float) -> dict[str, None]:
        """Those of `texts` that ask when a newest sample was taken."""
        return dict.fromkeys(text for signal in self._signals for text in self.of(signal, at).newest)

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
    doubted, query = _doubted(signal)
    return Questions(
        queries,
        ages,
        alone,
        totals,
        doubted,
        witnesses(query, signal.denominator, version) if doubted else (),
        falls_back=falls_back(query),
        joins=joins_terms(query),
    )


def _doubted(signal: Signal) -> tuple[str, str]:
    """The role whose number may stand for nothing, and its query; both empty where there is none."""
    if signal.numerator is not None and signal.events:
        return "numerator", signal.numerator
    # Where a rule looks down, a number that was put there for nothing is bad, and nobody takes it for good.
    down = any(not rule.condition.upward for rule in signal.rules)
    if signal.query is not None and not down and falls_back(signal.query):
        return "query", signal.query
    return "", ""


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
