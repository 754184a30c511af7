"""The file that init writes: right as it stands, whatever the service and its labels are called."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.clean import is_harmless, one_line
from aftergreen.config import ConfigError, load, loads
from aftergreen.model import Indicator, Then
from aftergreen.proposal.document import addition, document
from aftergreen.proposal.instrumentation import reads
from aftergreen.proposal.lacking import lacking
from aftergreen.proposal.limits import Written
from aftergreen.proposal.prospect import probe_of
from aftergreen.proposal.recognition import Proposal, chosen_of, places, recognised
from aftergreen.rollback.presets import PRESETS
from tests.proposed import draft, weighed

OURS = """
title = "Calls that somebody counts"
source = "https://wiki.example"
service = ["app"]

[metrics.calls]
name = "calls_total"
type = "counter"
  [metrics.calls.labels.peer]
  any = ["peer"]

[[signals]]
indicator = "dependency"
each = "peer"
dependency = "$value"
name = "calls"
query = 'sum(increase(${calls}{$of,$peer="$value"}[$window]))'
because = "what it needs and does not get, it cannot give"
"""


def proposals(service: str, *peers: str) -> tuple[Proposal, ...]:
    """What is proposed for a service that calls these."""
    series = [{"__name__": "calls_total", "app": service, "peer": peer} for peer in peers]
    names = frozenset({"calls_total"})
    found = places([reads(OURS, "ours")], names, series)
    offered, _ = recognised(found, names, {place.of: series for place in found}, service)
    return chosen_of(offered)[0]


LIMIT = Written({"above": 5, "for": "2m", "then": "rollback"}, "more than five are too many")


def test_a_file_says_why_it_watches_what_and_from_where_on() -> None:
    (calls,) = proposals("shop", "stock")
    text = document(draft("shop", weighed(calls, LIMIT)))
    assert (
        "# Calls that somebody counts: what it needs and does not get, it cannot give. Now: no traffic."
        in text
    )
    assert "  # More than five are too many.\n  [[signals.rules]]\n  above = 5\n" in text
    assert 'query = \'sum(increase(calls_total{app="shop",peer="stock"}[$window]))\'' in text
    plan = loads(text)
    assert plan.backend.headers == {"X-Scope-OrgID": "prod"}
    assert plan.rollback is not None
    assert plan.rollback.command == ("kubectl", "rollout", "undo", "deployment/{service}")
    assert all(len(line) <= 100 for line in text.splitlines() if line.lstrip().startswith("#"))


def test_without_a_way_back_every_rule_warns_and_that_is_said() -> None:
    (calls,) = proposals("shop", "stock")
    text = document(draft("shop", weighed(calls, LIMIT), going_back=""))
    plan = loads(text)
    assert plan.rollback is None
    assert [rule.then for rule in plan.signals[0].rules] == [Then.WARN]
    assert "# No command goes back, so every rule above warns" in text


def test_a_signal_without_any_rule_is_only_shown() -> None:
    (calls,) = proposals("shop", "stock")
    left = Written({}, "no limit above: it is always there")
    assert loads(document(draft("shop", weighed(calls, left)))).signals[0].rules == ()


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80)


@given(NAMES, NAMES)
def test_whatever_a_service_and_its_labels_are_called_the_file_holds_it(service: str, peer: str) -> None:
    found = proposals(service, peer)
    # Labels that are blank, or cannot be shown as they are, are not proposed.
    assert bool(found) == all(one and one == one_line(one) for one in (service, peer))
    if not found:
        return
    text = document(draft("shop", *(weighed(one, LIMIT) for one in found)))
    assert is_harmless(text, lines=True)
    plan = loads(text)
    assert len(plan.signals) == len(found)


@pytest.mark.parametrize("one", PRESETS, ids=lambda one: one.name)
def test_every_preset_is_a_command_that_a_configuration_may_have(one: object) -> None:
    (calls,) = proposals("shop", "stock")
    name = getattr(one, "name", "")
    plan = loads(document(draft("shop", weighed(calls, LIMIT), going_back=name)))
    assert plan.rollback is not None
    assert any("{service}" in word for word in plan.rollback.command)


@pytest.mark.parametrize(
    ("indicator", "url", "dependency"),
    [
        (Indicator.DEPENDENCY, "tcp://orders-db:5432", "orders-db"),
        (Indicator.DEPENDENCY, "https://stock.example/health", "stock.example"),
        (Indicator.DEPENDENCY, "tcp://[::1]:5432", "::1"),
        (Indicator.LATENCY, "https://shop.example/health", None),
    ],
)
def test_an_address_becomes_a_probe(indicator: Indicator, url: str, dependency: str | None) -> None:
    made = probe_of(indicator, url, "shop")
    assert made.table.get("dependency") == dependency
    assert made.table["probe"] == url


MINE = """# ours
[service]
name = "shop"   # since 2019

[metrics]
url = "http://localhost:9090"

[[signals]]
indicator = "latency"
name = "mine"
query = "x"
unit = "s"
rules = []

[indicators]
saturation.waived = "serverless"
"""


def test_what_a_file_lacks_is_what_has_neither_signal_nor_reason(tmp_path: Path) -> None:
    file = tmp_path / "aftergreen.toml"
    file.write_text(MINE)
    there = lacking(file)
    assert there.missing == (Indicator.ERROR_RATE, Indicator.DEPENDENCY, Indicator.BUSINESS)
    assert (there.service, there.has_rollback) == ("shop", False)
    (calls,) = proposals("shop", "stock")
    added = replace(
        draft("shop", weighed(calls, LIMIT)),
        waived={Indicator.ERROR_RATE: "none here", Indicator.BUSINESS: "none here"},
    )
    text = f"{MINE.rstrip()}\n\n{addition(added, 60.0, rollback=True)}"
    file.write_text(text)
    plan = load(file)
    assert [signal.name for signal in plan.signals] == ["mine", "calls"]
    assert not lacking(file).missing
    assert re.search(r"# Added by `aftergreen init --update` on 2026-11-29", text)


def test_a_file_with_a_value_that_cannot_be_is_not_added_to(tmp_path: Path) -> None:
    file = tmp_path / "aftergreen.toml"
    file.write_text(MINE.replace('"latency"', '"speed"'))
    with pytest.raises(ConfigError, match='indicator: found "speed"'):
        lacking(file)
    with pytest.raises(ConfigError, match="leave --update away, and a new one is written"):
        lacking(tmp_path / "none.toml")
