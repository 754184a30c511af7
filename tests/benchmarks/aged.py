"""A release of three years ago against one of yesterday: what judging each of them takes.

    python -m tests.benchmarks.aged [--runs N]

One real Prometheus holds both; the real program judges them in turn, each in a process of its own. Ends with
1 where the old one takes more than twice the time or the memory.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.faultfree import LONGEST, Service, past, plan_text
from tests.e2e.past import write
from tests.e2e.program import environment, program, release_arguments
from tests.e2e.servers import Prometheus

DAY = 86400.0
AGES = {"yesterday": DAY, "three years ago": 3 * 365 * DAY}
SERVICE = Service("service", every=15.0, interval=15.0, tier="standard", requests=40.0)
AT_MOST = 2.0
"""How much more of anything the old release may take."""


def measured(config: Path, deployed_at: float) -> tuple[float, float]:
    """Seconds and MiB at their highest that the program takes to judge the release."""
    release = release_arguments("v2", "v1", deployed_at)
    command = program("gate", "-c", str(config), *release, "--history", "--json")
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=environment(config.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # its progress
        text=True,
    )
    assert process.stdout is not None
    told = process.stdout.read().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"it did not finish: {told[-1] if told else 'it said nothing'}")
    # Linux counts in KiB.
    return time.perf_counter() - began, used.ru_maxrss / 1024


def main() -> int:
    """Judge both in turn, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as place:
        folder, now = Path(place), round(time.time())
        deployed = {name: now - age - LONGEST for name, age in AGES.items()}
        for at in deployed.values():
            write(folder, past([SERVICE], at, random.Random(16)))
        with Prometheus(folder, (), "--storage.tsdb.retention.time=10y") as server:
            config = folder / "service.toml"
            config.write_text(plan_text(SERVICE, server.url), encoding="utf-8")
            found = {name: [measured(config, at)] for name, at in deployed.items()}
            for _ in range(runs - 1):
                for name, at in deployed.items():
                    found[name].append(measured(config, at))
    return report({name: [median(of) for of in zip(*runs, strict=True)] for name, runs in found.items()})


def report(found: dict[str, list[float]]) -> int:
    """Print seconds and MiB of both, and how they compare; 1 where that is more than may be."""
    for name, (seconds, memory) in found.items():
        print(f"{name}: {seconds:.2f} s, {memory:.0f} MiB")
    young, old = found.values()
    ratios = [theirs / ours for theirs, ours in zip(old, young, strict=True)]
    print(f"the older one takes {ratios[0]:.2f} times as long and {ratios[1]:.2f} times the memory")
    return int(max(ratios) > AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
