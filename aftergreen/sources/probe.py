"""Connections and requests that Aftergreen makes itself; the value is the seconds they took."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

from aftergreen.clean import clean
from aftergreen.model import Kind, Reading, Signal, SignalKey
from aftergreen.sources.faults import chain, reason

PATIENCE = 5.0
"""Seconds after which a probe counts as down, however long the backend may take for an answer."""

_OURS = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL})


class _Down(Exception):
    """Reached, and answered that it does not serve."""


class Prober:
    """Makes all probes of an instant at once, each within ``timeout`` seconds."""

    def __init__(self, timeout: float) -> None:
        self._timeout = min(timeout, PATIENCE)
        self._http: httpx.AsyncClient | None = None

    async def read(self, signals: Sequence[Signal]) -> dict[SignalKey, Reading]:
        """One reading for each probe among the signals: seconds, or `down`.

        A failure of our own network or resolver makes all of them `blind`, if it is what all of them met.
        """
        targets = {signal.key: signal.probe for signal in signals if signal.probe}
        results = await asyncio.gather(*(self._probe(target) for target in targets.values()))
        ours = all(local for _, local in results)
        return {
            key: Reading.unknown(Kind.BLIND, reading.detail) if ours else reading
            for key, (reading, _) in zip(targets, results, strict=True)
        }

    async def close(self) -> None:
        """Let go of the HTTP client."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _probe(self, target: str) -> tuple[Reading, bool]:
        """The reading, and whether it failed for a reason of our own."""
        try:
            async with asyncio.timeout(self._timeout):
                taken = await (_connect(target) if target.startswith("tcp://") else self._request(target))
        except TimeoutError as error:
            # The system has a time limit of its own, which it reports by the same name.
            late = f"no answer within {self._timeout:g} s"
            return Reading.down(reason(error) if error.errno else late), False
        except _Down as error:
            return Reading.down(str(error)), False
        except (OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            return Reading.down(reason(error)), _ours(error)
        return Reading.of(taken), False

    async def _request(self, target: str) -> float:
        http = self._client()
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with http.stream("GET", target, follow_redirects=False) as response:
            taken, status = loop.time() - began, response.status_code
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _Down(f"it answered {status} {clean(response.reason_phrase, 60)}".rstrip())
        return taken

    def _client(self) -> httpx.AsyncClient:
        """One client, for loading certificates takes longer than a request; every probe connects anew."""
        if self._http is None:
            context = httpx.create_ssl_context()
            context.load_default_certs()
            self._http = httpx.AsyncClient(
                verify=context,
                trust_env=False,
                timeout=None,  # noqa: S113  # the deadline is around the whole probe
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        return self._http


async def _connect(target: str) -> float:
    parts = urlsplit(target)
    loop = asyncio.get_running_loop()
    began = loop.time()
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    taken = loop.time() - began
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return taken


def _ours(error: BaseException) -> bool:
    """Whether a failure is about our own network or resolver rather than about what was reached for."""
    return any(
        isinstance(cause, socket.gaierror) or (isinstance(cause, OSError) and cause.errno in _OURS)
        for cause in chain(error)
    )
