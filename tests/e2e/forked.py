"""Programs that are forked from one process which has imported everything that they import.

They are real processes with real terminals and files, as if they had been started by themselves; only the
import is shared, which costs more than all else that a short run does. What forks them is the fork server of
`multiprocessing`: it has imported and done nothing else, and has no thread.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fcntl import ioctl
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path

from tests.e2e.users import User
from tests.waiting import HANG

IMPORTED = (
    __name__,
    "tui.cli",
    "tui.console",
    "aftergreen.journal.sqlite",
    "aftergreen.output.jsonl",
    "aftergreen.output.plain",
    "aftergreen.sources.live",
    "anyio._backends._asyncio",
    "httpcore",
    "httpx",
    "platformdirs",
    "plotext",
    "textual.drivers.linux_driver",
    "textual.layouts.factory",
    "textual.pilot",
    "textual.scrollbar",
    "textual.widgets._input",
)
"""What a program imports late. A name that is missing here, or gone, costs time and nothing else."""

_context = multiprocessing.get_context("forkserver")
_one = threading.Lock()
"""Whoever holds it starts a program or asks whether one ended: `multiprocessing` lets one thread do so."""


def start_server(environment: Mapping[str, str]) -> None:
    """Import everything in this environment, once for all programs that are forked in this test run."""
    _context.set_forkserver_preload(list(IMPORTED))
    usual = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(usual)


class Forked:
    """A program with these arguments, in a session of its own; to be asked as a `subprocess.Popen`.

    ``streams`` are the descriptors of its stdin, stdout and stderr. A terminal at stdin becomes its
    controlling one. It is ``user``'s, or that of whoever runs the tests.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        home: Path,
        env: Mapping[str, str],
        streams: Sequence[int],
        user: User | None = None,
    ) -> None:
        # A connection is what takes its descriptor along into a forked process.
        carried = [Connection(os.dup(stream)) for stream in streams]
        self._process = _context.Process(
            target=_run, args=(list(arguments), str(home), dict(env), carried, user), daemon=True
        )
        with _one:
            self._process.start()
        for connection in carried:
            connection.close()
        self.terminate, self.kill = self._process.terminate, self._process.kill
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        with _one:
            return self._process.exitcode

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs."""
        return self.poll()

    def wait(self, timeout: float = HANG) -> int:
        """Wait for its end; the exit code."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a forked program", timeout)
            time.sleep(0.02)
        return code


def _run(
    arguments: list[str], home: str, env: dict[str, str], carried: list[Connection], user: User | None
) -> None:
    """In the forked process: take its place in the world, and become the program."""
    from tui.cli import main  # noqa: PLC0415  # the test process needs none of it

    # On the usual schedule a third of so short a life is spent on looking for garbage.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    os.setsid()
    for number, connection in enumerate(carried):
        os.dup2(connection.fileno(), number)
        connection.close()
    with suppress(OSError):  # not a terminal
        ioctl(0, termios.TIOCSCTTY, 0)
    if user is not None:
        user.become()
    os.umask(0o022)
    os.chdir(home)
    os.environ.clear()
    os.environ.update(env)
    # Those of the process that forked this one are made for its own streams.
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", buffering=1, closefd=False)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, closefd=False)  # type: ignore[misc]
    sys.exit(main(arguments))
