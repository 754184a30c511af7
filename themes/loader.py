"""Reads colour themes from TOML files, every value checked; problems come back as sentences."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from textual.color import Color, ColorParseError
from textual.css.constants import VALID_STYLE_FLAGS
from textual.theme import BUILTIN_THEMES, Theme

from aftergreen.clean import clean

BASE = (
    *("primary", "secondary", "accent", "success", "warning", "error"),
    *("foreground", "background", "surface", "panel", "boost"),
)
"""The colours from which Textual derives its own; ``primary`` is the only one it cannot do without."""

SWITCHES = {"dark": True, "ansi": False}
"""Whether the background is dark, and whether the terminal's own sixteen colours are meant."""

SHIPPED = "aftergreen-dark"
"""The theme that is used where none is chosen; its variables are the defaults of all others."""

LONGEST = 160
"""Characters of a parser's message that are worth a sentence."""


def load_themes(own: Path | None) -> tuple[tuple[Theme, ...], tuple[str, ...]]:
    """The shipped themes and those in the folder ``own``, and what is wrong with the ones left out.

    A theme's name is its file's. A theme with any fault is left out whole: half of one looks like a fault
    of the console.
    """
    themes: dict[str, Theme] = {}
    problems: list[str] = []
    listed, unlisted = _own_files(own)
    for file in chain(_shipped_files(), listed):
        theme, found = _read(file)
        if theme is not None and theme.name in themes:
            theme, found = (
                None,
                [f"The theme {_shown(file.name)} has the name of a shipped one: rename the file."],
            )
        problems += found
        if theme is not None:
            themes[theme.name] = theme
    return tuple(themes.values()), (*problems, *unlisted)


def _shipped_files() -> list[Traversable]:
    files = (file for file in resources.files("themes").iterdir() if file.name.endswith(".toml"))
    return sorted(files, key=lambda file: file.name)


def _own_files(own: Path | None) -> tuple[list[Path], list[str]]:
    try:
        if own is None or not own.is_dir():
            return [], []
        return sorted(file for file in own.iterdir() if file.suffix == ".toml"), []
    except OSError as error:
        return [], [f"The themes folder cannot be read: {_reason(error)}."]


def _read(file: Traversable) -> tuple[Theme | None, list[str]]:
    shown = _shown(file.name)
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return None, [f"The theme {shown} cannot be read: {_reason(error)}."]
    colours, variables = data.get("colors", {}), data.get("variables", {})
    if not isinstance(colours, dict) or not isinstance(variables, dict):
        return None, [f"The theme {shown} needs its colours in the tables [colors] and [variables]."]
    problems = [
        *_unknown(shown, data, ("colors", "variables", *SWITCHES)),
        *_unknown(shown, colours, BASE),
        *_unknown(shown, variables, {*DEFAULT_VARIABLES, *_TEXTUAL}),
        *_wrong(shown, {**colours, **variables}),
        *(
            f"The theme {shown} needs true or false for {switch}."
            for switch in SWITCHES
            if not isinstance(data.get(switch, True), bool)
        ),
    ]
    if "primary" not in colours:
        problems.append(f"The theme {shown} needs a colour for primary in [colors].")
    if problems:
        return None, problems
    switches = {switch: data.get(switch, usual) for switch, usual in SWITCHES.items()}
    # Textual's style sheets use variables that it does not derive for themes of the terminal's colours.
    needed = BUILTIN_THEMES["ansi-dark" if switches["dark"] else "ansi-light"].variables
    variables = {**(needed if switches["ansi"] else {}), **variables}
    return Theme(name=file.name.removesuffix(".toml"), **colours, **switches, variables=variables), []


def _unknown(name: str, given: Mapping[str, object], known: Iterable[str]) -> list[str]:
    names = sorted(known)
    problems = []
    for key in given:
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            cure = f"did you mean {near[0]}?" if near else "remove it."
            problems.append(f"The theme {name} sets {_shown(key)}, which nothing uses: {cure}")
    return problems


def _wrong(name: str, given: Mapping[str, object]) -> list[str]:
    problems = []
    for key, value in given.items():
        style = key in _TEXTUAL and "style" in key.split("-")
        if isinstance(value, str) and (_is_style(value) if style else _is_colour(value)):
            continue
        expected = 'a text style such as "bold"' if style else 'a colour such as "#5fd787" or "ansi_green"'
        found = f"{_shown(key)} to {_shown(repr(value))}"
        problems.append(f"The theme {name} sets {found}: write {expected}.")
    return problems


def _is_colour(value: str) -> bool:
    try:
        Color.parse(value)
    except ColorParseError:
        return False
    return True


def _is_style(value: str) -> bool:
    words = value.split()
    return bool(words) and all(word in VALID_STYLE_FLAGS for word in words)


def _shown(text: str) -> str:
    """Text from a person's file, fit for a sentence on the screen."""
    line = clean(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return _shown(text).rstrip(".")


def _defaults() -> Mapping[str, str]:
    """What the shipped theme gives the variables that Textual does not know."""
    file = resources.files("themes").joinpath(f"{SHIPPED}.toml")
    variables = tomllib.loads(file.read_text(encoding="utf-8"))["variables"]
    return MappingProxyType({key: value for key, value in variables.items() if key not in _TEXTUAL})


_TEXTUAL = frozenset(Theme(name="textual", primary="#000000").to_color_system().generate())
"""Textual's own variables, which a theme may set too."""

DEFAULT_VARIABLES: Mapping[str, str] = _defaults()
"""Every variable the style sheets use beyond Textual's own; a theme may leave out what it keeps."""
