"""What the design promises of automatic rollback, held against a scorecard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.benchmarks.scores import FAST, OURS, Score

INDEPENDENT_FALSE, CLUSTERED_FALSE = 0.001, 0.005
"""Shares of healthy watches that may be rolled back at most."""

LATER = 120.0
"""Seconds by which a fault that begins late may take longer than one from the start."""

DELAYS = {
    # shape, true rate: requests per minute from which on, and the median delay in seconds at most
    (OURS, 0.10): ((60.0, 195.0), (20.0, 300.0)),
    (OURS, 0.50): ((20.0, 195.0),),
    (FAST, 0.10): ((60.0, 150.0), (20.0, 285.0)),
    (FAST, 0.50): ((20.0, 120.0),),
}

LIMIT = 0.01

BURSTS_FROM = 300.0
"""Requests per minute from which on the delays hold for bursts: with fewer, the pauses between two bursts put
the rule's own fuse out, and a few bursts are not soon told from chance."""

SCARCE, SCARCE_FOUND = (5.0, 0.50), 0.95
"""At so few requests per minute and this rate of failures, at least this share is found."""


def broken(scores: Sequence[Score]) -> Iterator[str]:
    """One sentence for each promise that is broken by the scores of one cell."""
    for score in scores:
        traffic, most_false, longest = score.cell.traffic, _most_false(score), _longest(score)
        kind = " in bursts" if traffic.clustered else ""
        where = f"{score.shape}, {traffic.per_minute:g}/min, {traffic.rate:.1%}{kind}"
        if most_false is not None and score.share > most_false:
            yield f"BROKEN: {where}: {score.share:.2%} of healthy releases rolled back"
        if longest is not None and (score.middle is None or score.middle > longest):
            found = "never" if score.middle is None else f"after {score.middle:g} s"
            yield f"BROKEN: {where}, after {traffic.since:g} s: found {found}, promised {longest:g} s"
        if _scarce(score) and score.share < SCARCE_FOUND:
            yield f"BROKEN: {where}: found in {score.share:.1%}"


def _most_false(score: Score) -> float | None:
    """The share that may be rolled back; None without promise, as for bursts at the limit or under `fast`."""
    traffic = score.cell.traffic
    if traffic.since or traffic.rate > LIMIT or score.shape not in (OURS, FAST):
        return None
    if not traffic.clustered:
        return INDEPENDENT_FALSE
    return CLUSTERED_FALSE if traffic.rate < LIMIT and score.shape == OURS else None


def _longest(score: Score) -> float | None:
    """The longest median that is promised; None without promise, as for bursts at little traffic."""
    traffic = score.cell.traffic
    if traffic.clustered and (score.shape == FAST or traffic.per_minute < BURSTS_FROM):
        return None
    for fewest, most in DELAYS.get((score.shape, traffic.rate), ()):
        if traffic.per_minute >= fewest:
            return most + (LATER if traffic.since else 0.0)
    return None


def _scarce(score: Score) -> bool:
    traffic = score.cell.traffic
    return score.shape == OURS and not traffic.since and (traffic.per_minute, traffic.rate) == SCARCE
