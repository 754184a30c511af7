"""What an instrumentation is known by, and what of it is worth watching: a TOML file, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from string import Template
from typing import Any

import tomli_w

from aftergreen.clean import clean, one_line
from aftergreen.config import ConfigError, loads
from aftergreen.config.decode import decode
from aftergreen.config.faults import Faults, listed, nearest, shown
from aftergreen.config.toml import parsed
from aftergreen.model import Indicator
from aftergreen.promql import escaped
from aftergreen.proposal.tables import KINDS, Document, LabelTable, MetricTable, Role, Shape

OWN_RANK = 10
"""The rank of what a service says of itself."""

FILLED = ("of", "service", "value")
"""What is known only where a service is looked at: its matchers, its name, the value of a label."""

LEFT = ("window", "window_seconds", "version")
"""What stays in a query until it is asked."""

CARRIER: Mapping[Shape, str] = {"counter": "", "gauge": "", "histogram": "_count", "summary": "_count"}
"""What is behind a family's name in the one series by which it is found."""

_BESIDE: Mapping[Shape, tuple[str, ...]] = {"histogram": ("_bucket", "_sum"), "summary": ("_sum",)}
"""What has to be there beside it."""

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")

_NOT = re.compile(r"\(\?!(?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
"""What a name must not go on with."""

_ANY_SIGNAL = {"indicator": "saturation", "name": "any", "query": "any", "rules": []}

LONGEST_NAME = 60
"""Characters of a name in a configuration."""

HOST = re.compile(r"(.+?)(?::[0-9]+)?")
"""A machine is named by the address at which it is scraped, without the port."""

QUERIES = ("query", "count", "numerator", "denominator")
_FILLED_IN = (*QUERIES, "name", "dependency")


@dataclass(frozen=True)
class Label:
    """A label by its possible names; ``like`` is what at least one of its values looks like."""

    names: tuple[str, ...]
    like: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Metric:
    """A family of series: by what it is called, what it consists of, and the labels that queries name."""

    key: str
    name: re.Pattern[str]
    shape: Shape
    labels: Mapping[str, Label]
    lazy: bool = False
    """Whether it has no series before it first counts something: its name is all there is to go by."""

    @property
    def like(self) -> str:
        """What it is called, without what it must not be called: that says little to whoever looks for it."""
        return _NOT.sub("", self.name.pattern)

    @property
    def is_open(self) -> bool:
        """Whether a part of its name is chosen by whoever counts it."""
        return any(sign in self.like for sign in "+*")

    def families(self, names: frozenset[str]) -> tuple[str, ...]:
        """The families of this kind among the names of series."""
        return _families(self.name, self.shape, names)


@dataclass(frozen=True)
class Suggestion:
    """A signal as an instrumentation knows it: a table of a configuration with placeholders in its queries.

    ``because`` is the reason to watch it, ``reasons`` those for its own rules. Of one ``concept`` a service
    needs one signal. ``each`` is the label of whose values every one has a signal of its own.
    """

    table: Mapping[str, Any]
    indicator: Indicator
    concept: str
    because: str
    reasons: tuple[str, ...] = ()
    each: str = ""

    @property
    def name(self) -> str:
        """What the signal is called."""
        return str(self.table.get("name", ""))

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """The metrics and labels that its queries name."""
        named = {word for key in QUERIES for word in _words(self.table.get(key))}
        return frozenset((named | {self.each}) - {*FILLED, *LEFT, ""})

    def filled(self, words: Mapping[str, str]) -> dict[str, Any]:
        """The table with these words in place of its placeholders."""
        table = deepcopy(dict(self.table))
        quoted = {word: text if word == "of" else escaped(text) for word, text in words.items()}
        for key in _FILLED_IN:
            if key in table:
                filled = Template(table[key]).safe_substitute(quoted if key in QUERIES else words)
                table[key] = filled if key in QUERIES else clean(filled, LONGEST_NAME)
        return table


@dataclass(frozen=True)
class Instrumentation:
    """One file: how a library, a proxy or an exporter names its metrics, and the signals that they give.

    ``service`` are the labels that name whose metrics they are, ``service_like`` the part of the value that
    is the name. Where two offer the same concept, the lower ``rank`` goes first.
    """

    name: str
    title: str
    source: str
    role: Role
    service: tuple[str, ...]
    service_like: re.Pattern[str] | None
    rank: int
    metrics: Mapping[str, Metric]
    signals: tuple[Suggestion, ...]
    needs: tuple[str, ...] = ()
    """Metrics without which none of its signals is meant: others share the names of the rest."""
    origin: str = ""
    """The file of a team's own; empty for one that comes with the program."""

    def named(self, labels: Mapping[str, str]) -> tuple[str, str, str] | None:
        """The label that says whose series this is, its value, and the name in it; None where none does."""
        for label in self.service:
            if value := labels.get(label, ""):
                found = self.service_like.fullmatch(value) if self.service_like else None
                if self.service_like is None or found is not None:
                    return label, value, found[1] if found else value
        return None


@lru_cache(maxsize=1024)
def _families(pattern: re.Pattern[str], shape: Shape, names: frozenset[str]) -> tuple[str, ...]:
    carrier, beside = CARRIER[shape], _BESIDE.get(shape, ())
    found = (name.removesuffix(carrier) for name in names if name.endswith(carrier))
    fitting = (family for family in found if pattern.fullmatch(family))
    return tuple(sorted(family for family in fitting if all(family + part in names for part in beside)))


def reads(text: str, name: str, origin: str = "") -> Instrumentation:
    """The instrumentation of a text; ``origin`` names it in a `ConfigError` with every fault at once."""
    faults = Faults([one.name for one in fields(Document)])
    document = decode(parsed(text, origin or name), faults, Document, KINDS)
    for key in ("title", "source"):
        if getattr(document, key) is None and not faults.faulty(key):
            faults.add(key, "nothing", {"title": "what it is", "source": "where its names are told"}[key])
    metrics = {key: _metric(key, document.metrics, faults) for key in document.metrics}
    for key in document.needs or ():
        if key not in metrics:
            faults.add("needs", shown(key), f"metrics of this file: {listed(metrics) if metrics else 'none'}")
    signals = [
        _suggestion(f"signals[{i}]", table, metrics, faults) for i, table in enumerate(document.signals)
    ]
    if origin:
        # Those of the program are checked by its tests.
        for i, one in enumerate(signals):
            _check_signal(f"signals[{i}]", one, faults)
    found = faults.in_order()
    if found:
        raise ConfigError(origin or name, found)
    role = document.role or "service"
    usual = (("instance",), HOST) if role == "host" else (("job",), None)
    return Instrumentation(
        name=name,
        title=document.title or name,
        source=document.source or "",
        role=role,
        service=document.service or usual[0],
        service_like=re.compile(document.service_like) if document.service_like else usual[1],
        rank=OWN_RANK if document.rank is None else document.rank,
        metrics=metrics,
        signals=tuple(signals),
        needs=document.needs or (),
        origin=origin,
    )


def _metric(key: str, metrics: Mapping[str, MetricTable], faults: Faults) -> Metric:
    table = metrics[key]
    place = f"metrics.{key}"
    for part, expected in (
        ("name", "what the metric is called"),
        ("type", "counter, gauge, histogram or summary"),
    ):
        if getattr(table, part) is None:
            faults.add(f"{place}.{part}", "nothing", expected)
    for name, label in table.labels.items():
        if name in metrics:
            faults.add(
                f"{place}.labels.{name}", f"{shown(name)}, which is a metric of this file", "another name"
            )
        if label.any is None:
            faults.add(
                f"{place}.labels.{name}.any", "nothing", 'the label\'s names, such as ["status", "code"]'
            )
    labels = {name: _label(label) for name, label in table.labels.items()}
    if table.lazy and (labels or not _NAME.fullmatch(table.name or "")):
        faults.add(
            f"{place}.lazy", "true", "this key only on a metric that is named in full, and has no labels"
        )
    return Metric(key, re.compile(table.name or ""), table.type or "gauge", labels, lazy=bool(table.lazy))


def _label(table: LabelTable) -> Label:
    return Label(table.any or (), re.compile(table.like) if table.like else None)


def _suggestion(place: str, raw: dict[str, Any], metrics: Mapping[str, Metric], faults: Faults) -> Suggestion:
    table = deepcopy(raw)
    own = {key: _line(place, key, table.pop(key, ""), faults) for key in ("concept", "because", "each")}
    reasons = _reasons(place, table, faults)
    if not own["because"]:
        faults.add(f"{place}.because", "nothing", "why it is worth watching, in one sentence")
    indicator = table.get("indicator")
    suggestion = Suggestion(
        table=table,
        indicator=Indicator(indicator) if indicator in tuple(Indicator) else Indicator.ERROR_RATE,
        concept=own["concept"] or str(table.get("name", "")),
        because=own["because"],
        reasons=reasons,
        each=own["each"],
    )
    _check_placeholders(place, suggestion, metrics, faults)
    return suggestion


def _line(place: str, key: str, value: object, faults: Faults) -> str:
    if isinstance(value, str) and value == one_line(value):
        return value
    faults.add(f"{place}.{key}", shown(value), "text on one line")
    return ""


def _reasons(place: str, table: dict[str, Any], faults: Faults) -> tuple[str, ...]:
    """Why each rule of its own is one; they are taken out of the table."""
    rules = table.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        return ()  # Told as a fault of the signal.
    reasons = []
    for index, rule in enumerate(rules):
        where = f"{place}.rules[{index}]"
        reasons.append(_line(where, "because", rule.pop("because", ""), faults))
        if not reasons[-1]:
            faults.add(f"{where}.because", "nothing", "why this limit, in one sentence")
    return tuple(reasons)


def _check_placeholders(
    place: str, suggestion: Suggestion, metrics: Mapping[str, Metric], faults: Faults
) -> None:
    labels = {label for metric in metrics.values() for label in metric.labels}
    known = (*metrics, *sorted(labels), *FILLED, *LEFT)
    for key in QUERIES:
        for word in _words(suggestion.table.get(key)):
            if word not in known:
                expected = listed(f"${one}" for one in known)
                faults.add(f"{place}.{key}", f"the placeholder ${word}", expected, nearest(word, known))
    if suggestion.each and suggestion.each not in labels:
        faults.add(f"{place}.each", shown(suggestion.each), "a label of one of the metrics", None)


def _check_signal(place: str, suggestion: Suggestion, faults: Faults) -> None:
    """That it is a signal which a configuration may have, whatever its placeholders stand for."""
    words = {
        **dict.fromkeys(suggestion.placeholders, "any"),
        "of": 'job="any"',
        "service": "any",
        "value": "any",
    }
    try:
        loads(alone(suggestion.filled(words)), place)
    except ConfigError as error:
        for fault in error.faults:
            inner = fault.place.removeprefix("signals[0]")
            faults.add(f"{place}{inner}", fault.found, fault.expected, fault.nearest)


def alone(table: Mapping[str, Any]) -> str:
    """A configuration that has this signal, and nothing else that matters."""
    return whole_but(signals=[table], indicators=_waived_but(table), rollback={"command": ["any"]})


def whole_but(**tables: Any) -> str:  # noqa: ANN401  # whatever TOML has
    """A configuration that has these tables, and nothing else that matters."""
    usual = {
        "service": {"name": "any"},
        "metrics": {"url": "http://127.0.0.1:1"},
        "signals": [_ANY_SIGNAL],
        "indicators": _waived_but(_ANY_SIGNAL),
    }
    return tomli_w.dumps({**usual, **tables})


def _waived_but(signal: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {str(one): {"waived": "any"} for one in Indicator if one != signal.get("indicator")}


def _words(text: object) -> Sequence[str]:
    return Template(text).get_identifiers() if isinstance(text, str) else ()
