"""The addresses that a configuration may name. None holds a user or password, and none that does is shown."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from aftergreen.config.faults import Faults, shown


def check_backend(faults: Faults, place: str, address: str) -> None:
    """Report what is no address of a metrics backend."""
    expected = 'http:// or https:// and a host, such as "http://localhost:9090"'
    parts = _parts(faults, place, address, expected)
    if parts is None:
        return
    if parts.scheme not in ("http", "https") or not parts.hostname:
        faults.add(place, shown(address), expected)
    elif parts.query or parts.fragment:
        faults.add(place, shown(address), "an address without ? and #, to which paths can be appended")


def check_probe(faults: Faults, place: str, address: str) -> None:
    """Report what cannot be probed."""
    parts = _parts(faults, place, address, 'a host and a port, such as "tcp://orders-db:5432"')
    if parts is None:
        return
    if parts.scheme not in ("tcp", "http", "https"):
        faults.add(place, shown(address), "an address that begins with tcp://, http:// or https://")
    elif not parts.hostname:
        faults.add(place, shown(address), f"a host after {parts.scheme}://")
    elif parts.scheme == "tcp" and (not parts.port or parts.path.strip("/") or parts.query or parts.fragment):
        faults.add(
            place, shown(address), 'a host and a port and nothing more, such as "tcp://orders-db:5432"'
        )


def _parts(faults: Faults, place: str, address: str, expected: str) -> SplitResult | None:
    """The parts of an address that can be read and holds no secret; None where that is reported."""
    if "@" in address.split("//", 1)[-1].split("/", 1)[0]:
        faults.add(
            place, "an address that holds a user or password", "one without them, for the file is no secret"
        )
        return None
    try:
        parts = urlsplit(address)
        if parts.port != 0 and address.isprintable() and " " not in address:
            return parts
    except ValueError:
        pass
    faults.add(place, shown(address), expected)
    return None
