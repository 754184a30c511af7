"""What a backend has, as far as a proposal needs to know: asked once, then looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from aftergreen.promql import METRIC
from aftergreen.proposal.instrumentation import HOST, Instrumentation
from aftergreen.proposal.recognition import Labels, Place, carriers, places
from aftergreen.sources.survey import Meaning, Survey, grouped

SCOPES = ("namespace", "kubernetes_namespace", "environment", "env", "stage", "cluster", "region", "tenant")
"""Labels by which the same service may be there several times."""


@dataclass(frozen=True)
class Inventory:
    """All names of series at a time, and which services and dependencies they are of."""

    at: float
    names: frozenset[str]
    meanings: Mapping[str, Meaning]
    series: tuple[Labels, ...]
    places: tuple[Place, ...]
    jobs: tuple[str, ...]
    """Whoever is scraped, recognised or not."""
    where: Mapping[str, str]
    """Labels that the series of a service have beside its name."""

    @property
    def services(self) -> tuple[str, ...]:
        """The services that something is recognised of, those first that say most of themselves."""
        ranks: dict[str, int] = {}
        for place in self.places:
            if place.instrumentation.role == "service":
                ranks[place.name] = min(
                    ranks.get(place.name, place.instrumentation.rank), place.instrumentation.rank
                )
        return tuple(sorted(ranks, key=lambda name: (ranks[name], name)))

    @property
    def dependencies(self) -> tuple[str, ...]:
        """What others depend on, by the names that their exporters give."""
        found = (place.name for place in self.places if place.instrumentation.role == "dependency")
        return tuple(dict.fromkeys(found))

    def of(self, service: str) -> tuple[Place, ...]:
        """The places that name a service itself."""
        return self._named((service,), "service")

    def of_dependencies(self, names: Iterable[str]) -> tuple[Place, ...]:
        """The places that name these dependencies."""
        return self._named(names, "dependency")

    def hosts(self, instances: Iterable[str]) -> tuple[Place, ...]:
        """The places that name the machines on which these instances run."""
        hosts = {found[1] for instance in instances if (found := HOST.fullmatch(instance))}
        return self._named(sorted(hosts), "host")

    def series_of(self, service: str) -> list[Labels]:
        """The series of a service itself, by which it was found."""
        own = [(place.label, place.value) for place in self.of(service)]
        return [
            labels
            for labels in self.series
            if any(labels.get(label) == value for label, value in own)
            and all(labels.get(label) == value for label, value in self.where.items())
        ]

    def scopes(self, service: str) -> Mapping[str, tuple[str, ...]]:
        """Labels that tell several services of this name from each other, with their values."""
        series = self.series_of(service)
        found = {label: {labels[label] for labels in series if labels.get(label)} for label in SCOPES}
        return {label: tuple(sorted(values)) for label, values in found.items() if len(values) > 1}

    def namespace(self, service: str) -> str:
        """The Kubernetes namespace of a service, where all its series are in one; empty elsewhere."""
        known = ("namespace", "kubernetes_namespace", "k8s_namespace_name")
        found = {labels[one] for labels in self.series_of(service) for one in known if labels.get(one)}
        return found.pop() if len(found) == 1 else ""

    def meaning(self, name: str) -> Meaning:
        """What metadata say of a metric; some name it without its ending."""
        known = self.meanings.get(name) or self.meanings.get(name.removesuffix("_total"))
        return known or Meaning("", "")

    def _named(self, names: Iterable[str], role: str) -> tuple[Place, ...]:
        return tuple(place for name in names for place in self._by_name.get((role, name), ()))

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], tuple[Place, ...]]:
        found: dict[tuple[str, str], tuple[Place, ...]] = {}
        for place in self.places:
            key = place.instrumentation.role, place.name
            found[key] = (*found.get(key, ()), place)
        return found


async def take_inventory(
    survey: Survey, instrumentations: Sequence[Instrumentation], where: Mapping[str, str]
) -> Inventory:
    """Ask what there is; ``where`` are labels that series of a service have. Raises `SourceUnavailable`."""
    at = await survey.now()
    names = await survey.names()
    known = carriers(instrumentations, names)
    labels = dict.fromkeys((*(label for one in instrumentations for label in one.service), *SCOPES, *where))
    text = grouped(known, labels) if known else ""
    series = (await survey.groups([text], at))[text] if text else ()
    return Inventory(
        at=at,
        names=names,
        meanings=await survey.meanings(),
        series=series,
        places=places(instrumentations, names, series, where),
        jobs=await survey.values("job"),
        where=where,
    )


async def series_behind(
    survey: Survey, found: Inventory, wanted: Sequence[Place]
) -> Mapping[str, tuple[Labels, ...]]:
    """The series behind each place's matchers, by their text, with all labels that its signals name."""
    texts: dict[str, str] = {}
    for of in dict.fromkeys(place.of for place in wanted):
        there = [place.instrumentation for place in wanted if place.of == of]
        metrics = [metric for one in there for metric in one.metrics.values()]
        labels = {name for metric in metrics for label in metric.labels.values() for name in label.names}
        texts[of] = grouped(carriers(there, found.names), (*sorted(labels - {"instance"}), "instance"), of)
    answers = await survey.groups(texts.values(), found.at)
    return {of: answers[text] for of, text in texts.items()}


async def counters_of(survey: Survey, found: Inventory, wanted: Sequence[Place]) -> tuple[str, ...]:
    """The names of all counters that a service has: by metadata, or by what counters are called."""
    texts = [grouped((), (), of) for of in dict.fromkeys(place.of for place in wanted)]
    answers = await survey.groups(texts, found.at)
    names = {labels[METRIC] for text in texts for labels in answers[text]}
    return tuple(sorted(n for n in names if n.endswith("_total") or found.meaning(n).type == "counter"))
