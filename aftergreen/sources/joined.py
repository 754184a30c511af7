"""Several questions in one request.

A question costs a backend and this machine a millisecond that has nothing to do with its answer, and ages
are half of all questions: small, of our own making, and without labels, so that a label can tell whose
answer a series is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aftergreen.sources.classify import Found

AT_MOST = 25
"""Questions of one request: fronts of backends bound the length of a query."""

_LABEL = "question"


class NotJoined(ValueError):
    """The answer does not tell whose series are whose."""


def packs(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts, as many at a time as one request holds."""
    for first in range(0, len(texts), AT_MOST):
        yield texts[first : first + AT_MOST]


def joined(texts: Sequence[str]) -> str:
    """One query for several of which each gives at most one series, without labels."""
    return " or ".join(f'label_replace({text}, "{_LABEL}", "{n}", "", "")' for n, text in enumerate(texts))


def parted(texts: Sequence[str], found: Found) -> Mapping[str, Found]:
    """What each text would have given on its own; `NotJoined` where the answer is not one to `joined`."""
    series: dict[str, Found] = {}
    expected = {str(n): text for n, text in enumerate(texts)}
    for labels, value in zip(found.labels, found.values, strict=True):
        text = expected.get(labels.get(_LABEL, ""))
        if text is None or text in series or len(labels) > 1:
            raise NotJoined
        series[text] = replace(found, values=(value,), labels=({},))
    nothing = replace(found, values=(), labels=())
    return {text: series.get(text, nothing) for text in texts}
