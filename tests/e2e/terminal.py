"""The program in a real pseudo-terminal, read from an emulated screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyte

from tests.e2e.parts import end, wait_until
from tests.e2e.program import environment, program
from tests.waiting import HANG

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "space": " ",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "ctrl+c": "\x03",
    "ctrl+p": "\x10",
    "ctrl+q": "\x11",
    "ctrl+z": "\x1a",
}
"""What a terminal sends for keys that have a name."""

_ALTERNATE = 1049

# Makes the pseudo-terminal the controlling one of its new session, as a login does; then becomes the program.
_LOGIN = (
    "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A terminal of 120 by 40 in which the program runs; a thread reads and draws what it writes.

    It is the ``controlling`` one of a session, as after a login: then the kernel tells the program, by
    SIGHUP, that it is gone. ``through`` makes of the program's command line and environment the command
    line that reaches it elsewhere.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        home: Path,
        columns: int = 120,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        controlling: bool = True,
        through: Callable[[Sequence[str], Mapping[str, str]], Sequence[str]] | None = None,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        around = environment(home, **{"TERM": "xterm-256color", **(env or {})})
        line: Sequence[str] = program(*arguments)
        if through is not None:
            line = through(line, around)
        self._screen = _Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._drawn: str | None = None
        self._reading = threading.Event()
        self._reading.set()
        self._hung_up = threading.Event()
        self.sent = bytearray()
        """What the program has sent."""
        self._fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        login = (sys.executable, "-c", _LOGIN) if controlling else ()
        self.process = self._start([*login, *line], home, around, inner)
        os.close(inner)
        self._thread = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._thread.start()

    def _start(
        self, line: Sequence[str], home: Path, env: Mapping[str, str], inner: int
    ) -> subprocess.Popen[bytes]:
        """Start a command line at the inner end of the terminal."""
        return subprocess.Popen(
            line, cwd=home, env=env, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
        )

    def send(self, *keys: str) -> None:
        """Press keys: names from `KEYS`, anything else is typed as it is; all of it in one burst."""
        self.send_bytes("".join(KEYS.get(key, key) for key in keys).encode())

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as a terminal would."""
        os.write(self._fd, data)

    def paste(self, text: str) -> None:
        """Paste as terminals with bracketed paste do."""
        self.send_bytes(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def screen(self) -> str:
        """What stands on the screen, without trailing blanks."""
        with self._lock:
            # Whoever waits looks many times a second, and the emulator goes through every cell for each look.
            if self._drawn is None:
                self._drawn = "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n")
            return self._drawn

    @property
    def title(self) -> str:
        """What stands in the title of the terminal."""
        with self._lock:
            return str(self._screen.title)

    def wait_for(self, text: str) -> str:
        """Come back with the screen once the text stands on it."""
        return self.wait_until(lambda screen: text in screen, f"{text!r}")

    def wait_until(self, holds: Callable[[str], bool], what: str) -> str:
        """Come back with the screen once it holds; a failure shows the screen."""
        screen = ""

        def seen() -> bool:
            nonlocal screen
            gone, screen = not self._thread.is_alive(), self.screen()
            if gone and not holds(screen):
                raise AssertionError(f"ended with {self.process.poll()} before {what}\n{screen}")
            return holds(screen)

        wait_until(seen, f"{what} on the screen", self.screen)
        return screen

    def stop_reading(self) -> None:
        """Read nothing any more, as a terminal behind a dead connection; what is written piles up."""
        self._reading.clear()

    def resume(self) -> None:
        """Read again."""
        self._reading.set()

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal; the kernel tells the program."""
        with self._lock:
            self._screen.resize(rows, columns)
            self._drawn = None
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self) -> int:
        """Wait for the program's end, read what it left, and return its exit code."""
        try:
            self.process.wait(HANG)
        except subprocess.TimeoutExpired:
            screen = self.screen()
            self.close()
            raise AssertionError(f"still running after {HANG:g} s\n{screen}") from None
        self._thread.join(5)
        return self.process.returncode

    @property
    def exit_code(self) -> int | None:
        """The exit code, None while it runs."""
        return self.process.poll()

    def hang_up(self) -> None:
        """Go away, as a connection that breaks."""
        self._hung_up.set()
        self._thread.join(5)
        os.close(self._fd)
        self._fd = -1

    def close(self) -> None:
        """End the program if it runs, and the terminal."""
        self.resume()
        if self.process.poll() is None:
            end(self.process)
        self._thread.join(5)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _read(self) -> None:
        while not self._hung_up.is_set():
            self._reading.wait()
            try:
                if not select.select([self._fd], [], [], 0.1)[0]:
                    continue
                data = os.read(self._fd, 65536)
            except OSError:
                # Linux says EIO once the last program has closed the terminal.
                return
            if not data:
                return
            with self._lock:
                self.sent += data
                self._stream.feed(data)
                self._drawn = None


class _Screen(pyte.Screen):
    """pyte's screen with the alternate buffer, so that what stood before a console comes back after it."""

    def __init__(self, columns: int, rows: int) -> None:
        self._main: tuple[Any, Any] | None = None
        super().__init__(columns, rows)

    def set_mode(self, *modes: int, **options: bool) -> None:
        super().set_mode(*modes, **options)
        if _ALTERNATE in modes and self._main is None:
            self._main = deepcopy(self.buffer), deepcopy(self.cursor)
            self.erase_in_display(2)
            self.cursor_position()

    def reset_mode(self, *modes: int, **options: bool) -> None:
        super().reset_mode(*modes, **options)
        if _ALTERNATE in modes and self._main is not None:
            self.buffer, self.cursor = self._main
            self._main = None
            self.dirty.update(range(self.lines))

    def select_graphic_rendition(self, *attributes: int, **_: bool) -> None:
        """Colours do not matter here, and pyte takes private sequences with this ending for none it knows."""
