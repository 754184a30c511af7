"""Where files are: this user's journal, themes and output of rollback commands, and the example."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from aftergreen.model import Release

_NAME = "aftergreen"


@dataclass(frozen=True, slots=True)
class Paths:
    """Absolute places; only the ``example`` of a configuration has to exist.

    ``journal_from`` says what decided on the journal's.
    """

    journal: Path
    journal_from: str
    themes: Path
    outputs: Path
    example: Path

    def output(self, release: Release, attempt: int, at: float) -> Path:
        """The file for what a rollback command writes, begun at ``at``; the names may hold anything."""
        return self.outputs / f"{at:.0f}-{quote(release.name, safe='')}-{attempt}.log"


def find_paths(*, journal: str | None = None, configured: str | None = None) -> Paths:
    """The places for this user and environment.

    ``journal`` is the flag ``--journal``, ``configured`` the key ``[journal] path``; between the two in
    rank is ``AFTERGREEN_JOURNAL``. A relative path is taken from the working directory.
    """
    from platformdirs import user_config_path, user_state_path  # noqa: PLC0415  # late: few commands need it

    state = _folder("XDG_STATE_HOME", user_state_path)
    config = _folder("XDG_CONFIG_HOME", user_config_path)
    candidates = (
        (journal, "--journal"),
        (os.environ.get("AFTERGREEN_JOURNAL"), "AFTERGREEN_JOURNAL"),
        (configured, "[journal] path"),
        (str(state / "journal.db"), "default"),
    )
    path, origin = next((path, origin) for path, origin in candidates if path)
    return Paths(
        journal=Path(os.path.expanduser(path)).absolute(),  # noqa: PTH111  # Path.expanduser raises without a home
        journal_from=origin,
        themes=config / "themes",
        outputs=state / "rollbacks",
        example=Path(str(resources.files("aftergreen") / "examples" / "checkout-api.toml")),
    )


def make_folder(folder: Path) -> None:
    """Make a folder and the missing ones above it, for this user only; OSError where that cannot be."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        # The XDG specification asks for 0700 on the folders that a program makes.
        place.mkdir(mode=0o700, exist_ok=True)


def _folder(variable: str, otherwise: Callable[[str], Path]) -> Path:
    # platformdirs follows the XDG variables on Linux only; the specification says to ignore relative ones.
    wanted = os.environ.get(variable, "")
    return Path(wanted) / _NAME if Path(wanted).is_absolute() else otherwise(_NAME)
