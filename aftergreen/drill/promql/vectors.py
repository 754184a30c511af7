"""What a PromQL expression can be worth, and how an evaluation fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aftergreen.drill.promql.store import NAME, Labels

Vector = dict[Labels, float]
"""One value for each set of labels."""


class Window(NamedTuple):
    """One series' samples within a range."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[float]


class Matrix(NamedTuple):
    """The samples of several series within a range that begins and ends at these milliseconds."""

    first: int
    last: int
    windows: Sequence[Window]


Value = float | Vector | Matrix


class CannotEvaluate(Exception):
    """The expression is valid, and cannot be evaluated here; the text says why in one sentence."""


def unsupported(what: str) -> CannotEvaluate:
    """The error for what real servers can do and this one cannot."""
    return CannotEvaluate(f"this is the simulated backend of a demo: it does not support {what}")


def without_name(labels: Labels) -> Labels:
    """The labels without the metric's name, as every function and sum leaves them."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def put(vector: Vector, labels: Labels, value: float) -> None:
    """Add an element; `CannotEvaluate` where its labels are taken, as Prometheus has it."""
    if labels in vector:
        raise CannotEvaluate("vector cannot contain metrics with the same labelset")
    vector[labels] = value
