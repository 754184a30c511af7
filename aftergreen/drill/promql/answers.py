"""The Prometheus HTTP API over a store: parameters in, the bodies that a real server sends out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import promql_parser as promql

from aftergreen.drill.promql.evaluate import evaluate, parse
from aftergreen.drill.promql.store import Labels, Store
from aftergreen.drill.promql.vectors import CannotEvaluate, Matrix, Value

_MOST_POINTS = 11_000

Parameters = Mapping[str, str]


class Answer(NamedTuple):
    """An HTTP status and the JSON document that goes with it."""

    status: int
    body: dict[str, Any]


class _BadParameter(ValueError):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f'invalid parameter "{name}": {reason}')


def instant(store: Store, parameters: Parameters, now: int) -> Answer:
    """``/api/v1/query``: the value at ``time``, by default now (milliseconds)."""

    def answer() -> dict[str, Any]:
        at = _time(parameters, "time", now)
        return _instant_data(evaluate(store, _expression(parameters), at), at)

    return _answered(answer)


def ranged(store: Store, parameters: Parameters) -> Answer:
    """``/api/v1/query_range``: the values from ``start`` to ``end``, a ``step`` apart."""

    def answer() -> dict[str, Any]:
        first, last = _time(parameters, "start"), _time(parameters, "end")
        if last < first:
            raise _BadParameter("end", "end timestamp must not be before start time")
        step = _step(parameters)
        if (last - first) // step > _MOST_POINTS:
            raise ValueError(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        return _range_data(store, _expression(parameters), range(first, last + 1, step))

    return _answered(answer)


def _answered(answer: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return Answer(200, {"status": "success", "data": answer()})
    except CannotEvaluate as error:
        return Answer(422, {"status": "error", "errorType": "execution", "error": str(error)})
    except ValueError as error:
        return Answer(400, {"status": "error", "errorType": "bad_data", "error": str(error)})


def _expression(parameters: Parameters) -> promql.Expr:
    try:
        return parse(parameters.get("query", ""))
    except ValueError as error:
        raise _BadParameter("query", f"parse error: {error}") from None


def _time(parameters: Parameters, name: str, default: int | None = None) -> int:
    """A time as unix seconds or as RFC 3339, in milliseconds."""
    text = parameters.get(name, "")
    if not text and default is not None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = _rfc3339(text, name)
    if not math.isfinite(seconds):
        raise _BadParameter(name, f'cannot parse "{text}" to a valid timestamp')
    return round(seconds * 1000)


def _rfc3339(text: str, name: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _BadParameter(name, f'cannot parse "{text}" to a valid timestamp') from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _step(parameters: Parameters) -> int:
    text = parameters.get("step", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = promql.parse_duration(text).total_seconds()
        except ValueError:
            raise _BadParameter("step", f'cannot parse "{text}" to a valid duration') from None
    if not math.isfinite(seconds) or round(seconds * 1000) <= 0:
        raise _BadParameter(
            "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
        )
    return round(seconds * 1000)


def _instant_data(value: Value, at: int) -> dict[str, Any]:
    if isinstance(value, float):
        return {"resultType": "scalar", "result": _point(at, value)}
    if isinstance(value, Matrix):
        found = [
            {"metric": dict(w.labels), "values": [_point(*p) for p in zip(w.times, w.values, strict=True)]}
            for w in value.windows
        ]
        return {"resultType": "matrix", "result": found}
    result = [{"metric": dict(labels), "value": _point(at, number)} for labels, number in value.items()]
    return {"resultType": "vector", "result": result}


def _range_data(store: Store, expression: promql.Expr, instants: range) -> dict[str, Any]:
    lines: dict[Labels, list[list[float | str]]] = {}
    for at in instants:
        value = evaluate(store, expression, at)
        if isinstance(value, Matrix):
            raise _BadParameter(
                "query",
                'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
            )
        vector = {(): value} if isinstance(value, float) else value
        for labels, number in vector.items():
            lines.setdefault(labels, []).append(_point(at, number))
    result = [{"metric": dict(labels), "values": points} for labels, points in sorted(lines.items())]
    return {"resultType": "matrix", "result": result}


def _point(at: int, value: float) -> list[float | str]:
    return [at // 1000 if at % 1000 == 0 else at / 1000, _shown(value)]


def _shown(value: float) -> str:
    if math.isfinite(value):
        return repr(value).removesuffix(".0")
    return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
