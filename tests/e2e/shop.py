"""A small instrumented web shop, run as a process of its own: ``python shop.py PORT VERSION BEHAVIOUR``.

It is the real thing that the end-to-end tests watch: it answers requests, counts them with
prometheus-client and serves ``/metrics``. What goes wrong in it is spread evenly, never by chance: a share of
0.08 is two failures in every twenty-five requests.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

DEPENDENCY = "orders-db"
IN_USE = 20.0
"""Connections taken from the pool while none leaks."""
_UNEVEN = (0.6, 0.8, 1.0, 1.2, 1.4)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a version of the shop behaves; the default is a healthy one.

    ``error_rate`` and ``dependency_error_rate`` are shares of the requests, ``registrations`` the share of
    registrations that complete, ``latency`` and ``dependency_latency`` mean seconds, ``leak`` how many
    connections a request opens and never closes, ``status_label`` what the label with the status is called. A
    failing dependency is bridged by a cache: the shop itself goes on answering well.
    """

    error_rate: float = 0.0
    latency: float = 0.04
    leak: float = 0.0
    dependency_error_rate: float = 0.0
    dependency_latency: float = 0.008
    registrations: float = 1.0
    status_label: str = "status"


class Shop:
    """The service behind the handler: its behaviour, which can be changed live, and its metrics."""

    def __init__(self, version: str, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._owed = {"error": 0.0, "dependency": 0.0, "registration": 0.0}
        self._served = 0
        self._requests = self._counter("http_requests", "Requests answered.", version, behaviour.status_label)
        self._dependency = self._counter(
            "dependency_requests", "Calls to a dependency.", version, "dependency", "outcome"
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time to answer a request.",
            ["version"],
            buckets=_BUCKETS,
            registry=self.registry,
        ).labels(version)
        self._dependency_duration = Histogram(
            "dependency_request_duration_seconds",
            "Time of a call to a dependency.",
            ["version", "dependency"],
            buckets=_BUCKETS,
            registry=self.registry,
        ).labels(version, DEPENDENCY)
        self._registrations = self._counter("registrations", "Accounts registered.", version).labels(version)
        self._connections = self._gauge(
            "db_pool_connections_in_use", "Connections taken from the pool.", version
        )
        self._connections.set(IN_USE)
        self._gauge("app_info", "The version that runs.", version).set(1)
        self.version = version

    def serve(self, path: str) -> int:
        """Answer a request for a page: takes its time, counts, and returns the status."""
        with self._lock:
            behaviour = self.behaviour
            self._served += 1
            uneven = _UNEVEN[self._served % len(_UNEVEN)]
            failed = self._due("error", behaviour.error_rate)
            dependency_failed = self._due("dependency", behaviour.dependency_error_rate)
            registered = path == "/register" and not failed
            registered = registered and self._due("registration", behaviour.registrations)
            # Under the lock: a leak of before must not come after a change.
            self._connections.inc(behaviour.leak)
        time.sleep(behaviour.latency * uneven)
        self._dependency_duration.observe(behaviour.dependency_latency * uneven)
        self._dependency.labels(self.version, DEPENDENCY, "error" if dependency_failed else "ok").inc()
        if registered:
            self._registrations.inc()
        status = 500 if failed else 200
        self._requests.labels(self.version, str(status)).inc()
        # As long as it was meant to take: a busy machine is no slow version.
        self._duration.observe(behaviour.latency * uneven)
        return status

    def change(self, changes: dict[str, Any]) -> None:
        """Behave differently from now on; ``connections`` sets how many are taken from the pool."""
        connections = changes.pop("connections", None)
        with self._lock:
            if connections is not None:
                self._connections.set(connections)
            self.behaviour = replace(self.behaviour, **changes)

    def _due(self, kind: str, share: float) -> bool:
        self._owed[kind] += share
        if self._owed[kind] < 1 - 1e-9:
            return False
        self._owed[kind] -= 1
        return True

    def _counter(self, name: str, text: str, version: str, *labels: str) -> Counter:
        counter = Counter(name, text, ["version", *labels], registry=self.registry)
        if not labels:
            counter.labels(version)
        return counter

    def _gauge(self, name: str, text: str, version: str) -> Gauge:
        return Gauge(name, text, ["version"], registry=self.registry).labels(version)


class Handler(BaseHTTPRequestHandler):
    """The shop's pages, ``/healthz``, ``/metrics`` and ``/admin``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Buffered, so that head and body leave as one packet.
    wbufsize = -1
    shop: Shop

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, generate_latest(self.shop.registry))
        elif self.path in ("/checkout", "/register"):
            status = self.shop.serve(self.path)
            self._answer(status, b"ordered\n" if status == 200 else b"failed\n")
        elif self.path == "/healthz":
            self._answer(200, self.shop.version.encode())
        else:
            self._answer(404, b"no such page\n")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/admin":
            self._answer(404, b"no such page\n")
            return
        self.shop.change(json.loads(body))
        self._answer(200, json.dumps(asdict(self.shop.behaviour)).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing: the metrics tell all."""

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """One thread a connection; none of them keeps the process from ending."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing where a client hung up."""


def main(port: str, version: str, behaviour: str) -> None:
    """Serve until the process is ended."""
    Handler.shop = Shop(version, Behaviour(**json.loads(behaviour)))
    with Server(("127.0.0.1", int(port)), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
