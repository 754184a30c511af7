"""All talk with the metrics backend: one connection pool, credentials, bounded bodies."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from aftergreen.clean import clean
from aftergreen.model import Backend
from aftergreen.promql import api
from aftergreen.sources.protocol import SourceUnavailable

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of one answer; what is larger is no answer to a question about one number."""


class Client:
    """Asks the query API; raises `SourceUnavailable` for everything that keeps an answer from arriving."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._http = httpx.AsyncClient(
            headers=dict(backend.headers),
            verify=_tls(backend),
            # One deadline around the whole call is the caller's; this one only ends a dead connection.
            timeout=httpx.Timeout(backend.timeout),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
            trust_env=False,
        )

    async def ask(self, endpoint: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """The status and the body of an answer, whatever they say."""
        try:
            request = self._http.build_request(
                "POST", api(self._backend, endpoint), data=dict(form), headers=_credentials(self._backend)
            )
            response = await self._http.send(request, stream=True)
            try:
                return response.status_code, await _body(response)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise SourceUnavailable(f"no answer within {self._backend.timeout:g} s") from error
        except httpx.HTTPError as error:
            reason = clean(str(error)) or type(error).__name__
            raise SourceUnavailable(f"no connection to {self._backend.url}: {reason}") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise SourceUnavailable(
                f"an answer of more than {BODY_LIMIT // 1024 // 1024} MiB: aggregate the query"
            )
    return bytes(body)


def _tls(backend: Backend) -> ssl.SSLContext | bool:
    if not backend.url.startswith("https://"):
        return True
    try:
        context = ssl.create_default_context(cafile=backend.ca_file)
        if backend.client_cert:
            context.load_cert_chain(backend.client_cert, backend.client_key)
    except (OSError, ssl.SSLError) as error:
        raise SourceUnavailable(f"a certificate of [metrics] cannot be read: {clean(str(error))}") from error
    return context


def _credentials(backend: Backend) -> dict[str, str]:
    """Read at every call, so that a token that rotates stays valid."""
    if backend.bearer_token_env:
        return {"Authorization": f"Bearer {_variable(backend.bearer_token_env)}"}
    if backend.bearer_token_file:
        try:
            token = Path(backend.bearer_token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceUnavailable(
                f"metrics.bearer_token_file cannot be read: {clean(str(error))}"
            ) from error
        return {"Authorization": f"Bearer {token}"}
    if backend.basic_auth_env:
        user, _, password = _variable(backend.basic_auth_env).partition(":")
        request = httpx.Request("GET", "http://localhost")
        flow = httpx.BasicAuth(user, password).auth_flow(request)
        return {"Authorization": next(flow).headers["Authorization"]}
    return {}


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SourceUnavailable(f"the environment variable {name} is not set: it holds the backend's secret")
    return value
