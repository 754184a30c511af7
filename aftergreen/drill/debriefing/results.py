"""The results of rehearsals: kept a line each, and told as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import IO, Any, get_args, get_type_hints

from aftergreen.clean import clean
from aftergreen.drill.debriefing.rehearsed import RULES, YOU, Rehearsed
from aftergreen.drill.debriefing.score import diagnosed
from aftergreen.paths import make_file, make_folder


class ResultsError(Exception):
    """The results cannot be read or kept; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one rehearsal is remembered by; times are in seconds after the deployment, None where never.

    ``at`` is when it took place, in this world. ``sign`` is the first sign of a fault, ``diagnosis`` whether
    the first right one, else the last, was right; None where none was given. ``rules`` is when the sealed
    rules would have rolled back, or did. ``right`` is None where somebody left before that was decided.
    """

    at: str
    operator: str
    scenario: str
    seed: int
    speed: float | None
    blind: bool
    directed: bool
    right: bool | None
    told: str
    harm: str
    state: str
    sign: float | None
    noticed: float | None
    diagnosis: bool | None
    diagnosed: float | None
    rolled_back: float | None
    rules: float | None


def result_of(rehearsed: Rehearsed) -> Result | None:
    """What is remembered of a rehearsal; None where it never began, or nobody and no rule could act."""
    done, found = rehearsed.done, rehearsed.score
    if done is None or found is None or not done.state:
        return None
    diagnosis = diagnosed(rehearsed.true, done)
    alone, notice = rehearsed.ruled, rehearsed.noticed
    return Result(
        at=datetime.fromtimestamp(rehearsed.at, UTC).isoformat(timespec="seconds"),
        operator=rehearsed.operator if rehearsed.decided_by == YOU else RULES,
        scenario=rehearsed.scenario.name,
        seed=rehearsed.seed,
        speed=rehearsed.speed,
        blind=rehearsed.blind,
        directed=bool(rehearsed.directed),
        right=found.right,
        told=found.told,
        harm=found.harm,
        state=done.state,
        sign=rehearsed.sign,
        noticed=_rounded(None if notice is None else notice.at),
        diagnosis=None if diagnosis is None else diagnosis.names(rehearsed.true.truth),
        diagnosed=_rounded(None if diagnosis is None else diagnosis.at),
        rolled_back=_rounded(done.rolled_back),
        rules=_rounded((done if alone is None else alone).rolled_back),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def keep(result: Result, place: Path) -> None:
    """Add a result to those that are kept; raises `ResultsError`."""
    line = json.dumps(asdict(result), sort_keys=True) + "\n"
    try:
        make_folder(place.parent)
        make_file(place)
        # One write of a short line: two who end at once do not mix.
        with place.open("ab+", buffering=0) as kept:
            kept.write(f"{'' if _whole(kept) else chr(10)}{line}".encode())
            os.fsync(kept.fileno())
    except OSError as error:
        why = clean((error.strerror or "unknown").lower())
        raise ResultsError(f"the result is not kept: {place}: {why}") from error


def _whole(kept: IO[bytes]) -> bool:
    """Whether the last line is whole, unlike after a disk was full."""
    if not kept.seek(0, os.SEEK_END):
        return True
    kept.seek(-1, os.SEEK_END)
    return kept.read(1) == b"\n"


def kept(place: Path) -> tuple[Sequence[Result], int]:
    """All that are kept, oldest first, and how many lines could not be read; raises `ResultsError`."""
    try:
        lines = place.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return (), 0
    except OSError as error:
        why = clean((error.strerror or "unknown").lower())
        raise ResultsError(f"the results cannot be read: {place}: {why}") from error
    found = [_read(line) for line in lines if line.strip()]
    return tuple(one for one in found if one is not None), found.count(None)


_KINDS: Mapping[str, tuple[type, ...]] = {
    name: get_args(kind) if isinstance(kind, UnionType) else (kind,)
    for name, kind in get_type_hints(Result).items()
}


def _read(line: str) -> Result | None:
    """One result; None where the line is none, as after a disk was full."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not all(_fits(told.get(name), name) for name in _KINDS):
        return None
    cleaned: dict[str, Any] = {
        name: clean(told[name]) if isinstance(told[name], str) else told[name] for name in _KINDS
    }
    return Result(**cleaned)


def _fits(value: object, name: str) -> bool:
    kinds = _KINDS[name]
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, (*kinds, int) if float in kinds else kinds)


def as_json(results: Iterable[Result]) -> Iterator[str]:
    """A JSON object for each."""
    for result in results:
        yield json.dumps(asdict(result), sort_keys=True)


def as_csv(results: Iterable[Result]) -> Iterator[str]:
    """A head, and a line for each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([one.name for one in fields(Result)])
    for result in results:
        writer.writerow([_cell(value) for value in asdict(result).values()])
    yield from text.getvalue().splitlines()


def _cell(value: object) -> str:
    """A cell as a spreadsheet takes it: a name that begins like a formula is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in "=+-@" else text
