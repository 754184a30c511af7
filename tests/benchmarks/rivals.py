"""The usual shapes of rules, for comparison: when each of them would roll back.

They are the shapes, not the programs: a sample is a window of a minute that lies wholly after the deployment,
and a rule is written as the tools' documentation writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.benchmarks.scores import LITERAL

Window = tuple[float, int, int]
"""Seconds since the deployment, trials and failures of the last minute."""

LIMIT = 0.01
FUSE = 120.0
BAD_MINUTES = 5
FEWEST_REQUESTS = 50


def _bad(trials: int, failures: int, fewest: int = 1) -> bool:
    return trials >= fewest and failures > LIMIT * trials


def one_bad_sample(windows: Sequence[Window]) -> float | None:
    """A single sample over the limit."""
    return next((age for age, trials, failures in windows if _bad(trials, failures)), None)


def five_bad_minutes(windows: Sequence[Window]) -> float | None:
    """Five samples over the limit in all, looked at once a minute."""
    bad = [age for age, trials, failures in windows if age % 60 == 0 and _bad(trials, failures)]
    return bad[BAD_MINUTES - 1] if len(bad) >= BAD_MINUTES else None


def two_minutes(windows: Sequence[Window], fewest: int = 1) -> float | None:
    """Over the limit for two minutes without interruption."""
    since: float | None = None
    for age, trials, failures in windows:
        if not _bad(trials, failures, fewest):
            since = None
            continue
        since = age if since is None else since
        if age - since >= FUSE:
            return age
    return None


def two_minutes_of_enough(windows: Sequence[Window]) -> float | None:
    """The same, and minutes of fewer than fifty requests pass."""
    return two_minutes(windows, FEWEST_REQUESTS)


RIVALS: dict[str, Callable[[Sequence[Window]], float | None]] = {
    "one bad sample": one_bad_sample,
    "five bad minutes": five_bad_minutes,
    LITERAL: two_minutes,
    "for 2m, at least 50 requests": two_minutes_of_enough,
}
