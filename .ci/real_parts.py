"""Fails where a test on real parts did not run: such a skip hides a broken promise."""  # noqa: INP001  # a script

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path("tests/e2e")


def main(reports: Sequence[str]) -> str | None:
    """Read pytest's JUnit files: every file of end-to-end tests must have run, all of it.

    Returns what is wrong, for `sys.exit`.
    """
    ran = {f"tests.e2e.{file.stem}": 0 for file in FOLDER.glob("test_*.py")}
    wrong: list[str] = []
    cases = (case for report in reports for case in ET.parse(report).iter("testcase"))  # noqa: S314  # pytest's own
    for case in cases:
        module = case.get("classname", "")
        if module not in ran:
            continue
        if case.find("skipped") is None:
            ran[module] += 1
        else:
            wrong.append(f"skipped: {module}::{case.get('name')}")
    wrong += [f"ran no test: {module}" for module, count in sorted(ran.items()) if not count]
    if wrong or not ran:
        return "\n".join(["The tests on real parts did not all run.", *wrong])
    sys.stdout.write(f"{sum(ran.values())} tests ran on real parts, none was skipped.\n")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
