"""Follows the output file of a command that is running, in bounded and harmless pieces."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aftergreen.clean import clean

LINES = 200
BYTES = 256 * 1024
# `clean` keeps 500 characters of a line, and UTF-8 has at most four bytes for each; escapes come on top.
_LINE_BYTES = 8 * 1024

# What colours text or talks to the terminal: CSI and OSC sequences, in seven and in eight bits. They are
# taken out whole for the reader's sake; anything cut short or left over loses its teeth in `clean`.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]*(?:\x07|\x1b\\|\x9c)"
)


class Tail:
    """The new lines of a growing file, each time it is asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0  # up to where the file was read
        self._rest = b""  # the start of a line whose end is not there yet

    def read(self, *, ended: bool = False) -> tuple[str, ...]:
        """The lines completed since the last call, cleaned; with ``ended`` also a last incomplete one.

        At most the newest `LINES` of them out of the newest `BYTES`: where older output was left out, the
        first line says how much. A file that is not there yet has no lines.
        """
        skipped, chunk = self._chunk()
        *lines, rest = (self._rest + chunk).split(b"\n")
        if ended and rest:
            lines, rest = [*lines, rest], b""
        self._rest = rest[-_LINE_BYTES:] if b"\r" in rest else rest[:_LINE_BYTES]
        left_out = lines[:-LINES]
        skipped += sum(len(line) + 1 for line in left_out)
        told = (f"… {skipped:,} bytes of output left out; all of it is in {clean(str(self._path))}",)
        return (told if skipped else ()) + tuple(_line(line) for line in lines[-LINES:])

    def _chunk(self) -> tuple[int, bytes]:
        """How many bytes were jumped over, and what was read after them."""
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self._read:  # the command emptied its output
                    self._read, self._rest = 0, b""
                start = max(self._read, size - BYTES)
                skipped = start - self._read
                file.seek(start)
                chunk = file.read(BYTES)
        except (FileNotFoundError, PermissionError):
            return 0, b""  # not there yet, or another user's
        self._read = start + len(chunk)
        if skipped:
            # The jump lands within a line: begin with the next one.
            half, newline, chunk = chunk.partition(b"\n")
            skipped += len(self._rest) + len(half) + len(newline)
            self._rest = b""
        return skipped, chunk


def _line(line: bytes) -> str:
    # A progress bar rewrites its line: show what a terminal would show in the end.
    shown = line.rstrip(b"\r").rpartition(b"\r")[2]
    return clean(_ESCAPES.sub("", shown[:_LINE_BYTES].decode(errors="replace")))
