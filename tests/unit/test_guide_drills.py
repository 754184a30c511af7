"""What the guide to drills says of scenarios is so."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

import pytest

from aftergreen.drill.scenario.catalogue import reads
from aftergreen.drill.scenario.file import Document, FaultTable, ReleaseTable, ServiceTable
from aftergreen.drill.scenario.model import Scenario
from aftergreen.drill.service.behaviour import Behaviour
from aftergreen.drill.service.simulated import Simulation

GUIDE = (Path(__file__).parents[2] / "docs/drills.md").read_text(encoding="utf-8")


def keys_of(table: type) -> set[str]:
    """Every key of a table, those of the tables in it too."""
    found: set[str] = set()
    for name, kind in get_type_hints(table).items():
        found.add(name)
        for part in (kind, *getattr(kind, "__args__", ())):
            if isinstance(part, type) and is_dataclass(part) and part.__module__ == table.__module__:
                found |= keys_of(part)
    return found


def test_the_example_is_a_scenario() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert reads(example, "mine").title == "slow payments"


@pytest.mark.parametrize("key", sorted(keys_of(Document) | keys_of(FaultTable)))
def test_every_key_is_explained(key: str) -> None:
    written = rf"`[^`\n]*\b{key}\b[^`\n]*`|^{key} =|^\[+{key}\]"
    assert re.search(written, GUIDE, re.MULTILINE)


@pytest.mark.parametrize("table", [ServiceTable, ReleaseTable, FaultTable])
def test_every_key_of_a_table_stands_in_it_and_nothing_else(table: type) -> None:
    name = {ServiceTable: "`[service]`", ReleaseTable: "`[release]`", FaultTable: "`[[faults]]`"}[table]
    part = GUIDE.split(f"### {name}\n")[1].split("\n###")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    told = {key for cell in rows for key in re.findall(r"`([a-z_]+)`", cell)}
    assert told == {one.name for one in fields(table)}


def test_what_is_usual_is_what_a_scenario_has_that_says_nothing() -> None:
    normal, simulation = Behaviour(), Simulation()
    usual = {
        "instances": f"{simulation.instances}",
        "requests": f"{normal.requests:g}",
        "errors": f"{normal.error_rate:.1%}".replace("%", " %"),
        "pool": f"{normal.pool:g}",
        "at_once": f"{simulation.at_once:g}",
    }
    for key, value in usual.items():
        assert f"| `{key}` | {value} |" in GUIDE
    assert f"of which {normal.db_connections:g} are in use" in GUIDE
    starts = next(one.default for one in fields(Scenario) if one.name == "starts")
    assert starts == 14 * 3600
