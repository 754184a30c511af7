"""How often and how soon a whole watch rolls back without a person: poll, judge, count down, claim.

    python -m tests.benchmarks.wholepath [--watches 2000] [--grace 10] [--jobs 2] [--write docs/automatic.md]

`tests.benchmarks.scorecard` measures the engine; this runs `aftergreen.watch.loop.Watch` itself on the same
traffic and under the same rule (error rate above 1 % for 2m, warm-up 60 s, a poll every 15 s, 30 minutes),
with preflight, the journal's thread, SQLite and presence as they are; `tests.benchmarks.wholewatch` says what
is made up.

Journals lie in memory where the machine offers it, one for `CHUNK` watches, each with a service of its own.
Every watch is held against the pure engine on the very same readings: the claim must be recorded at the
second that follows from them, or never. Ends with 1 where that, or a promise, is broken.

A watch takes 0.1 to 0.2 seconds of a core, three quarters of them in the engine and its presentation. It must
not stand still for two real seconds, as on a machine with far too much to do: then it rightly begins its
countdown anew, which is told here as wrong.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path

from aftergreen.model import Plan
from tests.automatic import GRACE
from tests.benchmarks.promises import broken
from tests.benchmarks.scorecard import SEED
from tests.benchmarks.scores import OURS, Cell, Score
from tests.benchmarks.traffic import Traffic
from tests.benchmarks.wholewatch import Watched, chunk, plan_of

PER_MINUTE = (20, 60, 300)
RATES = (0.002, 0.01, 0.10, 0.50)
CHUNK = 100
"""Watches that share a journal."""

OPEN, CLOSE = "<!-- wholepath -->", "<!-- /wholepath -->"
HEAD = (
    "requests/min",
    "true rate",
    "watches",
    "the engine acts",
    "countdown begun",
    "near misses",
    "rolled back",
    "claimed after, median / 90th",
)


def _collect_seldom() -> None:
    """Collecting what a watch leaves behind would take a seventh of the time."""
    gc.freeze()
    gc.set_threshold(50_000)


def cells(watches: int) -> list[Cell]:
    """All lines of the table."""
    return [Cell(Traffic(n, rate, clustered=False), watches) for n, rate in product(PER_MINUTE, RATES)]


def run(wanted: Sequence[Cell], grace: float, jobs: int) -> Iterator[tuple[Cell, list[Watched]]]:
    """All cells, the watches of each shared out to the jobs; the same numbers whatever their number."""
    with ProcessPoolExecutor(jobs, initializer=_collect_seldom) as pool:
        started = []
        for cell in wanted:
            sizes = [min(CHUNK, cell.runs - first) for first in range(0, cell.runs, CHUNK)]
            seeds = [f"{SEED}/whole/{cell.traffic}/{number}" for number in range(len(sizes))]
            pairs = zip(sizes, seeds, strict=True)
            started.append((cell, [pool.submit(chunk, cell.traffic, n, s, grace) for n, s in pairs]))
        for cell, chunks in started:
            yield cell, [watched for part in chunks for watched in part.result()]


def score(cell: Cell, found: Sequence[Watched]) -> Score:
    """When the watches of a cell claimed: seconds from the deployment."""
    return Score(cell, OURS, tuple(sorted(age for watched in found for age in watched.claims[:1])))


def faults(cell: Cell, found: Sequence[Watched], plan: Plan) -> Iterator[str]:
    """What is broken in a cell, one sentence each: in a single watch, or of what the scorecard promises.

    The whole path may take ``lag`` and ``grace`` longer than the engine, and no more.
    """
    grace = plan.rollback.grace if plan.rollback is not None else 0.0
    where = f"{cell.traffic.per_minute:g}/min, {cell.traffic.rate:.1%}"
    for number, watched in enumerate(found):
        yield from (f"WRONG: {where}, watch {number}: {fault}" for fault in watched.faults(grace))
    whole = score(cell, found)
    yield from broken([replace(whole, delays=tuple(d - grace - plan.backend.lag for d in whole.delays))])


def row(cell: Cell, found: Sequence[Watched]) -> str:
    """One line of the table."""
    whole = score(cell, found)
    acts = sum(watched.engine.acts is not None for watched in found)
    begun = sum(bool(watched.countdowns) for watched in found)
    near = sum(len(watched.countdowns) - len(watched.claims) for watched in found)
    texts = [f"{cell.traffic.per_minute:,.0f}", f"{cell.traffic.rate:.1%}".replace("%", " %")]
    texts += [f"{count:,}" for count in (len(found), acts, begun, near)]
    texts += [f"{len(whole.delays):,} ({whole.share:.2%})".replace("%", " %")]
    texts += ["–" if whole.middle is None else f"{_clock(whole.middle)} / {_clock(whole.slow)}"]
    return f"| {' | '.join(texts)} |"


def _clock(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds // 60:.0f}:{seconds % 60:02.0f}"


def write(file: Path, lines: Sequence[str]) -> None:
    """Put the table between its two marks; ValueError where they are not in the file."""
    before, opening, rest = file.read_text(encoding="utf-8").partition(OPEN)
    _, closing, after = rest.partition(CLOSE)
    if not (opening and closing):
        raise ValueError(f"{file} holds no {OPEN} … {CLOSE}: put them where the table shall be")
    table = "\n".join(lines)
    file.write_text(f"{before}{OPEN}\n\n{table}\n\n{CLOSE}{after}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Watch, print, write where asked, and say what is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--watches", type=int, default=2000, help="for each cell (default: %(default)s)")
    parser.add_argument("--grace", type=float, default=GRACE, help="seconds (default: %(default)g)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="FILE", help=f"write the table there, after {OPEN}")
    given = parser.parse_args(arguments)
    wanted, plan, started = cells(given.watches), plan_of(given.grace), time.monotonic()
    lines, wrong = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"], list[str]()
    print(*lines, sep="\n", flush=True)
    for cell, found in run(wanted, given.grace, given.jobs):
        wrong.extend(faults(cell, found, plan))
        lines.append(row(cell, found))
        print(lines[-1], flush=True)
    seconds, runs = time.monotonic() - started, sum(cell.runs for cell in wanted)
    print(f"{runs:,} watches in {seconds:,.0f} s, {runs / seconds:.1f} a second", *wrong, sep="\n")
    if given.write is not None:
        write(given.write, lines)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
