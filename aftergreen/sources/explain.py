"""What is missing where a number has no series, asked of the backend beyond the queries of a signal."""

from __future__ import annotations

import asyncio
import difflib
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from aftergreen.clean import clean
from aftergreen.model import Ground, Signal, View
from aftergreen.promql import METRIC, Witness, newest, selector_text, selectors, witnesses
from aftergreen.sources.absence import Lookup, ground, times
from aftergreen.sources.answer import listed
from aftergreen.sources.classify import NOTHING, Found, Labels
from aftergreen.sources.protocol import Absence, SourceUnavailable
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

Get = Callable[[str, Mapping[str, str]], Awaitable[tuple[int, bytearray]]]
"""Asks another endpoint of the API than those for queries."""

_Asked = tuple[tuple[str, ...], str | None]
"""The queries of a signal, and of which version they are asked."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A selector; where it finds no series, a few ``others`` of its metric and version, else None."""

    witness: Witness
    others: Found | None


class Explainer:
    """Finds out about numbers that no series stands behind what the queries of an instant do not tell.

    Metadata that name a metric once are believed for good. What is missing is explained anew each time: a new
    version may come only after the first look. The names of all metrics are many, and are gone through once.
    """

    def __init__(self, moment: Moment, get: Get) -> None:
        self._moment = moment
        self._get = get
        self._named: set[_Asked] = set()
        self._why: dict[_Asked, str] = {}
        self._nearest: dict[str, str] = {}

    def named(self, signal: Signal, view: View) -> bool:
        """Whether metadata name the metrics of the signal for targets of this version."""
        return (signal.queries, view.version) in self._named

    def why(self, signal: Signal, view: View) -> str:
        """What is missing, in one sentence."""
        return self._why.get((signal.queries, view.version), UNEXPLAINED)

    async def look_into(self, signal: Signal, asked: Questions, at: float, view: View) -> None:
        """Ask whether metadata vouch for it by now, and what is missing where they do not.

        What cannot be asked stays unknown.
        """
        key = (signal.queries, view.version)
        if key in self._named or not asked.witnesses:
            return
        try:
            seen = [await self._look(witness, at) for witness in asked.witnesses]
            vouched = [await self._vouched(one, at, asked.queries) for one in seen]
            if all(vouched) and not asked.joins:
                self._named.add(key)
            else:
                found = [await self._missing(one, at, view) for one in seen]
                self._why[key] = next(filter(None, found), TERM_LOST)
        except SourceUnavailable:
            return

    async def nothing(self, signal: Signal, at: float, view: View) -> str:
        """What is missing where a query finds no series at all; empty where it cannot be told."""
        try:
            for query in signal.queries:
                for witness in witnesses(query, None, view.version):
                    missing = await self._missing(await self._look(witness, at), at, view)
                    if missing:
                        return missing
        except SourceUnavailable:
            return ""
        return ""

    async def told(
        self, signal: Signal, asked: Questions, at: float, view: View, look: Lookup
    ) -> Absence | None:
        """What the absence of its series means; None where it has all, and cannot do without."""
        needed = (look(text) for role, text in asked.queries.items() if role not in (asked.doubted, "count"))
        if any(not (answer.values or answer.failure or answer.partial) for answer in needed):
            return Absence(None, missing=await self.nothing(signal, at, view))
        if not asked.doubted:
            return None
        found = ground(signal, asked, look)
        if found is not None:
            return Absence(found)
        await self.look_into(signal, asked, at, view)
        if self.named(signal, view):
            return Absence(Ground.METADATA)
        return Absence(None, await self._ever(asked, at), self.why(signal, view))

    async def _ever(self, asked: Questions, at: float) -> bool:
        """Whether every selector of the doubted role, of whatever version, was seen in the look-back."""
        days = f"{LOOK_BACK / 86400:.0f}d"
        texts = [f"count(last_over_time({witness.exact}[{days}]))" for witness in asked.witnesses]
        try:
            found = [await self._moment(text, at) for text in texts]
        except SourceUnavailable:
            return False
        return bool(found) and all(any(one.values) for one in found)

    async def _look(self, witness: Witness, at: float) -> _Look:
        """What is there of one selector."""
        if times(await self._moment(newest(witness.selector), at)):
            return _Look(witness, None)
        return _Look(witness, await self._moment(_few(witness.same), at))

    async def _vouched(self, look: _Look, at: float, queries: Mapping[str, str]) -> bool:
        """Whether a selector finds series, or would if there were anything to find."""
        witness = look.witness
        if look.others is None:
            return True
        if look.others.values:
            return any((await self._moment(there(witness.carrying), at)).values)
        return bool(witness.metric) and await self._has_metadata(witness.metric, queries, at)

    async def _missing(self, look: _Look, at: float, view: View) -> str:
        """What is missing behind one selector; empty where it has series, or they carry its labels."""
        if look.others is None:
            return ""
        if look.others.values:
            return await self._label_missing(look.witness, _labels(look.others.labels), at, view)
        return await self._metric_missing(look.witness, at)

    async def _label_missing(self, witness: Witness, now: frozenset[str], at: float, view: View) -> str:
        lost = [label for label in witness.labels if label not in now]
        if not lost:
            return await self._bound_missing(witness, at)
        text = f"no series of {witness.metric or witness.same} has a label {' or '.join(lost)}"
        if view.since is not None:
            found = await self._moment(_few(witness.any_version), view.since)
            # Instances of both versions may have been there at that time.
            before = _labels(labels for labels in found.labels if labels.keys() >= set(lost))
            if before:
                was, now_has = _listing(before - now), _listing(now - before) or "nothing"
                return f"{text}: before the deployment they had {was}, now they have {now_has} instead"
        return f"{text}: they have {_listing(now)}"

    async def _bound_missing(self, witness: Witness, at: float) -> str:
        """Which bucket or quantile there is not, and how it is written where only that is wrong."""
        for label, wanted in witness.bounds:
            found = await self._moment(f"topk({FEW}, count by ({label}) ({witness.same}))", at)
            known = sorted({labels[label] for labels in found.labels if label in labels}, key=_number)
            if known and wanted not in known:
                text = f'no series of {witness.metric or witness.same} has {label}="{wanted}"'
                same = [value for value in known if _number(value) == _number(wanted)]
                return f'{text}: here it is "{same[0]}"' if same else f"{text}: there are {', '.join(known)}"
        return ""

    async def _metric_missing(self, witness: Witness, at: float) -> str:
        metric = witness.metric or witness.same
        others = await self._moment(_few(witness.any_version), at) if witness.versioned else NOTHING
        if others.values:
            label = witness.versioned[0]
            known = _listing(labels[label] for labels in others.labels if label in labels)
            return f"no series of {metric} for this version" + (
                f", only with {label} {known}" if known else ""
            )
        near = await self._near(witness.metric)
        return f"no series of {metric}" + (f": the nearest name is {near}" if near else "")

    async def _near(self, metric: str) -> str:
        """The metric whose name is most like this one; empty where none is alike, or it cannot be asked."""
        if metric not in self._nearest:
            names = [name for name in await self._listed("label/__name__/values", {}) if name != metric]
            # Comparing takes a while.
            near = await asyncio.to_thread(difflib.get_close_matches, metric, names, 1, NEAR)
            self._nearest[metric] = near[0] if near else ""
        return self._nearest[metric]

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
        return [clean(str(one)) for one in listed(*await self._get(endpoint, form))]


def _few(selector: str) -> str:
    return f"topk({FEW}, {selector})"


def _labels(series: Iterable[Labels]) -> frozenset[str]:
    """The names of the labels that a few series have."""
    return frozenset(name for labels in series for name in labels if name != METRIC)


def _number(bound: str) -> float:
    """A bound by its size; infinite where it is no number."""
    try:
        return float(bound)
    except ValueError:
        return math.inf


def _listing(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))
