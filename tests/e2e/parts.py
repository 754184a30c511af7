"""Real parts that the end-to-end tests stand on: shops under load, and what starts and ends processes.

The servers that watch them are in `tests.e2e.servers`, the program under test and the terminal in
`tests.e2e.program` and `tests.e2e.terminal`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from tests.e2e.shop import Behaviour
from tests.waiting import HANG

__all__ = ["Behaviour", "Fleet", "Load", "Shop", "free_port", "require", "wait_until"]

HERE = Path(__file__).parent
HEALTHY = Behaviour()
RATE = 20.0
"""Requests a second to each shop."""

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = iter(range(20_000 + 500 * _WORKER, 20_500 + 500 * _WORKER))
"""Below those that systems give to outgoing connections: these might take one before it is listened on."""


def require(program: str, package: str = "") -> str:
    """The path of a program; without it the test is skipped, or fails where real parts must be there.

    ``package`` is Debian's name for it, where that is not the program's own.
    """
    # Servers are where the PATH of an ordinary user does not lead.
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is not None:
        return path
    cure = f"{program} is not installed: apt-get install {package or program} (Debian), or run make unit"
    if os.environ.get("CI") or os.environ.get("AFTERGREEN_REQUIRE_REAL"):
        pytest.fail(cure, pytrace=False)
    pytest.skip(cure)


def free_port() -> int:
    """A port on loopback that nothing listens on, and that no other worker is given."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            # As servers do: what only lingers from an earlier run is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def wait_until(holds: Callable[[], object], what: str, shown: Callable[[], str] = str) -> None:
    """Come back once it holds, however slow the machine; what hangs fails and says what was waited for.

    ``shown`` is what the failure shows besides: a screen, the lines of a program.
    """
    deadline, pause = time.monotonic() + HANG, 0.02
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {HANG:g} s in vain for {what}\n{shown()}")
        time.sleep(pause)
        # What takes long is not asked for so often that its machine has no time to do it.
        pause = min(0.1, pause * 1.3)


def end(process: subprocess.Popen[Any], within: float = 15.0) -> None:
    """SIGTERM, and SIGKILL where that is not heard."""
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Load:
    """Requests to every shop from one process; bounded in time and count."""

    def __init__(self, seconds: float = 600.0, requests: int = 300_000) -> None:
        command = [sys.executable, str(HERE / "load.py"), str(seconds), str(requests)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)

    def point(self, name: str, port: int, rate: float = RATE) -> None:
        """Send a shop's load to this port from now on; a rate in requests a second."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"name": name, "port": port, "rate": rate}) + "\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        """End the load."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        end(self.process)


class Shop:
    """A service with two places to run at, so that a new version serves before the old one is gone.

    ``behaviours`` says how each version behaves; a version that it does not name is healthy.
    """

    def __init__(self, name: str, load: Load, behaviours: Mapping[str, Behaviour] | None = None) -> None:
        self.name = name
        self.ports = (free_port(), free_port())
        self.behaviours = dict(behaviours or {})
        self.version = ""
        self._load = load
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._next: tuple[int, str] | None = None
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """Where the version in service listens."""
        return next(iter(self._running))

    @property
    def target(self) -> dict[str, object]:
        """Both its places, for a Prometheus to scrape."""
        return {"labels": {"job": self.name}, "targets": [f"127.0.0.1:{port}" for port in self.ports]}

    @property
    def url(self) -> str:
        """The address of the version in service."""
        return f"http://127.0.0.1:{self.port}"

    def deploy(self, version: str, behaviour: Behaviour | None = None) -> float:
        """Replace what runs by this version; the time at which the version first served."""
        with self._lock:
            self.prepare(version, behaviour)
            at = self.switch()
            self.retire()
        return at

    def prepare(self, version: str, behaviour: Behaviour | None = None) -> None:
        """Start a version beside the one in service, and wait until it could serve."""
        if behaviour is not None:
            self.behaviours[version] = behaviour
        how = json.dumps(asdict(self.behaviours.get(version, HEALTHY)))
        port = next(port for port in self.ports if port not in self._running)
        command = [sys.executable, str(HERE / "shop.py"), str(port), version, how]
        process = self._running[port] = subprocess.Popen(command)
        self._next = port, version
        healthy = f"http://127.0.0.1:{port}/healthz"
        with httpx.Client(trust_env=False) as client:
            wait_until(lambda: answers(process, healthy, client), f"{self.name} {version}")

    def switch(self) -> float:
        """Send all load to the version that was prepared; returns the time."""
        assert self._next is not None, "prepare a version first"
        port, self.version = self._next
        at = time.time()
        self._load.point(self.name, port)
        # The version in service stands first.
        self._running = {port: self._running.pop(port), **self._running}
        return at

    def retire(self) -> None:
        """End the versions that are no longer in service, once their last answers are sent."""
        _, *old = self._running
        if old:
            time.sleep(0.5)
        for port in old:
            end(self._running.pop(port))

    def change(self, **behaviour: float) -> None:
        """Let the version in service behave differently; ``connections`` sets how many are in use."""
        httpx.post(f"{self.url}/admin", json=behaviour, trust_env=False).raise_for_status()

    def stop(self) -> None:
        """End every version."""
        for process in self._running.values():
            end(process)
        self._running.clear()


class Fleet:
    """Shops side by side under load, and a control address at which a rollback command deploys a version."""

    def __init__(self, names: Sequence[str], load: Load | None = None) -> None:
        self.load = load or Load()
        self.shops = {name: Shop(name, self.load) for name in names}
        self._control = _Control(("127.0.0.1", 0), self.shops)

    @property
    def targets(self) -> list[dict[str, object]]:
        """The places of all shops, for a Prometheus to scrape."""
        return [shop.target for shop in self.shops.values()]

    def __getitem__(self, name: str) -> Shop:
        return self.shops[name]

    @property
    def control(self) -> str:
        """``POST control/SHOP/VERSION`` deploys the version there."""
        return f"http://127.0.0.1:{self._control.server_port}"

    def rollback_command(self, record: Path) -> list[str]:
        """A real rollback command; every run adds its arguments to ``record`` as a line of JSON."""
        script = str(HERE / "rollback.py")
        return [sys.executable, script, self.control, str(record), "{service}", "{previous}"]

    def deploy(self, versions: Mapping[str, tuple[str, Behaviour]]) -> float:
        """Deploy to several shops at one moment; returns it."""
        shops = [self.shops[name] for name in versions]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: self.shops[name].prepare(*versions[name]), versions))
        at = max(shop.switch() for shop in shops)
        with ThreadPoolExecutor(len(shops)) as pool:
            list(pool.map(Shop.retire, shops))
        return at

    def __enter__(self) -> Self:
        self._control.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.load.stop()
        for shop in self.shops.values():
            shop.stop()
        self._control.stop()


class _Control(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], shops: Mapping[str, Shop]) -> None:
        self.shops = shops
        super().__init__(address, _ControlHandler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="control")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()


class _ControlHandler(BaseHTTPRequestHandler):
    server: _Control

    def do_POST(self) -> None:
        _, name, version = self.path.split("/")
        self.server.shops[name].deploy(version)
        body = f"{name} runs {version}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing: pytest's output is for tests."""


def answers(process: subprocess.Popen[bytes], url: str, client: httpx.Client) -> bool:
    """Whether a server answers at an address; fails where its process has ended."""
    assert process.poll() is None, f"{url}: its process ended with {_code(process.returncode)}"
    try:
        return client.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _code(returned: int | None) -> str:
    return signal.Signals(-returned).name if returned is not None and returned < 0 else str(returned)
