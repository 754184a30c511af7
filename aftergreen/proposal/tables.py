"""An instrumentation's file as it is written: one class a table, one field a key, absent keys None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NewType

from aftergreen.clean import clean
from aftergreen.config.decode import Hook
from aftergreen.config.faults import Unfit, shown
from aftergreen.config.file import Line

Pattern = NewType("Pattern", str)
"""A regular expression that has to match the whole of something."""
Labels = NewType("Labels", tuple[str, ...])
"""Names of labels, of which the first that is there counts."""
Rank = NewType("Rank", int)
Free = NewType("Free", dict[str, Any])
"""A table that somebody else reads."""

Role = Literal["service", "host", "dependency"]
Shape = Literal["counter", "gauge", "histogram", "summary"]

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_RANK = 100


@dataclass(frozen=True, slots=True)
class LabelTable:
    any: Labels | None = None
    like: Pattern | None = None


@dataclass(frozen=True, slots=True)
class MetricTable:
    name: Pattern | None = None
    type: Shape | None = None
    labels: dict[str, LabelTable] = field(default_factory=dict)
    lazy: bool | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The whole file; a signal is one of a configuration with a few keys more."""

    title: Line | None = None
    source: Line | None = None
    role: Role | None = None
    service: Labels | None = None
    service_like: Pattern | None = None
    rank: Rank | None = None
    needs: Labels | None = None
    metrics: dict[str, MetricTable] = field(default_factory=dict)
    signals: tuple[Free, ...] = ()


def _pattern(value: object, _: object = None) -> str:
    if not isinstance(value, str):
        raise Unfit(shown(value), "a regular expression in quotes")
    try:
        re.compile(value)
    except re.error as error:
        raise Unfit(shown(value), f"a regular expression, which has {clean(error.msg, 60)}") from None
    return value


def _labels(value: object, _: object = None) -> tuple[str, ...]:
    good = (
        isinstance(value, list) and value and all(isinstance(v, str) and _LABEL.fullmatch(v) for v in value)
    )
    if not isinstance(value, list) or not good:
        raise Unfit(shown(value), 'a list of labels, such as ["status", "code"]')
    return tuple(value)


def _rank(value: object, _: object = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_RANK:
        raise Unfit(shown(value), f"a number from 0 to {_MOST_RANK}: the lower one goes first")
    return value


def _free(value: object, _: object = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(shown(value), "a table of keys and values")
    return value


KINDS: Mapping[Any, Hook] = {Pattern: _pattern, Labels: _labels, Rank: _rank, Free: _free}
"""The types of keys that a configuration does not have."""
