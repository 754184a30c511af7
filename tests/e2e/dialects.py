"""Services that name what they do as others name it, in one process: ``python dialects.py NAME=PORT …``.

Each works steadily by itself and serves what prometheus-client makes of it on ``/metrics``; ``/admin`` takes
the share of its work that fails. The names and labels are those of the recordings in ``tests/expositions``.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

RATE = 20.0
"""Pieces of work a second."""

TAKES = 0.04
"""Seconds of each."""


class Otel:
    """HTTP as OpenTelemetry names it, stable conventions; what it calls has a name."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.served = Histogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP server requests.",
            ["http_request_method", "http_response_status_code"],
            registry=registry,
        )
        self.called = Histogram(
            "http_client_request_duration_seconds",
            "Duration of HTTP client requests.",
            ["http_request_method", "http_response_status_code", "server_address"],
            registry=registry,
        )
        self.used = Gauge(
            "process_resident_memory_bytes", "Resident memory size in bytes.", registry=registry
        )
        self.used.set(80e6)

    def work(self, *, fails: bool) -> None:
        self.served.labels("GET", "500" if fails else "200").observe(TAKES)
        self.called.labels("GET", "200", "stock").observe(TAKES / 4)


class Micrometer:
    """HTTP as Spring Boot names it, with a pool of connections."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.served = Histogram(
            "http_server_requests_seconds",
            "",
            ["application", "exception", "method", "outcome", "status", "uri"],
            registry=registry,
        )
        pool = ("application", "pool")
        self.used = Gauge("hikaricp_connections_active", "Active connections", pool, registry=registry)
        self.used.labels("billing", "HikariPool-1").set(2)
        most = Gauge("hikaricp_connections_max", "Max connections", pool, registry=registry)
        most.labels("billing", "HikariPool-1").set(10)
        self.paid = Counter("payments", "Payments taken", ["application"], registry=registry)

    def work(self, *, fails: bool) -> None:
        outcome, status = ("SERVER_ERROR", "500") if fails else ("SUCCESS", "200")
        self.served.labels("billing", "none", "GET", outcome, status, "/pay").observe(TAKES)
        if not fails:
            self.paid.labels("billing").inc()


class Celery:
    """Background work as Celery's exporter names it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["name", "hostname", "queue_name"]
        self._of = ("mail.send", "worker-1", "mail")
        made = "celery_task_received", "celery_task_succeeded"
        self.well = [Counter(name, "", labels, registry=registry).labels(*self._of) for name in made]
        self.failed = Counter("celery_task_failed", "", [*labels, "exception"], registry=registry)
        self.runtime = Histogram("celery_task_runtime", "", labels, registry=registry).labels(*self._of)
        waiting = Gauge("celery_queue_length", "", ["queue_name"], registry=registry)
        waiting.labels("mail").set(3)

    def work(self, *, fails: bool) -> None:
        received, succeeded = self.well
        received.inc()
        self.runtime.observe(TAKES)
        if fails:
            self.failed.labels(*self._of, "SMTPException").inc()
        else:
            succeeded.inc()


SERVICES: Mapping[str, Callable[[CollectorRegistry], Otel | Micrometer | Celery]] = {
    "catalogue": Otel,
    "billing": Micrometer,
    "letters": Celery,
}


class Service(ThreadingHTTPServer):
    """One service: works by itself, says how, and takes the share that fails."""

    daemon_threads = True

    def __init__(self, name: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.registry = CollectorRegistry()
        self.kind = SERVICES[name](self.registry)
        self.failing = 0.0
        self._owed = 0.0

    def work(self) -> None:
        """One piece of work, which fails as often as it was told to."""
        self._owed += self.failing
        fails = self._owed >= 1.0
        self._owed -= fails
        self.kind.work(fails=fails)


class Handler(BaseHTTPRequestHandler):
    """``/metrics`` and ``/admin``."""

    server: Service

    def do_GET(self) -> None:
        self._answer(generate_latest(self.server.registry))

    def do_POST(self) -> None:
        self.server.failing = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["failing"]
        self._answer(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing: the metrics tell all."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(*named: str) -> None:
    """Work and serve until the process is ended."""
    services = [Service(name, int(port)) for name, _, port in (one.partition("=") for one in named)]
    for service in services:
        threading.Thread(target=service.serve_forever, daemon=True).start()
    due = time.monotonic()
    while True:
        # As many as are due: a busy machine is no slow service.
        while due <= time.monotonic():
            for service in services:
                service.work()
            due += 1 / RATE
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
