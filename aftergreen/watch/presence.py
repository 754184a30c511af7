"""Who watches a release on this host: each console holds a lock, which the system frees with its end."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from aftergreen.clean import clean
from aftergreen.model import Release
from aftergreen.rollback import lock

_LONGEST = 256
"""Bytes of a file that may be a name; what is longer is none of ours."""


class Presence:
    """One console among those that watch a release; ``folder`` is where all of them are.

    Where the folder cannot be used nobody is seen: that keeps no one from watching.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._own: Path | None = None
        self._release = ""
        self._held = ExitStack()

    def enter(self, release: Release) -> None:
        """Be seen by the others, from now on until `leave` or the end of this process."""
        self._release = quote(release.name, safe="")
        own = self._folder / f"{self._release}-{uuid4().hex}.lock"
        # Nobody looks for it before it is locked: it would be taken for one that was left behind.
        new = own.with_suffix(".new")
        with suppress(OSError):
            self._held.enter_context(lock.held(new))
            new.write_text(self._name)
            self._own = new.rename(own)

    def others(self) -> tuple[str, ...]:
        """The names of those who watch it too, each once; what an ended console left behind is removed."""
        found = set[str]()
        with suppress(OSError):
            for file in self._folder.glob(f"{self._release}-*.lock"):
                if file != self._own:
                    found |= _there(file)
        return tuple(sorted(found))

    def leave(self) -> None:
        """Be seen no longer."""
        with suppress(OSError):
            if self._own is not None:
                self._own.unlink()
        self._held.close()


def _there(file: Path) -> set[str]:
    """The name of the console whose file that is, while it runs."""
    with suppress(OSError, UnicodeDecodeError), lock.held(file) as gone:
        if not gone:
            return {clean(file.read_bytes()[:_LONGEST].decode(), 60)}
        file.unlink()
    return set()
