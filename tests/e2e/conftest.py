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


LONGEST = ("test_release.py", "test_verdicts.py", "test_terminal_lost.py")
"""Files that take longest, and therefore begin first: each runs on one worker."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand out the long files before the short ones."""
    names = list(LONGEST)
    items.sort(key=lambda item: names.index(item.path.name) if item.path.name in names else len(names))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the servers wrote."""
    report = yield
    parts = getattr(item, "funcargs", {}).get("shops")
    if report.failed and isinstance(parts, Shops):
        report.sections.append(("Prometheus", parts.prometheus.log))
        report.sections.append(("Prometheus, the fragile one", parts.fragile.log))
    return report
