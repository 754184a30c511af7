"""A proxy before a real Prometheus that spoils answers, one way for each address below it.

``http://…/FAULT/RUN/api/v1/query`` is passed on, and while the run is spoilt, answered by the fault.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, LifoQueue
from threading import Thread
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.waiting import HANG

MEBIBYTE = 1024 * 1024
DRIPS = 100
"""Pieces that drip, a tenth of a second apart: for longer than a deadline here."""

Wire = Callable[[socket.socket, bytes], None]
"""Answers on a connection; gets the body that Prometheus gave."""


def spoilt_body(status: int, change: Callable[[bytes], bytes], **headers: str) -> Wire:
    """A well-formed answer with another body."""

    def answer(connection: socket.socket, body: bytes) -> None:
        connection.sendall(_head(status, len(changed := change(body)), headers) + changed)

    return answer


def bytes_of(made: Callable[[bytes], Iterator[bytes]]) -> Wire:
    """Whatever bytes, as they come."""

    def answer(connection: socket.socket, body: bytes) -> None:
        for piece in made(body):
            connection.sendall(piece)

    return answer


def _head(status: int, length: int, headers: Mapping[str, str]) -> bytes:
    fields = {"Content-Type": "application/json", "Content-Length": str(length)}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode()


def _reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hang(connection: socket.socket, _: bytes) -> None:
    connection.settimeout(20.0)
    with suppress(TimeoutError):
        connection.recv(1)


def _drip(body: bytes) -> Iterator[bytes]:
    yield _head(200, len(body), {})
    for number in range(min(DRIPS, len(body))):
        time.sleep(0.1)
        yield body[number : number + 1]


def _flood(_body: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for _ in range(64):
        yield b"100000\r\n" + b"x" * MEBIBYTE + b"\r\n"


def _long_head(_: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * MEBIBYTE + b"\r\nContent-Length: 2\r\n\r\n{}"


def _endless_head(_: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(20):
        yield b"".join(b"X-%d-%d: x\r\n" % (number, n) for n in range(10_000))


def _continue(_body: bytes) -> Iterator[bytes]:
    for _ in range(DRIPS):
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 100
        time.sleep(0.1)


def with_values(value: str) -> Wire:
    """The answer with every sample's value replaced."""
    return _changed(lambda pair: [pair[0], value])


def with_times(at: str) -> Wire:
    """The answer with every sample's time replaced; it is written into the JSON as it stands."""

    def changed(body: bytes) -> bytes:
        return _rewritten(body, lambda pair: ["AT", pair[1]]).replace(b'"AT"', at.encode())

    return spoilt_body(200, changed)


def _changed(change: Callable[[list[object]], list[object]]) -> Wire:
    return spoilt_body(200, lambda body: _rewritten(body, change))


def _rewritten(body: bytes, change: Callable[[list[object]], list[object]]) -> bytes:
    document = json.loads(body)
    data = document.get("data")
    if isinstance(data, dict) and isinstance(data.get("result"), list):
        if data.get("resultType") == "scalar":
            data["result"] = change(data["result"])
        else:
            for series in data["result"]:
                if "value" in series:
                    series["value"] = change(series["value"])
                else:
                    series["values"] = [change(pair) for pair in series["values"]]
    return json.dumps(document).encode()


def _with(**more: object) -> Wire:
    return spoilt_body(200, lambda body: json.dumps(json.loads(body) | more).encode())


def _twice(body: bytes) -> bytes:
    document = json.loads(body)
    if isinstance(document["data"], dict):
        document["data"]["result"] *= 2
    return json.dumps(document).encode()


BOMB = gzip.compress(gzip.compress(b" " * (256 * MEBIBYTE), 9), 9)
"""A quarter of a gigabyte in less than a kilobyte."""

PAGE = b"<!doctype html><title>Sign in</title>"

STRING = b'{"status":"success","data":{"resultType":"string","result":[1,"a"]}}'

FAULTS: Mapping[str, Wire] = {
    "hangs up": lambda _connection, _body: None,
    "resets": _reset,
    "hangs": _hang,
    "drips": bytes_of(_drip),
    "cut": bytes_of(lambda body: iter([_head(200, len(body) + 9, {}) + body])),
    "cut JSON": spoilt_body(200, lambda body: body[: len(body) // 2]),
    "gzip twice": spoilt_body(200, lambda _: BOMB, Content_Encoding="gzip, gzip"),
    "gzip": spoilt_body(200, gzip.compress, Content_Encoding="gzip"),
    "broken gzip": spoilt_body(200, lambda body: gzip.compress(body)[:-9], Content_Encoding="gzip"),
    "five megabytes": spoilt_body(200, lambda _: b" " * (5 * MEBIBYTE)),
    "flood": bytes_of(_flood),
    "long head": bytes_of(_long_head),
    "endless head": bytes_of(_endless_head),
    "100 for ever": bytes_of(_continue),
    "no HTTP": bytes_of(lambda _: iter([b"\x00\x01SSH-2.0-OpenSSH_9.2\r\n"])),
    "chunks of no size": bytes_of(
        lambda _: iter([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n"])
    ),
    "negative length": bytes_of(lambda _: iter([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"])),
    "302": spoilt_body(302, lambda _: b"", Location="/login"),
    "401 that echoes": spoilt_body(401, lambda _: b"no such token: Bearer let-nobody-read-this"),
    "500 page": spoilt_body(500, lambda _: PAGE),
    "503": spoilt_body(503, lambda _: b"no available server\n"),
    "refused": spoilt_body(
        200, lambda _: b'{"status":"error","errorType":"timeout","error":"\\u001b[31mlate"}'
    ),
    "login page": spoilt_body(200, lambda _: PAGE),
    "deep": spoilt_body(200, lambda _: b'{"status":"success","data":' + b"[" * 100_000),
    "many values": spoilt_body(200, lambda _: b"[" + b"[]," * (MEBIBYTE + 1)),
    "400 digits": with_times("9" * 400),
    "times of 1e308": with_times("1e308"),
    "NaN": with_values("NaN"),
    "infinite": with_values("+Inf"),
    "1e308": with_values("1e308"),
    "words": with_values("one"),
    "partial": _with(isPartial=True),
    "warned": _with(warnings=["No StoreAPIs matched for this query\x1b[2J"]),
    "every series twice": spoilt_body(200, _twice),
    "a string": spoilt_body(
        200, lambda _: b'{"status":"success","data":{"resultType":"string","result":[1,"a"]}}'
    ),
}


class FaultyProxy:
    """Serves on loopback; ``spoilt`` holds the runs whose answers are spoilt at the moment."""

    def __init__(self, upstream: str) -> None:
        self.spoilt: set[str] = set()
        self.url = ""
        self._upstream = urlsplit(upstream).netloc
        self._idle: LifoQueue[HTTPConnection] = LifoQueue()

    def answer(self, connection: socket.socket, target: str, form: Mapping[str, str]) -> bool:
        """Answer one request; whether the connection can be used for another."""
        _, fault, run, *rest = urlsplit(target).path.replace("%20", " ").split("/")
        status, body = self._asked(f"/{'/'.join(rest)}?{urlencode(form)}")
        if run not in self.spoilt:
            connection.sendall(_head(status, len(body), {}) + body)
            return True
        with suppress(OSError):
            FAULTS[fault](connection, body)
        return False

    def _asked(self, target: str) -> tuple[int, bytes]:
        # Kept open between questions, of which there are thousands; whoever asks has one for itself.
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = HTTPConnection(self._upstream, timeout=HANG)
        connection.request("GET", target)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        self._idle.put(connection)
        return found

    @contextmanager
    def served(self) -> Iterator[None]:
        """For as long as the context lasts."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._answer(dict(parse_qsl(urlsplit(self.path).query)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._answer(dict(parse_qsl(body.decode())))

            def _answer(self, form: Mapping[str, str]) -> None:
                with suppress(OSError):
                    self.close_connection = not proxy.answer(self.connection, self.path, form)

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002  # the name http.server gives it
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing: whoever was answered badly hangs up."""

        server = Server(("127.0.0.1", 0), Handler)
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            self.url = f"http://127.0.0.1:{server.server_port}"
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            while not self._idle.empty():
                self._idle.get().close()
