"""What a supervisor leaves beside the output of its command: the outcome, for when the journal lacks it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from aftergreen.paths import make_file


def beside(output: Path) -> Path:
    """The file of the outcome of the command that writes to this file."""
    return output.with_suffix(".outcome")


def write(output: Path, at: float, body: Mapping[str, object]) -> None:
    """Leave an outcome, on durable storage, as a whole or not at all; a disk that is full keeps nothing."""
    place = beside(output)
    part = place.with_suffix(".part")
    try:
        make_file(part)
        with part.open("w", encoding="utf-8") as file:
            json.dump({"at": at, "body": dict(body)}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place)
    except OSError:
        return


def read(output: Path) -> tuple[float, Mapping[str, object]] | None:
    """The outcome that was left, and when it came; None where there is none that can be read."""
    try:
        found = json.loads(beside(output).read_text(encoding="utf-8"))
        return float(found["at"]), dict(found["body"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
