"""Runs a rollback command so that neither a dead terminal nor a busy loop touches it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aftergreen.clean import clean
from aftergreen.paths import make_folder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command.

    ``exit_code`` is None where it never started or timed out, and the negative number of the signal that
    ended it where one did. ``duration`` is in seconds. ``error`` is a sentence. ``output`` holds all that
    the command wrote.
    """

    exit_code: int | None
    timed_out: bool
    duration: float
    error: str | None
    output: Path

    @property
    def succeeded(self) -> bool:
        """Whether the command ended by itself, with 0."""
        return self.exit_code == 0 and not self.timed_out


async def run(
    argv: Sequence[str],
    *,
    timeout: float,  # noqa: ASYNC109  # the command's own; this coroutine waits on
    output: Path,
    started: Callable[[int], None],
    patience: float = 5.0,
) -> Outcome:
    """Run ``argv`` without a shell, in its own session, its output going to the end of the file ``output``.

    ``started`` gets the process id as soon as there is one. After ``timeout`` seconds the whole process
    group is told to end (SIGTERM), and ``patience`` seconds later it is killed. What goes wrong is in the
    outcome, never an exception. Cancelling this coroutine leaves the command running.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()

    def outcome(exit_code: int | None, error: str | None, *, timed_out: bool = False) -> Outcome:
        return Outcome(exit_code, timed_out, loop.time() - begun, error, output)

    try:
        process = _start(argv, output)
    except _NotStartedError as error:
        return outcome(None, str(error))
    ended = _watch(process)
    started(process.pid)
    if await _within(timeout, ended):
        return outcome(ended.result(), None)
    if await _stop(process.pid, ended, patience):
        cure = "was stopped: look at what it left half done"
    else:
        cure = f"could not be stopped: end process {process.pid} by hand"
    told = f"The rollback command did not end within {timeout:g} s and {cure}."
    return outcome(None, told, timed_out=True)


class _NotStartedError(Exception):
    """One sentence about why there is no process."""


def _start(argv: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
    try:
        make_folder(output.parent)
        # Appending keeps what an earlier attempt wrote, and what both streams write, whole.
        sink = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
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


def _watch(process: subprocess.Popen[bytes]) -> asyncio.Future[int]:
    """A future with the exit code.

    asyncio's own subprocesses are killed when their loop is closed, and its executor's threads hold the
    program open until the command ends. A daemon thread does neither; it also reaps the process.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def tell(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    def wait() -> None:
        code = process.wait()
        with suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(tell, code)

    threading.Thread(target=wait, name=f"rollback {process.pid}", daemon=True).start()
    return ended


async def _within(seconds: float, ended: asyncio.Future[int]) -> bool:
    done, _pending = await asyncio.wait({ended}, timeout=seconds)
    return bool(done)


async def _stop(group: int, ended: asyncio.Future[int], patience: float) -> bool:
    """End a process group, first asking, then killing; whether all of it is gone."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
        deadline = loop.time() + patience
        while loop.time() < deadline:
            # The leader may be gone while others of its group go on.
            if ended.done() and _gone(group, killed=number == signal.SIGKILL):
                return True
            await asyncio.sleep(0.02)
    return False


def _gone(group: int, *, killed: bool) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it became another user's, as with sudo
    # What is still seen after SIGKILL is dead and waits for its parent to notice.
    return killed
