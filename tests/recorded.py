"""Recorded expositions of real exporters, as series with the labels that a scrape gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "expositions"

_HEAD = re.compile(r"# (recorded|service|target): *(.+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="([^"]*)"')

_SERIES = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? +[^ ]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Exposition:
    """One recording: where it is from, which service init is asked for, its target's labels, its series."""

    recorded: str
    service: str
    target: dict[str, str]
    series: tuple[dict[str, str], ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of all series."""
        return frozenset(one["__name__"] for one in self.series)


def names() -> list[str]:
    """Those that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.prom"))


def exposition(name: str) -> Exposition:
    """The recording of that name."""
    text = (FOLDER / f"{name}.prom").read_text(encoding="utf-8")
    head = dict(_HEAD.findall(text))
    target = dict(_LABEL.findall(head["target"]))
    # prometheus-client's own parser gives counters another name than a server does.
    series = tuple(
        {**target, **dict(_LABEL.findall(labels)), "__name__": name} for name, labels in _SERIES.findall(text)
    )
    return Exposition(head["recorded"], head["service"], target, series)
