"""Scenarios of rehearsals as TOML files: read, checked whole, and made into a `Scenario`."""

from __future__ import annotations

from dataclasses import fields
from importlib import resources
from pathlib import Path

from aftergreen.config import ConfigError, Fault, loads
from aftergreen.config.decode import decode
from aftergreen.config.faults import Faults, nearest, shown
from aftergreen.config.toml import content, parsed
from aftergreen.drill.configuration import configuration
from aftergreen.drill.scenario.file import Document
from aftergreen.drill.scenario.kinds import KINDS
from aftergreen.drill.scenario.model import Scenario
from aftergreen.drill.scenario.resolve import resolve

_PLACE = "aftergreen.drill"


def names() -> tuple[str, ...]:
    """The scenarios that come with the program, in the order of their names."""
    files = resources.files(_PLACE).joinpath("scenarios").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def find(name: str) -> Scenario:
    """A scenario of the program by its name, or one of a file by its path; `ConfigError`."""
    if name.endswith(".toml") or "/" in name:
        return load(Path(name))
    if name not in names():
        raise ConfigError(name, [_unknown(name)])
    file = resources.files(_PLACE).joinpath("scenarios", f"{name}.toml")
    return reads(file.read_text(encoding="utf-8"), name)


def load(path: Path) -> Scenario:
    """The scenario of a file; `ConfigError` with every fault at once."""
    text = content(
        path,
        what="a scenario",
        missing="aftergreen drill list tells which there are, and docs/drills.md how to write one",
        cure="name another",
    )
    return reads(text, path.stem, str(path))


def reads(text: str, name: str, origin: str = "") -> Scenario:
    """The scenario of a text; ``origin`` names it in a `ConfigError` with every fault at once."""
    faults = Faults([one.name for one in fields(Document)])
    document = decode(parsed(text, origin or name), faults, Document, KINDS)
    scenario = resolve(document, name, faults)
    # A configuration that cannot be read yet says nothing about the rest.
    if not faults.faulty("configuration"):
        _check_configuration(scenario, faults)
    found = faults.in_order()
    if found:
        raise ConfigError(origin or name, found)
    return scenario


def _unknown(name: str) -> Fault:
    expected = "one of those that aftergreen drill list tells"
    return Fault(name, "no such scenario", expected, nearest(name, names()))


def _check_configuration(scenario: Scenario, faults: Faults) -> None:
    """That the watch of the scenario has a configuration, and the signal that is expected to lead."""
    try:
        plan = loads(configuration(scenario, "http://127.0.0.1:1"), "configuration")
    except ConfigError as error:
        for fault in error.faults:
            faults.add(f"configuration.{fault.place}", fault.found, fault.expected, fault.nearest)
        return
    labels = tuple(signal.label for signal in plan.signals)
    leading = scenario.expected.leading
    if leading and leading not in labels:
        near = nearest(leading, labels)
        faults.add("expected.leading", shown(leading), "a signal of the watch", near)
