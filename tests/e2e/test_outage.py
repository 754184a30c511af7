"""A real Prometheus that goes away in the middle of a watch, for a while or for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aftergreen.journal import EntryKind, open_journal
from aftergreen.journal.codec import decode
from aftergreen.model import Instant
from tests.e2e.configuration import INTERVAL, write_config
from tests.e2e.parts import Behaviour
from tests.e2e.program import Aftergreen, release_arguments
from tests.e2e.shared import PREVIOUS, VERSION, Shops, in_service
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

SHOP = "watched"
DURATION, WINDOW = 16, 4
"""Seconds, both of them."""


# For each test its own: what an outage leaves behind is another past than the one they start from.
@pytest.fixture
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    with in_service([SHOP], tmp_path_factory.mktemp("shops")) as shops:
        yield shops


def test_a_prometheus_that_goes_away_blinds_the_watch_and_never_passes_it(shops: Shops) -> None:
    config = write_config(
        shops.folder / "fragile.toml",
        url=shops.prometheus.url,
        job=SHOP,
        watch={"duration": f"{DURATION}s", "warmup": "3s", "window": f"{WINDOW}s"},
    )
    deployed_at = shops.fleet.deploy({SHOP: (VERSION, Behaviour())})
    release = release_arguments(VERSION, PREVIOUS, deployed_at)
    arguments = ["gate", "-c", str(config), *release, "--json"]
    back = Aftergreen(arguments, home=shops.folder / "home-back")
    screen = Terminal(["watch", "-c", str(config), *release], home=shops.folder / "home-blind")
    try:
        screen.wait_for("WATCHING")
        # A server that goes before it was asked for the past is another story.
        back.wait_for("sealed")
        shops.prometheus.stop()
        screen.wait_for("BLIND")
        screen.wait_for("clock stands still")
        back.wait_for("blind")
        lasting = re.compile(r"nothing measured for ([3-9]|\d\d)")
        screen.wait_until(lambda shown: bool(lasting.search(shown)), "three instants without an answer")
        shops.prometheus.start()
        screen.wait_until(lambda shown: "BLIND" not in shown, "sight again")
        code = back.wait()
        kinds = [event.get("event") for event in back.events]
        assert "blind" in kinds
        assert "sight" in kinds
        assert "breached" not in kinds
        # What the outage took is asked for again or watched for at the end; without it nothing is finished.
        measured = _measured(shops.folder / "home-back")
        assert code in (0, 10), back.told
        assert code == 10 or measured >= 0.9 * (DURATION - WINDOW) / INTERVAL, (measured, back.told)
    finally:
        screen.close()
        back.stop()


def _measured(home: Path) -> int:
    """At how many instants every signal had a value, as they were recorded when they were final."""
    with closing(open_journal(home / "state" / "aftergreen" / "journal.db")) as journal:
        record = journal.latest(SHOP, "test")
        assert record is not None
        since = record.release.deployed_at + WINDOW
        recorded = list(journal.entries(record.release, kinds=[EntryKind.INSTANT]))
    instants = [decode(entry.body, Instant) for entry in recorded if entry.at >= since]
    return sum(all(reading.compared for reading in one.readings.values()) for one in instants)


def test_a_prometheus_that_never_comes_back_leaves_the_release_unproven(shops: Shops) -> None:
    short: dict[str, Any] = {"duration": "10s", "warmup": "3s", "window": f"{WINDOW}s"}
    config = write_config(shops.folder / "gone.toml", url=shops.prometheus.url, job=SHOP, watch=short)
    deployed_at = shops.fleet.deploy({SHOP: (VERSION, Behaviour())})
    arguments = ["gate", "-c", str(config), *release_arguments(VERSION, PREVIOUS, deployed_at), "--json"]
    gate = Aftergreen(arguments, home=shops.folder / "home-never")
    try:
        gate.wait_for("sealed")
        shops.prometheus.stop()
        assert gate.wait() == 10, gate.told
        assert gate.finish["state"] == "unproven"
    finally:
        gate.stop()
