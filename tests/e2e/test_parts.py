"""The parts that other end-to-end tests stand on do what they say: everything goes wrong in one shop."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.e2e.parts import RATE, Behaviour, Fleet, wait_until
from tests.e2e.program import Aftergreen
from tests.e2e.servers import Prometheus
from tests.e2e.terminal import Terminal
from tests.waiting import HANG

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

WINDOW = 5
BROKEN = Behaviour(
    error_rate=0.08,
    latency=0.08,
    leak=0.2,
    dependency_error_rate=0.4,
    dependency_latency=0.03,
    registrations=1 / 3,
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A shop whose new version does everything badly, a server that scraped it, and when it was deployed."""

    fleet: Fleet
    prometheus: Prometheus
    deployed_at: float

    def rate(self, metric: str, **labels: str) -> float:
        """Events a second over the first window that lies wholly after the deployment."""
        chosen = ",".join(f'{name}="{value}"' for name, value in labels.items())
        return self.prometheus.number(
            f"sum(rate({metric}{{{chosen}}}[{WINDOW}s]))", self.deployed_at + WINDOW + 2
        )


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    folder = tmp_path_factory.mktemp("parts")
    with Fleet(["shop"]) as fleet, Prometheus(folder, fleet.targets) as server:
        since = fleet["shop"].deploy("v1")
        server.wait_for('app_info{version="v1"}', since + WINDOW + 2)
        deployed_at = fleet["shop"].deploy("v2", BROKEN)
        server.wait_for('app_info{version="v2"}', deployed_at + WINDOW + 3)
        yield Broken(fleet, server, deployed_at)


def test_the_load_is_what_was_asked_for(broken: Broken) -> None:
    assert broken.rate("http_requests_total", version="v2") == pytest.approx(RATE, rel=0.1)


def test_no_request_is_lost_in_a_deployment(broken: Broken) -> None:
    old = broken.prometheus.number('sum(http_requests_total{version="v1"})', broken.deployed_at - 1)
    assert old > RATE * WINDOW * 0.9
    assert broken.prometheus.query('http_requests_total{version="v1",status="500"}') == []


def test_eight_percent_of_the_requests_fail(broken: Broken) -> None:
    failed = broken.rate("http_requests_total", version="v2", status="500")
    assert failed / broken.rate("http_requests_total", version="v2") == pytest.approx(0.08, abs=0.01)


def test_requests_take_twice_as_long(broken: Broken) -> None:
    spent = broken.rate("http_request_duration_seconds_sum", version="v2")
    assert spent / broken.rate("http_request_duration_seconds_count", version="v2") == pytest.approx(
        0.08, rel=0.15
    )


def test_connections_are_opened_and_never_closed(broken: Broken) -> None:
    grown = f'delta(db_pool_connections_in_use{{version="v2"}}[{WINDOW}s])'
    grown_by = broken.prometheus.number(grown, broken.deployed_at + WINDOW + 2)
    assert grown_by == pytest.approx(0.2 * RATE * WINDOW, rel=0.15)


def test_the_dependency_fails_while_the_shop_goes_on(broken: Broken) -> None:
    failed = broken.rate("dependency_requests_total", version="v2", dependency="orders-db", outcome="error")
    assert failed / broken.rate("dependency_requests_total", version="v2") == pytest.approx(0.4, abs=0.02)


def test_registrations_drop_to_a_third(broken: Broken) -> None:
    # Every fourth request registers; eight percent of those fail before they count.
    wanted = RATE / 4 * (1 - 0.08) / 3
    assert broken.rate("registrations_total", version="v2") == pytest.approx(wanted, rel=0.2)


def test_behaviour_changes_live(broken: Broken) -> None:
    broken.fleet["shop"].change(connections=7, leak=0)
    in_use = 'db_pool_connections_in_use{version="v2"}'
    wait_until(lambda: broken.prometheus.number(in_use) == 7, "the gauge to be scraped")


def test_a_server_that_was_stopped_has_kept_its_data(broken: Broken) -> None:
    at = broken.deployed_at + WINDOW
    before = broken.prometheus.number('sum(http_requests_total{version="v2"})', at)
    broken.prometheus.stop()
    broken.prometheus.start()
    assert broken.prometheus.number('sum(http_requests_total{version="v2"})', at) == before


def test_the_rollback_command_puts_the_old_version_back(broken: Broken, tmp_path: Path) -> None:
    record = tmp_path / "ran.jsonl"
    template = broken.fleet.rollback_command(record)
    command = [part.format(service="shop", previous="v1") for part in template]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANG)
    assert done.stdout.splitlines() == ["rolling shop back to v1", "shop runs v1"]
    (arguments,) = map(json.loads, record.read_text().splitlines())
    assert arguments == [broken.fleet.control, str(record), "shop", "v1"]
    assert broken.fleet["shop"].version == "v1"
    assert httpx.get(f"{broken.fleet['shop'].url}/healthz", trust_env=False).text == "v1"


def test_a_run_without_a_terminal_has_lines_and_a_code(tmp_path: Path) -> None:
    run = Aftergreen(["paths"], home=tmp_path)
    assert run.wait() == 0
    assert any(str(tmp_path) in line for line in run.lines)


def test_a_terminal_shows_what_a_person_would_see(tmp_path: Path) -> None:
    terminal = Terminal(["demo"], home=tmp_path)
    try:
        terminal.wait_for("deployed; thresholds")
        assert terminal.screen().startswith(" DEMO ")
        terminal.send("q")
        terminal.wait_for("Leav")
        terminal.send("y")
        assert terminal.wait() == 30
        # What stood before the console comes back, and its finish card stays.
        assert "abandoned" in terminal.screen().lower()
        assert "Saturation" not in terminal.screen()
    finally:
        terminal.close()
