"""What watches of whole releases have in common: shops under load, a Prometheus, a past to compare with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.parts import RATE, Behaviour, Fleet
from tests.e2e.past import backfill
from tests.e2e.servers import Prometheus

BAD: dict[str, Behaviour] = {
    "healthy": Behaviour(),
    "errors": Behaviour(error_rate=0.08),
    "slow": Behaviour(latency=0.08),
    "leak": Behaviour(leak=10.0 / RATE),
    "dependency": Behaviour(dependency_error_rate=0.4, dependency_latency=0.03),
    "registrations": Behaviour(registrations=1 / 3),
}
"""How the new version of each shared shop behaves: the name says what goes wrong."""

SPARE = "spare-1"
"""A shop whose deployment belongs to the test that rolls it back by hand."""

PREVIOUS = "v1"
VERSION = "v2"


@dataclass(frozen=True, slots=True)
class Shops:
    """The fleet and the server that scrapes it."""

    fleet: Fleet
    prometheus: Prometheus
    folder: Path


@contextmanager
def in_service(names: Sequence[str], folder: Path) -> Iterator[Shops]:
    """Shops with their old version in service, under load, scraped every second, and a past behind them."""
    with Fleet(names) as fleet:
        since = fleet.deploy({name: (PREVIOUS, Behaviour()) for name in names})
        with another(fleet, folder / "prometheus", since) as prometheus:
            yield Shops(fleet, prometheus, folder)


@contextmanager
def another(fleet: Fleet, folder: Path, since: float) -> Iterator[Prometheus]:
    """A server that knows the shops in service since long before ``since``, when they began to serve."""
    serving = [shop for shop in fleet.shops.values() if shop.version]
    backfill(folder, serving, since)
    with Prometheus(folder, fleet.targets) as server:
        # A version that was never scraped is not seen to go, either.
        server.wait_for("app_info", since + 0.001, len(serving))
        yield server
