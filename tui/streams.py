"""The three streams of a process, however it was started: one that is closed or full is no accident."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO


class OutputLost(OSError):
    """What is said on stdout cannot be written; the text says why."""


class _Stream:
    """Passes all on to a stream, except for what goes wrong in writing to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the stream has
        return getattr(self._stream, name)


class _Told(_Stream):
    """Stdout: a failure to write ends the program with a sentence of its own, whoever passes over it."""

    _lost: OutputLost | None = None

    def write(self, text: str) -> int:
        with self._told_apart():
            return self._stream.write(text)

    def flush(self) -> None:
        if self._lost is not None:
            raise self._lost
        with self._told_apart():
            self._stream.flush()

    def forgive(self) -> None:
        """Take that it is known: nothing is written there any more."""
        self._lost = None

    @contextmanager
    def _told_apart(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            why = (error.strerror or "unknown").lower()
            self._lost = OutputLost(f"the output cannot be written: {why}")
            raise self._lost from error


class _Aside(_Stream):
    """Stderr: what cannot be said beside the result is left unsaid."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


@contextmanager
def streams() -> Iterator[None]:
    """Have all three streams for as long as the context lasts, whatever became of the real ones."""
    _keep_descriptors()
    before = sys.stdin, sys.stdout, sys.stderr
    # Python has None for what was closed before it started, and print() takes None for stdout.
    with open(os.devnull, "r+", encoding="utf-8") as nowhere:  # noqa: PTH123  # one for all three
        stdin, stdout, stderr = (stream or nowhere for stream in before)
        sys.stdin = stdin
        sys.stdout, sys.stderr = _Told(stdout), _Aside(stderr)
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


def discard_output() -> None:
    """Send what is still to be written nowhere: the interpreter flushes at its end, and would fail there."""
    if isinstance(sys.stdout, _Told):
        sys.stdout.forgive()
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere.fileno(), stream.fileno())


def _keep_descriptors() -> None:
    """Open what was closed: the next file, which may be the journal, would get its number, and its output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
