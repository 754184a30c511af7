"""What the console remembers of its user: colours, how charts are drawn, bell and title, the name, keys.

The file is this program's own and is rewritten whole, so that no comment survives in it. One that a person
wrote is read and left alone: it lacks the first line by which the program knows its own.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from aftergreen.clean import clean
from aftergreen.config import listed
from aftergreen.paths import make_folder

OWN = "# Written by aftergreen and rewritten whole, by the palette (:). Without this line it is yours.\n"
"""The first line of a file that the program wrote."""

DRAWINGS = ("braille", "block", "ascii")
"""How charts can be drawn, as `widgets.plot` knows it; the command line imports nothing of the screen."""

LONGEST = 100
"""Characters of a text."""

_EXPECTED = {bool: "true or false", str: "a text", dict: "a table of actions and their keys"}

_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen; an empty text is the program's own choice, by what terminal and locale can do."""

    theme: str = ""
    drawing: str = ""
    bell: bool = True
    title: bool = True
    operator: str = ""
    keys: Mapping[str, object] = field(default_factory=dict)
    """Other keys than the usual ones, by the names of what they do."""


def read_settings(path: Path) -> tuple[Settings, tuple[str, ...]]:
    """The settings of a file, and a sentence for each thing in it that is not taken."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            return Settings(), (_said("it is too large to be a file of settings"),)
        found = tomllib.loads(content.decode())
    except FileNotFoundError:
        return Settings(), ()
    except OSError as error:
        return Settings(), (_said(clean(error.strerror or "it cannot be read")),)
    except (ValueError, RecursionError) as error:
        return Settings(), (_said(clean(str(error), LONGEST)),)
    return _taken(found)


def write_settings(path: Path, settings: Settings) -> str:
    """Keep the settings; empty, or why they are kept for this watch only."""
    usual = asdict(Settings())
    chosen = {name: value for name, value in asdict(settings).items() if value != usual[name]}
    import tomli_w  # noqa: PLC0415  # needed only when somebody changes a setting

    try:
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(OWN):
            return f"{path} was written by hand: change it there"
        make_folder(path.parent)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(f"{OWN}{tomli_w.dumps(chosen)}", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        return f"{path}: {clean((error.strerror or 'it cannot be written').lower())}"
    return ""


def _taken(found: Mapping[str, object]) -> tuple[Settings, tuple[str, ...]]:
    usual, problems = asdict(Settings()), []
    taken = dict(usual)
    for name, value in found.items():
        if name not in usual:
            known = listed(one.name for one in fields(Settings))
            problems.append(_said(f"{clean(name, LONGEST)} is none of them, expected {known}"))
        elif type(value) is not type(usual[name]):
            problems.append(_said(f"{name} takes {_EXPECTED[type(usual[name])]}"))
        elif name == "drawing" and value not in ("", *DRAWINGS):
            problems.append(_said(f"drawing takes {listed(DRAWINGS)}"))
        else:
            taken[name] = clean(value, LONGEST) if isinstance(value, str) else value
    return Settings(**taken), tuple(problems)


def _said(problem: str) -> str:
    return f"The settings are not all taken: {problem}."


class Memory:
    """The settings of one user while a console is open; without a ``path`` they are forgotten with it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.settings, self.problems = (Settings(), ()) if path is None else read_settings(path)

    def change(self, settings: Settings) -> str:
        """Take other settings and keep them; empty, or why they last no longer than this watch."""
        self.settings = settings
        return "" if self._path is None else write_settings(self._path, settings)
