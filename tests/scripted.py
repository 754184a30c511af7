"""A metrics backend on a real socket that answers as a test says, rightly or wrongly."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What was asked: ``form`` holds the parameters, wherever they stood."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def query(self) -> str:
        """The PromQL of the request."""
        return self.form.get("query", "")


@dataclass(frozen=True)
class Reply:
    """What is answered, and how: once ``after`` is set, cut off after ``cut`` bytes, or by hanging up."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: asyncio.Event | None = None
    cut: int | None = None
    hang_up: bool = False

    def encoded(self) -> bytes:
        """The bytes on the wire."""
        fields = {"Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join(lines).encode() + HEAD_END + self.body[: self.cut]


Script = Callable[[Request], Reply]


@dataclass
class ScriptedBackend:
    """Answers by ``script``, which a test may change, and remembers what it was asked."""

    script: Script
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def queries(self) -> list[str]:
        """The PromQL of all requests so far."""
        return [request.query for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                request = await _request(reader)
                self.requests.append(request)
                reply = self.script(request)
                if reply.after is not None:
                    await reply.after.wait()
                if not reply.hang_up:
                    writer.write(reply.encoded())
                    await writer.drain()
                if reply.hang_up or reply.cut is not None:
                    break
        writer.close()


async def _request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(HEAD_END)).decode()
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
    parts = urlsplit(target)
    return Request(method, parts.path, headers, dict(parse_qsl(parts.query) + parse_qsl(body)))


@asynccontextmanager
async def scripted(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedBackend]:
    """A backend on a free port of this machine, for as long as the context lasts; with ``tls``, over TLS."""
    backend = ScriptedBackend(script)
    serving: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(backend.serve(reader, writer))
        serving.add(task)
        await task

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    backend.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield backend
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


def answer(kind: str, result: object, **rest: object) -> bytes:
    """A body as Prometheus sends it."""
    data = {"resultType": kind, "result": result}
    return json.dumps({"status": "success", "data": data, **rest}).encode()


def vector(*values: str, at: float = 1000.0, **rest: object) -> bytes:
    """An instant vector of as many series as there are values, told apart by a label."""
    series = [{"metric": {"pod": f"p{n}"}, "value": [at, value]} for n, value in enumerate(values)]
    return answer("vector", series, **rest)


def matrix(*series: Mapping[float, str], **rest: object) -> bytes:
    """The answer to a range query: the values of each series by time."""
    result = [
        {"metric": {"pod": f"p{n}"}, "values": [[at, value] for at, value in one.items()]}
        for n, one in enumerate(series)
    ]
    return answer("matrix", result, **rest)


def error(kind: str, text: str) -> bytes:
    """An error document as Prometheus sends it."""
    return json.dumps({"status": "error", "errorType": kind, "error": text}).encode()
