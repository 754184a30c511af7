"""What proposed signals are worth here: the value of each now, its past, and limits that this supports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aftergreen.config import loads
from aftergreen.model import Kind, Reading, Signal, SignalKey, Timing, View
from aftergreen.proposal.instrumentation import alone
from aftergreen.proposal.limits import LOOK, LOOKS, Past, Written, own_rules, rules_for
from aftergreen.proposal.recognition import Left, Proposal, chosen_of
from aftergreen.sources.http import Client
from aftergreen.sources.probe import Prober
from aftergreen.sources.prometheus import PrometheusSource

SCRAPES = 4
"""Scrapes that a window should hold: with fewer, one that is lost takes a sample with it."""

PROBED = 5.0
"""Seconds that a connection may take."""

GRAIN = 15.0
"""Windows are multiples of so many seconds."""

ABSENT = "there has been none yet: {title} counts them under this label"

_HELD = frozenset({Kind.ABSENT, Kind.STALE})
"""Readings that say nothing now, of signals that may well say something in an hour."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A signal as it is going to be written: what it is now, what it was, and its rules with their reasons.

    ``absent`` is why it means zero that it has no series.
    """

    proposal: Proposal
    signal: Signal
    reading: Reading
    past: Past
    rules: tuple[Written, ...]
    absent: str = ""


class Scales:
    """Weighs proposals against one backend, at one time."""

    def __init__(self, client: Client, at: float) -> None:
        self._source = PrometheusSource(client.backend, client=client.share())
        self._at = at

    async def close(self) -> None:
        """Let go of connections."""
        await self._source.close()

    async def usable(self, offered: Sequence[Proposal]) -> tuple[tuple[Proposal, ...], tuple[Left, ...]]:
        """Those of all that is offered that a backend gives a number for, one of each concept."""
        # By a number each: two instrumentations may call theirs alike.
        signals = [replace(_signal(one), name=str(index)) for index, one in enumerate(offered)]
        _, signals = await self._fitting(signals)
        readings = (await self._source.read(signals, self._at, View(None, None))).readings
        good: list[Proposal] = []
        left: list[Left] = []
        for proposal, signal in zip(offered, signals, strict=True):
            why = _useless(signal, readings[signal.key])
            if why:
                left.append(Left(proposal.instrumentation, proposal.name, why))
            else:
                good.append(proposal)
        chosen, others = chosen_of(good)
        return chosen, (*left, *others)

    async def weighed(self, proposals: Sequence[Proposal], tier: str) -> tuple[float, tuple[Weighed, ...]]:
        """The look-back that most of them need, in seconds, and each with its past and its limits."""
        window, signals = await self._fitting([_signal(one) for one in proposals])
        timing = replace(Timing(), window=window)
        pasts = await self._pasts(signals)
        readings = {
            **(await self._source.read(signals, self._at, View(None, None))).readings,
            **await self._probed(signals),
        }
        absences = await self._source.absences(signals, self._at, View(None, None))
        found = []
        for proposal, signal in zip(proposals, signals, strict=True):
            absence = absences.get(signal.key)
            unfounded = signal.events and absence is not None and absence.ground is None
            found.append(
                Weighed(
                    proposal,
                    signal,
                    readings[signal.key],
                    pasts[signal.key],
                    _rules(proposal, signal, tier, timing, pasts[signal.key]),
                    ABSENT.format(title=proposal.instrumentation.title) if unfounded else "",
                )
            )
        return window, tuple(found)

    async def _fitting(self, signals: Sequence[Signal]) -> tuple[float, list[Signal]]:
        """The look-back that most of the signals need, in seconds, and each with its own."""
        needed = _windows(await self._source.prepare(signals, self._at, View(None, None)))
        window = Counter(needed.values()).most_common(1)[0][0] if needed else Timing().window
        return window, [replace(signal, window=needed.get(signal.key, window)) for signal in signals]

    async def _probed(self, signals: Sequence[Signal]) -> Mapping[SignalKey, Reading]:
        prober = Prober(PROBED)
        try:
            return await prober.read(signals)
        finally:
            await prober.close()

    async def _pasts(self, signals: Sequence[Signal]) -> Mapping[SignalKey, Past]:
        instants = [self._at - LOOK * back for back in range(LOOKS - 1, -1, -1)]
        found = await self._source.history(signals, instants, View(None, None))
        rows = {signal.key: [instant.readings.get(signal.key) for instant in found] for signal in signals}
        return {key: _past(row) for key, row in rows.items()}


def _past(row: Sequence[Reading | None]) -> Past:
    """What a signal was, or why nobody can tell."""
    values = tuple(one.value if one is not None and one.compared else None for one in row)
    blind = [one.detail for one in row if one is not None and one.kind is Kind.BLIND]
    return Past(values, unread=blind[0] if blind and not any(v is not None for v in values) else "")


def _signal(proposal: Proposal) -> Signal:
    """The signal that a configuration makes of a proposal; `ConfigError` where it is none."""
    return loads(alone(proposal.table), proposal.instrumentation.name).signals[0]


def _windows(scrapes: Mapping[SignalKey, float | None]) -> dict[SignalKey, float]:
    """The look-back that each signal needs."""
    usual = Timing().window
    return {
        key: max(usual, -(-SCRAPES * scrape // GRAIN) * GRAIN)
        for key, scrape in scrapes.items()
        if scrape is not None
    }


def _useless(signal: Signal, reading: Reading) -> str:
    """Why a signal cannot be watched here; empty where it can."""
    if reading.compared or reading.kind in _HELD:
        return ""
    if reading.kind is Kind.NO_TRAFFIC:
        # A share of nothing is a share of what has no limit here.
        bounded = signal.unit == "%" and not signal.events
        return "what it is a share of is 0 here, so there is no limit to it" if bounded else ""
    return f"it is unknown here: {reading.detail or reading.kind.value}"


def _rules(proposal: Proposal, signal: Signal, tier: str, timing: Timing, past: Past) -> tuple[Written, ...]:
    own = proposal.table.get("rules")
    if own is None:
        return rules_for(signal, tier, timing, past)
    return own_rules(signal, own, proposal.reasons, timing, past)
