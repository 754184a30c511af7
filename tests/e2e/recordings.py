"""The recordings of exporters, and thousands of names that mean nothing, served to be scraped."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.recorded import FOLDER, exposition, names

MANY = 5000
"""Names of metrics that nobody knows."""

SEEN = 'metric_{number}_total{{kind="any"}} 1\n'


class Recordings(ThreadingHTTPServer):
    """A server on loopback: each recording under its name, and ``many``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="recordings")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def scraped(self) -> list[dict[str, Any]]:
        """The entries of a Prometheus's ``scrape_configs``: labels as recorded, and which recording it is."""
        found = [self._entry(name, exposition(name).target) for name in names()]
        return [*found, self._entry("many", {"job": "many"})]

    def _entry(self, name: str, labels: dict[str, str]) -> dict[str, Any]:
        place = {"targets": [f"127.0.0.1:{self.server_port}"], "labels": {**labels, "exposition": name}}
        return {
            "job_name": name,
            "honor_labels": True,
            "metrics_path": f"/{name}",
            # They never change.
            "scrape_interval": "10s",
            "static_configs": [place],
        }


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "many":
            body = "".join(SEEN.format(number=number) for number in range(MANY)).encode()
        else:
            body = (FOLDER / f"{name}.prom").read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""
