"""Pages of metrics for a real Prometheus to scrape, written by a test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Shown:
    """A page that is served until it is stopped."""

    server: ThreadingHTTPServer

    @property
    def address(self) -> str:
        """Its host and port."""
        host, port = self.server.server_address[:2]
        return f"{host!s}:{port}"

    def stop(self) -> None:
        """Answer no more."""
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def page(exposition: Callable[[float], str], age: float = 100.0) -> Iterator[Shown]:
    """A service that shows metrics as they are so many seconds after its start.

    ``age`` is how old it says it is when it begins.
    """
    born = time.time() - age

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exposition(time.time() - born).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002  # the name http.server gives it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    shown = Shown(server)
    try:
        yield shown
    finally:
        shown.stop()
        thread.join()
