"""What a person says came of a rollback of which nobody knows, read from one sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aftergreen.clean import clean

EXAMPLE = "worked because every pod runs the old version"

LONGEST = 400
"""Characters of a reason that are kept."""

_SAID = re.compile(r"(?P<how>worked|failed)\s+because\s+(?P<reason>\S.*)")


@dataclass(frozen=True, slots=True)
class Said:
    """Whether it worked, and how that is known."""

    worked: bool
    reason: str


def parse_said(text: str) -> Said:
    """What a sentence says; ValueError says in one sentence what to write."""
    found = _SAID.fullmatch(clean(text, LONGEST).strip())
    if found is None:
        raise ValueError(
            f"write worked or failed, and how you know it after the word because, as in: {EXAMPLE}"
        )
    return Said(found["how"] == "worked", found["reason"])


def outcome_of(said: Said, by: str) -> Mapping[str, object]:
    """An outcome as the journal keeps it; of how long the command took nothing is known."""
    return {
        "exit_code": 0 if said.worked else None,
        "timed_out": False,
        "error": "" if said.worked else f"{by} says that it failed: {said.reason}",
        "duration": 0.0,
        "said": said.reason,
    }
