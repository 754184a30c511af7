"""Courses, silence, what broke first and a control: real services, judged by the real program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from aftergreen.journal import EntryKind, open_journal
from tests.e2e.configuration import configuration
from tests.e2e.parts import RATE, Behaviour, Fleet
from tests.e2e.program import Aftergreen, release_arguments
from tests.e2e.shared import PREVIOUS, VERSION, another
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

LATER = 9.0
"""Seconds after the deployment at which something begins to go wrong."""

CAPACITY = 200
CHANGES: Mapping[str, tuple[tuple[float, dict[str, float]], ...]] = {
    "leaking": (),
    "climbing": tuple((LATER + n, {"latency": 0.04 + 0.004 * n}) for n in range(22)),
    "stepping": ((LATER, {"latency": 0.07}),),
    "renamed": (),
    "first": ((LATER, {"dependency_error_rate": 0.5}), (LATER + 7, {"error_rate": 0.3})),
}
BEHAVIOUR = {
    "leaking": Behaviour(leak=3.0 / RATE),
    # The case renamed-label.
    "renamed": Behaviour(error_rate=0.066, status_label="code"),
}
SILENT, CANARY = "silent", "canary"


def rules(job: str, url: str, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The configuration of a shop in which some signals have other keys."""
    document = configuration(url=url, job=job, command=("true",))
    for signal in document["signals"]:
        signal.update(changes.get(signal["name"], {}))
    # A course needs samples, and that early there are few.
    document["watch"] |= {"duration": "32s", "interval": "1s"}
    return document


ERRORS, LATENCY, POOL, CALLS = "HTTP 5xx", "average", "db connections", "failed calls"
FILL = {"exhausts_within": "1m", "capacity": CAPACITY, "for": "2s", "then": "rollback"}
CLIMB = {"climbing_for": "12s", "by_at_least": "10ms", "then": "rollback"}
QUIET = {"silent_for": "6s", "then": "rollback"}
FEWER = {"below_baseline": "40%", "for": "4s", "then": "warn"}
WARN = {"above": "5%", "for": "4s", "then": "warn"}

RULES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "leaking": {POOL: {"rules": [FILL]}},
    "climbing": {LATENCY: {"window": "3s", "rules": [CLIMB]}},
    "stepping": {LATENCY: {"window": "3s", "rules": [CLIMB]}},
    "renamed": {},
    "first": {CALLS: {"rules": [WARN]}},
    SILENT: {ERRORS: {"rules": [QUIET]}, "registrations": {"rules": [FEWER]}},
}


def load_signal(source: str) -> dict[str, Any]:
    """How much each version has to do: what changes with the load, for both of them."""
    return {
        "indicator": "saturation",
        "name": "calls",
        "query": f'sum(increase(http_requests_total{{job="{CANARY}",version="$version"}}[$window]))'
        " / $window_seconds",
        "unit": "/s",
        "baseline": source,
        "rules": [{"above_baseline": "50%", "by_at_least": "5/s", "for": "4s", "then": "rollback"}],
    }


@dataclass(frozen=True, slots=True)
class Judged:
    """The gates that watched, by what they watched; the canary's by its baseline as well.

    ``console`` watches the shop whose latency makes a step, and keeps its journal below ``home``. ``url``
    is the Prometheus that sees all of it.
    """

    gates: dict[str, Aftergreen]
    console: Terminal
    home: Path
    url: str

    def __getitem__(self, name: str) -> Aftergreen:
        gate = self.gates[name]
        gate.wait()
        return gate


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    folder = tmp_path_factory.mktemp("verdicts")
    names = [*RULES, CANARY]
    with Fleet(names) as fleet, ExitStack() as running:
        since = fleet.deploy({name: (PREVIOUS, Behaviour()) for name in names})
        prometheus = running.enter_context(another(fleet, folder / "prometheus", since))
        stopped = running.enter_context(another(fleet, folder / "stopped", since))
        for name in (SILENT, CANARY):
            fleet[name].prepare(VERSION)
        deployed_at = fleet.deploy({name: (VERSION, BEHAVIOUR.get(name, Behaviour())) for name in CHANGES})
        gates = {}

        def watch(name: str, document: dict[str, Any]) -> None:
            config = folder / f"{name}.toml"
            config.write_text(tomli_w.dumps(document), encoding="utf-8")
            arguments = [
                "gate",
                "-c",
                str(config),
                *release_arguments(VERSION, PREVIOUS, deployed_at),
                "--json",
            ]
            gates[name] = Aftergreen(arguments, home=folder / f"home-{name}")
            running.callback(gates[name].stop)

        both = _serve_both(fleet)
        for name, changes in RULES.items():
            watch(name, rules(name, prometheus.url, changes))
        unseen = rules(SILENT, stopped.url, RULES[SILENT])
        # What is blind for as long as it is to watch has ended.
        unseen["watch"]["duration"] = "14s"
        watch("unseen", unseen)
        for source in ("control", "before"):
            document = rules(CANARY, prometheus.url, {})
            document["signals"][2] = load_signal(source)
            del document["service"]["running"]
            watch(f"{CANARY}-{source}", document)
        home = folder / "home-console"
        arguments = ["-c", str(folder / "stepping.toml"), *release_arguments(VERSION, PREVIOUS, deployed_at)]
        console = Terminal(["watch", *arguments, "--operator", "ana"], home=home)
        running.callback(console.close)
        timeline = [(at, _change(fleet, name, how)) for name in CHANGES for at, how in CHANGES[name]]
        timeline += [(LATER, lambda: both(2 * RATE))]
        worker = threading.Thread(target=_happen, args=(deployed_at, timeline))
        worker.start()
        running.callback(worker.join)
        # A server that goes before it was asked for the past is another story.
        gates["unseen"].wait_for("sealed")
        stopped.stop()
        yield Judged(gates, console, home, prometheus.url)


def _serve_both(fleet: Fleet) -> Callable[[float], None]:
    """Send load to both versions of the canary; returns what changes the rate of both."""
    ports = list(fleet[CANARY].ports)

    def point(rate: float) -> None:
        for number, port in enumerate(ports):
            fleet.load.point(CANARY if number == 0 else f"{CANARY}-{number}", port, rate)

    point(RATE)
    return point


def _change(fleet: Fleet, name: str, how: Mapping[str, float]) -> Callable[[], None]:
    return lambda: fleet[name].change(**how)


def _happen(deployed_at: float, timeline: list[tuple[float, Callable[[], None]]]) -> None:
    for at, happens in sorted(timeline, key=lambda entry: entry[0]):
        time.sleep(max(0.0, deployed_at + at - time.time()))
        happens()


def told(gate: Aftergreen, *kinds: str) -> list[str]:
    return [str(event["text"]) for event in gate.events if event.get("event") in kinds]


def test_a_threshold_is_changed_in_a_terminal_and_everybody_sees_it(judged: Judged) -> None:
    console = judged.console
    console.wait_for("WATCHING")
    console.send("t")
    console.wait_for("Change a threshold")
    for character in "HTTP 5xx above 1% to 2% because clients retry":
        console.send(character)
    console.send("enter")
    console.wait_for("threshold changed by ana: HTTP 5xx above 1 % for 5s, now 2 %: clients retry")
    console.wait_for("1 overridden")
    with closing(open_journal(judged.home / "state" / "aftergreen" / "journal.db")) as journal:
        record = journal.latest("stepping", "test")
        assert record is not None
        (entry,) = journal.entries(record.release, kinds=[EntryKind.OPERATOR])
    assert (entry.by, entry.body["reason"], entry.body["against"]) == ("ana", "clients retry", record.seal)
    # The card opens once the end is on the banner.
    console.wait_until(lambda shown: "FINISHED" in shown and "Changed at " in shown, "the end on its card")


def test_a_leak_is_named_with_the_time_left_while_half_of_the_capacity_is_free(judged: Judged) -> None:
    gate = judged["leaking"]
    finish = gate.finish
    assert (gate.process.returncode, finish["signal"]) == (23, POOL), gate.told
    assert finish["receipt"]["value"] < CAPACITY / 2
    assert finish["rule"] == f"{POOL} full at {CAPACITY} within 1m for 2s: roll back"
    (breached,) = told(gate, "breached")
    assert f"of {CAPACITY}, full in " in breached


def test_a_latency_that_climbs_is_told_from_a_step_that_settled(judged: Judged) -> None:
    climbing, stepping = judged["climbing"], judged["stepping"]
    assert (climbing.process.returncode, climbing.finish["signal"]) == (23, LATENCY), climbing.told
    assert "climbing by" in told(climbing, "breached")[0]
    assert (stepping.process.returncode, stepping.finish["state"]) == (0, "finished"), stepping.told


def test_a_version_that_serves_nothing_is_found_and_a_stopped_prometheus_is_not(judged: Judged) -> None:
    silent, unseen = judged[SILENT], judged["unseen"]
    assert (silent.process.returncode, silent.finish["signal"]) == (23, ERRORS), silent.told
    assert silent.finish["rule"] == f"{ERRORS} silent for 6s: roll back"
    assert unseen.process.returncode == 10, unseen.told
    assert told(unseen, "blind")
    assert not told(unseen, "breached")


def test_failures_that_went_away_with_their_label_are_no_good_sign(judged: Judged) -> None:
    gate = judged["renamed"]
    assert (gate.process.returncode, gate.finish["state"]) == (10, "unproven"), gate.told
    (missing,) = [text for text in gate.finish["missing"] if text.startswith("error rate in range")]
    assert "HTTP 5xx: absent (no series of http_requests_total has a label status" in missing
    assert "before the deployment they had status, now they have code instead" in missing


def test_a_misspelt_metric_is_an_error_before_anything_is_watched(judged: Judged, tmp_path: Path) -> None:
    """The case absent-numerator: one name is wrong, and the denominator is right."""
    assert judged["stepping"].finish
    numerator = 'sum(increase(http_request_total{job="stepping",status=~"5.."}[$window]))'
    config = tmp_path / "misspelt.toml"
    document = rules("stepping", judged.url, {ERRORS: {"numerator": numerator}})
    config.write_text(tomli_w.dumps(document), encoding="utf-8")
    # The next release: what runs now is the version before it.
    check = Aftergreen(
        ["check", "-c", str(config), "--version", "next", "--previous", VERSION], home=tmp_path
    )
    check.wait()
    assert check.process.returncode == 3, check.lines
    (error,) = [line for line in check.lines if line.startswith("✗")]
    assert "HTTP 5xx: no series of http_request_total: the nearest name is http_requests_total" in error
    (because,) = [line for line in check.lines if "no series means zero" in line]
    assert "other series of its metric carry the label that it picks by" in because


def test_a_bucket_that_is_spelt_otherwise_is_told_as_it_is_written(judged: Judged, tmp_path: Path) -> None:
    """Prometheus 3 writes whole bounds with a fraction, as this shop does."""
    assert judged["stepping"].finish
    slow = 'sum(increase(http_request_duration_seconds_bucket{job="stepping",le="1"}[$window]))'
    served = 'sum(increase(http_request_duration_seconds_count{job="stepping"}[$window]))'
    document = rules("stepping", judged.url, {ERRORS: {"numerator": slow, "denominator": served}})
    config = tmp_path / "bucket.toml"
    config.write_text(tomli_w.dumps(document), encoding="utf-8")
    check = Aftergreen(
        ["check", "-c", str(config), "--version", "next", "--previous", VERSION], home=tmp_path
    )
    assert check.wait() == 3, check.lines
    (error,) = [line for line in check.lines if line.startswith("✗")]
    assert 'no series of http_request_duration_seconds_bucket has le="1": here it is "1.0"' in error


def test_a_dependency_that_explains_the_failures_is_named_and_nothing_is_rolled_back(judged: Judged) -> None:
    gate = judged["first"]
    assert (gate.process.returncode, gate.finish["state"]) == (10, "unproven"), gate.told
    assert gate.finish["signal"] == ERRORS
    (doubt, *_) = gate.finish["doubts"]
    assert doubt.startswith("rolling back may not help: orders-db failed calls is ")


def test_a_canary_with_a_control_passes_through_a_load_change(judged: Judged) -> None:
    control, before = judged[f"{CANARY}-control"], judged[f"{CANARY}-before"]
    assert (before.process.returncode, before.finish["signal"]) == (23, "calls"), before.told
    assert (control.process.returncode, control.finish["state"]) == (0, "finished"), control.told
