"""Queries as text: placeholders, selectors, and the one expression that reproduces a number. No I/O."""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

import promql_parser

from aftergreen.model import Backend, Reduce, Signal, View

_PLACEHOLDER = re.compile(
    r"\$(?:\{(?P<braced>window_seconds|window|version)\}|(?P<plain>window_seconds|window|version)\b)"
)


def substitute(query: str, *, window: float, version: str | None) -> str:
    """The query with ``$window``, ``$window_seconds`` and ``$version`` filled in.

    ``window`` is in seconds. An unknown version becomes the empty string, which matches no label value.
    """
    # `:.9g` keeps milliseconds of any window that a watch can have, and writes 60, not 60.0.
    values = {
        "window": _duration(window),
        "window_seconds": f"{window:.9g}",
        "version": (version or "").replace("\\", "\\\\").replace('"', '\\"'),
    }
    return _PLACEHOLDER.sub(lambda match: values[match["braced"] or match["plain"]], query)


def _duration(seconds: float) -> str:
    milliseconds = max(1, round(seconds * 1000))
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def syntax_error(query: str) -> str | None:
    """What the grammar finds wrong with a query whose placeholders are filled in, or None."""
    try:
        promql_parser.parse(query)
    except ValueError as error:
        return str(error)
    return None


def selectors(query: str) -> tuple[str, ...]:
    """The distinct vector selectors of a query, without ranges, to ask ``timestamp()`` of.

    Selectors with ``offset`` or ``@`` look at another time on purpose and are left out; so are all of a
    query that the grammar does not know (MetricsQL).
    """
    found: dict[str, None] = {}

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            node = node.vector_selector
        if isinstance(node, promql_parser.VectorSelector) and node.offset is None and node.at is None:
            found[node.prettify()] = None
        return True

    try:
        promql_parser.walk(promql_parser.parse(query), visit)
    except ValueError:
        return ()
    return tuple(found)


def span(signal: Signal, at: float, view: View) -> float:
    """The look-back in use at ``at``, in seconds: the signal's window, cut off where the view begins."""
    return signal.window if view.since is None else min(signal.window, at - view.since)


def worst_of(signal: Signal) -> str:
    """The aggregation of ``reduce``: the worst is the largest, or the smallest where rules look down."""
    if signal.reduce is not Reduce.WORST:
        return "sum"
    down = signal.rules and not any(rule.condition.upward for rule in signal.rules)
    return "min" if down else "max"


def expression(signal: Signal, at: float, view: View) -> str:
    """One expression whose value at ``at`` is the signal's number; empty for a probe."""
    window = span(signal, at, view)

    def filled(query: str) -> str:
        return substitute(query, window=window, version=view.version)

    if signal.query is not None:
        query = filled(signal.query)
        return query if signal.reduce is None else f"{worst_of(signal)}({query})"
    if signal.numerator is None or signal.denominator is None:
        return ""
    numerator, denominator = (
        _one(filled(query), worst_of(signal)) for query in (signal.numerator, signal.denominator)
    )
    if signal.events:
        # Where nothing ever failed there is no failure series: no series of failures is none of them.
        numerator = f"({numerator} or vector(0))"
    return f"{numerator} / {denominator}"


def _one(query: str, aggregate: str) -> str:
    """The query as one number without labels; two such numbers can be divided."""
    try:
        parsed = promql_parser.parse(query)
    except ValueError:
        return f"{aggregate}({query})"
    whole = isinstance(parsed, promql_parser.AggregateExpr) and not (
        parsed.modifier and parsed.modifier.labels
    )
    return query if whole else f"{aggregate}({query})"


def curl(backend: Backend, query: str, at: float) -> str:
    """A line for a shell that asks the backend for ``query`` at ``at``; secrets by name, never by value."""
    parts = ["curl", "-sG", shlex.quote(api(backend, "query"))]
    parts += ["--data-urlencode", shlex.quote(f"query={query}"), "--data-urlencode", f"time={at:.3f}"]
    for name, value in backend.headers.items():
        parts += ["-H", shlex.quote(f"{name}: {value}")]
    if backend.bearer_token_env:
        parts += ["-H", f'"Authorization: Bearer ${backend.bearer_token_env}"']
    if backend.bearer_token_file:
        parts += ["-H", f'"Authorization: Bearer $(cat {shlex.quote(backend.bearer_token_file)})"']
    if backend.basic_auth_env:
        parts += ["-u", f'"${backend.basic_auth_env}"']
    files = (("--cacert", backend.ca_file), ("--cert", backend.client_cert), ("--key", backend.client_key))
    for option, path in files:
        if path:
            parts += [option, shlex.quote(path)]
    return " ".join(parts)


def api(backend: Backend, endpoint: str) -> str:
    """The address of an endpoint of the query API below whatever path the backend's URL has."""
    parts = urlsplit(backend.url)
    path = f"{parts.path.rstrip('/')}/api/v1/{endpoint}"
    return parts._replace(path=path, query="", fragment="").geturl()
