"""The configuration file: read, checked whole, and resolved to a plan."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

from aftergreen.clean import clean
from aftergreen.config.decode import decode
from aftergreen.config.faults import ConfigError, Fault, Faults, listed
from aftergreen.config.later import refuse_later_keys
from aftergreen.config.queries import warnings_of
from aftergreen.config.resolve import resolve
from aftergreen.model import Plan
from aftergreen.paths import example

__all__ = ["ConfigError", "Fault", "listed", "load", "loads", "warnings_of"]

_LARGEST = 1024 * 1024
_SYNTAX = re.compile(r"(.*) \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)", re.DOTALL)


def load(path: Path) -> Plan:
    """The plan of a configuration file; `ConfigError` with every fault at once."""
    origin = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise _unreadable(
            origin,
            "no such file",
            f"a configuration: begin with a copy of the example, cp {shlex.quote(str(example()))} {origin},"
            " or name another with -c",
        ) from None
    except IsADirectoryError:
        raise _unreadable(origin, "a directory", "a file: name it with -c") from None
    except OSError as error:
        found = f"a file that cannot be read ({clean((error.strerror or 'unknown reason').lower())})"
        raise _unreadable(origin, found, "one that this user may read") from None
    if len(content) > _LARGEST:
        raise _unreadable(origin, "more than 1 MiB", "a configuration: name another file with -c")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(
            origin, f"bytes in line {line} that are not UTF-8", "the file to be saved as UTF-8"
        ) from None
    return loads(text, origin)


def loads(text: str, origin: str = "aftergreen.toml") -> Plan:
    """The plan of a configuration; ``origin`` names it in errors. `ConfigError` with every fault at once."""
    try:
        raw = tomllib.loads(text)
    except ValueError as error:  # most are TOMLDecodeError; a number of thousands of digits is none
        raise ConfigError(origin, [_syntax(text, str(error))]) from None
    except RecursionError:
        raise ConfigError(origin, [Fault(origin, "brackets nested too deeply", "valid TOML")]) from None
    faults = Faults()
    document = decode(raw, faults)
    refuse_later_keys(document, faults)
    plan = resolve(document, faults)
    found = faults.in_order()
    if found:
        raise ConfigError(origin, found)
    return plan


def _unreadable(origin: str, found: str, expected: str) -> ConfigError:
    return ConfigError(origin, [Fault(origin, found, expected)])


def _syntax(text: str, message: str) -> Fault:
    match = _SYNTAX.fullmatch(message)
    reason = clean(match[1] if match else message).rstrip(".")
    if match and match[2]:
        place = f"line {match[2]}, column {match[3]}"
    else:
        place = f"line {len(text.splitlines()) or 1}, at the end"
    return Fault(place, f"a fault in the TOML ({reason[:1].lower()}{reason[1:]})", "valid TOML")
