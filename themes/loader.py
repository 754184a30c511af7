"""Reads colour themes from TOML files, every value checked; problems come back as sentences."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT_VARIABLES: Mapping[str, str] = {
    "ok": "#5fd787",
    "warn": "#ffc05c",
    "bad": "#ff8077",
    "bad-back": "#7a1f1a",
    "ok-back": "#12311f",
    "warn-back": "#4a3608",
    "unknown": "#c7a6ff",
    "unknown-back": "#33235c",
    "quiet": "#93a8a4",
    "strong": "#ffffff",
    "before": "#86b3de",
    "after": "#dfeeea",
    "limit": "#e0a04a",
    "deploy": "#b59cf0",
    "band": "#16293a",
    "frame": "#3c5a54",
}
"""Every variable the style sheets use beyond Textual's own; a theme may leave out what it keeps."""

BASE = ("primary", "foreground", "background", "surface", "panel")


def load_themes(own: Path | None) -> tuple[tuple[Theme, ...], tuple[str, ...]]:
    """The shipped themes and those in the folder ``own``, and what is wrong with the ones left out."""
    files: list[Traversable] = sorted(
        (file for file in resources.files("themes").iterdir() if file.name.endswith(".toml")),
        key=lambda file: file.name,
    )
    if own is not None and own.is_dir():
        files += sorted(own.glob("*.toml"))
    themes: list[Theme] = []
    problems: list[str] = []
    for file in files:
        theme, found = _read(file)
        problems += found
        if theme is not None:
            themes.append(theme)
    return tuple(themes), tuple(problems)


def _read(file: Traversable) -> tuple[Theme | None, list[str]]:
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return None, [f"The theme {file.name} cannot be read: {error}."]
    colours, variables = data.get("colors", {}), data.get("variables", {})
    if not isinstance(colours, dict) or not isinstance(variables, dict):
        return None, [f"The theme {file.name} needs tables [colors] and [variables]."]
    problems = [
        *_unknown(file.name, colours, BASE),
        *_unknown(file.name, variables, DEFAULT_VARIABLES),
        *_wrong(file.name, {**colours, **variables}),
    ]
    if "primary" not in colours:
        problems.append(f"The theme {file.name} needs colors.primary.")
    if problems:
        return None, problems
    name = file.name.removesuffix(".toml")
    return Theme(name=name, dark=bool(data.get("dark", True)), **colours, variables=dict(variables)), []


def _unknown(name: str, given: Mapping[str, object], known: Iterable[str]) -> list[str]:
    return [f"The theme {name} sets {key}, which no style uses." for key in given if key not in set(known)]


def _wrong(name: str, given: Mapping[str, object]) -> list[str]:
    problems = []
    for key, value in given.items():
        try:
            Color.parse(str(value))
        except ColorParseError:
            problems.append(f"The theme {name} gives {key} the colour {value!r}, which is none.")
    return problems
