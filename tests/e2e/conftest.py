"""The fixtures of all end-to-end tests."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.e2e.parts import Behaviour, Fleet, Prometheus
from tests.e2e.shared import BAD, EXTRA, PREVIOUS, Shops


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    """All shops with their old version in service, under load, scraped every second.

    ``fragile`` is a second server that scrapes the same shops, for tests that stop it.
    """
    folder = tmp_path_factory.mktemp("shops")
    with (
        Fleet([*BAD, *EXTRA]) as fleet,
        Prometheus(folder / "prometheus", fleet.targets) as prometheus,
        Prometheus(folder / "fragile", fleet.targets) as fragile,
    ):
        since = fleet.deploy({name: (PREVIOUS, Behaviour()) for name in fleet.shops})
        yield Shops(fleet, prometheus, fragile, folder, since)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the servers wrote."""
    report = yield
    parts = getattr(item, "funcargs", {}).get("shops")
    if report.failed and isinstance(parts, Shops):
        report.sections.append(("Prometheus", parts.prometheus.log))
        report.sections.append(("Prometheus, the fragile one", parts.fragile.log))
    return report
