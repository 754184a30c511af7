"""The usual shapes of rules of other tools: when each of them would have rolled back.

They are the shapes, not the programs, written as the tools' documentation writes them: Argo Rollouts and
Flagger fail an analysis at its first bad measurement unless told otherwise, Flagger's tutorial at the fifth,
an alert of Prometheus when it was pending for its time, and Kayenta compares hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Sample = tuple[float, bool | None]
"""Seconds since the deployment, and whether a limit was passed there; None where nothing was measured."""

Shape = Callable[[Sequence[Sample]], float | None]
"""When the rule would have rolled back, in seconds since the deployment; None where it would not."""

FUSE = 120.0
BAD_MINUTES = 5

UNMEASURED = 60.0
"""Seconds without any measurement after which an analysis is given up as failed."""


def one_bad_sample(samples: Sequence[Sample]) -> float | None:
    """A single sample over the limit, or a minute in which nothing could be measured."""
    since: float | None = None
    for age, over in samples:
        if over:
            return age
        since = None if over is not None else age if since is None else since
        if since is not None and age - since >= UNMEASURED:
            return age
    return None


def five_bad_minutes(samples: Sequence[Sample]) -> float | None:
    """Five samples over the limit in all, looked at once a minute."""
    bad = [age for age, over in by_minutes(samples) if over]
    return bad[BAD_MINUTES - 1] if len(bad) >= BAD_MINUTES else None


def by_minutes(samples: Sequence[Sample]) -> list[Sample]:
    """The first sample of each minute."""
    first: dict[int, Sample] = {}
    for sample in samples:
        first.setdefault(int(sample[0] // 60), sample)
    return list(first.values())


def two_minutes(samples: Sequence[Sample]) -> float | None:
    """Over the limit for two minutes without interruption."""
    since: float | None = None
    for age, over in samples:
        if not over:
            since = None
            continue
        since = age if since is None else since
        if age - since >= FUSE:
            return age
    return None


SHAPES: Mapping[str, Shape] = {
    "one bad sample (Argo Rollouts, Flagger)": one_bad_sample,
    "five bad minutes (Flagger's tutorial)": five_bad_minutes,
    "over the limit for 2m (an alert)": two_minutes,
}

AN_HOUR = "a report over an hour (Kayenta)"
"""What compares hours, and so says nothing while a rehearsal lasts."""
