"""What services share: a file that others extend, read and laid beneath what they say themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aftergreen.clean import clean, is_harmless
from aftergreen.config.decode import decode
from aftergreen.config.faults import ConfigError, Fault, Faults
from aftergreen.config.file import Document
from aftergreen.config.toml import LONGEST_PATH, content, parsed

DEEPEST = 5
"""Files that extend each other in a row: more are a maze, or a circle."""

_ONE_OF = (
    ("url", "url_env"),
    ("bearer_token_env", "bearer_token_file", "basic_auth_env"),
)
"""Keys of ``[metrics]`` of which a file has one: whoever sets another takes the shared one away."""

_SIGNAL = re.compile(r"signals\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Whole:
    """A document with all that it extends; ``whose`` says of each signal where it is written."""

    raw: dict[str, Any]
    whose: tuple[str, ...] = ()

    def placed(self, fault: Fault) -> Fault:
        """The fault with the place at which a person finds it: signals are counted in their own file."""
        found = _SIGNAL.match(fault.place)
        if found is None or int(found[1]) >= len(self.whose):
            return fault
        return replace(fault, place=f"{self.whose[int(found[1])]}{fault.place[found.end() :]}")


def whole(raw: dict[str, Any], folder: Path, seen: Sequence[Path] = ()) -> Whole:
    """The document with what it extends, whose path begins in ``folder``; `ConfigError` of that file."""
    signals = raw.get("signals")
    own = tuple(f"signals[{index}]" for index in range(len(signals))) if isinstance(signals, list) else ()
    wanted = raw.get("extends")
    # What is no path is told with all other faults of this file.
    if not isinstance(wanted, str) or not wanted.strip() or not is_harmless(wanted):
        return Whole(raw, own)
    path = (folder / wanted).resolve()
    origin = clean(str(path), LONGEST_PATH)
    if path in seen or len(seen) >= DEEPEST:
        found = "a circle" if path in seen else f"more than {DEEPEST} files that extend each other"
        raise ConfigError(origin, [Fault(f"{origin}: extends", found, "a file that ends the row")])
    text = content(
        path,
        what="the file that is extended",
        missing="correct extends, whose path begins where the file that says it lies",
        cure="name another file in extends",
    )
    shared = parsed(text, origin)
    faults = Faults()
    decode(shared, faults, Document)
    if told := faults.in_order():
        raise ConfigError(origin, told)
    beneath = whole(shared, path.parent, (*seen, path))
    return _laid_over(raw, own, beneath, origin)


def _laid_over(raw: Mapping[str, Any], own: tuple[str, ...], beneath: Whole, origin: str) -> Whole:
    """A document over the one that it extends: table by table and key by key, its own signals first."""
    merged = _merged(beneath.raw, raw)
    mine = raw.get("signals", [])
    if not isinstance(mine, list) or not all(isinstance(one, dict) for one in mine):
        return Whole({**merged, "signals": mine}, own)
    theirs = [
        (signal, place if ":" in place else f"{origin}: {place}")
        for signal, place in zip(beneath.raw.get("signals", []), beneath.whose, strict=True)
        if not _said(signal, raw, mine)
    ]
    _take_waivers(merged, raw, mine)
    return Whole(
        {**merged, "signals": [*mine, *(signal for signal, _ in theirs)]},
        (*own, *(place for _, place in theirs)),
    )


def _merged(beneath: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(beneath)
    for key, value in over.items():
        there = merged.get(key)
        if not isinstance(value, dict) or not isinstance(there, dict):
            merged[key] = value
            continue
        if key == "metrics":
            given = [keys for keys in _ONE_OF if any(one in value for one in keys)]
            there = {one: what for one, what in there.items() if not any(one in keys for keys in given)}
        merged[key] = _merged(there, value)
    return merged


def _said(signal: Mapping[str, Any], raw: Mapping[str, Any], mine: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a file says itself what a shared signal would: one of that name, or that it needs none."""
    called = _called(signal)
    return any(_called(one) == called for one in mine) or _is_waived(raw, signal.get("indicator"))


def _called(signal: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(signal.get(key) for key in ("indicator", "dependency", "name"))


def _is_waived(raw: Mapping[str, Any], indicator: object) -> bool:
    indicators = raw.get("indicators")
    if not isinstance(indicators, dict) or not isinstance(indicator, str):
        return False
    table = indicators.get(indicator)
    return isinstance(table, dict) and "waived" in table


def _take_waivers(merged: dict[str, Any], raw: Mapping[str, Any], mine: Sequence[Mapping[str, Any]]) -> None:
    """Take the reasons away for which nobody needs a signal, where a file has one all the same."""
    measured = [one.get("indicator") for one in mine]
    indicators = merged.get("indicators")
    if isinstance(indicators, dict):
        merged["indicators"] = {
            name: table for name, table in indicators.items() if name not in measured or _is_waived(raw, name)
        }
