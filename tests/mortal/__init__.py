"""Points at which a console or a supervisor can be killed: around every write of its journal, and between.

`install` makes a process mortal; for a supervisor, which is started by itself, ``sitecustomize`` beside this
file does so as its Python starts.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path

HERE = Path(__file__).parent

BETWEEN = frozenset({"subprocess.Popen", "os.fork", "fcntl.flock", "os.rename"})
"""What else leaves a trace outside of the process, by the names of Python's audit events."""

_CRASH = "AFTERGREEN_TEST_CRASH"
_POINTS = "AFTERGREEN_TEST_POINTS"


class Points:
    """Counts the points of a process, writes their names into a file, and kills it at one of them."""

    def __init__(self, at: int, told: Path) -> None:
        self._at = at
        self._numbers = count(1)
        self._file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)

    def reach(self, name: str) -> None:
        """Come to a point; what was written before it stays, what comes after it never happens."""
        # Another thread may come to the next one while this one is written.
        number = next(self._numbers)
        os.write(self._file, f"{name}\n".encode())
        if number == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def install(at: int, told: Path) -> None:
    """Kill this process at the point of that number; at none where it is 0."""
    points = Points(at, told)

    class Mortal(sqlite3.Connection):
        """A connection whose transactions are points."""

        inserted = ""

        def execute(self, sql: str, parameters: Sequence[object] = (), /) -> sqlite3.Cursor:  # type: ignore[override]  # as ours calls it
            if sql.startswith("INSERT INTO entries"):
                self.inserted = str(parameters[2])
            if sql.startswith("BEGIN"):
                points.reach("before a transaction")
            if sql == "COMMIT":
                points.reach(f"before the commit of {self.inserted}")
            cursor = super().execute(sql, parameters)
            if sql == "COMMIT":
                points.reach(f"after the commit of {self.inserted}")
            return cursor

    sqlite3.connect = partial(sqlite3.connect, factory=Mortal)  # type: ignore[assignment]  # overloaded
    sys.addaudithook(lambda event, _: points.reach(f"before {event}") if event in BETWEEN else None)


def environment(at: int, told: Path) -> Mapping[str, str]:
    """What makes supervisors mortal that are started with this environment."""
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    return {_CRASH: str(at), _POINTS: str(told), "PYTHONPATH": path}


def install_in(arguments: Sequence[str]) -> None:
    """The same for a process with this command line, if it is a supervisor and its environment says so."""
    if "aftergreen.rollback.supervisor" in arguments and _CRASH in os.environ:
        install(int(os.environ[_CRASH]), Path(os.environ[_POINTS]))
