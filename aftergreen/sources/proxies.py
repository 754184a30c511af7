"""The proxy that the environment names, much as curl reads it: what is wrong is told by the variable's name.

httpx reads the same variables, and fails on some of their values with errors that say nothing of them.
"""

from __future__ import annotations

import ipaddress
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

from aftergreen.hidden import hide
from aftergreen.model import Address
from aftergreen.sources.protocol import SourceUnavailable
from aftergreen.sources.tls import trusted


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy and the ``variable`` that names it."""

    variable: str
    through: httpx.Proxy


def proxy_for(address: Address) -> Proxy | None:
    """The proxy for requests to an address; None for none. `SourceUnavailable` where it can be none.

    None of them leads back to this machine.
    """
    if address.is_here or _excepted(address, _value("no_proxy")[1]):
        return None
    for wanted in (f"{address.scheme}_proxy", "all_proxy"):
        variable, value = _value(wanted)
        if value:
            return Proxy(variable, _proxy(variable, value, address))
    return None


def _value(name: str) -> tuple[str, str]:
    """A variable as the environment spells it, where lower case goes before upper case, and its value."""
    spelt = name if os.environ.get(name) else name.upper()
    return spelt, os.environ.get(spelt, "").strip()


def _proxy(variable: str, value: str, address: Address) -> httpx.Proxy:
    text = value if "://" in value else f"http://{value}"
    scheme, _, rest = text.partition("://")
    login, _, place = rest.rpartition("@")
    user, _, password = login.partition(":")
    hide(unquote(password), password)
    if login:
        hide(f"{unquote(user)}:{unquote(password)}")
    try:
        proxy = Address.of(f"{scheme}://{place}")
    except ValueError:
        proxy = None
    if proxy is None or proxy.scheme not in ("http", "https"):
        raise SourceUnavailable(
            f"the variable {variable} names no proxy that can be used: set it to http://HOST:PORT, unset it,"
            f" or put {address.host} into NO_PROXY"
        )
    return httpx.Proxy(
        str(proxy),
        auth=(unquote(user), unquote(password)) if login else None,
        ssl_context=trusted() if proxy.scheme == "https" else None,
    )


def _excepted(address: Address, listed: str) -> bool:
    """Whether a list as in ``NO_PROXY`` has the address: a name above it, its number, its network, ``*``."""
    return any(_covers(entry, address) for entry in re.split(r"[,\s]+", listed.lower()))


def _covers(entry: str, address: Address) -> bool:
    if entry == "*":
        return True
    host, port = _parted(entry)
    if not host or (port and port != str(address.reached_port)):
        return False
    try:
        number = ipaddress.ip_address(address.host.partition("%")[0])
    except ValueError:
        name = host.strip(".")
        return address.host == name or address.host.endswith(f".{name}")
    with suppress(ValueError):
        return number in ipaddress.ip_network(host, strict=False)
    return False


def _parted(entry: str) -> tuple[str, str]:
    """Host and port of an entry; IPv6 may stand in brackets or without."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, rest.removeprefix(":")
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""
