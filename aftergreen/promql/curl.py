"""The query API as addresses: for our own requests, and as a line for a shell that asks the same."""

from __future__ import annotations

import re
import shlex

from aftergreen.model import Backend

_API = "api/v1"


def curl(backend: Backend, query: str, at: float) -> str:
    """A line for a shell that asks the backend for ``query`` at ``at``; secrets by name, never by value."""
    parts = ["curl", "-sG", _shown_api(backend)]
    parts += ["--data-urlencode", shlex.quote(f"query={query}"), "--data-urlencode", f"time={at:.3f}"]
    # Without it VictoriaMetrics evaluates an earlier time than it is told.
    parts += ["-d", "nocache=1"]
    secret = {**{name: _variable(name) for name in backend.secret_headers}, **backend.headers_env}
    for name, value in backend.headers.items():
        if name not in secret:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    for name, variable in secret.items():
        parts += ["-H", f'{shlex.quote(f"{name}: ")}"${variable}"']
    if backend.bearer_token_env:
        parts += ["-H", f'"Authorization: Bearer ${backend.bearer_token_env}"']
    if backend.bearer_token_file:
        parts += ["-H", f'"Authorization: Bearer $(cat {_shell_path(backend.bearer_token_file)})"']
    if backend.basic_auth_env:
        parts += ["-u", f'"${backend.basic_auth_env}"']
    files = (("--cacert", backend.ca_file), ("--cert", backend.client_cert), ("--key", backend.client_key))
    for option, path in files:
        if path:
            parts += [option, shlex.quote(path)]
    return " ".join(parts)


def _shell_path(path: str) -> str:
    """A path in which a shell finds the home directory, as the source does."""
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") else shlex.quote(path)


def _variable(header: str) -> str:
    """A name under which a shell may hold the value of a header that stands in the configuration."""
    return re.sub("[^A-Z0-9]", "_", header.upper())


def _shown_api(backend: Backend) -> str:
    if backend.url_env:
        return f'"${backend.url_env}/{_API}/query"'
    return shlex.quote(f"{backend.shown.rstrip('/')}/{_API}/query")


def api(backend: Backend, endpoint: str) -> str:
    """The address of an endpoint of the query API below whatever path the backend's URL has."""
    return str(backend.address.below(f"{_API}/{endpoint}"))
