"""Which past a release is compared with: the instants of every source of a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aftergreen.model import BaselineSource, Plan, Release, Signal

HALF_HOUR = 1800.0
"""Seconds before this deployment, and before the same clock time then, whose levels are compared."""

DAYS: Mapping[BaselineSource, int] = {BaselineSource.YESTERDAY: 1, BaselineSource.LAST_WEEK: 7}
"""Days by which the sources of the same clock time lie before this deployment."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that changed the service: ``what`` is ``another deployment (v2.3.9)``."""

    at: float
    what: str


@dataclass(frozen=True, slots=True)
class Range:
    """The grid instants of a baseline, ascending, and of the half hour that tells its level.

    ``asked`` are all instants that have to be read. ``version`` is who served then. ``level`` is empty where
    nothing is scaled. ``disturbances`` are what else happened to the service, some of it far from the range.
    """

    source: BaselineSource
    version: str | None
    instants: tuple[float, ...]
    asked: tuple[float, ...]
    level: tuple[float, ...] = ()
    disturbances: tuple[Disturbance, ...] = ()

    def polluted(self, signal: Signal, instants: Sequence[float] | None = None) -> str:
        """What changed the service within a sample of the signal; empty where nothing did.

        ``instants`` are those that are asked about, ascending; the range's own where they are not given.
        """
        instants = self.instants if instants is None else instants
        if not instants:
            return ""
        # Instants are rounded to the millisecond.
        begins, ends = instants[0] - signal.window + 0.001, instants[-1]
        return next((change.what for change in self.disturbances if begins < change.at < ends), "")


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of other releases of the service: their disturbances, and the last that ended finished.

    ``problem`` says why nothing could be learned; empty where it could.
    """

    disturbances: tuple[Disturbance, ...] = ()
    finished: Release | None = None
    problem: str = ""


NOTHING_KNOWN = Earlier()
"""Where there is no journal, or it holds no other release."""


def ranges(plan: Plan, release: Release, earlier: Earlier) -> Mapping[BaselineSource, Range]:
    """The ranges of all sources that lie in the past; that of a previous release only where one finished."""
    own = Disturbance(release.deployed_at, f"the deployment of {release.version}")
    return {
        # What lies after the deployment is no past yet.
        found.source: replace(
            found,
            asked=tuple(at for at in found.asked if at <= release.deployed_at),
            disturbances=(*earlier.disturbances, own),
        )
        for found in _ranges(plan, release, earlier)
    }


def before(plan: Plan, release: Release) -> Range:
    """The range before the deployment; what is asked is also what the charts show."""
    timing, at = plan.timing, release.deployed_at
    reach = max(plan.baseline.gap + plan.baseline.window, shown_before(plan))
    asked = _grid(plan, at, -reach, -timing.interval)
    return Range(BaselineSource.BEFORE, release.previous, baseline_instants(plan, at), asked)


def shown_before(plan: Plan) -> float:
    """Seconds before the deployment that charts show: half as much as they show of the watch."""
    return (plan.timing.rollout + plan.timing.duration) / 2


def baseline_instants(plan: Plan, deployed_at: float) -> tuple[float, ...]:
    """The grid instants of ``before``, oldest first: ``window`` long and ending ``gap`` before."""
    return _grid(plan, deployed_at, -plan.baseline.gap - plan.baseline.window, -plan.baseline.gap)


def level_instants(plan: Plan, at: float) -> tuple[float, ...]:
    """The grid instants of the half hour that ends ``gap`` before ``at``."""
    return _grid(plan, at, -plan.baseline.gap - HALF_HOUR, -plan.baseline.gap)


def days_before(at: float, days: int, zone: str) -> float:
    """The time at which the clocks of a zone showed the same so many days earlier.

    Where they are set forward or back in between, a day has 23 or 25 hours; a time that was skipped is taken
    as if they had been set forward after it, and one that came twice is the first. Without a zone every day
    has 24 hours.
    """
    there: tzinfo = UTC
    if zone:
        # A configuration that names an unknown zone is refused. Who joins a release takes over its baseline.
        with suppress(ZoneInfoNotFoundError):
            there = ZoneInfo(zone)
    # Differences within one zone are differences of what its clocks show.
    return (datetime.fromtimestamp(at, there) - timedelta(days=days)).replace(fold=0).timestamp()


def _ranges(plan: Plan, release: Release, earlier: Earlier) -> Iterator[Range]:
    yield before(plan, release)
    for source, days in DAYS.items():
        then, window = days_before(release.deployed_at, days, plan.baseline.zone), plan.baseline.window
        asked = _grid(plan, then, -plan.baseline.gap - HALF_HOUR, window)
        instants = _grid(plan, then, 0.0, window)
        yield Range(source, release.previous, instants, asked, level_instants(plan, then))
    finished = earlier.finished
    if finished is not None:
        timing = plan.timing
        # No window reaches back over its deployment.
        age = max([timing.warmup, timing.rollout, timing.window, *(s.window for s in plan.signals)])
        instants = _grid(plan, finished.deployed_at, age, age + timing.duration)
        yield Range(BaselineSource.PREVIOUS_RELEASE, finished.version, instants, instants)


def _grid(plan: Plan, origin: float, start: float, end: float) -> tuple[float, ...]:
    """The instants origin + k · interval from origin + ``start`` to origin + ``end``."""
    step = plan.timing.interval
    first, last = math.ceil(start / step - 1e-9), math.floor(end / step + 1e-9)
    return tuple(round(origin + k * step, 3) for k in range(first, last + 1))
