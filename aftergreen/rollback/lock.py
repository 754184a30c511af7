"""A lock that says that a supervisor lives: the system frees it when its process ends, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aftergreen.paths import make_file, make_folder


def beside(output: Path) -> Path:
    """The file of the lock for the command that writes to this file."""
    return output.with_suffix(".lock")


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold the lock while the block runs; False where somebody else does.

    Programs that are started meanwhile do not inherit it: they may outlive who holds it.
    """
    make_folder(path.parent)
    make_file(path)
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)
