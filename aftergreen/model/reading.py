"""What a source says of a signal, when, and through which window it looked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aftergreen.model.signal import Signal, SignalKey


class Kind(StrEnum):
    """The kinds of reading; a signal has exactly one at every instant."""

    VALUE = "value"
    ZERO = "zero"
    ABSENT = "absent"
    DOWN = "down"
    NO_TRAFFIC = "no traffic"
    NO_SERIES = "no series"
    STALE = "stale"
    PARTIAL = "partial"
    BLIND = "blind"
    AMBIGUOUS = "ambiguous"


class Ground(StrEnum):
    """Why a number that no series stands behind means zero, strongest first.

    Its series were seen for this version; series of its metric carry the label that it is picked by; the
    backend's metadata name its metric for the targets of this version; its owner said so.
    """

    SEEN = "seen"
    LABEL = "label"
    METADATA = "metadata"
    DECLARED = "declared"


COMPARED = frozenset({Kind.VALUE, Kind.ZERO, Kind.DOWN})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a signal said at one instant of the grid.

    ``value`` is finite for ``value`` and ``zero``, infinite for ``down`` and None for everything unknown.
    ``count`` is the number of observations behind it (trials of an event ratio), ``failures`` the
    numerator of an event ratio; ``total`` is both of them since the view began, as an estimate that may fall
    from one instant to the next. ``newest`` is the time of the newest raw sample behind the query.
    ``detail`` says why a reading is unknown, ``notes`` carries what the backend remarked in passing.
    """

    kind: Kind
    value: float | None = None
    count: float | None = None
    failures: float | None = None
    total: tuple[float, float] | None = None
    newest: float | None = None
    detail: str = ""
    notes: tuple[str, ...] = ()

    @property
    def compared(self) -> bool:
        """Whether rules may compare it; everything else is unknown."""
        return self.kind in COMPARED

    def taken(self, at: float) -> float:
        """When the newest raw sample behind it was taken, where it was read at ``at``.

        What has no samples behind it, as a probe, was taken when it was read.
        """
        return at if self.newest is None else self.newest

    @classmethod
    def of(cls, value: float, count: float | None = None, **rest: float | None) -> Reading:
        """A finite value, perhaps with the number of observations behind it."""
        return cls(Kind.VALUE, value, count, **rest)  # type: ignore[arg-type]  # the numeric fields only

    @classmethod
    def down(cls, detail: str) -> Reading:
        """A probe that was refused, timed out, or answered 5xx: above every limit."""
        return cls(Kind.DOWN, math.inf, detail=detail)

    @classmethod
    def unknown(cls, kind: Kind, detail: str = "") -> Reading:
        """A reading that is never compared."""
        return cls(kind, detail=detail)


@dataclass(frozen=True, slots=True)
class View:
    """Through which window a source looks: whose version, and since when that version serves.

    No query looks back past ``since``. None means that nothing bounds the look-back: the old version
    before the deployment.
    """

    version: str | None
    since: float | None

    def span(self, signal: Signal, at: float) -> float:
        """The look-back in use at ``at``, in seconds: the signal's window, cut off where the view begins.

        Zero or less where the view has not begun: there is nothing to ask for then.
        """
        return signal.window if self.since is None else min(signal.window, at - self.since)


@dataclass(frozen=True, slots=True)
class Instant:
    """The readings of all signals at one instant of the grid.

    ``running`` counts the serving instances by version, where the plan has a query for it and it answered.
    ``fresh`` says whether the backend has fresh data of anything at all; None where nobody asked.
    ``control`` holds the readings of the previous version, of signals that are compared with it.
    """

    at: float
    readings: Mapping[SignalKey, Reading]
    running: Mapping[str, float] | None = None
    fresh: bool | None = None
    control: Mapping[SignalKey, Reading] = field(default_factory=dict)
