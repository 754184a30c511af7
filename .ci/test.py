"""Runs every test, those on real parts too, and ends with one line that says how it went.

``--unit`` or ``--e2e`` as the first argument runs a part of them; what follows is for pytest. Those that
watch by a real Prometheus come last and by themselves: what its machine does beside is in what they measure.
"""  # noqa: INP001  # a script

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

NOTHING_MATCHED = 5
"""What pytest ends with where it ran no test."""

PROMETHEUS = ("tests/e2e", "-m", "prometheus")
STEPS = {
    # A worker to a core.
    "unit": ["-n", "auto", "--ignore=tests/e2e"],
    "console": ["tests/e2e", "-m", "not prometheus", "-n", "3"],
    # Those on consoles and shells wait a good deal: what needs nothing but Python runs meanwhile.
    "quick": ["-m", "not prometheus", "-n", "3", "--dist", "worksteal"],
    # A file to a worker: its tests share one set of real parts. They wait more than they work, and begin in
    # the order that `tests/e2e/conftest.py` gives them, not by how many tests there are in each.
    "prometheus": [*PROMETHEUS, "-n", "4", "--dist", "loadfile", "--no-loadscope-reorder"],
}

PARTS = {"--unit": ("unit",), "--e2e": ("console", "prometheus")}
"""Which steps an argument stands for; without one it is all tests."""


def main(words: list[str]) -> int:
    """Run the steps one after the other; a fault in one does not keep the others from being told."""
    part, words = (words[0], words[1:]) if words[:1] and words[0] in PARTS else ("", words)
    began = time.monotonic()
    counts: Counter[str] = Counter()
    codes = []
    # Some machines keep no compiled modules: every worker, and the next step, would make its own.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with TemporaryDirectory() as folder:
        for step in PARTS.get(part, ("quick", "prometheus")):
            report = Path(os.environ.get("TEST_REPORTS", folder)) / f"{step}.xml"
            command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *STEPS[step], *words]
            codes.append(subprocess.run(command, check=False, env=kept).returncode)  # noqa: S603  # our own words
            if report.exists():
                counts += told(report)
    ran = counts["tests"] - counts["skipped"]
    failed = counts["failures"] + counts["errors"]
    if not ran and set(codes) <= {0, NOTHING_MATCHED}:
        return _end("no test matched", 1)
    skipped = f", {counts['skipped']:,} skipped" if counts["skipped"] else ""
    took = f"{time.monotonic() - began:.0f} s"
    good = not failed and set(codes) <= {0, NOTHING_MATCHED}
    how = f"{ran - failed:,} passed, {failed:,} failed{skipped} in {took}"
    return _end(how if good or failed else f"{how}, and pytest ended with {codes}", 0 if good else 1)


def told(report: Path) -> Counter[str]:
    """How many tests a report of pytest holds, and how they went."""
    counts: Counter[str] = Counter()
    for suite in ET.parse(report).iter("testsuite"):  # noqa: S314  # pytest's own file, written a moment ago
        counts += Counter(
            {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
        )
    return counts


def _end(line: str, code: int) -> int:
    sys.stdout.write(f"\n{line}\n")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("interrupted")
