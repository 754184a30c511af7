"""Every scenario, watched without a person over the real HTTP path, ends as its file says."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from aftergreen.drill.played import played
from aftergreen.drill.scenario.catalogue import find, names
from aftergreen.drill.world import start_drill
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.wanted import Report
from tests.e2e.program import environment, program
from tests.waiting import HANG

# Their clock leaps: how fast the machine is changes nothing.
pytestmark = pytest.mark.e2e


def ended(name: str, place: Path) -> Snapshot:
    """How the rules alone end a scenario."""
    with closing(start_drill(find(name), automatic=True)) as drill:
        session = drill.session(place, operator="nobody", advice_ends=True)
        silent = Report(lambda _: None, lambda _: None, lambda _: None)
        return asyncio.run(played(drill, session, silent))


@pytest.mark.parametrize("name", names())
def test_the_rules_end_it_as_its_file_says(name: str, tmp_path: Path) -> None:
    expected, state = find(name).expected, ended(name, tmp_path).state
    assert state.state.value == expected.state
    decided = state.grounds
    assert ("" if decided is None else decided.signal.label) == expected.leading
    if expected.by is not None:
        assert decided is not None
        assert decided.decided_at is not None
        assert decided.decided_at - state.setup.release.deployed_at <= expected.by


def told(name: str, home: Path) -> list[dict[str, object]]:
    """The JSON Lines of a rehearsal in a process of its own, without what is another each time."""
    document = str(home / "debrief.md")
    lines = run("drill", name, "--json", "--automatic", "--markdown", document, home=home, code=20)
    return [without(json.loads(line)) for line in lines.splitlines()]


def exported(home: Path) -> tuple[str, ...]:
    """The result of the one rehearsal there as JSON, CSV and document, without its wall time."""
    results = [run("drill", "results", form, home=home) for form in ("--json", "--csv")]
    texts = (*results, (home / "debrief.md").read_text(encoding="utf-8"))
    assert all("error-spike" in text for text in texts)
    return tuple(re.sub(r"\d{4}-\d\d-\d\d(T[\d:+]+)?", "", text) for text in texts)


def run(*arguments: str, home: Path, code: int = 0) -> str:
    """What a run of the program prints that ends with this code."""
    home.mkdir(exist_ok=True)
    ran = subprocess.run(
        program(*arguments),
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    return ran.stdout


ANOTHER_EACH_TIME = ("seal", "curl", "rollback_output")
"""A hash over the port of the server, that port, and a temporary folder."""


def without(told: dict[str, object]) -> dict[str, object]:
    """A line without hashes, names, and the time that a real command took on the wall."""
    kept = {key: value for key, value in told.items() if key not in ANOTHER_EACH_TIME}
    if told.get("event") == "rollback ended":
        del kept["at"], kept["text"]
    if isinstance(receipt := kept.get("receipt"), dict):
        kept["receipt"] = {key: value for key, value in receipt.items() if key not in ANOTHER_EACH_TIME}
    if told.get("event") == "sealed":
        kept["text"] = str(kept["text"])[:-7]
    return kept


def test_one_seed_tells_the_same_twice_also_where_a_real_command_ran(tmp_path: Path) -> None:
    first, second = (told("error-spike", tmp_path / name) for name in ("one", "two"))
    assert first == second
    exports = [exported(tmp_path / name) for name in ("one", "two")]
    assert exports[0] == exports[1]
