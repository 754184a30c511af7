"""The world of ``aftergreen demo``: a simulated service, its metrics server, and a plan that watches them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from aftergreen.clock import Clock, FastClock
from aftergreen.config import loads
from aftergreen.drill.server import DrillServer
from aftergreen.drill.service.behaviour import Version
from aftergreen.drill.service.simulated import SimulatedService
from aftergreen.drill.story import PREVIOUS, RELEASED, VERSIONS
from aftergreen.model import Plan, Release
from aftergreen.paths import find_paths
from aftergreen.watch.session import Session
from aftergreen.watch.wanted import Wanted

PAST = 900.0
"""Seconds for which the previous version has run when the demo begins."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: what is watched, which release, and the clock that all of it runs on."""

    plan: Plan
    release: Release
    clock: Clock
    server: DrillServer

    def session(self, place: Path, *, operator: str, advice_ends: bool) -> Session:
        """A watch of the demo's release; its journal and output stay in ``place``, apart from real ones."""
        wanted = Wanted(
            version=self.release.version,
            previous=self.release.previous,
            deployed_at=lambda _now: self.release.deployed_at,
            operator=operator,
            advice_ends=advice_ends,
            simulated=True,
        )
        paths = find_paths(journal=str(place / "journal.db"))
        return Session(self.plan, wanted, self.clock, paths)

    def close(self) -> None:
        """Stop the metrics server."""
        self.server.close()


def start_demo(
    *,
    seed: int = 7,
    speed: float = 8.0,
    versions: tuple[Version, ...] = VERSIONS,
    python: str = sys.executable,
    clock: Clock | None = None,
) -> Demo:
    """Start the metrics server of a service that has run for a quarter of an hour and is deployed now.

    The same seed gives the same samples relative to the deployment, up to a rollback. Simulated time runs
    ``speed`` times as fast as the machine's, or as ``clock`` says. ``python`` runs the rollback command.
    """
    clock = clock or FastClock(speed)
    deployed_at = round(clock.now(), 3)
    service = SimulatedService(seed, deployed_at - PAST, versions)
    service.deploy(RELEASED, deployed_at)
    service.advance(deployed_at)
    server = DrillServer(service, clock)
    try:
        plan = loads(configuration(server.url, python), "the demo's configuration")
    except BaseException:
        server.close()
        raise
    return Demo(plan, Release.of(plan.service, RELEASED, PREVIOUS, deployed_at), clock, server)


def configuration(url: str, python: str = sys.executable) -> str:
    """The text of the demo's configuration, for a metrics server at ``url``."""
    text = resources.files(__package__).joinpath("demo.toml").read_text(encoding="utf-8")
    # In the rollback command braces stand for placeholders, so those of a path are doubled.
    python = python.replace("{", "{{").replace("}", "}}")
    return text.replace('"@URL@"', _quoted(url)).replace('"@PYTHON@"', _quoted(python))


def _quoted(text: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
