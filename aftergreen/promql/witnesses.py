"""What would show that a metric is there although a selector of it finds nothing.

``increase(requests_total{code=~"5.."}[1m])`` is empty when nothing failed, when the metric is misspelt, and
when the new version calls its label ``status``. Only the first of these is a zero. It shows by series of the
same metric and version that carry the label by which failures are selected: ``requests_total{code!=""}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import promql_parser

from aftergreen.promql.queries import (
    METRIC,
    NO_VERSION,
    Matcher,
    matchers_of,
    selector_text,
    substitute,
    vector_selectors,
    visited,
)

_VERSION = "theversionunderjudgement"
"""Stands for the version while a query is read, so that it is known which matchers ask for it."""

_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^"})

BORN_TOGETHER = frozenset({"le", "quantile"})
"""Labels whose values are all there from the first observation on: one that is missing never comes."""

_ASKS_FOR_ABSENCE = frozenset({"absent", "absent_over_time"})


@dataclass(frozen=True, slots=True)
class Witness:
    """A selector, and the wider ones that tell why it may find nothing.

    ``metric`` is its metric's name, empty where it is not selected by one name. ``labels`` are those by which
    it picks among the series that its query is about. ``carrying`` are all of these that have the labels,
    ``same`` also those that have not, and ``any_version`` those of other versions too. ``exact`` is the
    selector itself, of any version. ``versioned`` are the labels that hold the version, ``bounds`` label and
    value of what it picks one bucket or quantile by.
    """

    selector: str
    metric: str
    labels: tuple[str, ...]
    carrying: str
    same: str
    any_version: str
    exact: str
    versioned: tuple[str, ...] = ()
    bounds: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=256)
def witnesses(query: str, beside: str | None, version: str | None) -> tuple[Witness, ...]:
    """The witnesses of every selector of a query that still holds its placeholders.

    ``beside`` is the denominator where the query is a numerator: both are about the same series, and what the
    numerator asks for besides is what it picks by. Alone, a query picks by every label but the version.
    """
    wholes = [] if beside is None else [tuple(matchers_of(node)) for node in _read(beside)]
    found = (_witness(tuple(matchers_of(node)), wholes, version) for node in _read(query))
    return tuple(dict.fromkeys(found))


def _read(query: str) -> list[promql_parser.VectorSelector]:
    return vector_selectors(_filled(query))


def _filled(query: str) -> str:
    """The query as the grammar reads it; its window does not matter here."""
    return substitute(query, window=60.0, version=_VERSION)


def _metric(matchers: Sequence[Matcher]) -> str:
    return next((value for label, op, value in matchers if label == METRIC and op == "="), "")


def _witness(
    matchers: tuple[Matcher, ...], wholes: Sequence[tuple[Matcher, ...]], version: str | None
) -> Witness:
    metric = _metric(matchers)
    whole = next((one for one in wholes if _metric(one) == metric), wholes[0] if wholes else ())
    shared = [m for m in matchers if m in whole or m[0] == METRIC or _VERSION in m[2]]
    picking = tuple(dict.fromkeys(m[0] for m in matchers if m not in shared))
    # The denominator may ask for something of the same label: of all codes but 1xx, those of 5xx.
    wider = [m for m in whole if m[0] in picking and m not in shared]
    same = [*shared, *wider]
    born = [m for m in matchers if m[0] in BORN_TOGETHER and m not in same]
    named = [label for label in picking if label not in BORN_TOGETHER and not _allows_none(label, matchers)]
    carrying = [*same, *((label, "!=", "") for label in named), *born]
    return Witness(
        selector=_text(matchers, version),
        metric=metric,
        labels=picking,
        carrying=_text(carrying, version),
        same=_text(same, version),
        any_version=_text(_versionless(same), version),
        exact=_text(_versionless(matchers), version),
        versioned=tuple(m[0] for m in matchers if _VERSION in m[2]),
        bounds=tuple((label, value) for label, op, value in born if op == "="),
    )


def _versionless(matchers: Sequence[Matcher]) -> list[Matcher]:
    return [m for m in matchers if _VERSION not in m[2]]


def _allows_none(label: str, matchers: Sequence[Matcher]) -> bool:
    """Whether failures are selected by a label that they do not have: ``error=""``."""
    return any(op == "=" and not value for name, op, value in matchers if name == label)


def _text(matchers: Sequence[Matcher], version: str | None) -> str:
    asked = NO_VERSION if version is None else version
    return selector_text([(label, op, value.replace(_VERSION, asked)) for label, op, value in matchers])


@lru_cache(maxsize=256)
def falls_back(query: str) -> bool:
    """Whether a number of the query may be one that it was given for the case that there is none.

    ``… or vector(0)`` is that; a query that asks for absence itself gives what it found. The query still
    holds its placeholders.
    """
    nodes = visited(_filled(query)) or ()
    called = {node.func.name for node in nodes if isinstance(node, promql_parser.Call)}
    falls = "vector" in called and not called & _ASKS_FOR_ABSENCE
    return falls and any(isinstance(node, promql_parser.VectorSelector) for node in nodes)


@lru_cache(maxsize=256)
def joins_terms(query: str) -> bool:
    """Whether a query computes with several selectors, so that it gives nothing where one finds nothing."""
    return any(
        isinstance(node, promql_parser.BinaryExpr)
        and str(node.op) in _ARITHMETIC
        and all(_selects(side) for side in (node.lhs, node.rhs))
        for node in visited(_filled(query)) or ()
    )


def _selects(node: promql_parser.Expr) -> bool:
    inside: list[promql_parser.Expr] = []
    promql_parser.walk(node, inside.append)
    return any(isinstance(one, promql_parser.VectorSelector) for one in inside)
