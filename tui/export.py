"""The screen as it stands, saved as a picture and as text."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from textual.app import App

from aftergreen.clean import clean

_FONTS = re.compile(r"@font-face\s*\{.*?\}\s*", re.DOTALL)


def picture(app: App[int], title: str) -> str:
    """The screen as SVG."""
    return without_fonts(app.export_screenshot(title=title))


def without_fonts(svg: str) -> str:
    """The picture without the fonts that it names on a server elsewhere: the reader's own will do."""
    return _FONTS.sub("", svg)


def text(app: App[int]) -> str:
    """The screen as a person reads it, a line for each row."""
    strips = app.screen._compositor.render_strips()  # noqa: SLF001  # Textual has no public name for it
    return "".join(f"{strip.text.rstrip()}\n" for strip in strips)


def write_new(folder: Path, name: str, suffix: str, content: str) -> Path:
    """Write a file of that name, with a number behind it where there is one already; return its place."""
    place, number = folder / f"{name}{suffix}", 1
    while place.exists():
        number += 1
        place = folder / f"{name}-{number}{suffix}"
    with place.open("x", encoding="utf-8") as file:
        file.write(content)
    return place


def save(app: App[int], shown: Sequence[str], folder: Path) -> Path:
    """Save picture and text beside each other, over nothing that is there, and return the picture's place.

    ``shown`` are the service and the version that are looked at; empty where all are.
    """
    named = shown or ("all services",)
    parts = ("aftergreen", *(quote(text.replace(" ", "-"), safe="") for text in named))
    place = folder.absolute() / f"{'-'.join((*parts, time.strftime('%Y%m%d-%H%M%S')))}.svg"
    title = f"aftergreen · {' '.join(named)}"
    for path, content in ((place, picture(app, title)), (place.with_suffix(".txt"), text(app))):
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    return place


def reason(error: OSError) -> str:
    """Why something was not saved, and where."""
    return f"{clean(str(error.filename or 'this folder'))}: {clean((error.strerror or 'unknown').lower())}"
