"""One backend and one service, from what there is to what is proposed: the steps between the questions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aftergreen.model import Backend, Indicator
from aftergreen.proposal.instrumentation import Instrumentation
from aftergreen.proposal.inventory import Inventory, counters_of, series_behind, take_inventory
from aftergreen.proposal.recognition import Left, Proposal, recognised
from aftergreen.proposal.weighing import Scales, Weighed
from aftergreen.sources.survey import Survey

PATIENCE = 20.0
"""Seconds for one answer: a week is more than a watch ever asks for at once."""

ANSWER = 64 * 1024 * 1024
"""Bytes of one answer: the names of everything are many."""

BY_HAND = Instrumentation(
    name="by-hand",
    title="Chosen by hand",
    source="",
    role="service",
    service=("job",),
    service_like=None,
    rank=0,
    metrics={},
    signals=(),
)
"""Whose signals those are that somebody named."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a service offers: signals, all its counters, and what is left, with the reasons.

    ``counters`` are those that none of the signals asks for, ``told`` what metadata say of them; ``of`` are
    the matchers that select the service's series.
    """

    proposals: tuple[Proposal, ...]
    counters: tuple[str, ...]
    told: Mapping[str, str]
    of: str
    left: tuple[Left, ...]


class Prospect:
    """Asks one backend, step by step. Raises `SourceUnavailable` where it does not answer."""

    def __init__(
        self, backend: Backend, instrumentations: Sequence[Instrumentation], where: Mapping[str, str]
    ) -> None:
        self._backend = backend
        self._instrumentations = instrumentations
        self._where = where
        self._survey = Survey(backend)

    async def inventory(self) -> Inventory:
        """What there is."""
        return await take_inventory(self._survey, self._instrumentations, self._where)

    async def looked(self, found: Inventory, service: str, dependencies: Sequence[str]) -> Looked:
        """What a service offers, and those that it depends on."""
        own = found.of(service)
        behind = dict(await series_behind(self._survey, found, own))
        instances = {
            labels["instance"] for rows in behind.values() for labels in rows if labels.get("instance")
        }
        beside = (*found.hosts(instances), *found.of_dependencies(dependencies))
        behind |= await series_behind(self._survey, found, beside)
        offered, left = recognised((*own, *beside), found.names, behind, service)
        scales = Scales(self._backend, found.at)
        try:
            proposals, others = await scales.usable(offered)
        finally:
            await scales.close()
        of = own[0].of if own else ""
        asked = " ".join(str(one.table) for one in proposals if one.indicator is not Indicator.BUSINESS)
        named = frozenset(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?=\{)", asked))
        counters = [name for name in await counters_of(self._survey, found, own) if name not in named]
        told = {name: found.told(name) for name in counters}
        return Looked(proposals, tuple(counters), told, of, (*left, *others))

    async def weighed(
        self, found: Inventory, proposals: Sequence[Proposal], tier: str
    ) -> tuple[float, tuple[Weighed, ...]]:
        """The look-back in seconds, and each signal with its past and its limits."""
        scales = Scales(self._backend, found.at)
        try:
            return await scales.weighed(proposals, tier)
        finally:
            await scales.close()

    async def close(self) -> None:
        """Let go of connections."""
        await self._survey.close()


def business_of(counter: str, of: str) -> Proposal:
    """The signal of a counter that somebody chose for the business: how many of them there are a minute."""
    name = counter.removesuffix("_total").replace("_", " ")[:60].strip()
    query = f"sum(increase({counter}{{{of}}}[$window])) / ($window_seconds / 60)"
    table = {"indicator": "business", "name": name, "query": query, "unit": "/min"}
    because = f"somebody chose {counter} for what the business sees"
    return Proposal(table, Indicator.BUSINESS, name, because, (), BY_HAND)


def probe_of(indicator: Indicator, url: str, service: str) -> Proposal:
    """The signal of an address that the console connects to by itself."""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    table: dict[str, object] = {"indicator": str(indicator), "name": "connect", "probe": url}
    if indicator is Indicator.DEPENDENCY:
        table |= {"dependency": (host.rpartition(":")[0] or host)[:60]}
    because = f"whether {host or service} answers is the first thing that anybody asks"
    return Proposal(table, indicator, "connect", because, (), BY_HAND)
