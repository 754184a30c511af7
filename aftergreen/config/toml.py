"""A TOML file as a document: read whole, bounded, and every failure with its place and cure."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from aftergreen.clean import clean
from aftergreen.config.faults import ConfigError, Fault

LONGEST_PATH = 4096
"""Characters of a path that are shown: all that a system takes."""

_LARGEST = 1024 * 1024
_SYNTAX = re.compile(r"(.*) \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)", re.DOTALL)


def content(path: Path, *, what: str, missing: str, cure: str) -> str:
    """The text of a file; `ConfigError` where there is none.

    ``what`` is expected there (``a configuration``), ``missing`` mends a file that is not there, and
    ``cure`` one that is something else (``: name another with -c``).
    """
    origin = clean(str(path), LONGEST_PATH)
    try:
        with path.open("rb") as file:
            found = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise _unreadable(origin, "no such file", f"{what}: {missing}") from None
    except IsADirectoryError:
        raise _unreadable(origin, "a directory", f"a file: {cure}") from None
    except OSError as error:
        why = f"a file that cannot be read ({clean((error.strerror or 'unknown reason').lower())})"
        raise _unreadable(origin, why, "one that this user may read") from None
    if len(found) > _LARGEST:
        raise _unreadable(origin, "more than 1 MiB", f"{what}: {cure}")
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        raise _unreadable(
            origin, f"bytes in line {line} that are not UTF-8", "the file to be saved as UTF-8"
        ) from None


def parsed(text: str, origin: str) -> dict[str, Any]:
    """The document of a text; ``origin`` names it in a `ConfigError`."""
    try:
        return tomllib.loads(text)
    except ValueError as error:  # most are TOMLDecodeError; a number of thousands of digits is none
        raise ConfigError(origin, [_syntax(text, str(error))]) from None
    except RecursionError:
        raise ConfigError(origin, [Fault(origin, "brackets nested too deeply", "valid TOML")]) from None


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
