"""Arithmetic, comparisons and sets between vectors and numbers, as Prometheus 2.x has them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Protocol

from aftergreen.drill.promql.store import NAME, Labels
from aftergreen.drill.promql.vectors import CannotEvaluate, Vector, put, without_name


def _divide(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if not a or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _modulo(a: float, b: float) -> float:
    return math.nan if not b or math.isinf(a) else math.fmod(a, b)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        odd = math.fmod(b, 2) != 0
        return -math.inf if a < 0 and odd else math.inf
    except ValueError:
        return math.nan if a else math.inf


ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _modulo,
    "^": _power,
}

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

SETS = frozenset({"and", "or", "unless"})


class Matching(Protocol):
    """The labels by which elements of two vectors belong together."""

    def __call__(self, labels: Labels, /) -> Labels: ...


def matching_on(names: frozenset[str]) -> Matching:
    """Match by these labels only."""
    return lambda labels: tuple(pair for pair in labels if pair[0] in names)


def matching_ignoring(names: frozenset[str]) -> Matching:
    """Match by all labels but these; the metric's name never matters."""
    return lambda labels: tuple(pair for pair in labels if pair[0] not in names and pair[0] != NAME)


def with_number(op: str, vector: Vector, number: float, *, swapped: bool, as_bool: bool) -> Vector:
    """A vector and a number; ``swapped`` where the number stands on the left.

    A comparison keeps the vector's elements for which it is true; as ``bool`` it gives 0 or 1 for all.
    """
    result: Vector = {}
    for labels, value in vector.items():
        left, right = (number, value) if swapped else (value, number)
        if op in ARITHMETIC:
            put(result, without_name(labels), ARITHMETIC[op](left, right))
        elif as_bool:
            put(result, without_name(labels), float(COMPARISONS[op](left, right)))
        elif COMPARISONS[op](left, right):
            result[labels] = value
    return result


def one_to_one(op: str, left: Vector, right: Vector, key: Matching, *, on: bool, as_bool: bool) -> Vector:
    """Elements of both sides with the same matching labels; CannotEvaluate where a side has several."""
    partners = _by_key(right, key, "right")
    _by_key(left, key, "left", among=partners)
    result: Vector = {}
    for labels, value in left.items():
        if (partner := partners.get(key(labels))) is None:
            continue
        keeps_name = op in COMPARISONS and not as_bool
        kept = key(labels) if on else _outcome(labels, key, keeps_name=keeps_name)
        if op in ARITHMETIC:
            put(result, kept, ARITHMETIC[op](value, partner))
        elif as_bool:
            put(result, kept, float(COMPARISONS[op](value, partner)))
        elif COMPARISONS[op](value, partner):
            put(result, kept, value)
    return result


def combined(op: str, left: Vector, right: Vector, key: Matching) -> Vector:
    """The sets: intersection, union and complement by the matching labels."""
    if op == "or":
        taken = {key(labels) for labels in left}
        return left | {labels: value for labels, value in right.items() if key(labels) not in taken}
    others = {key(labels) for labels in right}
    return {labels: value for labels, value in left.items() if (key(labels) in others) == (op == "and")}


def _outcome(labels: Labels, key: Matching, *, keeps_name: bool) -> Labels:
    name = tuple(pair for pair in labels if pair[0] == NAME) if keeps_name else ()
    return tuple(sorted(name + key(labels)))


def _by_key(
    vector: Vector, key: Matching, side: str, among: Mapping[Labels, float] | None = None
) -> Mapping[Labels, float]:
    """The values by matching labels; on the left only those that have a partner must be alone."""
    found: dict[Labels, float] = {}
    for labels, value in vector.items():
        matched = key(labels)
        if matched in found and (among is None or matched in among):
            raise CannotEvaluate(
                f"found duplicate series for the match group on the {side} hand-side of the operation; "
                "many-to-many matching not allowed: matching labels must be unique on one side"
            )
        found[matched] = value
    return found
