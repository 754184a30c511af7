"""Backends that cannot be had here, played by fronts of a real Prometheus 2.

A front passes questions on and gives its answers the shape that the other's documentation has. It is a fake:
the numbers are real, and what it plays is in the class of each.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx

JSON = "application/json"
_SECONDS = re.compile(r"\[([0-9]+)s\]")


class Front:
    """Passes everything on as it is; ``prefix`` is the path below which the API lies."""

    prefix: ClassVar[str] = ""
    headers: ClassVar[Mapping[str, str]] = {}
    """What a client has to send along."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._client = httpx.Client(trust_env=False, timeout=10.0)

    def answer(self, path: str, form: dict[str, str], headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        """Status, content type and body for one request."""
        if not path.startswith(f"{self.prefix}/api/v1/"):
            return 404, "text/plain", b"404 page not found\n"
        if any(headers.get(name) != value for name, value in self.headers.items()):
            return self.turned_away()
        endpoint = path.removeprefix(self.prefix)
        ranged = endpoint.endswith("/query_range")
        found = self._client.get(
            self._upstream + endpoint, params=self.moved(form) if ranged else self.asked(form)
        )
        told = self.told(found.json()) if found.status_code == httpx.codes.OK else found.json()
        return found.status_code, JSON, json.dumps(told).encode()

    def turned_away(self) -> tuple[int, str, bytes]:
        """What a client is told that sends none of the headers."""
        return 403, "text/plain", b"forbidden\n"

    def close(self) -> None:
        """Let go of the connections upstream."""
        self._client.close()

    def asked(self, form: dict[str, str]) -> dict[str, str]:
        """The question as it is passed on."""
        return form

    def moved(self, form: dict[str, str]) -> dict[str, str]:
        """The question about a range as it is passed on."""
        return self.asked(form)

    def told(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer as the other would give it."""
        return answer


class Prometheus3(Front):
    """Ranges that leave their first moment out, ``le`` as a number with a fraction, infos beside the data."""

    def asked(self, form: dict[str, str]) -> dict[str, str]:
        open_left = _SECONDS.sub(lambda found: f"[{int(found[1]) * 1000 - 1}ms]", form.get("query", ""))
        return form | ({"query": open_left} if open_left else {})

    def told(self, answer: dict[str, Any]) -> dict[str, Any]:
        for series in _series(answer):
            bound = series["metric"].get("le", "")
            if bound.isdigit():
                series["metric"]["le"] = f"{bound}.0"
        note = "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket"
        return answer | {"infos": [f'{note}: "registrations" (1:14)']}


class Thanos(Front):
    """A querier with its front: ranges are moved to multiples of their step, series bear external labels."""

    def moved(self, form: dict[str, str]) -> dict[str, str]:
        step = float(form["step"])
        return form | {name: f"{float(form[name]) // step * step:.3f}" for name in ("start", "end")}

    def told(self, answer: dict[str, Any]) -> dict[str, Any]:
        for series in _series(answer):
            if "__name__" in series["metric"]:
                series["metric"]["cluster"] = "eu-1"
        if isinstance(answer["data"], dict):
            answer["data"]["analysis"] = None
        return answer


class Mimir(Front):
    """An API below a prefix, for a tenant that has to be named; ranges stay as they are unless it is told."""

    prefix = "/prometheus"
    headers: ClassVar[Mapping[str, str]] = {"X-Scope-OrgID": "shops"}

    def turned_away(self) -> tuple[int, str, bytes]:
        return 401, "text/plain", b"no org id\n"


def _series(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = answer.get("data")
    return data.get("result", []) if isinstance(data, dict) and data.get("resultType") != "scalar" else []


@contextmanager
def served(front: Front) -> Iterator[str]:
    """Serve a front on loopback; gives the address of its API."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(dict(parse_qsl(urlsplit(self.path).query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(dict(parse_qsl(body.decode())))

        def _answer(self, form: dict[str, str]) -> None:
            status, kind, body = front.answer(urlsplit(self.path).path, form, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002  # the name http.server gives it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{front.prefix}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        front.close()
