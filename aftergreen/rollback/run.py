"""Runs a rollback command to its end; who calls it does nothing else meanwhile."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aftergreen.clean import clean
from aftergreen.paths import make_file, make_folder
from aftergreen.rollback import tree

OUTPUT_BOUND = 256 * 1024 * 1024
"""Bytes of output that are kept: what is more is cut out of the middle."""

LOOK_EVERY = 0.25
"""Seconds between two looks at how much a command has written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command.

    ``exit_code`` is None where it never started or timed out, and the negative number of the signal that
    ended it where one did. ``duration`` is in seconds. ``error`` is a sentence.
    """

    exit_code: int | None
    timed_out: bool
    duration: float
    error: str | None

    @property
    def succeeded(self) -> bool:
        """Whether the command ended by itself, with 0."""
        return self.exit_code == 0 and not self.timed_out


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    output: Path,
    started: Callable[[int], None],
    patience: float = 5.0,
    bound: int = OUTPUT_BOUND,
) -> Outcome:
    """Run ``argv`` without a shell, in its own session, its output going to the end of the file ``output``.

    ``started`` gets the process id as soon as there is one. After ``timeout`` seconds everything that came of
    the command is told to end, and ``patience`` seconds later it is killed: all of it where who calls this
    adopted what loses its parent (`tree.adopt`). What a command left behind that ended in good time goes on.
    Of more than ``bound`` bytes of output the middle is cut out. What goes wrong is in the outcome, never an
    exception.
    """
    begun = time.monotonic()

    def outcome(exit_code: int | None, error: str | None, *, timed_out: bool = False) -> Outcome:
        return Outcome(exit_code, timed_out, time.monotonic() - begun, error)

    try:
        process = _start(argv, output)
    except _NotStartedError as error:
        return outcome(None, str(error))
    started(process.pid)
    deadline = begun + timeout
    while (left := deadline - time.monotonic()) > 0:
        _cut(output, bound)
        with suppress(subprocess.TimeoutExpired):
            return outcome(process.wait(min(LOOK_EVERY, left)), None)
    lasting = tree.end(process.pid, patience)
    process.poll()
    cure = "was stopped: look at what it left half done"
    if lasting:
        cure = f"could not be stopped: end by hand {', '.join(str(abs(number)) for number in lasting)}"
    told = f"The rollback command did not end within {timeout:g} s and {cure}."
    return outcome(None, told, timed_out=True)


class _NotStartedError(Exception):
    """One sentence about why there is no process."""


def _start(argv: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
    try:
        make_folder(output.parent)
        make_file(output)
        # Appending keeps what an earlier attempt wrote, and what both streams write, whole.
        sink = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise _NotStartedError(
            f"The rollback command was not started: its output file {output} cannot be written"
            f" ({error.strerror})."
        ) from error
    try:
        return subprocess.Popen(  # noqa: S603  # an argument list that the owner configured; no shell
            list(argv), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    except (OSError, ValueError, IndexError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        program = clean(argv[0]) if argv else "(none)"
        raise _NotStartedError(
            f"The rollback program {program} could not be started ({reason}): correct [rollback] command."
        ) from error
    finally:
        os.close(sink)


def _cut(output: Path, bound: int) -> None:
    """Keep half of what may be written, and go on behind it: the beginning and the end tell most."""
    with suppress(OSError):
        size = output.stat().st_size
        if size > bound:
            os.truncate(output, bound // 2)
            with output.open("ab") as file:
                file.write(f"\n… {size - bound // 2:,} bytes of output left out …\n".encode())
