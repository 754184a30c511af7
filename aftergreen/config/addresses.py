"""The addresses that a configuration may name. None holds a user or password, and none that does is shown."""

from __future__ import annotations

from aftergreen.config.faults import Faults, shown
from aftergreen.model import Address, without_secrets

_PROBED = ("tcp", "http", "https")


def backend_address(faults: Faults, place: str, text: str, found: str = "") -> Address | None:
    """The address of a metrics backend; None where it is none, which is reported as ``found``."""
    found = found or shown(without_secrets(text))
    address = _address(
        faults, place, text, found, 'http:// or https:// and a host, such as "http://localhost:9090"'
    )
    if address is None:
        return None
    if address.scheme not in ("http", "https"):
        faults.add(place, found, 'http:// or https:// and a host, such as "http://localhost:9090"')
    elif address.query:
        faults.add(place, found, "an address without ? and #, to which paths can be appended")
    else:
        return address
    return None


def probe_address(faults: Faults, place: str, text: str) -> Address | None:
    """The address of what can be probed; None where that is reported."""
    found = shown(without_secrets(text))
    address = _address(faults, place, text, found, _probed(text))
    if address is None:
        return None
    if address.scheme not in _PROBED:
        faults.add(place, found, _probed(text))
    elif address.scheme == "tcp" and (not address.port or address.path or address.query):
        faults.add(place, found, 'a host and a port and nothing more, such as "tcp://orders-db:5432"')
    elif address.secrets:
        faults.add(place, found, "an address without a key or token: the file and the journal are no secrets")
    else:
        return address
    return None


def _probed(text: str) -> str:
    """What is expected of an address for a probe that is none."""
    scheme, mark, rest = text.partition("://")
    if not mark or scheme.lower() not in _PROBED:
        return "an address that begins with tcp://, http:// or https://"
    host = rest.partition("/")[0]
    return 'a host and a port, such as "tcp://orders-db:5432"' if host else f"a host after {scheme}://"


def _address(faults: Faults, place: str, text: str, found: str, expected: str) -> Address | None:
    authority = text.split("//", 1)[-1].split("/", 1)[0]
    if "@" in authority:
        expected = "one without them, for the file is no secret"
        faults.add(place, "an address that holds a user or password", expected)
        return None
    if "#" in text:
        faults.add(place, found, "an address without ? and #, to which paths can be appended")
        return None
    try:
        return Address.of(text)
    except ValueError:
        faults.add(place, found, expected)
        return None
