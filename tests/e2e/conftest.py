"""The order of the end-to-end tests, and what a failed one shows."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

import pytest

from aftergreen.drill.demo import start_demo
from aftergreen.drill.world import Drill
from tests.e2e.servers import Prometheus
from tests.e2e.sshd import Sshd


@pytest.fixture
def simulated() -> Iterator[Drill]:
    """The demo's service and metrics at the speed of the machine's own clock, for the program to watch."""
    with closing(start_demo(speed=1.0)) as demo:
        yield demo


LONGEST = (
    "test_init.py",
    "test_automatic.py",
    "test_faults.py",
    "test_release.py",
    "test_backends.py",
    "test_outage.py",
    "test_rehearsals.py",
    "test_automatic_together.py",
    "test_verdicts.py",
    "test_clocks.py",
    "test_source_prometheus.py",
    "test_many_consoles.py",
    "test_terminal_lost.py",
)
"""Files that take longest, and therefore begin first. Each of four workers has a file ahead of the one
that it is at: in this order they end at about the same time.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand out the long files before the short ones."""
    names = list(LONGEST)
    items.sort(key=lambda item: names.index(item.path.name) if item.path.name in names else len(names))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the servers wrote."""
    report = yield
    for part in getattr(item, "funcargs", {}).values():
        server = getattr(part, "prometheus", part)
        if report.failed and isinstance(server, Prometheus | Sshd):
            report.sections.append((f"{type(server).__name__} in {server.folder}", server.log))
    return report
