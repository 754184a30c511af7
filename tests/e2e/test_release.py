"""Whole releases of real services, watched by the real program on a real Prometheus."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, open_journal
from tests.e2e.configuration import FOR, INTERVAL, write_config
from tests.e2e.parts import Behaviour, wait_until
from tests.e2e.program import Aftergreen, iso, release_arguments
from tests.e2e.shared import BAD, PREVIOUS, SPARE, VERSION, Shops, in_service
from tests.e2e.terminal import Terminal
from tests.waiting import HANG

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

NAMED = {
    "errors": ("error-rate", "HTTP 5xx"),
    "slow": ("latency", "average"),
    "leak": ("saturation", "db connections"),
    "dependency": ("dependency", "orders-db failed calls"),
    "registrations": ("business", "registrations"),
}

STALL = 30.0
"""Seconds for which a terminal reads nothing."""


@dataclass(frozen=True, slots=True)
class Stage:
    """All shops deployed at one moment, a gate on each, and a console whose terminal stops reading."""

    deployed_at: float
    gates: dict[str, Aftergreen]
    configs: dict[str, Path]
    stalled: Terminal
    stalled_home: Path
    stalled_from: float
    by_hand: Terminal
    record: Path


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    with in_service([*BAD, SPARE], tmp_path_factory.mktemp("shops")) as shops:
        yield shops


@pytest.fixture(scope="module")
def stage(shops: Shops) -> Iterator[Stage]:
    configs = {
        name: write_config(shops.folder / f"{name}.toml", url=shops.prometheus.url, job=name) for name in BAD
    }
    record = shops.folder / "rollbacks"
    command = shops.fleet.rollback_command(record)
    # Long enough for whoever types it on a machine that is busy.
    by_hand = write_config(
        shops.folder / "by-hand.toml",
        url=shops.prometheus.url,
        job=SPARE,
        command=command,
        watch={"duration": "10m"},
    )
    long = write_config(
        shops.folder / "stalled.toml", url=shops.prometheus.url, job="healthy", watch={"duration": "50s"}
    )
    deployed_at = shops.fleet.deploy(
        {name: (VERSION, behaviour) for name, behaviour in BAD.items()}
        | {SPARE: (VERSION, Behaviour(error_rate=0.3))}
    )
    release = release_arguments(VERSION, PREVIOUS, deployed_at)
    with ExitStack() as running:
        gates = {}
        for name, config in configs.items():
            home = shops.folder / f"home-{name}"
            gates[name] = Aftergreen(["gate", "-c", str(config), *release, "--json"], home=home)
            running.callback(gates[name].stop)
        home = shops.folder / "home-stalled"
        stalled = Terminal(["watch", "-c", str(long), *release], home=home)
        running.callback(stalled.close)
        hand = Terminal(
            ["watch", "-c", str(by_hand), *release, "--operator", "ana"], home=shops.folder / "home-by-hand"
        )
        running.callback(hand.close)
        stalled.wait_for("WATCHING")
        stalled.stop_reading()
        yield Stage(deployed_at, gates, configs, stalled, home, time.time(), hand, record)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def asked_again(line: str) -> float:
    """The number that a receipt's curl line gives, run by a shell as a person would."""
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, timeout=HANG)
    result = json.loads(ran.stdout)["data"]["result"]
    return float(result[0]["value"][1])


def test_rolled_back_by_hand_in_a_terminal(shops: Shops, stage: Stage) -> None:
    terminal, record = stage.by_hand, stage.record
    terminal.wait_for("BREACHED")
    _nothing_runs(terminal, record)
    terminal.send("r")
    terminal.wait_for("type the service's name")
    # All in one packet, as a line that was held up delivers it; what follows gives no second order.
    terminal.send("spare-1", "enter", "enter")
    terminal.wait_for("rolling spare-1 back to v1")
    terminal.send("escape")
    assert "RECOVERED" in terminal.wait_for("Environment test runs v1")
    terminal.send("q")
    assert terminal.wait() == 20
    left = terminal.screen()
    assert left.lstrip().startswith("Environment test runs v1. v2 was rolled back at ")
    assert "by ana" in left
    ran = [json.loads(line) for line in record.read_text().splitlines()]
    assert ran == [[shops.fleet.control, str(record), "spare-1", "v1"]]
    assert shops.prometheus.number(f'sum(app_info{{job="{SPARE}",version="v1"}})') == 1


def _nothing_runs(terminal: Terminal, record: Path) -> None:
    """No name, a wrong one, escape, a paste."""
    terminal.send("r", "enter")
    terminal.wait_for("type the service's name")
    terminal.send("enter")
    terminal.wait_for("nothing was run")
    terminal.send("spare-2", "enter")
    terminal.wait_for("that is not spare-1")
    terminal.send("escape")
    terminal.wait_until(lambda screen: "press enter" not in screen, "the dialog is closed")
    terminal.send("r")
    terminal.wait_for("type the service's name")
    terminal.paste("spare-1")
    terminal.wait_for("typed, not pasted")
    terminal.send("enter")
    terminal.wait_for("that is not spare-1")
    terminal.send("escape")
    terminal.wait_until(lambda screen: "press enter" not in screen, "the dialog is closed")
    assert not record.exists()


def test_a_healthy_version_is_finished(stage: Stage) -> None:
    gate = stage.gates["healthy"]
    assert gate.wait() == 0, gate.told
    assert gate.finish["state"] == "finished"
    assert gate.finish["production_version"] == VERSION
    assert gate.finish["missing"] == []


@pytest.mark.parametrize("name", NAMED)
def test_every_fault_is_named_by_its_indicator_in_time_and_with_a_receipt(stage: Stage, name: str) -> None:
    gate = stage.gates[name]
    assert gate.wait() == 23, gate.told
    finish = gate.finish
    assert (finish["indicator"], finish["signal"]) == NAMED[name], gate.told
    *_, over, breach = [
        event
        for event in gate.events
        if event.get("event") in ("over limit", "breached") and event["signal"] == finish["signal"]
    ]
    assert (over["event"], breach["event"]) == ("over limit", "breached")
    # By the time of the samples: when a line arrives says how busy this machine is.
    due = seconds(over["at"]) + FOR
    assert seconds(breach["at"]) == pytest.approx(due, abs=INTERVAL)
    assert seconds(finish["decided_at"]) == pytest.approx(due, abs=INTERVAL)
    receipt = finish["receipt"]
    assert asked_again(receipt["curl"]) == pytest.approx(receipt["value"], rel=1e-9)
    assert receipt["limit"] is not None


@pytest.mark.parametrize("name", NAMED)
def test_history_gives_what_the_live_watch_gave(stage: Stage, name: str) -> None:
    live = stage.gates[name]
    assert live.wait() == 23
    release = release_arguments(VERSION, PREVIOUS, stage.deployed_at)
    past = Aftergreen(
        ["gate", "--history", "-c", str(stage.configs[name]), *release, "--json"],
        home=stage.configs[name].parent / f"home-past-{name}",
    )
    assert past.wait() == 23, past.told
    for key in ("indicator", "signal", "rule", "decided_at"):
        assert past.finish[key] == live.finish[key]
    told, before = past.finish["receipt"], live.finish["receipt"]
    for key in ("value", "n", "limit", "baseline", "window"):
        # Prometheus adds series in no fixed order, so the last digit may differ.
        assert told[key] == (before[key] if before[key] is None else pytest.approx(before[key], rel=1e-9))
    assert told["query"] == before["query"]


def test_a_terminal_that_stops_reading_holds_nothing_up(stage: Stage) -> None:
    journal = open_journal(stage.stalled_home / "state" / "aftergreen" / "journal.db")
    record = journal.latest("healthy", "test")
    assert record is not None
    release = record.release
    due = int((stage.stalled_from + STALL - release.deployed_at) / INTERVAL)
    wanted = {round(release.deployed_at + k * INTERVAL, 3) for k in range(1, due + 1)}

    def all_asked() -> bool:
        asked = {round(entry.at, 3) for entry in journal.entries(release, kinds=[EntryKind.INSTANT])}
        return wanted <= asked

    with closing(journal):
        wait_until(all_asked, f"{due} instants in the journal of a console that cannot paint")
    stage.stalled.resume()
    stage.stalled.wait_until(lambda screen: "FINISHED" in screen or "WATCHING" in screen, "a live screen")


TOGETHER = {"errors": 23, "healthy": 0, "slow": 23}
"""Shops that are watched by one process, and how each ends."""


def together(stage: Stage) -> list[str]:
    """The arguments that name them all, once their releases are over: the past is caught up with at once."""
    for name, code in TOGETHER.items():
        assert stage.gates[name].wait() == code
    named = [f"{stage.configs[name]}@{PREVIOUS}..{VERSION}" for name in TOGETHER]
    return [*named, "--deployed-at", iso(stage.deployed_at)]


def test_several_releases_are_gated_by_one_process(shops: Shops, stage: Stage, tmp_path: Path) -> None:
    missing = write_config(tmp_path / "missing.toml", url=shops.prometheus.url, job="missing")
    gate = Aftergreen(["gate", *together(stage), f"{missing}@{PREVIOUS}..{VERSION}", "--json"], home=tmp_path)
    assert gate.wait() == 23, gate.told
    *finishes, refused = sorted(
        (event for event in gate.events if event["type"] == "finish"), key=lambda event: "service" in event
    )
    ends = {finish["release"].split("/")[0]: finish["exit_code"] for finish in finishes}
    assert ends == TOGETHER
    # One that cannot be watched takes no other one along.
    assert (refused.get("service"), refused["exit_code"]) == ("missing", 3), gate.told
    assert "missing: HTTP 5xx: no such series" in gate.errors
    for finish in finishes:
        name = finish["release"].split("/")[0]
        if name in NAMED:
            alone = stage.gates[name].finish
            assert finish["decided_at"] == alone["decided_at"]
            assert finish["receipt"]["query"] == alone["receipt"]["query"]


def test_several_releases_are_watched_in_one_console(stage: Stage, tmp_path: Path) -> None:
    terminal = Terminal(["watch", *together(stage), "--operator", "ana"], home=tmp_path)
    try:
        marks = ("✗ errors", "✗ slow", "✓ healthy")
        screen = terminal.wait_until(
            lambda seen: all(mark in seen for mark in marks), "how all of them stand"
        )
        rows = [line[1:].split() for line in screen.splitlines()[2:8] if line[1] in "✗✓"]
        assert [service for _, service, *_ in rows] == ["errors", "slow", "healthy"]
        terminal.send("down", "down", "enter")
        opened = terminal.wait_for("healthy v2")
        assert "✗ errors +1 · esc" in opened.splitlines()[0]
        terminal.wait_for("Environment test runs v2")
        terminal.send("escape")
        terminal.wait_for("1 Error rate")
        terminal.send("escape")
        terminal.wait_for("3 releases")
        terminal.send("q")
        terminal.wait_until(lambda screen: "y leave" in screen or "exit code" in screen, "a way out")
        if "y leave" in terminal.screen():
            terminal.send("y")
        assert terminal.wait() == 23
        left = terminal.screen()
        assert "slow/test/v2#1" in left, "the worst are told last, next to the prompt"
    finally:
        terminal.close()
