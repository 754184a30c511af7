"""What a backend is told about who asks. Read at every call, so that a token that rotates stays valid."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import httpx

from aftergreen.clean import clean
from aftergreen.hidden import hide
from aftergreen.model import Backend
from aftergreen.sources.faults import reason
from aftergreen.sources.protocol import SourceUnavailable


def credentials(backend: Backend) -> httpx.Headers:
    """The headers that hold secrets; their repr hides some of them, and no text shows any from now on.

    Raises `SourceUnavailable` where a secret is not there, or cannot be one.
    """
    headers = httpx.Headers()
    for name, variable in backend.headers_env.items():
        headers[name] = _sendable(_variable(variable), variable)
    if backend.bearer_token_env:
        token = _sendable(_variable(backend.bearer_token_env), backend.bearer_token_env)
        headers["Authorization"] = f"Bearer {token}"
    elif backend.bearer_token_file:
        token = _sendable(_content(backend.bearer_token_file), backend.bearer_token_file)
        headers["Authorization"] = f"Bearer {token}"
    elif backend.basic_auth_env:
        pair = base64.b64encode(_pair(backend.basic_auth_env).encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    return headers


def _pair(variable: str) -> str:
    pair = _variable(variable)
    if ":" not in pair:
        raise SourceUnavailable(f"the variable {variable} (basic_auth_env) does not hold user:password")
    if not pair.isprintable():
        raise SourceUnavailable(f"the variable {variable} holds characters that no password has")
    hide(pair.partition(":")[2])
    return pair


def _sendable(secret: str, source: str) -> str:
    if not (secret.isascii() and secret.isprintable()):
        raise SourceUnavailable(f"{clean(source)} holds characters that no token has")
    return secret


def _variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise SourceUnavailable(f"the variable {name}, which [metrics] names, is not set: export it")
    hide(value)
    return value


def _content(path: str) -> str:
    try:
        value = Path(path).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError, RuntimeError) as error:
        # Not the text of a decoding error, which shows the bytes.
        why = reason(error) if isinstance(error, OSError) else "it is not text"
        raise SourceUnavailable(f"bearer_token_file {clean(path)} cannot be read: {why}") from None
    if not value:
        raise SourceUnavailable(f"bearer_token_file {clean(path)} is empty")
    hide(value)
    return value
