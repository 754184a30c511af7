"""Clocks that are set in the middle of a watch, and a machine that sleeps through a part of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, open_journal
from tests.e2e.configuration import INTERVAL, write_config
from tests.e2e.parts import Behaviour, require
from tests.e2e.program import Aftergreen, release_arguments
from tests.e2e.shared import PREVIOUS, VERSION, in_service

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

BACK, FORWARD = "-3600", "+120"
"""Seconds by which clocks are set."""

ASLEEP = 6.0
DURATION = 46.0
SHOP = "watched"


def faked_time(file: Path) -> dict[str, str]:
    """An environment in which a program's wall clock is off by what the file says, from one look to the next.

    As on a machine whose clock is set, what counts the seconds that pass stays as it is.
    """
    told = subprocess.run(
        [require("faketime"), "-f", "+0", "sh", "-c", "echo $LD_PRELOAD"],
        check=True,
        capture_output=True,
        text=True,
    )
    return {
        "LD_PRELOAD": told.stdout.strip(),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@dataclass(frozen=True, slots=True)
class Clocks:
    """The gates that watched the same release, by what happened to the clock of each."""

    folder: Path
    gates: dict[str, Aftergreen] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Aftergreen:
        self.gates[name].wait()
        return self.gates[name]


@pytest.fixture(scope="module")
def clocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clocks]:
    folder = tmp_path_factory.mktemp("clocks")
    with in_service([SHOP], folder) as shops, ExitStack() as running:
        config = write_config(
            folder / "watched.toml",
            url=shops.prometheus.url,
            job=SHOP,
            watch={"duration": f"{DURATION:g}s"},
        )
        deployed_at = shops.fleet.deploy({SHOP: (VERSION, Behaviour())})
        release = release_arguments(VERSION, PREVIOUS, deployed_at)
        clocks = Clocks(folder)
        offsets: dict[str, Path] = {}
        for name in (BACK, FORWARD, "asleep", "left alone"):
            offsets[name] = folder / f"offset-{name}"
            offsets[name].write_text("+0\n")
            env = faked_time(offsets[name]) if name in (BACK, FORWARD) else {}
            arguments = ["gate", "-c", str(config), *release, "--json"]
            gate = clocks.gates[name] = Aftergreen(arguments, home=folder / f"home-{name}", env=env)
            running.callback(gate.stop)
        for gate in clocks.gates.values():
            gate.wait_for("judging")
        for name in (BACK, FORWARD):
            # As a whole: half a line is another time.
            offsets[name].with_suffix(".new").write_text(f"{name}\n")
            offsets[name].with_suffix(".new").replace(offsets[name])
        os.kill(clocks.gates["asleep"].process.pid, signal.SIGSTOP)
        time.sleep(ASLEEP)
        os.kill(clocks.gates["asleep"].process.pid, signal.SIGCONT)
        yield clocks


PAUSED = "nothing ran here for "


def notes(gate: Aftergreen) -> list[str]:
    told = [str(event["text"]) for event in gate.events if event.get("event") == "note"]
    return [text.removeprefix("note: ") for text in told]


def of_clocks(gate: Aftergreen) -> list[str]:
    """The notes on clocks: a machine that has too much to do also says, rightly, that nothing ran."""
    return [note for note in notes(gate) if not note.startswith(PAUSED)]


def recorded(home: Path) -> list[float]:
    """The instants that were judged, in seconds since the deployment."""
    with closing(open_journal(home / "state" / "aftergreen" / "journal.db")) as journal:
        record = journal.latest(SHOP, "test")
        assert record is not None
        entries = list(journal.entries(record.release, kinds=[EntryKind.INSTANT]))
    return [round(entry.at - record.release.deployed_at, 3) for entry in entries]


@pytest.mark.parametrize(
    ("set_by", "how"), [(BACK, "back by 1h"), (FORWARD, "forward by 2m")], ids=["clock-back", "clock-forward"]
)
def test_a_clock_that_is_set_in_mid_watch_is_named_and_the_watch_goes_on(
    clocks: Clocks, set_by: str, how: str
) -> None:
    gate = clocks[set_by]
    assert (gate.process.returncode, gate.finish["state"]) == (0, "finished"), gate.told
    assert of_clocks(gate) == [f"this machine's clock was set {how}; the watch goes by the seconds that pass"]


def test_a_machine_that_slept_reads_afterwards_what_it_missed(clocks: Clocks) -> None:
    gate = clocks["asleep"]
    assert (gate.process.returncode, gate.finish["state"]) == (0, "finished"), gate.told
    assert notes(gate)
    for note in notes(gate):
        assert note.startswith(PAUSED)
        assert note.endswith(", as when a machine sleeps: what was missed is read now")
    instants = range(1, round(DURATION / INTERVAL) + 1)
    assert recorded(clocks.folder / "home-asleep") == [n * INTERVAL for n in instants]


def test_nothing_is_said_of_a_clock_that_nobody_set(clocks: Clocks) -> None:
    gate = clocks["left alone"]
    assert (gate.process.returncode, of_clocks(gate)) == (0, []), gate.told
