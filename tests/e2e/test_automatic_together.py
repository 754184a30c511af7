"""Eight consoles and gates on one release, a real Prometheus and a real service, and nobody orders anything.

It is rolled back once without a person, it recovers, and all end with 20. Two services take turns: each goes
through one release after another, and the version before is the same for all of them. The programs are forked
and belong by turns to two users, as in `tests.e2e.test_many_consoles`. ``AFTERGREEN_ROUNDS`` says how many
releases there are.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from aftergreen.journal import EntryKind
from aftergreen.verdict.automatic import BY
from tests.e2e.configuration import configuration
from tests.e2e.forked import start_server
from tests.e2e.parts import Behaviour, wait_until
from tests.e2e.program import environment, release_arguments
from tests.e2e.shared import PREVIOUS, Shops, in_service
from tests.e2e.test_many_consoles import (
    CONSOLES,
    GATES,
    RECOVERED,
    USERS,
    Gate,
    nobody_at_work,
    places,
    programs,
    recorded,
)

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

ROUNDS = int(os.environ.get("AFTERGREEN_ROUNDS", "1"))
SERVICES = ("taking-turns-1", "taking-turns-2")

# These users may run the Python of these tests by a capability, which access(2) does not ask for.
THROUGH_A_SHELL = ("sh", "-c", 'exec "$0" "$@"')


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    with in_service(SERVICES, tmp_path_factory.mktemp("shops")) as shops:
        yield shops


def test_however_many_watch_it_is_rolled_back_once_without_a_person(
    tmp_path: Path, shops: Shops, record_property: Callable[[str, object], None]
) -> None:
    start_server(environment(tmp_path))
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        numbers = range(1, ROUNDS + 1)
        turns = [numbers[n :: len(SERVICES)] for n in range(len(SERVICES))]
        played = [
            pool.submit(play_all, shops, service, tmp_path, turn)
            for service, turn in zip(SERVICES, turns, strict=True)
        ]
        for one in played:
            one.result()
    whose = f"{CONSOLES} consoles and {GATES} gates of {len(set(USERS))} users"
    told = "one execution in each, all recovered, all ended with 20"
    record_property("told", f"{ROUNDS} rounds of {whose} without a person: {told}")


def play_all(shops: Shops, service: str, folder: Path, numbers: Sequence[int]) -> None:
    """The rounds of one service, one after the other."""
    for number in numbers:
        play(shops, service, folder / f"{number}", f"v{number + 1}")


def play(shops: Shops, service: str, folder: Path, version: str) -> None:
    """One round: eight programs watch a version, and are left to themselves when it fails.

    It fails once all of them watch: who begins when it was rolled back has nothing to watch.
    """
    homes = places(folder)
    record = folder / "ran"
    record.touch()
    # The command is run by whoever acts, so it may be either user who writes there.
    record.chmod(0o666)
    document = configured(shops, service, folder, record)
    for home in homes:
        (home / "aftergreen.toml").write_text(document)
    deployed_at = shops.fleet[service].deploy(version, Behaviour())
    release = release_arguments(version, PREVIOUS, deployed_at)
    round_ = f"{version} of {service}"
    with ExitStack() as stack:
        gates, consoles = programs(stack, homes, release)
        for console in consoles:
            console.wait_for("WATCHING")
        for gate in gates:
            wait_until(gate_watches(gate), f"the gate that writes to {gate.told}")
        shops.fleet[service].change(error_rate=0.3)
        for console in consoles:
            console.wait_for("RECOVERED")
        assert [gate.wait() for gate in gates] == [RECOVERED] * GATES, round_
        for console in consoles:
            console.send("q")
        assert [console.wait() for console in consoles] == [RECOVERED] * CONSOLES, round_
    assert len({tuple(check_told(gate)) for gate in gates}) == 1, f"{round_}: all told the same countdown"
    ran = [json.loads(line) for line in record.read_text().splitlines()]
    assert ran == [[shops.fleet.control, str(record), service, PREVIOUS]], round_
    check_journal(folder)
    runs = f'count by (version) (app_info{{job="{service}"}})'
    wait_until(lambda: shops.prometheus.query(runs) == [({"version": PREVIOUS}, 1.0)], f"{PREVIOUS} alone")


def configured(shops: Shops, service: str, folder: Path, record: Path) -> str:
    """Errors above a fixed limit, and the dependency that does not explain them, are all that is watched.

    A baseline holds what the rounds before left of the previous version, and there are holes in it.
    """
    command = [*THROUGH_A_SHELL, *shops.fleet.rollback_command(record)]
    document = configuration(url=shops.prometheus.url, job=service, command=command)
    kept = ("error-rate", "dependency")
    document["signals"] = [signal for signal in document["signals"] if signal["indicator"] in kept]
    waived = {"waived": "compared with a baseline"}
    document["indicators"] = dict.fromkeys(("latency", "saturation", "business"), waived)
    document["journal"] = {"path": str(folder / "journal.db")}
    document["watch"]["duration"] = "30m"
    document["rollback"] |= {"automatic": True, "grace": "3s"}
    return tomli_w.dumps(document)


def gate_watches(gate: Gate) -> Callable[[], bool]:
    """Whether the gate has begun."""

    def watches() -> bool:
        running, told = gate.running, gate.told.read_text()
        assert running, told
        return '"event": "sealed"' in told

    return watches


def check_told(gate: Gate) -> list[str]:
    """The gate told one countdown that ran out, and that nobody but it rolled back; when they were due.

    One that is stopped, because a busy machine was not seen for a moment, is followed by another.
    """
    told = gate.told.read_text()
    events: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    kinds = Counter(event.get("event") for event in events)
    assert kinds["countdown"] - kinds["countdown stopped"] == 1, told
    finish = gate.finish
    assert (finish["type"], finish["exit_code"], finish["rollback_by"]) == ("finish", RECOVERED, BY), told
    return [event["due"] for event in events if event.get("event") == "countdown"]


def check_journal(folder: Path) -> None:
    """The journal holds one rollback, ordered by nobody, and nobody is at work any more."""
    kinds = (EntryKind.INTENT, EntryKind.RUNNING, EntryKind.OUTCOME)
    found = recorded(folder, *kinds)
    assert [entry.kind for entry in found] == list(kinds)
    intent, _, outcome = found
    assert intent.by == BY
    assert outcome.body["exit_code"] == 0
    output = Path(str(intent.body["output"]))
    assert list(output.parent.glob("*.log")) == [output]
    wait_until(lambda: nobody_at_work(output), "the end of the supervisor")
