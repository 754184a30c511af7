"""What was counted since the deployment: the trials behind a claim, and a look-back that is wide enough."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.model import Condition, Reduce, Signal
from aftergreen.verdict.state import EPSILON, Counts, Look, LookBack

NEIGHBOURING = 1.5
"""Intervals within which two instants are neighbours."""

LOOK_BACKS = (60.0, 120.0, 300.0)
"""Seconds to which low traffic widens the look-back, one after the other; then all since the deployment."""


def tightest(signal: Signal) -> float | None:
    """The lowest fixed upper limit of an event ratio, which takes most trials to claim; None without one."""
    limits = [r.limit for r in signal.rules if r.condition is Condition.ABOVE and r.limit > 0]
    return min(limits) if limits and signal.events else None


def counted(counts: Counts, signal: Signal, look: Look) -> Counts:
    """The counts after one more instant.

    What was counted while instances were still replaced proves nothing for the release. The worst of several
    series has no total, nor has a query that looks back over a range of its own: of them, windows that do not
    overlap are added up.
    """
    total = look.reading.total
    if signal.events and (signal.reduce is Reduce.WORST or not signal.windowed):
        total, counts = _by_windows(counts, signal, look)
    if total is None:
        return counts if look.claims else replace(counts, rolling=True)
    reach = look.at - LOOK_BACKS[-1] - look.interval
    # What was counted while nobody could see may be of the rollout.
    seen = bool(counts.recent) and look.at - counts.recent[-1][0] <= NEIGHBOURING * look.interval
    unclaimed = total if not look.claims or (counts.rolling and not seen) else counts.unclaimed
    return Counts(
        total=total,
        unclaimed=unclaimed,
        rolling=not look.claims,
        recent=(*(entry for entry in counts.recent if entry[0] >= reach), (look.at, *total)),
        added_at=counts.added_at,
    )


def _by_windows(counts: Counts, signal: Signal, look: Look) -> tuple[tuple[float, float] | None, Counts]:
    since = counts.added_at if counts.added_at is not None else look.view.since
    # A range of its own may be longer than the window; each request counts once.
    window = max(signal.window, look.reach)
    if since is None or look.reading.count is None or look.at + EPSILON < since + window:
        return None, counts
    trials, failures = counts.total
    total = trials + look.reading.count, failures + (look.reading.failures or 0.0)
    return total, replace(counts, added_at=look.at)


def look_back(counts: Counts, signal: Signal, since: float) -> LookBack | None:
    """The shortest look-back in which a single failure does not exceed the limit yet; None without a limit.

    ``since`` is the deployment, the longest look-back there is.
    """
    limit = tightest(signal)
    if limit is None or not counts.recent:
        return None
    at, trials, failures = counts.recent[-1]
    for seconds in (signal.window, *(wider for wider in LOOK_BACKS if wider > signal.window)):
        if at - since <= seconds:
            break
        start = next((entry for entry in counts.recent if entry[0] >= at - seconds - EPSILON), None)
        if start is not None and trials - start[1] >= 1.0 / limit:
            return LookBack(at - start[0], trials - start[1], max(0.0, failures - start[2]))
    return LookBack(at - since, trials, failures)
