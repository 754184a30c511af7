"""Answers of the Prometheus HTTP API: parsed into numbers, or into the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aftergreen.clean import clean
from aftergreen.sources.protocol import SourceUnavailable

_CURES = {
    401: "check the credentials of [metrics]",
    403: "these credentials may not query",
    404: "check metrics.url: there is no query API below it",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its labels and its samples as time and number."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. ``partial`` says which data are missing, ``notes`` what was remarked."""

    series: tuple[Series, ...]
    partial: str = ""
    notes: tuple[str, ...] = ()


def parse(status: int, body: bytes) -> Answer:
    """The answer in an HTTP response; `SourceUnavailable` says in one sentence why there is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or "status" not in data:
        raise SourceUnavailable(_not_an_answer(status, body))
    if data["status"] != "success":
        kind, text = data.get("errorType", "error"), data.get("error", "")
        raise SourceUnavailable(_with_cure(status, clean(f"the backend refused ({kind}): {text}")))
    payload = data.get("data")
    if not isinstance(payload, dict):
        raise SourceUnavailable("the backend's answer holds no data")
    partial, notes = _remarks(data)
    return Answer(_series(payload), partial, notes)


def _not_an_answer(status: int, body: bytes) -> str:
    if status != 200:  # noqa: PLR2004  # HTTP's own number
        text = clean(body[:400].decode("utf-8", "replace"), 120)
        return _with_cure(status, f"the backend answered HTTP {status}{f': {text}' if text else ''}")
    return "the backend's answer is not JSON of the query API" + (" (truncated)" if body[:1] == b"{" else "")


def _with_cure(status: int, text: str) -> str:
    cure = _CURES.get(status)
    return f"{text}: {cure}" if cure else text


def _remarks(data: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    warnings = [clean(str(text)) for text in _sequence(data.get("warnings"))]
    infos = [clean(str(text)) for text in _sequence(data.get("infos"))]
    # Some servers put their harmless annotations among the warnings.
    harmless = [text for text in warnings if text.startswith("PromQL info:")]
    serious = [text for text in warnings if text not in harmless]
    if data.get("isPartial") is True:
        serious.append("the backend says that its answer is partial")
    return "; ".join(serious), (*infos, *harmless)


def _series(payload: Mapping[str, object]) -> tuple[Series, ...]:
    kind, result = payload.get("resultType"), payload.get("result")
    try:
        if kind == "scalar":
            return (Series({}, (_sample(result),)),)
        if kind == "vector":
            return tuple(Series(_labels(item), (_sample(item["value"]),)) for item in _items(result))
        if kind == "matrix":
            return tuple(
                Series(_labels(item), tuple(_sample(pair) for pair in item["values"]))
                for item in _items(result)
            )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise SourceUnavailable("the backend's answer cannot be read: a sample is malformed") from error
    raise SourceUnavailable(f"the backend answered with a {clean(str(kind), 40)}, not with numbers")


def _items(result: object) -> Sequence[dict[str, list[object]]]:
    if not isinstance(result, list):
        raise TypeError("result is no list")
    return result


def _labels(item: Mapping[str, object]) -> dict[str, str]:
    metric = item.get("metric")
    if not isinstance(metric, dict):
        raise TypeError("metric is no object")
    return {clean(str(name)): clean(str(value)) for name, value in metric.items()}


def _sample(pair: object) -> tuple[float, float]:
    if not isinstance(pair, list):
        raise TypeError("a sample is no pair")
    at, value = pair
    if not isinstance(value, str):
        raise TypeError("a value is no string")
    return float(at), float(value)


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
