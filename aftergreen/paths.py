"""Where files are: this user's journal, settings, themes and output of rollback commands, and the example."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from aftergreen.clean import is_harmless
from aftergreen.model import Release

_NAME = "aftergreen"


class NoPlace(Exception):
    """There is no place for the files of this user; the text says the cure."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Absolute places; only the ``example`` of a configuration has to exist.

    ``journal_from`` says what decided on the journal's. The output of rollbacks lies beside it: who shares
    the one follows the other.
    """

    journal: Path
    journal_from: str
    themes: Path
    instrumentations: Path
    settings: Path
    outputs: Path
    results: Path
    rehearsals: Path
    example: Path

    def output(self, release: Release, attempt: int, at: float) -> Path:
        """The file for what a rollback command writes, begun at ``at``; the names may hold anything."""
        return self.outputs / f"{at:.0f}-{quote(release.name, safe='')}-{attempt}.log"


def find_paths(*, journal: str | None = None, configured: str | None = None) -> Paths:
    """The places for this user and environment.

    ``journal`` is the flag ``--journal``, ``configured`` the key ``[journal] path``; between the two in
    rank is ``AFTERGREEN_JOURNAL``. A relative path is taken from the working directory. Raises `NoPlace`.
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
    place = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111  # Path.expanduser raises without a home
    if not is_harmless(str(place), undecoded=True):
        raise NoPlace(f"{origin} names a path with control characters: give it another name")
    return Paths(
        journal=place,
        journal_from=origin,
        themes=config / "themes",
        instrumentations=config / "instrumentations",
        settings=config / "settings.toml",
        outputs=outputs_beside(place),
        results=drills_beside(place) / "results.jsonl",
        rehearsals=drills_beside(place) / "under-way",
        example=example(),
    )


def example() -> Path:
    """The configuration to start from; it is installed with the program."""
    return Path(str(resources.files("aftergreen") / "examples" / "checkout-api.toml"))


def outputs_beside(journal: Path) -> Path:
    """The folder for what rollback commands write whose intents are in this journal."""
    return journal.parent / "rollbacks"


def drills_beside(journal: Path) -> Path:
    """The folder for what is remembered of rehearsals: who shares the journal shares their results."""
    return journal.parent / "drills"


def watchers_beside(journal: Path) -> Path:
    """The folder in which those who watch by this journal are seen by each other."""
    return journal.parent / "watchers"


def make_folder(folder: Path) -> None:
    """Make a folder and the missing ones above it; OSError where that cannot be.

    It is for this user only; below one that a group shares (`is_shared`) it is the group's too.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        # The XDG specification asks for 0700 on the folders that a program makes.
        with suppress(FileExistsError):
            place.mkdir(mode=0o700)
            if is_shared(place.parent):
                place.chmod(0o2770)


def make_file(path: Path) -> bool:
    """Make an empty file for those whose folder it lies in; False where there is one already."""
    mode = 0o660 if is_shared(path.parent) else 0o600
    try:
        made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, mode)
    except FileExistsError:
        return False
    try:
        os.fchmod(made, mode)  # whatever the umask says
    finally:
        os.close(made)
    return True


def is_shared(folder: Path) -> bool:
    """Whether a folder is a group's, and all that is made in it: group-writable, with its setgid bit set."""
    shared = stat.S_ISGID | stat.S_IWGRP
    return folder.stat().st_mode & shared == shared


def _folder(variable: str, otherwise: Callable[[str], Path]) -> Path:
    # platformdirs follows the XDG variables on Linux only; the specification says to ignore relative ones.
    wanted, unset = os.environ.get(variable, ""), variable
    if Path(wanted).is_absolute():
        place = Path(wanted) / _NAME
    else:
        variable = "HOME"
        try:
            place = otherwise(_NAME)
        except RuntimeError:
            raise NoPlace(f"this user has no home directory: set HOME, or {unset} to a folder") from None
    if not is_harmless(str(place), undecoded=True):
        raise NoPlace(f"{variable} names a path with control characters: give it another name")
    return place
