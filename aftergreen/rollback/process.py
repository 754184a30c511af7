"""What the system tells of processes: whose child one is, and when it began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")
_BOOT = PROCESSES / "sys" / "kernel" / "random" / "boot_id"
_DEAD = frozenset({"Z", "X"})
_BEGAN = 19
"""Place of the start time among the fields behind the name, see proc(5)."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process; ``began`` is in ticks since the machine was started."""

    parent: int
    began: int


def look_at(number: int) -> Process | None:
    """The process of this number; None where there is none, it is dead, or the system does not tell."""
    try:
        # The name of a program may hold anything, parentheses too.
        fields = (PROCESSES / str(number) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return None if fields[0] in _DEAD else Process(int(fields[1]), int(fields[_BEGAN]))
    except (OSError, ValueError, IndexError):
        return None


def identity(number: int) -> Mapping[str, object]:
    """What tells a process from a later one of the same number, for the journal."""
    found = look_at(number)
    return {"process": number, "began": found.began if found else None, "boot": _boot()}


def lives(body: Mapping[str, object]) -> bool:
    """Whether the process of an `identity` still runs; not where that cannot be told."""
    number = body.get("process")
    found = look_at(number) if isinstance(number, int) else None
    same = found is not None and found.began == body.get("began")
    return same and body.get("boot") == _boot() != ""


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
