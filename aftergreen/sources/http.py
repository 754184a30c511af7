"""All talk with the metrics backend: connections, deadlines, bounded bodies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx

from aftergreen.clean import clean
from aftergreen.model import Backend
from aftergreen.promql import api
from aftergreen.sources.credentials import credentials
from aftergreen.sources.faults import chain, cure, reason
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.sources.proxies import Proxy, proxy_for
from aftergreen.sources.tls import backend_tls, is_for_another, names_at
from aftergreen.units import format_limit

ERROR_LIMIT = 64 * 1024
"""Bytes of an error page that are read: enough for its sentence."""

LARGE = 256 * 1024
"""Bytes from which on an answer is a large one."""

METHOD_NOT_ALLOWED = 405

CONNECTIONS = 16
"""Requests that are under way at a time, each over a connection of its own. A pool of httpcore looks at all
that it has whenever one is taken or given back, which takes as long as a request.
"""

POLLS = 4
"""Polls that are under way at a time in one backend, where several watches ask it. The others wait for their
turn before their deadline begins, so that no watch is blind for having been asked beside many."""

_UNPACKED = ("", "identity")
"""Encodings of a body that says what it is: others are not asked for, and a few bytes unpack to gigabytes."""

_BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class Late(SourceUnavailable):
    """The answer was not there, or not whole, when the deadline was over."""


class Client:
    """Asks the query API; raises `SourceUnavailable` for everything that keeps an answer from arriving.

    Several sources may ask through one client, each of which `close`s it once.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._users = 1
        self.turns = asyncio.Semaphore(POLLS)
        self._large = asyncio.Lock()
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._method = "POST"
        self.moves_what_is_new = False
        """Whether this is VictoriaMetrics, whose ranges leave out what is newer than half a minute."""
        self._tls: ssl.SSLContext | bool | None = None
        self._proxy: Proxy | None = None
        self._idle: list[httpx.AsyncClient] = []

    async def ask(
        self, endpoint: str, form: Mapping[str, str], method: str = "", deadline: float | None = None
    ) -> tuple[int, bytearray]:
        """The status and the body of an answer, whatever they say; `Late` after the ``deadline``.

        ``method`` is given where an endpoint knows no other; queries are posted, as they may be long.
        Without a deadline, in the loop's time, the caller puts one around the whole call.
        """
        body = bytearray()
        try:
            async with asyncio.timeout_at(deadline):
                status = await self._asked(method or self._method, endpoint, form, body)
        except TimeoutError:
            raise self.late(len(body)) from None
        return status, body

    def late(self, arrived: int = 0) -> Late:
        """What is said after the deadline, when so many bytes of an answer were here."""
        timeout = f"{self.backend.timeout:g} s"
        if arrived:
            return Late(
                f"Prometheus had sent {arrived:,} bytes of its answer after {timeout}: see what slows the way"
                " to it, or raise metrics.timeout"
            )
        return Late(f"Prometheus did not answer within {timeout}: raise metrics.timeout")

    async def _asked(self, method: str, endpoint: str, form: Mapping[str, str], body: bytearray) -> int:
        try:
            try:
                status = await self._send(method, endpoint, form, body)
            except _BROKEN:
                # A server may close an idle connection in the moment in which it is used again.
                status = await self._send(method, endpoint, form, body)
            if status == METHOD_NOT_ALLOWED and method == "POST":
                self._method = "GET"
                status = await self._send("GET", endpoint, form, body)
        except httpx.LocalProtocolError:
            # The text of this error holds the header at fault, which may be the secret.
            raise SourceUnavailable("a header of [metrics] cannot be sent: check headers") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # OSError: an alert of TLS that comes late passes httpx as it is.
            raise SourceUnavailable(
                f"no answer from {self.backend.shown}: {await self._with_cure(error)}"
            ) from error
        return status

    def share(self) -> Client:
        """The client for one more who asks through it."""
        self._users += 1
        return self

    async def close(self) -> None:
        """Close all connections once nobody uses them any more; a later question opens new ones."""
        self._users -= 1
        if self._users > 0:
            return
        idle, self._idle, self._tls = self._idle, [], None
        for http in idle:
            await http.aclose()

    async def _send(self, method: str, endpoint: str, form: Mapping[str, str], body: bytearray) -> int:
        """The status of an answer, whose bytes are put into ``body`` as they come."""
        body.clear()
        url, secrets = api(self.backend, endpoint), credentials(self.backend)
        async with self._connection() as http:
            if method == "POST":
                request = http.build_request("POST", url, data=dict(form), headers=secrets)
            else:
                request = http.build_request("GET", url, params=dict(form), headers=secrets)
            response = await http.send(request, stream=True)
            try:
                self.moves_what_is_new = "X-Server-Hostname" in response.headers
                await self._read(response, body)
                return response.status_code
            finally:
                await response.aclose()

    async def _read(self, response: httpx.Response, body: bytearray) -> None:
        answered = response.status_code == httpx.codes.OK
        packed = response.headers.get("Content-Encoding", "").lower()
        if packed not in _UNPACKED:
            if not answered:
                return
            raise SourceUnavailable(
                f"Prometheus's answer comes packed ({clean(packed, 40)}), which was not asked for: have the"
                " proxy before it send answers as they are"
            )
        limit = self.backend.answer_limit if answered else ERROR_LIMIT
        pieces = response.aiter_raw()
        await _until(body, min(LARGE, limit), pieces)
        if len(body) > LARGE:
            # Of those that are large, one at a time: many at once are large together.
            async with self._large:
                await _until(body, limit, pieces)
        if len(body) <= limit:
            return
        if answered:
            raise SourceUnavailable(
                f"Prometheus sent more than {format_limit(limit, 'bytes')}: aggregate the query, or"
                " raise metrics.answer_limit"
            )
        del body[limit:]

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client with one connection, which is nobody else's meanwhile.

        Given up in the wrong moment a request leaves a connection that its pool takes for one in use for
        ever (encode/httpcore#1093): what did not end well is not used again.
        """
        async with self._slots:
            http = self._idle.pop() if self._idle else self._opened()
            try:
                yield http
            except BaseException:
                await http.aclose()
                raise
            if self._users > 0:
                self._idle.append(http)
            else:
                await http.aclose()

    def _opened(self) -> httpx.AsyncClient:
        if self._tls is None:
            address = self.backend.address
            self._proxy = proxy_for(address)
            # Plain HTTP needs no certificates, and cannot fail for them.
            self._tls = backend_tls(self.backend) if address.scheme == "https" else False
        return httpx.AsyncClient(
            # What is sent is what is read, so that a limit on one bounds the other.
            headers={"Accept-Encoding": "identity", **self.backend.headers},
            verify=self._tls,
            timeout=None,  # noqa: S113  # httpx's are per operation: the caller's deadline ends the call
            limits=httpx.Limits(max_connections=1, keepalive_expiry=60.0),
            proxy=self._proxy.through if self._proxy is not None else None,
            trust_env=False,
        )

    async def _with_cure(self, error: Exception) -> str:
        said = reason(error)
        secured = self.backend.address.scheme == "https"
        if is_for_another(error) and self._proxy is None:
            names = await names_at(self.backend)
            return f"{said}: it is for {names or 'other names'}, so put one of them into metrics.url"
        if secured and isinstance(error, (*_BROKEN, ssl.SSLError)):
            # TLS 1.3 refuses a client only after its own part of the handshake, often by just closing.
            asks = "a server that asks for a certificate refuses like this: check client_cert of [metrics]"
            return f"{said}; {asks}"
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain(error)):
            return f"{said}: set ca_file of [metrics]" + (
                f", or mend {self._proxy.variable}" if self._proxy else ""
            )
        if mended := cure(error):
            return f"{said}: {mended}"
        if not isinstance(error, httpx.ConnectError | httpx.ProxyError):
            return said
        return f"{said}: check {f'the proxy in {self._proxy.variable}' if self._proxy else 'metrics.url'}"


async def _until(body: bytearray, size: int, pieces: AsyncIterator[bytes]) -> None:
    """Read on until the body is larger than that, or whole."""
    async for piece in pieces:
        body += piece
        if len(body) > size:
            return
