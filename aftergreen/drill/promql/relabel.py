"""``label_replace`` as Prometheus 2.x has it."""

from __future__ import annotations

import re

from aftergreen.drill.promql.store import labels_of
from aftergreen.drill.promql.vectors import CannotEvaluate, Vector, put

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_GROUP = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})", re.ASCII)


def label_replace(vector: Vector, target: str, replacement: str, source: str, pattern: str) -> Vector:
    """The vector with ``target`` set where all of the label ``source`` matches; others stay as they are.

    ``$1`` or ``${name}`` in the replacement stands for a group of the pattern; a label set to nothing goes.
    """
    if not _LABEL.fullmatch(target):
        raise CannotEvaluate(f"invalid destination label name in label_replace(): {target}")
    try:
        compiled = re.compile(pattern, re.DOTALL)
    except re.error:
        raise CannotEvaluate(f"invalid regular expression in label_replace(): {pattern}") from None
    result: Vector = {}
    for labels, value in vector.items():
        pairs = dict(labels)
        if (match := compiled.fullmatch(pairs.get(source, ""))) is not None:
            pairs[target] = _expanded(replacement, match)
        put(result, labels_of(pairs), value)
    return result


def _expanded(template: str, match: re.Match[str]) -> str:
    """The template with its groups put in; one that the pattern does not have is empty."""

    def group(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        name = found[2] or found[3]
        known = name in match.re.groupindex or (name.isdigit() and int(name) <= match.re.groups)
        return (match[int(name) if name.isdigit() else name] or "") if known else ""

    return _GROUP.sub(group, template)
