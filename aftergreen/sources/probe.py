"""Connections and requests that Aftergreen makes itself; the value is the seconds they took."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx

from aftergreen.clean import clean
from aftergreen.model import Address, Kind, Reading, Signal, SignalKey
from aftergreen.sources.faults import is_ours, is_unresolved, reason
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.sources.tls import trusted

PATIENCE = 5.0
"""Seconds after which a probe counts as down, however long the backend may take for an answer."""


_Place = tuple[int, str, int]
"""Family, number and port of a place that a name stands for."""


class _Down(Exception):
    """Reached, and answered that it does not serve."""


class Prober:
    """Makes all probes of an instant at once, each within ``timeout`` seconds."""

    def __init__(self, timeout: float) -> None:
        self._timeout = min(timeout, PATIENCE)
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def read(self, signals: Sequence[Signal]) -> dict[SignalKey, Reading]:
        """One reading for each probe among the signals: seconds, `down`, or `blind` where the fault is ours.

        Where none of several names is known, nor a single one, the resolver of this machine is at fault.
        """
        targets = {signal.key: Address.of(signal.probe) for signal in signals if signal.probe}
        results = await asyncio.gather(*(self._probe(target) for target in targets.values()))
        asked = [
            unknown for target, (_, unknown) in zip(targets.values(), results, strict=True) if target.is_named
        ]
        return {
            key: Reading.unknown(Kind.BLIND, reading.detail) if unknown and all(asked) else reading
            for key, (reading, unknown) in zip(targets, results, strict=True)
        }

    async def close(self) -> None:
        """Let go of the HTTP clients."""
        clients, self._clients = self._clients, {}
        for http in clients.values():
            await http.aclose()

    async def _probe(self, target: Address) -> tuple[Reading, bool]:
        """The reading, and whether it failed because its name is not known."""
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            places = await self._resolved(target, deadline)
            async with asyncio.timeout_at(deadline):
                taken = await (_connect(places) if target.scheme == "tcp" else self._request(target))
        except TimeoutError as error:
            # The system has a time limit of its own, which it reports by the same name.
            late = f"no answer within {self._timeout:g} s"
            return Reading.down(reason(error) if error.errno else late), False
        except _Down as error:
            return Reading.down(str(error)), False
        except SourceUnavailable as error:
            return Reading.unknown(Kind.BLIND, str(error)), False
        except (OSError, httpx.HTTPError, httpx.InvalidURL, ExceptionGroup) as error:
            if is_ours(error):
                return Reading.unknown(Kind.BLIND, reason(error)), False
            return Reading.down(reason(error)), is_unresolved(error)
        return Reading.of(taken), False

    async def _resolved(self, target: Address, deadline: float) -> Sequence[_Place]:
        """Where the target is; a name server that does not answer is a fault of this machine."""
        place, kind = (target.host, target.reached_port), socket.SOCK_STREAM
        try:
            # For an address no server is asked, and no thread waits for one.
            found = socket.getaddrinfo(*place, type=kind, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            found = await self._asked(place, kind, deadline)
        return [(family, str(where[0]), int(where[1])) for family, *_, where in found]

    async def _asked(self, place: tuple[str, int], kind: int, deadline: float) -> list[Any]:
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.get_running_loop().getaddrinfo(*place, type=kind)
        except TimeoutError:
            text = f"its name was not resolved within {self._timeout:g} s: check this machine's name servers"
            raise SourceUnavailable(text) from None

    async def _request(self, target: Address) -> float:
        http = self._client(target.scheme)
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with http.stream("GET", str(target), follow_redirects=False) as response:
            taken, status = loop.time() - began, response.status_code
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _Down(f"it answered {status} {clean(response.reason_phrase, 60)}".rstrip())
        return taken

    def _client(self, scheme: str) -> httpx.AsyncClient:
        """A client each with certificates and without, as loading them takes longer than a request.

        Every probe connects anew.
        """
        if scheme not in self._clients:
            verified: ssl.SSLContext | bool = trusted() if scheme == "https" else False
            self._clients[scheme] = httpx.AsyncClient(
                verify=verified,
                trust_env=False,
                timeout=None,  # noqa: S113  # the deadline is around the whole probe
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        return self._clients[scheme]


async def _connect(places: Sequence[_Place]) -> float:
    """Seconds until the first of the places that does took a connection."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    failed: list[OSError] = []
    for family, host, port in places:
        try:
            _, writer = await asyncio.open_connection(host, port, family=family)
        except OSError as error:
            failed.append(error)
            continue
        taken = loop.time() - began
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return taken
    # What is theirs is told first.
    raise ExceptionGroup("no connection", sorted(failed, key=is_ours))
