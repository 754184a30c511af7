"""The configuration that a rehearsal is watched with: the usual one, and what its scenario lays over that."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from aftergreen.drill.scenario.model import Scenario

_URL, _PYTHON = "@URL@", "@PYTHON@"


def configuration(scenario: Scenario, url: str, python: str = sys.executable) -> str:
    """The text of the configuration, for a metrics server at ``url``; ``python`` runs the rollback command.

    Tables of the scenario are laid over the usual ones key by key, and signals by their indicator,
    dependency and name.
    """
    import tomli_w  # noqa: PLC0415  # the demo's own text needs no writer

    name = "worker.toml" if scenario.simulation.worker else "web.toml"
    usual = tomllib.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))
    # In the rollback command braces stand for placeholders, so those of a path are doubled.
    places = {_URL: url, _PYTHON: python.replace("{", "{{").replace("}", "}}")}
    return tomli_w.dumps(_filled(_laid_over(usual, scenario.configuration), places))


def _laid_over(usual: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(usual)
    for key, value in given.items():
        if isinstance(value, dict) and isinstance(laid.get(key), dict):
            laid[key] = _laid_over(laid[key], value)
        elif key == "signals" and isinstance(value, list) and all(isinstance(one, dict) for one in value):
            signals = {_identity(one): one for one in laid.get(key, [])}
            laid[key] = list((signals | {_identity(one): one for one in value}).values())
        else:
            laid[key] = value
    return laid


def _identity(signal: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(signal.get(key, "")) for key in ("indicator", "dependency", "name"))


def _filled(value: Any, places: Mapping[str, str]) -> Any:  # noqa: ANN401  # any value of TOML
    if isinstance(value, dict):
        return {key: _filled(one, places) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, places) for one in value]
    return places.get(value, value) if isinstance(value, str) else value
