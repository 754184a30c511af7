"""Queries as text: placeholders, selectors, and the one expression that reproduces a number. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import promql_parser

from aftergreen.model import Reduce, Signal, SignalKey, View

_PLACEHOLDER = re.compile(
    r"\$(?:\{(?P<braced>window_seconds|window|version)\}|(?P<plain>window_seconds|window|version)\b)"
)

_NAMES = re.compile(r"\$(?:\{(?P<braced>service|environment)\}|(?P<plain>service|environment)\b)")

_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}

_STRING_OR_COMMENT = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|\#[^\n]*""", re.DOTALL
)

_RANGE_BOUND = re.compile(r"@\s*(?:start|end)\s*\(")

_BARE_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_BARE_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

METRIC = "__name__"

NO_VERSION = "no version at all"
"""Asked for where there is no previous version."""

Matcher = tuple[str, str, str]
"""A label, an operator of PromQL, and a value."""

_INTO_ONE = frozenset({"sum", "min", "max", "avg", "count", "group", "stddev", "stdvar", "quantile"})

_FROM_NOTHING = frozenset({"vector", "absent", "absent_over_time"})

_PER_SECOND = frozenset({"rate", "irate"})


def substitute(query: str, *, window: float, version: str | None) -> str:
    """The query with ``$window``, ``$window_seconds`` and ``$version`` filled in.

    ``window`` is in seconds. An unknown version becomes a name that no version has: the empty string would
    match every series without such a label.
    """
    # `:.9g` keeps milliseconds of any window that a watch can have, and writes 60, not 60.0.
    values = {
        "window": _duration(window),
        "window_seconds": f"{window:.9g}",
        "version": "".join(_in_string(char) for char in (NO_VERSION if version is None else version)),
    }
    return _PLACEHOLDER.sub(lambda match: values[match["braced"] or match["plain"]], query)


def named(query: str, *, service: str, environment: str) -> str:
    """The query with ``$service`` and ``$environment`` filled in, which stay the same for good."""
    values = {
        word: "".join(map(_in_string, text))
        for word, text in (("service", service), ("environment", environment))
    }
    return _NAMES.sub(lambda match: values[match["braced"] or match["plain"]], query)


def _in_string(char: str) -> str:
    """A character of a version or a name, which then ends neither kind of quotes around it."""
    return f"\\x{ord(char):02x}" if char in "\"'\\\n" else char


def _duration(seconds: float) -> str:
    milliseconds = max(1, round(seconds * 1000))
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def one_line(query: str) -> str:
    """The query without comments and line ends, so that more can be written behind it."""
    bare = _STRING_OR_COMMENT.sub(lambda match: match["string"] or "", query)
    return re.sub(r"\s*\n\s*", " ", bare).strip()


def ends_with_its_range(query: str) -> bool:
    """Whether a query looks at the end of the range that it is asked over, and so at one time only."""
    return _RANGE_BOUND.search(one_line(query)) is not None


def syntax_error(query: str) -> str | None:
    """What the grammar finds wrong with a query whose placeholders are filled in, or None."""
    try:
        promql_parser.parse(query)
    except ValueError as error:
        return str(error)
    return None


def selectors(query: str) -> tuple[str, ...]:
    """The distinct vector selectors of a query, without ranges, to ask ``timestamp()`` of.

    Selectors that look at another time on purpose (``offset``, ``@``, or a subquery with one of them) are
    left out; so are all of a query that the grammar does not know (MetricsQL).
    """
    return tuple(dict.fromkeys(_selector(node) for node in vector_selectors(query, elsewhere=False)))


def vector_selectors(query: str, *, elsewhere: bool = True) -> list[promql_parser.VectorSelector]:
    """The selectors of a query; none of one that the grammar does not know.

    ``elsewhere`` says whether those are wanted too that look at another time on purpose.
    """
    found: list[promql_parser.VectorSelector] = []
    shifted = 0

    def enter(node: promql_parser.Expr) -> None:
        nonlocal shifted
        if isinstance(node, promql_parser.SubqueryExpr) and _shifted(node):
            shifted += 1
        elif isinstance(node, promql_parser.VectorSelector) and (
            elsewhere or not (shifted or _shifted(node))
        ):
            found.append(node)

    def leave(node: promql_parser.Expr) -> None:
        nonlocal shifted
        if isinstance(node, promql_parser.SubqueryExpr) and _shifted(node):
            shifted -= 1

    try:
        promql_parser.walk(promql_parser.parse(query), enter, leave)
    except ValueError:
        return []
    return found


def _shifted(node: promql_parser.SubqueryExpr | promql_parser.VectorSelector) -> bool:
    return node.offset is not None or node.at is not None


def _selector(node: promql_parser.VectorSelector) -> str:
    """The selector as text. The parser's own ``prettify`` does not escape quotes in label values."""
    if not node.matchers.or_matchers:
        return selector_text(matchers_of(node))
    # MetricsQL: one selector with alternatives.
    groups = [group for group in (node.matchers.matchers, *node.matchers.or_matchers) if group]
    inside = " or ".join(
        ",".join(_matcher(m.name, _OPERATORS[str(m.op)], m.value) for m in group) for group in groups
    )
    return f"{node.name or ''}{{{inside}}}"


def matchers_of(node: promql_parser.VectorSelector) -> list[Matcher]:
    """The matchers of a selector; that of its metric's name comes first."""
    named: list[Matcher] = [(METRIC, "=", node.name)] if node.name else []
    return [*named, *((m.name, _OPERATORS[str(m.op)], m.value) for m in node.matchers.matchers)]


def selector_text(matchers: Iterable[Matcher]) -> str:
    """A selector with these matchers, as every version of Prometheus reads it where it can be."""
    matchers = list(matchers)
    name = next(
        (v for label, op, v in matchers if (label, op) == (METRIC, "=") and _BARE_NAME.fullmatch(v)), ""
    )
    inside = ",".join(_matcher(*m) for m in matchers if not name or m != (METRIC, "=", name))
    return f"{name}{{{inside}}}" if inside or not name else name


def matchers_text(matchers: Iterable[Matcher]) -> str:
    """Matchers as they stand within a selector."""
    return ",".join(_matcher(*one) for one in matchers)


def _matcher(label: str, operator: str, value: str) -> str:
    # A name with dots or other signs is quoted, and only Prometheus 3 knows such.
    name = label if _BARE_LABEL.fullmatch(label) else _quoted(label)
    return f"{name}{operator}{_quoted(value)}"


def _quoted(text: str) -> str:
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """A text as it stands between double quotes in a query."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@lru_cache(maxsize=256)
def reach(query: str) -> float:
    """The longest range of a query in seconds; 0 where it has none, or the grammar does not know it."""
    longest = 0.0

    def enter(node: promql_parser.Expr) -> None:
        nonlocal longest
        if isinstance(node, (promql_parser.MatrixSelector, promql_parser.SubqueryExpr)):
            longest = max(longest, node.range.total_seconds() if node.range is not None else 0.0)

    try:
        promql_parser.walk(promql_parser.parse(query), enter)
    except ValueError:
        return 0.0
    return longest


def reaches(signals: Iterable[Signal]) -> dict[SignalKey, float]:
    """How far back the queries of each signal look without ``$window``, in seconds, where they do."""
    longest = {s.key: max(map(reach, s.queries), default=0.0) for s in signals if not s.windowed}
    return {key: seconds for key, seconds in longest.items() if seconds}


def stands_alone(query: str) -> bool:
    """Whether a query may answer although none of its selectors finds a sample: ``… or vector(0)``."""
    return _calls(query, _FROM_NOTHING, unknown=True)


def gives_rates(query: str) -> bool:
    """Whether a query with its placeholders filled in gives events per second, and does not count them."""
    return _calls(query, _PER_SECOND, unknown=False)


def _calls(query: str, names: frozenset[str], *, unknown: bool) -> bool:
    """Whether a query calls one of these functions; ``unknown`` where the grammar does not know it."""
    nodes = visited(query)
    if nodes is None:
        return unknown
    return any(isinstance(node, promql_parser.Call) and node.func.name in names for node in nodes)


def visited(query: str) -> list[promql_parser.Expr] | None:
    """Every node of a query; None where the grammar does not know it."""
    nodes: list[promql_parser.Expr] = []
    try:
        promql_parser.walk(promql_parser.parse(query), nodes.append)
    except ValueError:
        return None
    return nodes


def metrics(query: str) -> frozenset[str]:
    """The metrics that a filled-in query names; none where the grammar does not know it."""
    return frozenset(node.name for node in vector_selectors(query) if node.name)


def bucket_selectors(query: str) -> tuple[str, ...]:
    """The selectors of the histogram that a query is a quantile of; none where it is anything else."""
    try:
        root = promql_parser.parse(query)
    except ValueError:
        return ()
    while isinstance(root, promql_parser.ParenExpr):
        root = root.expr
    quantile = isinstance(root, promql_parser.Call) and root.func.name == "histogram_quantile"
    return selectors(query) if quantile else ()


def newest(selector: str) -> str:
    """Asks when the newest sample behind a selector was taken."""
    return f"max(timestamp({selector}))"


def samples(selector: str, seconds: float) -> str:
    """Asks how many samples the busiest series of a selector has in so many seconds.

    A millisecond less than that: some backends count a sample on either edge of a range, and a target
    scraped every minute would have six in five minutes.
    """
    return f"max(count_over_time({selector}[{_duration(seconds - 0.001)}]))"


def worst_of(signal: Signal) -> str:
    """The aggregation of ``reduce``: the worst is the largest, or the smallest where rules look down."""
    if signal.reduce is not Reduce.WORST:
        return "sum"
    down = signal.rules and not any(rule.condition.upward for rule in signal.rules)
    return "min" if down else "max"


def expression(signal: Signal, at: float, view: View) -> str:
    """One expression whose value at ``at`` is the signal's number; empty for a probe."""
    window = view.span(signal, at)

    def filled(query: str) -> str:
        return one_line(substitute(query, window=window, version=view.version))

    if signal.query is not None:
        query = filled(signal.query)
        return query if signal.reduce is None else _aggregated(worst_of(signal), query)
    if signal.numerator is None or signal.denominator is None:
        return ""
    numerator, denominator = filled(signal.numerator), filled(signal.denominator)
    if signal.reduce is Reduce.WORST:
        return _worst_ratio(signal, numerator, denominator)
    above = _aggregated("sum", numerator)
    if signal.events and not _is_scalar(numerator):
        # Where nothing ever failed there is no failure series: no series of failures is none of them.
        above = f"({above} or vector(0))"
    return f"{_operand(above)} / {_operand(_aggregated('sum', denominator))}"


def _worst_ratio(signal: Signal, numerator: str, denominator: str) -> str:
    """Divides series by series and takes the worst: the worst numerator need not have the worst ratio."""
    above, below = f"({numerator})", f"({denominator})"
    if signal.events:
        above = f"({above} or {below} * 0)"
    return f"{worst_of(signal)}({above} / {below})"


def _aggregated(aggregation: str, query: str) -> str:
    """The query as one number without labels, left as it is where it is one already."""
    return query if _is_scalar(query) or _is_whole(query) else f"{aggregation}({query})"


def _is_whole(query: str) -> bool:
    """Whether a query aggregates all its series into one without labels."""
    try:
        node = promql_parser.parse(query)
    except ValueError:
        return False
    if not isinstance(node, promql_parser.AggregateExpr) or str(node.op) not in _INTO_ONE:
        return False
    grouping = node.modifier
    return grouping is None or (not grouping.labels and grouping.type == promql_parser.AggModifierType.By)


def _operand(text: str) -> str:
    return f"({text})" if _is_scalar(text) else text


def _is_scalar(query: str) -> bool:
    try:
        return _scalar(promql_parser.parse(query))
    except ValueError:
        return False


def _scalar(node: object) -> bool:
    if isinstance(node, promql_parser.ParenExpr | promql_parser.UnaryExpr):
        return _scalar(node.expr)
    if isinstance(node, promql_parser.BinaryExpr):
        return _scalar(node.lhs) and _scalar(node.rhs)
    if isinstance(node, promql_parser.Call):
        return bool(node.func.return_type == promql_parser.ValueType.Scalar)
    return isinstance(node, promql_parser.NumberLiteral)
