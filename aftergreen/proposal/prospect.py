"""One backend and one service, from what there is to what is proposed: the steps between the questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aftergreen.clean import clean
from aftergreen.model import Address, Backend, Indicator, Timing
from aftergreen.promql import metrics, substitute
from aftergreen.proposal.instrumentation import LONGEST_NAME, QUERIES, Instrumentation
from aftergreen.proposal.inventory import Inventory, counters_of, series_behind, take_inventory
from aftergreen.proposal.recognition import Left, Proposal, recognised
from aftergreen.proposal.weighing import Scales, Weighed
from aftergreen.sources.http import Client
from aftergreen.sources.survey import Survey

PATIENCE = 20.0
"""Seconds for one answer: a week is more than a watch ever asks for at once."""

_OWN_WORDS = frozenset({"app", "http", "jobs", "tasks", "messages", "requests"})
"""First words of names that libraries share with what people count themselves."""

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

    ``counters`` are all that it has, ``telling`` those that may be business; ``told`` is what metadata say of
    them. ``of`` are the matchers that select the service's series, ``namespace`` is the one of them all.
    """

    proposals: tuple[Proposal, ...]
    counters: tuple[str, ...]
    telling: tuple[str, ...]
    told: Mapping[str, str]
    of: str
    namespace: str
    left: tuple[Left, ...]


class Prospect:
    """Asks one backend, step by step. Raises `SourceUnavailable` where it does not answer."""

    def __init__(
        self, backend: Backend, instrumentations: Sequence[Instrumentation], where: Mapping[str, str]
    ) -> None:
        self._client = Client(backend)
        self._instrumentations = instrumentations
        self._where = where
        self._survey = Survey(self._client)

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
        scales = Scales(self._client, found.at)
        try:
            proposals, others = await scales.usable(offered)
        finally:
            await scales.close()
        of = own[0].of if own else ""
        counters = await counters_of(self._survey, found, own)
        return Looked(
            proposals=proposals,
            counters=counters,
            telling=tuple(telling_of(counters, proposals, self._instrumentations, found)),
            told={name: found.meaning(name).help for name in counters},
            of=of,
            namespace=found.namespace(service),
            left=(*left, *others),
        )

    async def weighed(
        self, found: Inventory, proposals: Sequence[Proposal], tier: str
    ) -> tuple[float, tuple[Weighed, ...]]:
        """The look-back in seconds, and each signal with its past and its limits."""
        scales = Scales(self._client, found.at)
        try:
            return await scales.weighed(proposals, tier)
        finally:
            await scales.close()

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


def metrics_of(proposals: Iterable[Proposal]) -> frozenset[str]:
    """The metrics that the queries of proposals name."""
    queries = (one.table[key] for one in proposals for key in QUERIES if key in one.table)
    asked = (substitute(query, window=Timing().window, version=None) for query in queries)
    return frozenset[str]().union(*map(metrics, asked))


def telling_of(
    counters: Iterable[str],
    proposals: Sequence[Proposal],
    known: Iterable[Instrumentation],
    found: Inventory,
) -> Iterator[str]:
    """The counters that may be what a business sees: nobody's else, and not of a library or a proxy."""
    measured = metrics_of(one for one in proposals if one.indicator is not Indicator.BUSINESS)
    of_others = {
        family.partition("_")[0]
        for one in known
        for metric in one.metrics.values()
        # Names that somebody chose begin as those of the business do.
        if not metric.is_open
        for family in metric.families(found.names)
    }
    for name in counters:
        if name not in measured and name.partition("_")[0] not in of_others - _OWN_WORDS:
            yield name


def business_of(counter: str, of: str) -> Proposal:
    """The signal of a counter that somebody chose for the business: how many of them there are a minute."""
    name = counter.removesuffix("_total").replace("_", " ")[:LONGEST_NAME].strip()
    query = f"sum(increase({counter}{{{of}}}[$window])) / ($window_seconds / 60)"
    table = {"indicator": "business", "name": name, "query": query, "unit": "/min"}
    because = f"somebody chose {counter} for what the business sees"
    return Proposal(table, Indicator.BUSINESS, name, because, (), BY_HAND)


def name_of(service: str) -> str:
    """What the releases of a service may be called that a backend calls so: ``shop/checkout`` is checkout."""
    own = service.rstrip("/").rpartition("/")[2].replace("#", "-")
    return clean(own, LONGEST_NAME) or "service"


def _host(url: str) -> str:
    """Whom an address reaches; empty where it is none, which whoever reads the configuration is told."""
    try:
        return Address.of(url).host
    except ValueError:
        return ""


def probe_of(indicator: Indicator, url: str, service: str) -> Proposal:
    """The signal of an address that the console connects to by itself."""
    host = _host(url)
    table: dict[str, object] = {"indicator": str(indicator), "name": "connect", "probe": url}
    if indicator is Indicator.DEPENDENCY:
        table |= {"dependency": host[:LONGEST_NAME]}
    because = f"whether {host or service} answers is the first thing that anybody asks"
    return Proposal(table, indicator, "connect", because, (), BY_HAND)
