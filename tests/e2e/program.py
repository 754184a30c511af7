"""The program under test as its users have it: a process with arguments, lines and an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from tests.e2e.forked import Forked, start_server
from tests.e2e.parts import end, wait_until
from tests.waiting import HANG

ROOT = Path(__file__).parents[2]


def program(*arguments: str) -> list[str]:
    """The command line that runs this tree's ``aftergreen`` with these arguments."""
    return [sys.executable, "-m", "tui", *arguments]


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which the program keeps all its files below ``home``, and nothing colours it."""
    kept = {name: value for name, value in os.environ.items() if not _would_show(name)}
    own = {
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
    }
    return kept | own | more


def release_arguments(version: str, previous: str, deployed_at: float) -> list[str]:
    """The flags that say which release is watched."""
    return ["--version", version, "--previous", previous, "--deployed-at", iso(deployed_at)]


def iso(at: float) -> str:
    """A time as the command line takes it, to the microsecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def started(
    arguments: Sequence[str], home: Path, env: Mapping[str, str]
) -> tuple[subprocess.Popen[str], Sequence[IO[str]]]:
    """A process of the program, and what it writes on stdout and stderr.

    It is forked from one that has imported the program: there are a hundred of them, and importing costs more
    than most of them do. What is preloaded comes only with one that is started.
    """
    if "LD_PRELOAD" in env:
        process = subprocess.Popen(
            program(*arguments),
            cwd=home,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        return process, (process.stdout, process.stderr)
    start_server(env)
    pipes, nowhere = [os.pipe() for _ in range(2)], os.open(os.devnull, os.O_RDONLY)
    streams = (nowhere, *(writing for _, writing in pipes))
    forked = Forked(arguments, home=home, env=env, streams=streams)
    for stream in streams:
        os.close(stream)
    # It is asked for nothing that a process of the other kind has besides.
    whole = cast("subprocess.Popen[str]", forked)
    return whole, [os.fdopen(reading, encoding="utf-8") for reading, _ in pipes]


class Aftergreen:
    """A run of the program without a terminal; its output is collected while it runs."""

    def __init__(self, arguments: Sequence[str], *, home: Path, env: Mapping[str, str] | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.process, (out, err) = started(arguments, home, environment(home, **(env or {})))
        self._out: list[str] = []
        self._err: list[str] = []
        self._threads = [
            threading.Thread(target=self._collect, args=(out, self._out), daemon=True),
            threading.Thread(target=self._collect, args=(err, self._err), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def lines(self) -> list[str]:
        """What it wrote on stdout so far."""
        return list(self._out)

    @property
    def errors(self) -> str:
        """What it wrote on stderr so far."""
        return "\n".join(self._err)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The lines of a run with ``--json``."""
        return [json.loads(line) for line in self.lines]

    @property
    def finish(self) -> dict[str, Any]:
        """The last line of a run with ``--json``."""
        last = self.events[-1]
        assert last["type"] == "finish", last
        return last

    def wait_for(self, event: str) -> None:
        """Come back once a run with ``--json`` has told an event of this kind."""
        wait_until(
            lambda: any(told.get("event") == event for told in self.events), f"{event!r}", lambda: self.told
        )

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        try:
            self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"still running after {HANG:g} s\n{self.told}") from None
        for thread in self._threads:
            thread.join(5)
        return self.process.returncode

    @property
    def told(self) -> str:
        """All its output, for the message of a failed test."""
        return "\n".join([*self._out, "--- stderr", *self._err])

    def stop(self) -> None:
        """End it; nothing happens where it has ended."""
        if self.process.poll() is None:
            end(self.process)
        for thread in self._threads:
            thread.join(5)

    def _collect(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                lines.append(line.rstrip("\n"))  # noqa: PERF401  # read by others while it grows


def _would_show(name: str) -> bool:
    return name.startswith(("AFTERGREEN_", "TEXTUAL", "XDG_")) or name in (
        "CI",
        "COLORTERM",
        "NO_COLOR",
        "FORCE_COLOR",
        "COLUMNS",
        "LINES",
    )
