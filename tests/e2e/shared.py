"""What all end-to-end tests share: one fleet of shops under load, one Prometheus, one baseline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.parts import Behaviour, Fleet, Prometheus, Shop

BAD: dict[str, Behaviour] = {
    "healthy": Behaviour(),
    "errors": Behaviour(error_rate=0.08),
    "slow": Behaviour(latency=0.08),
    "leak": Behaviour(leak=0.2),
    "dependency": Behaviour(dependency_error_rate=0.4, dependency_latency=0.03),
    "registrations": Behaviour(registrations=1 / 3),
}
"""How the new version of each shared shop behaves: the name says what goes wrong."""

EXTRA = ("spare-1", "spare-2")
"""Healthy shops whose deployments belong to the tests that take them."""

BASELINE = 34.0
"""Seconds for which the old versions run before anything is deployed: more than a baseline needs."""

PREVIOUS = "v1"
VERSION = "v2"


@dataclass(frozen=True, slots=True)
class Shops:
    """The fleet and the server that scrapes it; ``since`` is when the old versions began to serve."""

    fleet: Fleet
    prometheus: Prometheus
    fragile: Prometheus
    folder: Path
    since: float

    def __getitem__(self, name: str) -> Shop:
        return self.fleet[name]

    def wait_for_baseline(self) -> None:
        """Come back once the old versions have run for as long as a baseline needs."""
        time.sleep(max(0.0, self.since + BASELINE - time.time()))

    def deploy(self, *names: str) -> float:
        """Deploy the new version to these shops at one moment, after the baseline; returns the moment."""
        self.wait_for_baseline()
        return self.fleet.deploy({name: (VERSION, BAD.get(name, Behaviour())) for name in names})
