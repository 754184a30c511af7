"""Every instrumentation that the program knows, on a recording of what its exporter really writes.

What is expected of each stands in ``tests/expositions/NAME.toml``, read by a person. End-to-end tests have
the same recordings scraped by a real Prometheus.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import pytest

from aftergreen.model import Indicator
from aftergreen.proposal.catalogue import instrumentations
from aftergreen.proposal.instrumentation import Instrumentation, reads
from aftergreen.proposal.inventory import Inventory
from aftergreen.proposal.prospect import metrics_of, telling_of
from aftergreen.proposal.recognition import Proposal, chosen_of, places, recognised
from tests.recorded import FOLDER, exposition
from tests.recorded import names as recordings

KNOWN = {one.name: one for one in instrumentations()}


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_an_instrumentation_is_recognised_by_what_its_exporter_writes(name: str) -> None:
    expected = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    assert proposed(KNOWN[name]) == expected["signals"]


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_an_instrumentation_gives_signals_that_a_configuration_may_have(name: str) -> None:
    file = resources.files("aftergreen.proposal").joinpath("instrumentations", f"{name}.toml")
    # As one of a team's own: those are checked when they are read.
    assert reads(file.read_text(encoding="utf-8"), name, f"{name}.toml").signals
    assert KNOWN[name].source.startswith("https://")


def test_every_instrumentation_has_a_recording_that_says_where_it_is_from() -> None:
    assert recordings() == sorted(KNOWN)
    for name in recordings():
        told = exposition(name).recorded
        assert told.startswith(("live, ", "from ", "documented, ")), name


def test_counters_of_libraries_and_those_that_are_measured_are_no_business() -> None:
    own = ("http_requests_total", "shop_orders_total", "slow_http_requests_total")
    counters = ("envoy_cluster_retries_total", *own)
    names = frozenset({*counters, "envoy_cluster_upstream_rq_xx"})
    found = Inventory(0.0, names, {}, (), (), (), {})
    query = 'sum(increase(http_requests_total{x="y_total{"}[$window]))'
    table = {"indicator": "error-rate", "name": "5xx", "query": query}
    one = Proposal(table, Indicator.ERROR_RATE, "5xx", "", (), KNOWN["envoy"])
    assert metrics_of([one]) == {"http_requests_total"}
    assert list(telling_of(counters, [one], KNOWN.values(), found)) == [
        "shop_orders_total",
        "slow_http_requests_total",
    ]


def proposed(one: Instrumentation) -> list[dict[str, Any]]:
    """What is proposed for the service of its recording."""
    found = exposition(one.name)
    there = [
        place
        for place in places([one], found.names, found.series)
        if one.role != "service" or place.name == found.service
    ]
    behind = {
        place.of: [s for s in found.series if one.role == "host" or s.get(place.label) == place.value]
        for place in there
    }
    offered, _ = recognised(there, found.names, behind, found.service)
    chosen, _ = chosen_of(offered)
    return [dict(proposal.table) for proposal in chosen]
