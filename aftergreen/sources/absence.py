"""When a number that no series stands behind means zero, and what is missing where it does not."""

from __future__ import annotations

import asyncio
import difflib
import json
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus

from aftergreen.clean import clean
from aftergreen.model import Ground, Signal, View
from aftergreen.promql import METRIC, Witness, newest, selector_text, selectors, witnesses
from aftergreen.sources.classify import NOTHING, Found, Labels
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.sources.questions import Questions, there

LOOK_BACK = 7 * 86400.0
"""Seconds within which failures must have been seen once, or something must say that they would be."""

FEW = 20
"""Series, or targets, that are looked at to tell what labels there are, and who has a metric."""

NEAR = 0.75
"""How alike two metric names are for one to be taken for the other misspelt."""

SUFFIXES = ("_total", "_count", "_sum", "_bucket")
"""What OpenMetrics puts behind the name of a family, which metadata know without it."""

TERM_LOST = "one of its terms has no series, and what is added to it is lost: join them by `or`"

UNEXPLAINED = "nothing tells that it means zero"

Moment = Callable[[str, float], Awaitable[Found]]
"""Asks one query at one time."""

Get = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, bytes]]]
"""Asks another endpoint of the API than those for queries."""

Lookup = Callable[[str], Found]
"""What was found for a text that was asked already."""


def missing(asked: Questions, found: Mapping[str, Found], look: Lookup) -> bool:
    """Whether no series stands behind the number of the role that may be doubted."""
    answer = found.get(asked.doubted)
    if answer is None or answer.failure or answer.partial:
        return False
    if not answer.values:
        return True
    return asked.falls_back and not any(_times(look(newest(w.selector))) for w in asked.witnesses)


def ground(signal: Signal, asked: Questions, look: Lookup) -> Ground | None:
    """Why a number without series means zero, as far as queries tell."""
    if signal.absent_is_zero is not None:
        return Ground.DECLARED
    total = look(asked.totals["numerator"]).values if "numerator" in asked.totals else ()
    if any(total) or (total and not asked.falls_back):
        return Ground.SEEN
    seen = [bool(_times(look(newest(witness.selector)))) for witness in asked.witnesses]
    if asked.joins and any(seen) and not all(seen):
        return None
    grounds = [_witnessed(w, look, one) for w, one in zip(asked.witnesses, seen, strict=True)]
    # Without a selector that could be read nothing vouches for anything.
    if not grounds or None in grounds:
        return None
    return Ground.LABEL if Ground.LABEL in grounds else Ground.SEEN


def _witnessed(witness: Witness, look: Lookup, seen: bool) -> Ground | None:  # noqa: FBT001  # a column
    if seen:
        return Ground.SEEN
    return Ground.LABEL if witness.labels and any(look(there(witness.carrying)).values) else None


def _times(found: Found) -> list[float]:
    return [value for value in found.values if math.isfinite(value)]


_Asked = tuple[tuple[str, ...], str | None]
"""The queries of a signal, and of which version they are asked."""


class Absences:
    """What is known of numbers that no series stands behind, beyond what the queries of an instant tell.

    Metadata that name a metric once are believed for good; what is missing is explained once.
    """

    def __init__(self, moment: Moment, get: Get) -> None:
        self._moment = moment
        self._get = get
        self._named: set[_Asked] = set()
        self._why: dict[_Asked, str] = {}

    def named(self, signal: Signal, view: View) -> bool:
        """Whether metadata name the metrics of the signal for targets of this version."""
        return (signal.queries, view.version) in self._named

    def why(self, signal: Signal, view: View) -> str:
        """What is missing, in one sentence."""
        return self._why.get((signal.queries, view.version), UNEXPLAINED)

    async def look_into(self, signal: Signal, asked: Questions, at: float, view: View) -> None:
        """Ask the metadata, and find out what is missing; what cannot be asked stays unknown."""
        key = (signal.queries, view.version)
        if key in self._named:
            return
        try:
            found = [await self._missing(w, at, view, asked.queries) for w in asked.witnesses]
        except SourceUnavailable:
            return
        why = next(filter(None, found), "")
        if why or asked.joins:
            self._why[key] = self._why.get(key) or why or TERM_LOST
        elif found:
            self._named.add(key)

    async def nothing(self, signal: Signal, at: float, view: View) -> str:
        """What is missing where a query finds no series at all; empty where it cannot be told."""
        try:
            for query in signal.queries:
                for witness in witnesses(query, None, view.version):
                    missing = await self._missing(witness, at, view)
                    if missing:
                        return missing
        except SourceUnavailable:
            return ""
        return ""

    async def ever(self, asked: Questions, at: float) -> bool:
        """Whether every selector of the doubted role, of whatever version, was seen in the look-back."""
        days = f"{LOOK_BACK / 86400:.0f}d"
        texts = [f"count(last_over_time({witness.exact}[{days}]))" for witness in asked.witnesses]
        try:
            found = [await self._moment(text, at) for text in texts]
        except SourceUnavailable:
            return False
        return bool(found) and all(any(one.values) for one in found)

    async def _missing(
        self, witness: Witness, at: float, view: View, queries: Mapping[str, str] | None = None
    ) -> str:
        """What is missing behind one selector; empty where it has series.

        Where the ``queries`` of its signal are given, metadata that name its metric are enough.
        """
        if _times(await self._moment(newest(witness.selector), at)):
            return ""
        now = await self._moment(_few(witness.same), at)
        if now.values:
            return await self._label_missing(witness, _labels(now.labels), view)
        if queries is not None and witness.metric and await self._has_metadata(witness.metric, queries, at):
            return ""
        return await self._metric_missing(witness, at)

    async def _label_missing(self, witness: Witness, now: frozenset[str], view: View) -> str:
        lost = [label for label in witness.labels if label not in now]
        if not lost:
            return ""
        text = f"no series of {witness.metric or witness.same} has a label {' or '.join(lost)}"
        if view.since is not None:
            found = await self._moment(_few(witness.any_version), view.since)
            # Instances of both versions may have been there at that time.
            before = _labels(labels for labels in found.labels if labels.keys() >= set(lost))
            if before:
                was, now_has = _listing(before - now), _listing(now - before) or "nothing"
                return f"{text}: before the deployment they had {was}, now they have {now_has} instead"
        return f"{text}: they have {_listing(now)}"

    async def _metric_missing(self, witness: Witness, at: float) -> str:
        metric = witness.metric or witness.same
        others = await self._moment(_few(witness.any_version), at) if witness.versioned else NOTHING
        if others.values:
            label = witness.versioned[0]
            known = _listing(labels[label] for labels in others.labels if label in labels)
            return f"no series of {metric} for this version" + (
                f", only with {label} {known}" if known else ""
            )
        near = await self.nearest(witness.metric)
        return f"no series of {metric}" + (f": the nearest name is {near}" if near else "")

    async def nearest(self, metric: str) -> str:
        """The metric whose name is most like this one; empty where none is alike, or it cannot be asked."""
        names = [name for name in await self._listed("label/__name__/values", {}) if name != metric]
        # Names are many, and comparing takes a while.
        near = await asyncio.to_thread(difflib.get_close_matches, metric, names, 1, NEAR)
        return near[0] if near else ""

    async def _has_metadata(self, metric: str, queries: Mapping[str, str], at: float) -> bool:
        """Whether metadata name the metric for the targets of the denominator; without one, for any."""
        families = [metric, *(metric.removesuffix(end) for end in SUFFIXES if metric.endswith(end))]
        if "denominator" not in queries:
            return any([await self._listed("metadata", {"metric": family}) for family in families])
        for target in await self._targets(queries["denominator"], at):
            for family in families:
                if await self._listed("targets/metadata", {"match_target": target, "metric": family}):
                    return True
        return False

    async def _targets(self, query: str, at: float) -> list[str]:
        """Who serves what the query counts, as selectors of targets."""
        for selector in selectors(query):
            found = await self._moment(f"topk({FEW}, count by (job, instance) ({selector}))", at)
            known = [labels for labels in found.labels if labels.get("instance")]
            if known:
                return [selector_text((k, "=", v) for k, v in labels.items()) for labels in known]
        return []

    async def _listed(self, endpoint: str, form: Mapping[str, str]) -> list[str]:
        """The entries of an answer as text; none where the backend does not know the endpoint."""
        status, body = await self._get(endpoint, form)
        try:
            data = json.loads(body).get("data") if status == HTTPStatus.OK else None
        except (ValueError, AttributeError, RecursionError):
            return []
        return [clean(str(one)) for one in data] if isinstance(data, list | dict) else []


def _few(selector: str) -> str:
    return f"topk({FEW}, {selector})"


def _labels(series: Iterable[Labels]) -> frozenset[str]:
    """The names of the labels that a few series have."""
    return frozenset(name for labels in series for name in labels if name != METRIC)


def _listing(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))
