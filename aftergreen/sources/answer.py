"""Answers of the Prometheus HTTP API: parsed into numbers, or into the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses

from aftergreen.clean import clean, one_line
from aftergreen.sources.protocol import SourceUnavailable

_CURES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "check bearer_token_env, bearer_token_file or basic_auth_env of [metrics], or the tenant in headers"
    ),
    HTTPStatus.FORBIDDEN: "these credentials may not query, or headers lacks the tenant",
    HTTPStatus.NOT_FOUND: "check metrics.url, for there is no query API below it",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "check the proxy that the environment names",
    HTTPStatus.NOT_IMPLEMENTED: "what answers there is no query API: check metrics.url",
    HTTPStatus.TOO_MANY_REQUESTS: "raise watch.interval, or the backend's limit",
}
_REDIRECTS = range(300, 400)
_REDIRECTED = "put the address that it leads to into metrics.url"
LAST = 253_402_300_799.0
"""The end of the year 9999, in seconds since the epoch: no calendar here knows a later time."""

MOST_VALUES = 300_000
"""Values of one answer: in memory each takes a hundred bytes, whatever it takes on the way here."""

_NOT_THE_API = "check that metrics.url is the address of a Prometheus API"


class Refused(SourceUnavailable):
    """The backend answered that it will not evaluate this query; others it may."""


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


def parse(status: int, body: bytes | bytearray, *, ranged: bool = False) -> Answer:
    """The answer in an HTTP response; `SourceUnavailable` says in one sentence why there is none.

    ``ranged`` tells the answer to a range query, a matrix, from that to a query at one instant.
    """
    data = _json(body)
    if status != HTTPStatus.OK:
        raise _refusal(status, body, data)
    if not isinstance(data, dict):
        raise SourceUnavailable(_unreadable(body))
    if data.get("status") == "error":
        raise Refused(f"Prometheus refused the query: {_error(data)}")
    payload = data.get("data")
    if data.get("status") != "success" or not isinstance(payload, dict):
        raise SourceUnavailable(f"Prometheus's answer has no status and data: {_NOT_THE_API}")
    partial, notes = _remarks(data)
    return Answer(_series(payload, ranged=ranged), partial, notes)


def listed(status: int, body: bytes | bytearray) -> list[object] | dict[str, object]:
    """What an endpoint lists that is no query: names, values, metadata.

    Nothing where the backend does not know it.
    """
    try:
        data = json.loads(body).get("data") if status == HTTPStatus.OK else None
    except (ValueError, AttributeError, RecursionError):
        return []
    return data if isinstance(data, list | dict) else []


def is_time(at: float) -> bool:
    """Whether a number is a time that a calendar has; NaN is none."""
    return 0.0 <= at <= LAST


def _json(body: bytes | bytearray) -> object:
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise SourceUnavailable(
            f"Prometheus's answer holds more than {MOST_VALUES:,} values: aggregate the query"
        )
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _refusal(status: int, body: bytes | bytearray, data: object) -> SourceUnavailable:
    said = _error(data) if isinstance(data, dict) else _plain(body)
    text = f"Prometheus answered {status}" + (
        f": {said}" if said else f" {responses.get(status, '')}".rstrip()
    )
    cure = _REDIRECTED if status in _REDIRECTS else _CURES.get(status)
    text = f"{text}: {cure}" if cure else text
    by_query = status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
    return Refused(text) if by_query else SourceUnavailable(text)


def _error(data: Mapping[str, object]) -> str:
    """What an error document says: ``execution: multiple matches for labels``."""
    found = (data.get(key) for key in ("errorType", "error", "message"))
    said = [text for text in found if isinstance(text, str) and text]
    # Instant queries are refused with this prefix, range queries without it.
    return clean(": ".join(said).replace('invalid parameter "query": ', "", 1), 200)


def _plain(body: bytes | bytearray) -> str:
    """The words of an error page that is plain text; markup says less than the status."""
    text = clean(body[:2000].decode("utf-8", "replace"), 120)
    return "" if text.startswith("<") else text


def _unreadable(body: bytes | bytearray) -> str:
    if body.lstrip()[:1] == b"{":
        return "Prometheus's answer cannot be parsed: it is cut off or damaged"
    return f"Prometheus's answer is not JSON: {_NOT_THE_API}"


def _remarks(data: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    warnings = _texts(data.get("warnings"))
    infos = _texts(data.get("infos"))
    # Some servers put their harmless annotations among the warnings.
    harmless = [text for text in warnings if text.startswith("PromQL info:")]
    serious = [text for text in warnings if text not in harmless]
    if data.get("isPartial") is True:
        serious.append("the backend says that its answer is partial")
    return clean("; ".join(serious)), (*infos, *harmless)


def _series(payload: Mapping[str, object], *, ranged: bool) -> tuple[Series, ...]:
    kind, result = payload.get("resultType"), payload.get("result")
    try:
        if ranged and kind == "matrix":
            return tuple(Series(_labels(item), _samples(item, "values")) for item in _items(result))
        if not ranged and kind == "scalar":
            return (Series({}, (_sample(result),)),)
        if not ranged and kind == "vector":
            return tuple(Series(_labels(item), _samples(item, "value")) for item in _items(result))
    except (KeyError, TypeError, ValueError) as error:
        raise SourceUnavailable("Prometheus's answer cannot be parsed: a sample is malformed") from error
    if kind == "matrix":
        text = "the query gives ranges of samples, not a number: put it into a function such as avg_over_time"
    else:
        shown = clean(kind, 40) if isinstance(kind, str) else "nothing known"
        text = f"the query gives a {shown}, not a number: check the query"
    raise SourceUnavailable(text)


def _items(result: object) -> Sequence[Mapping[str, object]]:
    if result is None:  # An empty list of some servers.
        return ()
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise TypeError("result is no list of series")
    return result


def _labels(item: Mapping[str, object]) -> dict[str, str]:
    metric = item.get("metric")
    if not isinstance(metric, dict):
        raise TypeError("metric is no object")
    # As they are: what a label says is decided by, whatever secrets there are.
    return {one_line(name): one_line(_text(value)) for name, value in metric.items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a label is no string")
    return value


def _samples(item: Mapping[str, object], key: str) -> tuple[tuple[float, float], ...]:
    if "histogram" in item or "histograms" in item:
        raise SourceUnavailable("the query gives native histograms: take histogram_quantile() of them")
    found = item[key]
    if key == "value":
        return (_sample(found),)
    return tuple(_sample(pair) for pair in found) if isinstance(found, list) else ()


def _sample(pair: object) -> tuple[float, float]:
    if not isinstance(pair, list):
        raise TypeError("a sample is no pair")
    at, value = pair
    if not isinstance(value, str):
        raise TypeError("a value is no string")
    if not isinstance(at, int | float) or not is_time(at):
        raise TypeError("a time is none")
    return float(at), float(value)


def _texts(value: object) -> list[str]:
    return [clean(text) for text in value if isinstance(text, str)] if isinstance(value, list) else []
