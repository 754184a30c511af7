"""The same services, the same verdict: a real Prometheus 2, a real VictoriaMetrics, others by their shape.

Prometheus 3, Thanos and Mimir are not here: fronts of the real Prometheus 2 play them (`tests.e2e.fronts`).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.e2e.configuration import configuration, write_config
from tests.e2e.fronts import Front, Mimir, Prometheus3, Thanos, served
from tests.e2e.parts import Behaviour, Fleet
from tests.e2e.past import past_of
from tests.e2e.program import Aftergreen, iso, release_arguments
from tests.e2e.servers import VictoriaMetrics
from tests.e2e.shared import BAD, PREVIOUS, VERSION, another
from tests.waiting import HANG

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

SHOPS = ("errors", "healthy")
NEWBORN = "newborn"
"""A service of which nothing is known before this release, its first."""

FIXED = "newborn on fixed limits"
FIXED_RULES = {"average": {"above": "0.5s"}, "registrations": {"below": "1/min"}}
"""What takes the place of the rules that compare with a past."""

REAL = ("prometheus", "victoria")
FRONTS: Mapping[str, type[Front]] = {"prometheus 3": Prometheus3, "thanos": Thanos, "mimir": Mimir}


@dataclass(frozen=True, slots=True)
class Watched:
    """Gates that watched while it happened, by backend and shop; and who judges the same later."""

    gates: Mapping[tuple[str, str], Aftergreen]
    folder: Path
    deployed_at: float
    prometheus: str

    def __getitem__(self, name: tuple[str, str]) -> dict[str, Any]:
        gate = self.gates[name]
        gate.wait()
        return gate.finish

    def later(self, backend: str, shop: str, url: str, **headers: str) -> Aftergreen:
        """Judge a shop from what a backend has stored."""
        home = self.folder / f"home-{backend}-{shop}"
        config = write_config(
            self.folder / f"{backend}-{shop}.toml",
            url=url,
            job=shop,
            metrics={"headers": headers},
        )
        arguments = ["-c", str(config), *release_arguments(VERSION, PREVIOUS, self.deployed_at)]
        return Aftergreen(["gate", "--history", *arguments, "--json"], home=home)


def document(name: str, url: str) -> dict[str, Any]:
    """The configuration of a shop, or that of the newborn one on fixed limits."""
    found = configuration(url=url, job=NEWBORN if name == FIXED else name, command=("true",))
    for signal in found["signals"]:
        if name == FIXED and signal["name"] in FIXED_RULES:
            signal["rules"] = [{**FIXED_RULES[signal["name"]], "for": "5s", "then": "rollback"}]
    return found


def first(deployed_at: float) -> list[str]:
    """The flags of a release that nothing came before."""
    return ["--version", VERSION, "--deployed-at", iso(deployed_at)]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("backends")
    with Fleet((*SHOPS, NEWBORN)) as fleet, ExitStack() as running:
        since = fleet.deploy({name: (PREVIOUS, Behaviour()) for name in SHOPS})
        victoria = running.enter_context(VictoriaMetrics(folder / "victoria", fleet.targets))
        victoria.hold(past_of([fleet[name] for name in SHOPS], since))
        prometheus = running.enter_context(another(fleet, folder / "prometheus", since))
        victoria.wait_for("app_info", since + 0.001, len(SHOPS))
        behaviours = {name: BAD.get(name, Behaviour()) for name in (*SHOPS, NEWBORN)}
        deployed_at = fleet.deploy({name: (VERSION, behaviour) for name, behaviour in behaviours.items()})
        gates = {}
        for backend, url in zip(REAL, (prometheus.url, victoria.url), strict=True):
            for shop in (*SHOPS, NEWBORN, FIXED):
                config = folder / f"{backend}-{shop}.toml"
                config.write_text(tomli_w.dumps(document(shop, url)), encoding="utf-8")
                previous = (
                    release_arguments(VERSION, PREVIOUS, deployed_at) if shop in SHOPS else first(deployed_at)
                )
                arguments = ["gate", "-c", str(config), *previous, "--json"]
                gates[backend, shop] = Aftergreen(arguments, home=folder / f"home-{backend}-{shop}")
                running.callback(gates[backend, shop].stop)
        yield Watched(gates, folder, deployed_at, prometheus.url)


def verdict(finish: Mapping[str, Any]) -> dict[str, Any]:
    """What every backend has to agree on."""
    return {key: finish[key] for key in ("state", "exit_code", "signal", "rule", "doubts", "missing")}


def asked_again(receipt: Mapping[str, Any]) -> float:
    """The number that the curl line of a receipt gives in a shell."""
    ran = subprocess.run(
        ["bash", "-c", receipt["curl"]], capture_output=True, text=True, check=True, timeout=HANG
    )
    [series] = json.loads(ran.stdout)["data"]["result"]
    return float(series["value"][1])


@pytest.mark.parametrize("backend", REAL)
def test_real_backends_come_to_the_same_verdict(watched: Watched, backend: str) -> None:
    errors, healthy = watched[backend, "errors"], watched[backend, "healthy"]
    assert (errors["exit_code"], errors["signal"]) == (23, "HTTP 5xx"), watched.gates[backend, "errors"].told
    assert healthy["state"] == "finished", watched.gates[backend, "healthy"].told
    assert verdict(errors) == verdict(watched["prometheus", "errors"])
    assert verdict(healthy) == verdict(watched["prometheus", "healthy"])
    assert asked_again(errors["receipt"]) == pytest.approx(errors["receipt"]["value"], rel=1e-9)


@pytest.mark.parametrize("name", FRONTS)
def test_fronts_of_documented_shape_come_to_it_too(watched: Watched, name: str) -> None:
    # Who is asked instant by instant is asked for long.
    shops = SHOPS[:1] if name == "thanos" else SHOPS
    live = {shop: watched["prometheus", shop] for shop in shops}
    front = FRONTS[name]
    with served(front(watched.prometheus)) as url:
        gates = {shop: watched.later(name, shop, url, **front.headers) for shop in shops}
        for shop, gate in gates.items():
            gate.wait()
            assert verdict(gate.finish) == verdict(live[shop]), gate.told
        receipt = gates["errors"].finish["receipt"]
        assert asked_again(receipt) == pytest.approx(receipt["value"], rel=1e-9)
        assert receipt["value"] == pytest.approx(live["errors"]["receipt"]["value"], rel=0.02)


def test_a_tenant_that_is_not_named_is_said_with_its_cure(watched: Watched) -> None:
    with served(Mimir(watched.prometheus)) as url:
        gate = watched.later("nobody", "errors", url)
        assert gate.wait() == 3, gate.told
    assert "no org id" in gate.told
    assert "headers" in gate.told


@pytest.mark.parametrize("backend", REAL)
def test_a_first_release_is_watched_on_fixed_limits_and_that_is_said(watched: Watched, backend: str) -> None:
    """The case first-release: nothing is guessed of a past that is not there."""
    fixed = watched[backend, FIXED]
    assert (fixed["exit_code"], fixed["state"]) == (0, "finished"), watched.gates[backend, FIXED].told
    assert "watched on fixed limits alone" in watched.gates[backend, FIXED].errors
    compared = watched[backend, NEWBORN]
    assert (compared["exit_code"], compared["state"]) == (10, "unproven"), watched.gates[
        backend, NEWBORN
    ].told
    lacking = " ".join(compared["missing"])
    assert "average" in lacking
    assert "registrations" in lacking
    assert "HTTP 5xx" not in lacking
