"""Which instrumentations a service has, and the signals that they give. Pure: series in, proposals out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from aftergreen.clean import clean, one_line
from aftergreen.model import Indicator
from aftergreen.promql import METRIC, Matcher, matchers_text
from aftergreen.proposal.instrumentation import CARRIER, Instrumentation, Label, Metric, Suggestion

Labels = Mapping[str, str]
"""The labels of a series, its name among them."""

MOST_EACH = 6
"""Values of one label that have a signal of their own: more is no list that anybody watches."""

MOST: Mapping[Indicator, int] = {
    Indicator.ERROR_RATE: 2,
    Indicator.LATENCY: 2,
    Indicator.SATURATION: 5,
    Indicator.DEPENDENCY: 12,
    Indicator.BUSINESS: 3,
}
"""Signals of an indicator that are proposed: a panel that shows all that can be measured shows nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """A name under which an instrumentation has metrics: the label that holds it, and its value there."""

    instrumentation: Instrumentation
    label: str
    value: str
    name: str
    where: tuple[Matcher, ...] = ()

    @property
    def of(self) -> str:
        """The matchers that select its series: ``job="checkout"``."""
        if self.instrumentation.role == "host":
            return matchers_text([(self.label, "=~", f"{re.escape(self.name)}(:[0-9]+)?")])
        return matchers_text([(self.label, "=", self.value), *self.where])


@dataclass(frozen=True, slots=True)
class Proposal:
    """A signal that is proposed: the table of a configuration, why, and whose metrics it is made of."""

    table: Mapping[str, Any]
    indicator: Indicator
    concept: str
    because: str
    reasons: tuple[str, ...]
    instrumentation: Instrumentation

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.table["name"])

    @property
    def key(self) -> tuple[str, str, str]:
        """What no two signals of a configuration have in common."""
        return str(self.indicator), str(self.table.get("dependency", "")), self.name


@dataclass(frozen=True, slots=True)
class Left:
    """What an instrumentation offers and is not proposed, with the reason; all of it without a signal."""

    instrumentation: Instrumentation
    signal: str
    why: str


def carriers(instrumentations: Iterable[Instrumentation], names: frozenset[str]) -> tuple[str, ...]:
    """The series by which the metrics of the instrumentations are found, of all names that there are."""
    found = {
        family + CARRIER[metric.shape]: None
        for one in instrumentations
        for metric in one.metrics.values()
        for family in metric.families(names)
    }
    return tuple(found)


def places(
    instrumentations: Iterable[Instrumentation],
    names: frozenset[str],
    series: Sequence[Labels],
    where: Mapping[str, str] | None = None,
) -> tuple[Place, ...]:
    """Every name that some instrumentation has metrics for, by the labels of its series.

    ``where`` are labels that the series of a service have beside its name.
    """
    beside = tuple((label, "=", value) for label, value in (where or {}).items())
    found: dict[tuple[str, str, str], Place] = {}
    by_name = _by_name(series)
    for one in instrumentations:
        for metric in one.metrics.values():
            for family in metric.families(names):
                for labels in by_name.get(family + CARRIER[metric.shape], ()):
                    own = one.role == "service"
                    if own and not all(labels.get(label) == value for label, _, value in beside):
                        continue
                    named = one.named(labels)
                    if named is not None and _is_plain(named[1]):
                        place = Place(one, *named, beside if own else ())
                        found.setdefault((one.name, place.label, place.value), place)
    return tuple(found.values())


def recognised(
    places: Sequence[Place], names: frozenset[str], series: Mapping[str, Sequence[Labels]], service: str
) -> tuple[tuple[Proposal, ...], tuple[Left, ...]]:
    """All that these places offer for a service, and what they do not, with the reasons.

    ``series`` are the series behind each place's matchers, by their text: only their labels count.
    """
    offered: list[Proposal] = []
    left: list[Left] = []
    for place in places:
        by_name = _by_name(series.get(place.of, ()))
        if lacks := _lacking(place, names, by_name):
            left.append(Left(place.instrumentation, "", lacks))
            continue
        for suggestion in place.instrumentation.signals:
            made = _proposals(place, suggestion, names, by_name, service)
            if isinstance(made, str):
                left.append(Left(place.instrumentation, suggestion.name, made))
            else:
                offered += made
    return tuple(offered), tuple(left)


def _lacking(place: Place, names: frozenset[str], by_name: Mapping[str, list[Labels]]) -> str:
    """What is missing without which nothing of an instrumentation is meant; empty where all is there."""
    for key in place.instrumentation.needs:
        metric = place.instrumentation.metrics[key]
        if not _families(metric, names, by_name):
            return _no(metric)
    return ""


def _families(metric: Metric, names: frozenset[str], by_name: Mapping[str, list[Labels]]) -> list[str]:
    """The families of a metric that there are series of, or will be."""
    found = [family for family in metric.families(names) if by_name.get(family + CARRIER[metric.shape])]
    # The plain name before one of a part: http_requests_total before admin_http_requests_total.
    found.sort(key=lambda family: (len(family), family))
    return found or ([metric.name.pattern] if metric.lazy else [])


def _no(metric: Metric) -> str:
    return f"it has no {metric.shape} like {clean(metric.like, 80)}"


def _by_name(series: Iterable[Labels]) -> dict[str, list[Labels]]:
    found: dict[str, list[Labels]] = {}
    for labels in series:
        found.setdefault(labels.get(METRIC, ""), []).append(labels)
    return found


def _proposals(
    place: Place,
    suggestion: Suggestion,
    names: frozenset[str],
    by_name: Mapping[str, list[Labels]],
    service: str,
) -> list[Proposal] | str:
    """The signals that one suggestion gives here, or why it gives none."""
    instrumentation = place.instrumentation
    wanted = [one for key, one in instrumentation.metrics.items() if key in suggestion.placeholders]
    families = [_families(metric, names, by_name) for metric in wanted]
    if lacking := [metric for metric, found in zip(wanted, families, strict=True) if not found]:
        return _no(lacking[0])
    there = (
        by_name.get(f + CARRIER[one.shape]) for one, some in zip(wanted, families, strict=True) for f in some
    )
    if wanted and not any(there):
        return f"there is nothing beside {clean(wanted[0].name.pattern)} that tells of it"
    # Of several families that are called so, those that belong together, and have the labels.
    together = [some for some in product(*families) if _belong(wanted, some)]
    if not together:
        return f"{' and '.join(one[0] for one in families)} do not belong together"
    tried = (_labelled(suggestion, wanted, some, by_name) for some in together)
    words = next((found for found in tried if isinstance(found, dict)), None)
    if words is None:
        return str(_labelled(suggestion, wanted, together[0], by_name))
    dependency = place.name if instrumentation.role == "dependency" else service
    words |= {"of": place.of, "service": dependency}
    if not suggestion.each:
        return [_proposal(place, suggestion, words)]
    label = words[suggestion.each]
    carrier = next(words[one.key] + CARRIER[one.shape] for one in wanted if suggestion.each in one.labels)
    values = sorted({one[label] for one in by_name[carrier] if _is_plain(one.get(label, ""))})
    if len(values) > MOST_EACH:
        return f"{label} has {len(values)} values: choose some of them by hand"
    return [_proposal(place, suggestion, {**words, "value": value}) for value in values]


def _is_plain(value: str) -> bool:
    """Whether a file can hold the value as it is: blanks alone name nothing, others drive a terminal."""
    return bool(value) and value == one_line(value)


def _belong(metrics: Sequence[Metric], families: Sequence[str]) -> bool:
    """Whether families count the same thing: those of one's own naming begin with the same word."""
    open_ones = [f for metric, f in zip(metrics, families, strict=True) if metric.is_open]
    return len({family.partition("_")[0] for family in open_ones}) <= 1


def _labelled(
    suggestion: Suggestion,
    metrics: Sequence[Metric],
    families: Sequence[str],
    by_name: Mapping[str, list[Labels]],
) -> dict[str, str] | str:
    """The names that a suggestion's placeholders stand for where its metrics are these families.

    Where a label is missing, the sentence that says so.
    """
    words = {metric.key: family for metric, family in zip(metrics, families, strict=True)}
    used = {one.key: by_name.get(words[one.key] + CARRIER[one.shape], []) for one in metrics}
    for name in dict.fromkeys(name for metric in metrics for name in metric.labels):
        if name not in suggestion.placeholders:
            continue
        having = [metric for metric in metrics if name in metric.labels]
        label = _label(name, having, used)
        if label is None:
            return f"{words[having[0].key]} has no label {_told(having[0].labels[name])}"
        words[name] = label
    return words


def _proposal(place: Place, suggestion: Suggestion, words: Mapping[str, str]) -> Proposal:
    return Proposal(
        table=suggestion.filled(words),
        indicator=suggestion.indicator,
        concept=suggestion.concept,
        because=suggestion.because,
        reasons=suggestion.reasons,
        instrumentation=place.instrumentation,
    )


def _label(name: str, metrics: Sequence[Metric], used: Mapping[str, list[Labels]]) -> str | None:
    """The first of a label's names that all of these metrics have, with a value as it should look."""
    for candidate in metrics[0].labels[name].names:
        if all(_has(candidate, metric.labels[name], used[metric.key]) for metric in metrics):
            return candidate
    return None


def _has(candidate: str, label: Label, series: Iterable[Labels]) -> bool:
    values = {one[candidate] for one in series if one.get(candidate)}
    return bool(values) and (label.like is None or any(map(label.like.fullmatch, values)))


def _told(label: Label) -> str:
    like = f" that looks like {label.like.pattern}" if label.like else ""
    return f"{' or '.join(label.names)}{like}"


def _nearness(proposal: Proposal) -> tuple[bool, int]:
    """What a service says of itself and its calls goes before what others say, which somebody asked for."""
    return proposal.instrumentation.role == "dependency", proposal.instrumentation.rank


def chosen_of(offered: Iterable[Proposal]) -> tuple[tuple[Proposal, ...], tuple[Left, ...]]:
    """One for each concept, of the most telling instrumentation, and not more than a panel shows."""
    chosen: dict[tuple[str, str, str], Proposal] = {}
    taken: dict[tuple[str, ...], Proposal] = {}
    left: list[Left] = []
    many: dict[Indicator, int] = {}
    for one in sorted(offered, key=_nearness):
        concept = (str(one.indicator), str(one.table.get("dependency", "")), one.concept)
        measure = tuple(str(one.table.get(key)) for key in ("query", "numerator", "denominator"))
        first = taken.get(concept) or taken.get(measure) or chosen.get(one.key)
        if first is not None:
            left.append(
                Left(one.instrumentation, one.name, f"{first.instrumentation.title} gives it already")
            )
        elif many.get(one.indicator, 0) >= MOST[one.indicator] and one.instrumentation.role != "dependency":
            why = f"{MOST[one.indicator]} signals of {one.indicator} are as many as anybody watches"
            left.append(Left(one.instrumentation, one.name, why))
        else:
            taken[concept] = taken[measure] = chosen[one.key] = one
            many[one.indicator] = many.get(one.indicator, 0) + 1
    in_order = sorted(chosen.values(), key=lambda proposal: tuple(Indicator).index(proposal.indicator))
    return tuple(in_order), tuple(left)
