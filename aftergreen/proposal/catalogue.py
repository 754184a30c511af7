"""All instrumentations that are known: those of the program, and a team's own in its configuration folder."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from aftergreen.config.toml import content
from aftergreen.proposal.instrumentation import Instrumentation, reads

_PLACE = "aftergreen.proposal"


def instrumentations(own: Path | None = None) -> tuple[Instrumentation, ...]:
    """Those of the program and those in a folder, the most telling first; `ConfigError` for a faulty file.

    One of the folder replaces that of the program with the same name.
    """
    texts = {name: (text, name, origin) for text, name, origin in (*_of_program(), *_of(own))}
    found = (reads(*one) for one in texts.values())
    return tuple(sorted(found, key=lambda one: (one.rank, one.name)))


def _of_program() -> Iterator[tuple[str, str, str]]:
    for file in resources.files(_PLACE).joinpath("instrumentations").iterdir():
        if file.name.endswith(".toml"):
            yield file.read_text(encoding="utf-8"), file.name.removesuffix(".toml"), ""


def _of(folder: Path | None) -> Iterator[tuple[str, str, str]]:
    # A folder that is not there, or may not be read, has none.
    for path in sorted(folder.glob("*.toml")) if folder is not None else ():
        text = content(
            path, what="an instrumentation", missing="it was there a moment ago", cure="take it away"
        )
        yield text, path.stem, str(path)
