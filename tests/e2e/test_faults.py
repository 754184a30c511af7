"""Whatever a backend answers, a healthy release is never passed unseen, and never rolled back for it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest
import tomli_w

from aftergreen.model import Indicator
from aftergreen.verdict.state import EventKind
from tests.e2e.configuration import configuration
from tests.e2e.faulty import FAULTS, FaultyProxy
from tests.e2e.parts import wait_until
from tests.e2e.program import Aftergreen
from tests.e2e.shared import PREVIOUS, Shops, in_service

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

SHOP = "steady"
TOKEN = "let-nobody-read-this"  # noqa: S105  # what is looked for
DURATION, WARMUP, INTERVAL, WINDOW = 9, 2, 1, 4
"""Seconds of a watch, and of its parts."""
GROUP, AT_A_TIME = 12, 4
"""Releases that one gate judges, as a process costs more than a watch; and gates at a time."""
SLOW = ("hangs", "drips", "for%20ever")
"""Faults that last until a deadline is over."""
CHOSEN = ("drips", "gzip twice", "NaN", "401 that echoes")
"""Faults that are tried each time; `make soak` tries them all."""
GROWTH = 50 * 1024
"""Kibibytes that a gate may take beyond what it took before, for all of its faults together."""
ALL, THIRD = "all", "third"
ACTING = {EventKind.BREACHED, EventKind.COUNTDOWN, EventKind.ROLLBACK_STARTED}


@dataclass
class Judged:
    """A gate over several releases, each behind a fault, and the most memory that it ever had."""

    run: str
    gate: Aftergreen
    names: Mapping[str, str]
    peak: int = 0
    usual: int = 0
    """The most that it had before its backends were spoilt."""

    @property
    def grown(self) -> int:
        """Kibibytes that it took more at the most."""
        return self.peak - self.usual

    def measure(self) -> None:
        """Look at the memory for as long as it runs."""
        place = Path(f"/proc/{self.gate.process.pid}/status")
        while self.gate.process.poll() is None:
            # It has none any more when it has ended and was not waited for.
            found = re.search(r"VmHWM:\s+(\d+) kB", place.read_text(encoding="ascii"))
            self.peak = max(self.peak, int(found[1]) if found else 0)
            time.sleep(0.1)

    def of(self, service: str) -> list[dict[str, Any]]:
        """What was told of one of the releases."""
        return [event for event in self.gate.events if event["release"].startswith(f"{service}/")]


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    with in_service([SHOP], tmp_path_factory.mktemp("shops")) as shops:
        yield shops


def config(folder: Path, service: str, url: str) -> Path:
    """The errors of the healthy shop, seen through an address; a few more would be rolled back by itself."""
    document = configuration(url=url, job=SHOP, command=["sh", "-c", f"echo ran >> '{folder}/ran'"])
    document["service"] = {"name": service, "environment": "test"}
    document["baseline"] = {"source": "before", "window": "20s", "gap": "2s"}
    kept = ("error-rate",)
    document["signals"] = [one for one in document["signals"] if one["indicator"] in kept]
    waived = (indicator.value for indicator in Indicator if indicator not in kept)
    document["indicators"] = {key: {"waived": "not looked at here"} for key in waived}
    # What a watch of seconds can prove.
    document["signals"][0]["rules"][0]["above"] = "20%"
    timeout = "6s" if any(name in url for name in SLOW) else "20s"
    document["metrics"] |= {"timeout": timeout, "bearer_token_env": "AFTERGREEN_TEST_TOKEN"}
    times = {"duration": DURATION, "warmup": WARMUP, "interval": INTERVAL, "window": WINDOW}
    document["watch"] = {key: f"{seconds}s" for key, seconds in times.items()}
    document["rollback"] |= {"automatic": True, "grace": "1s"}
    path = folder / f"{service}.toml"
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return path


def test_no_fault_of_a_backend_passes_or_rolls_back_a_healthy_release(
    shops: Shops, record_property: Callable[[str, object], None]
) -> None:
    proxy = FaultyProxy(shops.prometheus.url)
    faults = list(FAULTS) if os.environ.get("AFTERGREEN_FAULTS") == "all" else list(CHOSEN)
    opening = Lock()
    parts = [faults[n : n + GROUP] for n in range(0, len(faults), GROUP)]
    runs = [(run, part) for run in (ALL, THIRD) for part in parts]
    with proxy.served(), ThreadPoolExecutor(AT_A_TIME) as pool:
        played = [pool.submit(play, proxy, opening, shops.folder, *run) for run in runs]
        judged = [one.result() for one in played]
    assert not (shops.folder / "ran").exists()
    for one in judged:
        assert "Traceback" not in one.gate.errors
        assert TOKEN not in one.gate.told
        assert one.grown < GROWTH, (one.run, one.names, one.grown)
        for service, fault in one.names.items():
            told(one.run, fault, one.of(service))
    grown = max(one.grown for one in judged) / 1024
    record_property(
        "told", f"{len(faults)} faults, for a third of a watch and for all of it: {grown:.0f} MiB at most"
    )


def play(proxy: FaultyProxy, opening: Lock, folder: Path, run: str, faults: Sequence[str]) -> Judged:
    """A gate over the releases behind these faults, to its end."""
    names = {f"{run}-{list(FAULTS).index(fault)}": fault for fault in faults}
    group = f"{run}-{faults[0]}".replace(" ", "-")
    places = {name: f"{proxy.url}/{fault.replace(' ', '%20')}/{group}" for name, fault in names.items()}
    files = [config(folder, name, place) for name, place in places.items()]
    # Every gate has a deployment of its own, in which the version was only started anew.
    releases = [f"{file}@{PREVIOUS}..{PREVIOUS}" for file in files]
    arguments = ["gate", *releases, "--json"]
    with opening:
        gate = Aftergreen(arguments, home=folder / f"home-{group}", env={"AFTERGREEN_TEST_TOKEN": TOKEN})
        one = Judged(run, gate, names)
        measuring = Thread(target=one.measure)
        measuring.start()
        wait_until(partial(sealed, one), "every release sealed", partial(shown, one))
    try:
        one.usual = one.peak
        proxy.spoilt.add(group)
        if run == THIRD:
            time.sleep(DURATION / 3)
            proxy.spoilt.remove(group)
        gate.wait()
    finally:
        gate.stop()
        measuring.join()
    return one


def sealed(one: Judged) -> bool:
    """Whether all releases of a gate have begun; an error where it has ended before."""
    assert one.gate.process.poll() is None, one.gate.told
    return [event.get("event") for event in one.gate.events].count("sealed") == len(one.names)


def shown(one: Judged) -> str:
    """What a gate said so far."""
    return one.gate.told


def told(run: str, fault: str, events: Sequence[Mapping[str, Any]]) -> None:
    """What is said of a release: one sentence a line, nothing that acts, and no pass of what was not seen."""
    *others, finish = events
    assert finish["type"] == "finish"
    assert not ACTING & {event["event"] for event in others}, (run, fault, others)
    if run == ALL:
        assert (finish["state"], finish["exit_code"]) == ("unproven", 10), (fault, finish)
        assert finish["missing"], fault
    else:
        assert finish["exit_code"] in (0, 10), (run, fault, finish)
    for text in [*finish["missing"], *(event["text"] for event in others)]:
        assert text, (run, fault)
        assert text.isprintable(), (run, fault, text)
