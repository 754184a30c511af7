"""A small evaluator of PromQL over the samples of the simulated service.

Faithful to Prometheus 2.x in what it supports (a test compares the two); everything else is refused by
name, never guessed. Times are milliseconds since the epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

import promql_parser as promql

from aftergreen.drill.promql.aggregate import AGGREGATIONS, aggregated
from aftergreen.drill.promql.histogram import histogram_quantile
from aftergreen.drill.promql.look_back import RANGE_FUNCTIONS
from aftergreen.drill.promql.operators import (
    ARITHMETIC,
    COMPARISONS,
    SETS,
    Matching,
    combined,
    matching_ignoring,
    matching_on,
    one_to_one,
    with_number,
)
from aftergreen.drill.promql.relabel import label_replace
from aftergreen.drill.promql.store import Labels, Matcher, Series, Store, is_equal, is_like
from aftergreen.drill.promql.vectors import (
    CannotEvaluate,
    Matrix,
    Value,
    Vector,
    Window,
    put,
    unsupported,
    without_name,
)


@lru_cache(maxsize=512)
def parse(query: str) -> promql.Expr:
    """The expression; ValueError says what is wrong with it."""
    return promql.parse(query)


def evaluate(store: Store, expression: promql.Expr, at: int) -> Value:
    """What the expression is worth at an instant; raises `CannotEvaluate`."""
    return _Evaluation(store, at).value(expression)


class _Evaluation:
    """One expression at one instant."""

    def __init__(self, store: Store, at: int) -> None:
        self._store = store
        self._at = at

    def value(self, expr: promql.Expr) -> Value:
        match expr:
            case promql.NumberLiteral():
                return float(expr.val)
            case promql.ParenExpr():
                return self.value(expr.expr)
            case promql.VectorSelector():
                return {labels: value for labels, (_, value) in self._newest(expr).items()}
            case promql.MatrixSelector():
                return self._range(expr)
            case promql.UnaryExpr():
                return self._negated(expr.expr)
            case promql.AggregateExpr():
                return self._aggregate(expr)
            case promql.BinaryExpr():
                return self._binary(expr)
            case promql.Call():
                return self._call(expr)
        raise unsupported("subqueries" if isinstance(expr, promql.SubqueryExpr) else "strings as values")

    def _newest(self, selector: promql.VectorSelector) -> Mapping[Labels, tuple[int, float]]:
        at = self._at - _offset(selector)
        found = ((series.labels, series.at(at)) for series in _selected(self._store, selector))
        return {labels: sample for labels, sample in found if sample is not None}

    def _range(self, expr: promql.MatrixSelector) -> Matrix:
        last = self._at - _offset(expr.vector_selector)
        first = last - _milliseconds(expr.range)
        selected = _selected(self._store, expr.vector_selector)
        windows = (Window(series.labels, *series.within(first, last)) for series in selected)
        return Matrix(first, last, [window for window in windows if window.times])

    def _negated(self, expr: promql.Expr) -> Value:
        value = self.value(expr)
        if isinstance(value, float):
            return -value
        return with_number("*", _vector(value), -1.0, swapped=False, as_bool=False)

    def _aggregate(self, expr: promql.AggregateExpr) -> Vector:
        op = str(expr.op)
        if op not in AGGREGATIONS:
            raise unsupported(f"the aggregation {op}")
        return aggregated(op, _vector(self.value(expr.expr)), _grouping(expr.modifier))

    def _binary(self, expr: promql.BinaryExpr) -> Value:
        op, modifier = str(expr.op), expr.modifier
        if op not in ARITHMETIC and op not in COMPARISONS and op not in SETS:
            raise unsupported(f"the operator {op}")
        as_bool = modifier is not None and modifier.return_bool
        left, right = self.value(expr.lhs), self.value(expr.rhs)
        if isinstance(left, float) and isinstance(right, float):
            return ARITHMETIC[op](left, right) if op in ARITHMETIC else float(COMPARISONS[op](left, right))
        if isinstance(right, float):
            return with_number(op, _vector(left), right, swapped=False, as_bool=as_bool)
        if isinstance(left, float):
            return with_number(op, _vector(right), left, swapped=True, as_bool=as_bool)
        key, on = _matching(modifier)
        if op in SETS:
            return combined(op, _vector(left), _vector(right), key)
        return one_to_one(op, _vector(left), _vector(right), key, on=on, as_bool=as_bool)

    def _call(self, expr: promql.Call) -> Value:
        name: str = expr.func.name
        if name in RANGE_FUNCTIONS:
            return self._over_range(name, expr.args[0])
        functions: Mapping[str, Callable[..., Value]] = {
            "time": self._time,
            "timestamp": self._timestamp,
            "vector": self._as_vector,
            "scalar": self._as_scalar,
            "histogram_quantile": self._quantile,
            "label_replace": self._relabelled,
        }
        if name not in functions:
            raise unsupported(f"the function {name}")
        return functions[name](*expr.args)

    def _over_range(self, name: str, argument: promql.Expr) -> Vector:
        matrix = self.value(argument)
        if not isinstance(matrix, Matrix):
            raise unsupported(f"{name} over anything but a range selector")
        result: Vector = {}
        for window in matrix.windows:
            value = RANGE_FUNCTIONS[name](matrix, window)
            if value is not None:
                # Only the newest sample is still what the metric's name says.
                put(result, window.labels if name == "last_over_time" else without_name(window.labels), value)
        return result

    def _time(self) -> float:
        return self._at / 1000

    def _timestamp(self, argument: promql.Expr) -> Vector:
        while isinstance(argument, promql.ParenExpr):
            argument = argument.expr
        result: Vector = {}
        if isinstance(argument, promql.VectorSelector):
            for labels, (time, _) in self._newest(argument).items():
                put(result, without_name(labels), time / 1000)
        else:
            for labels in _vector(self.value(argument)):
                put(result, without_name(labels), self._time())
        return result

    def _as_vector(self, argument: promql.Expr) -> Vector:
        return {(): _number(self.value(argument))}

    def _as_scalar(self, argument: promql.Expr) -> float:
        vector = _vector(self.value(argument))
        return next(iter(vector.values())) if len(vector) == 1 else math.nan

    def _quantile(self, quantile: promql.Expr, buckets: promql.Expr) -> Vector:
        return histogram_quantile(_number(self.value(quantile)), _vector(self.value(buckets)))

    def _relabelled(self, vector: promql.Expr, *texts: promql.Expr) -> Vector:
        return label_replace(_vector(self.value(vector)), *map(_text, texts))


def _selected(store: Store, selector: promql.VectorSelector) -> Sequence[Series]:
    if selector.at is not None:
        raise unsupported("the modifier @")
    if selector.matchers.or_matchers:
        raise unsupported("matchers joined by or")
    return store.select(selector.name, [_matcher(m.op, m.name, m.value) for m in selector.matchers.matchers])


def _matcher(op: promql.MatchOp, label: str, value: str) -> Matcher:
    wants = is_equal(value) if op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual) else is_like(value)
    if op in (promql.MatchOp.Equal, promql.MatchOp.Re):
        return Matcher(label, wants)
    return Matcher(label, lambda found: not wants(found))


def _grouping(modifier: promql.AggModifier | None) -> Callable[[Labels], Labels]:
    if modifier is None:
        return matching_on(frozenset())
    names = frozenset(modifier.labels)
    by = modifier.type == promql.AggModifierType.By
    return matching_on(names) if by else matching_ignoring(names)


def _matching(modifier: promql.BinModifier | None) -> tuple[Matching, bool]:
    """How two vectors match, and whether by named labels only (``on``)."""
    if modifier is None:
        return matching_ignoring(frozenset()), False
    if modifier.card in (promql.VectorMatchCardinality.ManyToOne, promql.VectorMatchCardinality.OneToMany):
        raise unsupported("group_left and group_right")
    if modifier.matching is None:
        return matching_ignoring(frozenset()), False
    names = frozenset(modifier.matching.labels)
    on = modifier.matching.type == promql.LabelModifierType.Include
    return (matching_on(names) if on else matching_ignoring(names)), on


def _vector(value: Value) -> Vector:
    if not isinstance(value, dict):
        raise CannotEvaluate("expected an instant vector here")
    return value


def _number(value: Value) -> float:
    if not isinstance(value, float):
        raise CannotEvaluate("expected a number here")
    return value


def _text(expr: promql.Expr) -> str:
    while isinstance(expr, promql.ParenExpr):
        expr = expr.expr
    if not isinstance(expr, promql.StringLiteral):
        raise CannotEvaluate("expected a text here")
    return expr.val


def _offset(selector: promql.VectorSelector) -> int:
    return _milliseconds(selector.offset) if selector.offset is not None else 0


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
