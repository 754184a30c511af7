"""The metrics server of the simulated service: Prometheus' HTTP API on loopback, in a thread of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from aftergreen.clean import clean
from aftergreen.clock import Clock
from aftergreen.drill.promql.answers import Answer, instant, ranged
from aftergreen.drill.scenario.model import Outage
from aftergreen.drill.service.directed import Direction
from aftergreen.drill.service.faults import Fault
from aftergreen.drill.service.simulated import SimulatedService, UnknownDeployment

_LARGEST_BODY = 1_000_000

TAKES = 0.6
"""Real seconds that the replacement of one instance takes."""


class DrillServer:
    """Answers for a simulated service, which it advances to the clock's time before every answer.

    Beside the API it has ``/-/healthy``, ``/-/instances`` (which instance runs which version) and
    ``POST /-/switch`` (version, and perhaps one instance), which the rollback command calls. During an
    ``outage``, in seconds since the epoch, the API answers with errors; ``locked`` refuses every switch.
    Replacing an instance ``takes`` so many real seconds, for which the command waits; then ``replaced`` is
    called.
    """

    def __init__(
        self,
        service: SimulatedService,
        clock: Clock,
        *,
        outage: Outage | None = None,
        locked: bool = False,
        takes: float = TAKES,
        replaced: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._clock = clock
        self._outage = outage
        self._locked = locked
        self._takes = takes
        self._replaced = replaced
        # Whoever holds the lock owns the service and its store.
        self._lock = threading.Lock()
        self.facilitated: Callable[[str, Mapping[str, str]], Answer] | None = None
        """Answers a facilitator at `/-/drill`; None where nobody may direct."""
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._serve, name="drill-server", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    def close(self) -> None:
        """Stop answering, on open connections as well."""
        self._http.closed.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def now(self) -> float:
        """The simulated time, in seconds since the epoch."""
        return self._clock.now()

    @property
    def faults(self) -> Sequence[Fault]:
        """The faults of the service as they are now."""
        with self._lock:
            return self._service.faults

    def direct(self, decide: Callable[[Sequence[Fault], float], Direction]) -> Direction:
        """Do to a fault what is decided on all of them as they are now; raises what deciding raises."""
        with self._lock:
            now = self.now()
            self._service.advance(now)
            direction = decide(self._service.faults, now)
            self._service.direct(direction)
            return direction

    def answer(self, method: str, path: str, parameters: Mapping[str, str]) -> Answer | None:
        """The answer to one request; None where there is nothing at that path."""
        if path == "/-/drill" and self.facilitated is not None:
            return self.facilitated(method, parameters)
        with self._lock:
            now = self.now()
            self._service.advance(now)
            if path.startswith("/api/") and self._outage and self._outage.at <= now < self._outage.until:
                return _error(HTTPStatus.SERVICE_UNAVAILABLE, "the query engine is restarting")
            if path == "/api/v1/query":
                return instant(self._service.store, parameters, round(now * 1000))
            if path == "/api/v1/query_range":
                return ranged(self._service.store, parameters)
            if path == "/-/instances" and method == "GET":
                return self._told()
            if path == "/-/switch" and method == "POST":
                return self._switch(parameters, now)
        return None

    def _switch(self, parameters: Mapping[str, str], now: float) -> Answer:
        if self._locked:
            return _error(HTTPStatus.CONFLICT, "the deployment is locked by another change")
        try:
            self._service.deploy(parameters.get("version", ""), now, parameters.get("instance"))
        except UnknownDeployment as error:
            return _error(HTTPStatus.NOT_FOUND, clean(str(error)))
        self._replaced()
        return self._told()

    def _told(self) -> Answer:
        """Which instance runs which version, and how many real seconds it takes to replace one."""
        return Answer(HTTPStatus.OK, {"instances": dict(self._service.running), "takes": self._takes})

    def _serve(self) -> None:
        self._http.serve_forever(poll_interval=0.05)


def _error(status: HTTPStatus, text: str) -> Answer:
    return Answer(status, {"status": "error", "errorType": "unavailable", "error": text})


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    # A source asks all its queries at once; beyond the backlog a connection waits a second for its next try.
    request_queue_size = 128

    def __init__(self, drill: DrillServer) -> None:
        self.drill = drill
        self.closed = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news, and a traceback would land on the console's screen."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    server_version = "AftergreenDrill"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._reply("GET", "")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._send(HTTPStatus.LENGTH_REQUIRED, "text/plain", b"a body of known and moderate length\n")
            return
        self._reply("POST", self.rfile.read(int(length)).decode("utf-8", "replace"))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The header Date, in simulated time."""
        # A date without a timestamp is the one of this answer.
        return super().date_time_string(self.server.drill.now() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the overridden method
        """Nothing is logged: the terminal belongs to the console."""

    def _reply(self, method: str, form: str) -> None:
        if self.server.closed.is_set():
            # A connection that was kept alive outlives the listening socket; nobody answers on it.
            self.close_connection = True
            return
        target = urlsplit(self.path)
        if target.path == "/-/healthy":
            self._send(HTTPStatus.OK, "text/plain", b"The simulated backend is healthy.\n")
            return
        parameters = dict(parse_qsl(target.query) + parse_qsl(form))
        answer = self.server.drill.answer(method, target.path, parameters)
        if answer is None:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"404 page not found\n")
        else:
            self._send(answer.status, "application/json", json.dumps(answer.body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
