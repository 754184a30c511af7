"""What a console of many services costs, beside other programs that stay open on a terminal.

    python -m tests.benchmarks.manyservices [--services 20] [--interval 15] [--seconds 90]

A real Prometheus scrapes a process with the metrics of that many services. The console watches all of them
in a real pseudo-terminal; beside it run `top` and a bare Textual app that shows the time once a second. All
three are measured over the same seconds, by the processor time that the kernel counts for them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import tomli_w

from tests.e2e.configuration import configuration
from tests.e2e.parts import end, free_port
from tests.e2e.program import iso
from tests.e2e.servers import Prometheus
from tests.e2e.terminal import Terminal

BEFORE = 100.0
"""Seconds of a past, for a baseline."""

SETTLED = 30.0
"""Seconds from the start that are not counted: preflight and the first paint are another matter."""

TOP = "top -d 1"

BARE = """
from datetime import datetime
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static(id="time")
    def on_mount(self):
        self.set_interval(1.0, lambda: self.query_one("#time").update(f"{datetime.now():%H:%M:%S}"))
Bare().run()
"""

METRICS = """
import sys, time
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
port, services = int(sys.argv[1]), int(sys.argv[2])
registry, labels = CollectorRegistry(), ["service", "version"]
requests = Counter("http_requests", "-", [*labels, "status"], registry=registry)
duration = Histogram("http_request_duration_seconds", "-", labels, registry=registry)
calls = Counter("dependency_requests", "-", [*labels, "dependency", "outcome"], registry=registry)
registrations = Counter("registrations", "-", labels, registry=registry)
connections = Gauge("db_pool_connections_in_use", "-", labels, registry=registry)
info = Gauge("app_info", "-", labels, registry=registry)
start_http_server(port, "127.0.0.1", registry=registry)
while True:
    for service in range(services):
        for version in ("v1", "v2"):
            own = (f"s{service}", version)
            requests.labels(*own, "200").inc(20)
            requests.labels(*own, "500").inc(0)
            duration.labels(*own).observe(0.04)
            calls.labels(*own, "orders-db", "ok").inc(10)
            calls.labels(*own, "orders-db", "error").inc(0)
            registrations.labels(*own).inc(2)
            connections.labels(*own).set(20)
            info.labels(*own).set(1)
    time.sleep(1)
"""


def main() -> None:
    """Measure and print a line for each program."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--interval", type=float, default=15.0, help="seconds between two polls of a service")
    parser.add_argument("--seconds", type=float, default=90.0, help="seconds that are measured")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _services(given.services, Path(folder)) as prometheus:
        time.sleep(BEFORE)
        releases = _configured(Path(folder), prometheus.url, given.services, given.interval)
        shares = _beside(releases, Path(folder) / "home", given.seconds)
    for name, share in shares.items():
        print(f"{name:<28} {share:6.2%} of a core, {share / shares[TOP]:.1f} times {TOP}")


def _beside(releases: Sequence[str], home: Path, seconds: float) -> dict[str, float]:
    """The shares of a core that the console of these releases takes, and the programs beside it."""
    lines = {
        TOP: [shutil.which("top") or "top", "-d", "1"],
        "a bare Textual app": [sys.executable, "-c", BARE],
    }
    with contextlib.ExitStack() as opened:
        console = Terminal(["watch", *releases, "--deployed-at", iso(time.time())], home=home)
        opened.callback(console.close)
        programs = {f"{len(releases)} services": console.process}
        for name, line in lines.items():
            program = _Program(line, home)
            opened.callback(program.close)
            programs[name] = program.process
        console.wait_for(f"{len(releases)} watching")
        time.sleep(SETTLED)
        shares = _measured({name: process.pid for name, process in programs.items()}, seconds)
        assert all(process.poll() is None for process in programs.values()), "one of them has ended"
        return shares


class _Program(Terminal):
    """Another program on a terminal of the same size."""

    def __init__(self, line: Sequence[str], home: Path) -> None:
        def through(_line: Sequence[str], _env: Mapping[str, str]) -> Sequence[str]:
            return line

        super().__init__([], home=home, through=through)


def _measured(programs: Mapping[str, int], seconds: float) -> dict[str, float]:
    """The share of a core that each process took in the next seconds."""
    before = {name: _used(process) for name, process in programs.items()}
    begun = time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - begun
    return {name: (_used(process) - before[name]) / lasted for name, process in programs.items()}


def _used(process: int) -> float:
    """Seconds of processor time that a process has used, by proc(5)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _services(number: int, folder: Path) -> Iterator[Prometheus]:
    port = free_port()
    metrics = subprocess.Popen([sys.executable, "-c", METRICS, str(port), str(number)])
    try:
        with Prometheus(folder / "prometheus", [{"targets": [f"127.0.0.1:{port}"]}]) as prometheus:
            yield prometheus
    finally:
        end(metrics)


def _configured(folder: Path, url: str, number: int, interval: float) -> list[str]:
    """A configuration for each service, as arguments."""
    named = []
    for service in (f"s{place}" for place in range(number)):
        document = configuration(url=url, job=service, command=["true"])
        # One process serves the metrics of all: they are told apart by a label of their own.
        document = json.loads(json.dumps(document).replace(f'job=\\"{service}', f'service=\\"{service}'))
        document["watch"] |= {"interval": f"{interval:g}s", "duration": "30m", "window": "30s"}
        document["baseline"] = {"source": "before", "window": "90s", "gap": "2s"}
        path = folder / f"{service}.toml"
        path.write_text(tomli_w.dumps(document))
        named.append(f"{path}@v1..v2")
    return named


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    main()
