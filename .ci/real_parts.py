"""Fails where a test on real parts did not run: a skip that nobody notices hides a broken promise."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

FOLDER = Path("tests/e2e")


def main(report: str) -> int:
    """Read pytest's JUnit file; every file of end-to-end tests must have run, all of it."""
    ran: dict[str, int] = {f"tests.e2e.{file.stem}": 0 for file in FOLDER.glob("test_*.py")}
    skipped: list[str] = []
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # pytest's own file, written a moment ago
        module = next((name for name in ran if case.get("classname", "").startswith(name)), None)
        if module is None:
            continue
        if case.find("skipped") is None:
            ran[module] += 1
        else:
            skipped.append(f"{module}::{case.get('name')}")
    silent = sorted(module for module, count in ran.items() if not count)
    for name in skipped:
        print(f"skipped: {name}", file=sys.stderr)
    for name in silent:
        print(f"ran no test: {name}", file=sys.stderr)
    if skipped or silent or not ran:
        print("The tests on real parts did not all run.", file=sys.stderr)
        return 1
    print(f"{sum(ran.values())} tests ran on real parts, none was skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
