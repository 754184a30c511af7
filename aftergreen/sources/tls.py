"""Who is trusted over TLS, and what a certificate that does not fit is for."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from aftergreen.clean import clean
from aftergreen.model import Backend
from aftergreen.sources.faults import chain, reason
from aftergreen.sources.protocol import SourceUnavailable

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""What names certificates in place of the system's, as OpenSSL and httpx have it."""

_ANOTHER_NAME = frozenset({62, 64})
"""What OpenSSL calls a certificate for another host, or another number."""

PATIENCE = 2.0
"""Seconds for looking at a certificate once more."""

SHOWN = 4
"""Names of a certificate that are told; some have hundreds."""


def backend_tls(backend: Backend) -> ssl.SSLContext:
    """What a backend is asked with; `SourceUnavailable` says which file of ours is amiss."""
    context = _authorities(backend)
    if backend.client_cert:
        place = clean(f"client_cert {backend.client_cert}")
        with _told(f"{place} of [metrics] cannot be read"):
            context.load_cert_chain(backend.client_cert, backend.client_key, password=_no_password)
    return context


def trusted() -> ssl.SSLContext:
    """Trust in whom the system trusts; `SourceUnavailable` where a variable leads elsewhere."""
    for name in VARIABLES:
        place = os.environ.get(name, "")
        if place and not os.path.exists(place):  # noqa: PTH110  # Path.exists raises where a folder is closed
            raise SourceUnavailable(
                f"the variable {name} names {clean(place)}, which is not there: unset it, or mend the path"
            )
    named = " and ".join(name for name in VARIABLES if os.environ.get(name))
    whose = f"what {named} names cannot be read" if named else "the system's certificates cannot be read"
    with _told(whose):
        # An organisation's own authority is known to the system, httpx brings those of the world.
        context = httpx.create_ssl_context()
        context.load_default_certs()
    return context


def is_for_another(error: BaseException) -> bool:
    """Whether a certificate was refused for its name only."""
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in _ANOTHER_NAME
        for cause in chain(error)
    )


async def names_at(backend: Backend) -> str:
    """The names that the certificate of a backend is for; empty where they cannot be had.

    Its authority is verified as always, its name is not: nothing is sent, and no certificate of ours shown.
    """
    address, context = backend.address, _authorities(backend)
    context.check_hostname = False
    with suppress(OSError, ValueError):
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(
                address.host, address.reached_port, ssl=context, server_hostname=address.host
            )
        certificate = writer.get_extra_info("peercert") or {}
        writer.transport.abort()
        names = [clean(str(name), 80) for _, name in certificate.get("subjectAltName", ())]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return ", ".join(names[:SHOWN]) + more
    return ""


def _authorities(backend: Backend) -> ssl.SSLContext:
    if not backend.ca_file:
        return trusted()
    place = clean(f"ca_file {backend.ca_file}")
    with _told(f"{place} of [metrics] cannot be read"):
        return ssl.create_default_context(cafile=backend.ca_file)


@contextmanager
def _told(trouble: str) -> Iterator[None]:
    """Around what reads certificates: tells the trouble where that fails, and why."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise SourceUnavailable(f"{trouble}: {reason(error)}") from error


def _no_password() -> str:
    """Keeps OpenSSL from asking for one on the terminal that a screen is drawn on."""
    raise ValueError("the key is encrypted: give one without a password")
