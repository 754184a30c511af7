"""The rollback command of the end-to-end tests: ``python rollback.py CONTROL RECORD SERVICE VERSION``.

Writes down with which arguments it ran, then really puts the version back into service, and says so.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path


def main(control: str, record: str, service: str, version: str) -> None:
    """Ask the fleet to deploy the version, and wait until it serves."""
    with Path(record).open("a", encoding="utf-8") as lines:
        lines.write(json.dumps([control, record, service, version]) + "\n")
    sys.stdout.write(f"rolling {service} back to {version}\n")
    sys.stdout.flush()
    order = urllib.request.Request(f"{control}/{service}/{version}", method="POST")  # noqa: S310  # loopback
    with urllib.request.urlopen(order, timeout=120) as answer:  # noqa: S310  # the same
        sys.stdout.write(answer.read().decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
