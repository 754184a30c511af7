"""How often a healthy release is rolled back, and how soon a bad one: whole watches through the real engine.

    python -m tests.benchmarks.scorecard [--reduced] [--write docs/scorecard.md]

The rule is "error rate above 1 % for 2m", warm-up 60 s, polls every 15 s, watches of 30 minutes. Times are
those of the sample on which it was decided. Ends with 1 where a promise of the design is broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from aftergreen.model import Indicator, Instant, Kind, Reading, SignalKey, Timing
from aftergreen.verdict.begin import begin
from aftergreen.verdict.proposals import acts_on, proposals
from aftergreen.verdict.state import Setup
from aftergreen.verdict.step import over, step
from tests.benchmarks.promises import broken
from tests.benchmarks.rivals import RIVALS
from tests.benchmarks.scores import FAST, OURS, Cell, Score
from tests.benchmarks.traffic import INTERVAL, MEAN_BURST, Traffic
from tests.scenario import DEPLOYED_AT, only, plan, setup

SEED = 20261123
PER_MINUTE = (5, 20, 60, 300, 3000)
HEALTHY = (0.0, 0.002, 0.01)
FAULTY = (0.02, 0.03, 0.05, 0.10, 0.50)
LATE = 600.0
LATE_RATES = (0.10, 0.50)
USUAL = 0.002
CHUNK = 250


def cells(*, healthy: int, faulty: int, per_minute: Sequence[int], rates: Sequence[float]) -> Iterator[Cell]:
    """All lines of the card."""
    for clustered in (False, True):
        for requests in per_minute:
            for rate in rates:
                runs = healthy if rate in HEALTHY else faulty
                yield Cell(Traffic(requests, rate, clustered), runs)
            for rate in LATE_RATES:
                yield Cell(Traffic(requests, rate, clustered, since=LATE, usual=USUAL), faulty)


@lru_cache
def _setup() -> tuple[Setup, SignalKey]:
    usual = plan(timing=Timing(duration=1800.0))
    watched = only(usual, lambda signal: signal.indicator is Indicator.ERROR_RATE)
    return setup(watched), watched.signals[0].key


def watched(traffic: Traffic, drawn: random.Random) -> dict[str, float | None]:
    """The age at which each shape of rule rolls one release back; None where it does not."""
    settings, _ = _setup()
    drawing = traffic.intervals(drawn)
    planned = [*islice(drawing, round(settings.plan.timing.duration / INTERVAL))]
    acted = _by_engine(chain(planned, drawing))
    windows = [
        (age, sum(n for n, _ in recent), sum(f for _, f in recent)) for age, recent in _minutes(planned)
    ]
    return {**acted, **{name: shape(windows) for name, shape in RIVALS.items()}}


def _minutes(intervals: Sequence[tuple[int, int]]) -> Iterator[tuple[float, Sequence[tuple[int, int]]]]:
    """Every whole minute of the watch with the age at its end."""
    length = round(60 / INTERVAL)
    for end in range(length, len(intervals) + 1):
        yield end * INTERVAL, intervals[end - length : end]


def _by_engine(intervals: Iterable[tuple[int, int]]) -> dict[str, float | None]:
    """`fast` decides only whether a proposal may be acted on before its fuse is up: one walk tells both."""
    settings, key = _setup()
    state, _ = begin(settings)
    recent: deque[tuple[int, int]] = deque(maxlen=round(60 / INTERVAL))
    total = (0, 0)
    fast: float | None = None
    for interval in intervals:
        recent.append(interval)
        total = total[0] + interval[0], total[1] + interval[1]
        at = state.at + INTERVAL
        state, _ = step(state, Instant(at, {key: reading_of(recent, total)}))
        if fast is None and any(rule.sure for rule in proposals(state)):
            fast = at - DEPLOYED_AT
        if acts_on(state) is not None:
            return {OURS: at - DEPLOYED_AT, FAST: fast}
        if over(state):
            break
    return {OURS: None, FAST: fast}


def reading_of(recent: Iterable[tuple[int, int]], total: tuple[int, int]) -> Reading:
    seen, bad = (float(sum(column)) for column in zip(*recent, strict=True))
    counted = float(total[0]), float(total[1])
    if seen == 0:
        return replace(Reading.unknown(Kind.NO_TRAFFIC), total=counted)
    return Reading(Kind.VALUE if bad else Kind.ZERO, bad / seen, seen, bad, counted)


def _chunk(traffic: Traffic, runs: int, seed: str) -> list[dict[str, float | None]]:
    drawn = random.Random(seed)  # a simulation
    return [watched(traffic, drawn) for _ in range(runs)]


def scores(cell: Cell, outcomes: Sequence[dict[str, float | None]]) -> list[Score]:
    """The score of each shape of rule; delays are counted from the fault."""
    since = cell.traffic.since
    found = []
    for shape in outcomes[0]:
        ages = sorted(age for outcome in outcomes if (age := outcome[shape]) is not None)
        late = tuple(age - since for age in ages if age > since)
        found.append(Score(cell, shape, late, len(ages) - len(late)))
    return found


def run(wanted: Sequence[Cell], workers: int) -> Iterator[list[Score]]:
    """All cells, the watches of each shared out to the workers; the same numbers whatever their number."""
    with ProcessPoolExecutor(workers) as pool:
        jobs = []
        for cell in wanted:
            sizes = [min(CHUNK, cell.runs - first) for first in range(0, cell.runs, CHUNK)]
            seeds = [f"{SEED}/{cell.traffic}/{number}" for number in range(len(sizes))]
            jobs.append(
                (cell, [pool.submit(_chunk, cell.traffic, n, s) for n, s in zip(sizes, seeds, strict=True)])
            )
        for cell, chunks in jobs:
            yield scores(cell, [outcome for chunk in chunks for outcome in chunk.result()])


def row(found: Sequence[Score]) -> str:
    """One line of the table."""
    traffic = found[0].cell.traffic
    kind = "in bursts" if traffic.clustered else "independent"
    fault = f"{traffic.rate:.1%}" + (f" after {traffic.since / 60:.0f}m" if traffic.since else "")
    texts = [f"{traffic.per_minute:,.0f}", kind, fault, f"{found[0].cell.runs:,}"]
    texts += [_text(score) for score in found]
    return f"| {' | '.join(texts)} |"


def _text(score: Score) -> str:
    if not score.delays:
        return "0 %" if not score.early else f"0 %, early {score.early}"
    share = f"{score.share:.2%}".replace("%", " %")
    early = f", early {score.early}" if score.early else ""
    if score.middle is None:
        return share + early
    return f"{share}, {_clock(score.middle)} / {'–' if score.slow is None else _clock(score.slow)}{early}"


def _clock(seconds: float) -> str:
    return f"{seconds // 60:.0f}:{seconds % 60:02.0f}"


HEAD = ("requests/min", "errors", "true rate", "watches", OURS, FAST, *RIVALS)
INTRODUCTION = f"""\
Whole watches of 30 minutes, simulated through the engine that watches your releases (`make scorecard`, seed
{SEED}). The rule is "error rate above 1 % for 2m", warm-up 60 s, a poll every 15 s. A cell holds the share
of watches that were rolled back and, where that is most of them, the median and the 90th percentile of the
time from the deployment, or from a fault that begins later, to the sample on which it was decided. Errors
in bursts are runs of consecutive failing requests of geometric length, {MEAN_BURST:g} on average. "early"
counts rollbacks before a late fault. A watch is extended while a fuse burns, so that some decisions come
after its 30 minutes.

Promised, and held by the script itself: at 0.2 % and at exactly 1 % at most 0.1 % of watches are rolled back
where errors are independent, and at 0.2 % at most 0.5 % where they come in bursts. A rate of 10 % is acted on
in a median of 5:00 at 20 requests a minute and 3:15 from 60 on, 50 % in 3:15 from 20 on; with `fast` in 4:45,
2:30 and 2:00. At 5 a minute 50 % are found in 95 % of watches. A fault that begins late takes two minutes
more at most. In bursts these delays are promised from 300 requests a minute on: with fewer, the pauses
between two bursts put the rule's own fuse out (see "for 2m"), and a few bursts are not soon told from chance.
What bursts do under `fast`, and at exactly 1 %, is printed without promise.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print, write where asked, and say which promises are broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--reduced", action="store_true", help="a small grid, for a minute of continuous integration"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table there as well")
    given = parser.parse_args(arguments)
    if given.reduced:
        wanted = [*cells(healthy=40, faulty=10, per_minute=(20, 300), rates=(0.002, 0.01, 0.1))]
    else:
        wanted = [*cells(healthy=20_000, faulty=2_000, per_minute=PER_MINUTE, rates=(*HEALTHY, *FAULTY))]
    started = time.monotonic()
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    print(*lines, sep="\n", flush=True)
    faults: list[str] = []
    for found in run(wanted, given.workers):
        faults.extend(broken(found))
        lines.append(row(found))
        print(lines[-1], flush=True)
    print(
        f"{sum(c.runs for c in wanted):,} watches in {time.monotonic() - started:,.0f} s", *faults, sep="\n"
    )
    if given.write is not None:
        given.write.write_text(f"# Scorecard\n\n{INTRODUCTION}\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
