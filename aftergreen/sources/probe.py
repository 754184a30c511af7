"""Connections and requests that Aftergreen makes itself; the value is the seconds they took."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

import httpx

from aftergreen.clean import clean
from aftergreen.model import Kind, Reading, Signal, SignalKey

_OURS = {errno.ENETUNREACH, errno.ENETDOWN, errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL}
"""Errors that say something about this machine rather than about what was reached for."""

SERVER_ERROR = 500


class Prober:
    """Makes all probes of an instant at once, each within ``timeout`` seconds."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout

    async def read(self, signals: Sequence[Signal]) -> dict[SignalKey, Reading]:
        """One reading for each probe: seconds, or `down`.

        A failure of our own network or resolver makes all of them `blind`, if it is what all of them met.
        """
        results = await asyncio.gather(*(self._probe(signal.probe or "") for signal in signals))
        ours = bool(results) and all(local for _, local in results)
        return {
            signal.key: Reading.unknown(Kind.BLIND, reading.detail) if ours else reading
            for signal, (reading, _) in zip(signals, results, strict=True)
        }

    async def _probe(self, target: str) -> tuple[Reading, bool]:
        """The reading, and whether it failed for a reason of our own."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                refused = await (_connect(target) if target.startswith("tcp://") else _request(target))
        except TimeoutError:
            return Reading.down(f"no answer within {self._timeout:g} s"), False
        except socket.gaierror as error:
            return Reading.down(clean(f"the name cannot be resolved: {error.strerror}")), True
        except OSError as error:
            return Reading.down(clean(error.strerror or str(error))), error.errno in _OURS
        except httpx.HTTPError as error:
            cause = _cause(error)
            return Reading.down(clean(str(error)) or type(error).__name__), cause
        if refused:
            return Reading.down(refused), False
        return Reading.of(time.perf_counter() - began), False


async def _connect(target: str) -> str:
    parts = urlsplit(target)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.close()
    # What happens to a connection after it was made is not measured.
    with suppress(OSError):
        await writer.wait_closed()
    return ""


async def _request(target: str) -> str:
    async with (
        httpx.AsyncClient(trust_env=False, timeout=None) as client,  # noqa: S113  # the caller's deadline
        client.stream("GET", target, follow_redirects=False) as response,
    ):
        status = response.status_code
    return f"HTTP {status}" if status >= SERVER_ERROR else ""


def _cause(error: BaseException) -> bool:
    """Whether a failure inside the HTTP client began with our own network or resolver."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, socket.gaierror) or (isinstance(seen, OSError) and seen.errno in _OURS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
