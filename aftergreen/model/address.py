"""Addresses by their parts: two spellings of one place are one address."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlsplit

from aftergreen.hidden import MASK

_SECRETS = ("auth", "key", "pass", "secret", "sig", "token")
"""What the names of parameters hold that are secrets."""

_USUAL_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_LONGEST_NAME = 253
_ZONE = re.compile(r"[A-Za-z0-9_.~-]+")
# What nobody would choose for a name: long, with letters and digits, as keys and tokens are.
_TOKEN = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[A-Za-z0-9_~.%=+-]{20,}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is reached. ``host`` is ASCII in lower case, without brackets or a dot at its end.

    ``port`` is None where the scheme says it; ``path`` is empty for the root, ``query`` has no question mark.
    """

    scheme: str
    host: str
    port: int | None = None
    path: str = ""
    query: str = ""

    @staticmethod
    def of(text: str) -> Address:
        """The address of a text; ValueError where it is none, or holds a user, a password or a fragment."""
        return _parsed(text)

    @property
    def reached_port(self) -> int:
        """The port that is connected to; 0 where the scheme has no usual one."""
        return self.port or _USUAL_PORTS.get(self.scheme, 0)

    @property
    def is_named(self) -> bool:
        """Whether somebody has to be asked where it is."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return self.host != "localhost"
        return False

    @property
    def is_here(self) -> bool:
        """Whether it is this very machine, by a name or number that cannot mean another."""
        try:
            number = ipaddress.ip_address(self.host)
        except ValueError:
            return self.host == "localhost"
        return (getattr(number, "ipv4_mapped", None) or number).is_loopback

    @property
    def is_safe(self) -> bool:
        """Whether secrets may be sent there: over TLS, which is always verified, or to ourselves."""
        return self.scheme == "https" or self.is_here

    @property
    def secrets(self) -> tuple[str, ...]:
        """What looks like a key or a token, or is called one: parts of the path, values of the query."""
        pairs = parse_qsl(self.query)
        values = [value for name, value in pairs if _TOKEN.fullmatch(value) or is_called_secret(name)]
        return (*filter(_TOKEN.fullmatch, self.path.split("/")), *values)

    def below(self, path: str) -> Address:
        """Something below this one."""
        return replace(self, path=f"{self.path.rstrip('/')}/{path}")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}://{host}{port}{self.path}" + (f"?{self.query}" if self.query else "")


@lru_cache(maxsize=256)
def _parsed(text: str) -> Address:
    # Kept: every question and every probe begins with an address.
    parts = _split(text)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("more than an address")
    scheme, port = parts.scheme.lower(), parts.port
    if port == 0:
        raise ValueError("no port that can be reached")
    path = parts.path if parts.path.strip("/") else ""
    own = None if port == _USUAL_PORTS.get(scheme) else port
    return Address(scheme, _host(parts.hostname or ""), own, path, parts.query)


def without_secrets(text: str) -> str:
    """An address, or what was meant to be one, without its user and query, and what looks like a token."""
    bare, mark, _ = re.split(r"([?#])", f"{text}?", maxsplit=1)
    scheme, slashes, rest = bare.rpartition("//")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    hidden = f"{MASK}@" if at and user else ""
    parts = (MASK if _TOKEN.fullmatch(part) else part for part in path.split("/"))
    rest = f"{mark}{MASK}" if bare != text else ""
    return f"{scheme}{slashes}{hidden}{host}{slash}{'/'.join(parts)}{rest}"


def is_called_secret(name: str) -> bool:
    """Whether a parameter or a header has the name of a secret."""
    return any(part in name.lower() for part in _SECRETS)


def _split(text: str) -> SplitResult:
    # urlsplit leaves out what some browsers do, such as line ends.
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("characters that no address has")
    return urlsplit(text)


def _host(name: str) -> str:
    if ":" in name:
        number, _, zone = name.partition("%")
        found = ipaddress.IPv6Address(number).compressed
        # In an address the sign before a zone is written %25 (RFC 6874); systems want it bare.
        zone = zone.removeprefix("25") if zone.startswith("25") and len(zone) > len("25") else zone
        if zone and not _ZONE.fullmatch(zone):
            raise ValueError("no zone")
        return f"{found}%{zone}" if zone else found
    if not name.isascii():
        import idna  # noqa: PLC0415  # few hosts have such names

        name = idna.encode(name, uts46=True).decode()
    name = name.lower().removesuffix(".")
    if not _HOST.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError("no host")
    return name
