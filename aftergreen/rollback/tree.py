"""All processes that came of a command, those that left its session and its group too."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

from aftergreen.rollback.process import PROCESSES, look_at

_PR_SET_CHILD_SUBREAPER = 36
_LOOK_EVERY = 0.02


def adopt() -> None:
    """Become the parent of every process below this one whose own parent ends, where the system has that.

    Without it, whoever left the session of a command and lost its parent belongs to nobody any more.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(leader: int, patience: float) -> tuple[int, ...]:
    """End everything that came of a command, first asking, then killing; what is left after all.

    ``leader`` is the command's process, which leads a group of its own. Each of the two ways is given
    ``patience`` seconds.
    """
    left: tuple[int, ...] = ()
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline, told = time.monotonic() + patience, set[int]()
        while left := _alive(leader):
            for process in left:
                # Who is asked once and comes to an end in its own way is not asked again.
                if number == signal.SIGKILL or process not in told:
                    told.add(process)
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(process, number)
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK_EVERY)
        if not left:
            break
    return left


def _alive(leader: int) -> tuple[int, ...]:
    """What lives of a command: its processes, or its group as a negative number where none are listed."""
    if look_at(os.getpid()) is not None:
        return below(os.getpid())
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return ()
    except PermissionError:
        return (-leader,)  # it became another user's, as with sudo
    return (-leader,)


def below(ancestor: int) -> tuple[int, ...]:
    """The living processes whose parents lead to this one."""
    listed = (int(folder.name) for folder in PROCESSES.iterdir() if folder.name.isdigit())
    found = {number: process for number in listed if (process := look_at(number)) is not None}
    children: dict[int, list[int]] = {}
    for number, process in found.items():
        children.setdefault(process.parent, []).append(number)
    family = [ancestor]
    for number in family:
        family.extend(children.get(number, ()))
    return tuple(family[1:])
