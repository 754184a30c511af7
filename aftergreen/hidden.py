"""The secrets that this process knows, which stand in no text from outside that it shows, writes or records.

Whoever reads one, from the environment, a file or the configuration, hides it here, once; `clean`, the door
by which all text comes in, leaves them out. What is decided by and what is run is never changed: a password
may well be a word of a command.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

MASK = "***"
"""Stands where a secret was."""

SHORTEST = 6
"""Characters of a value that is taken for a secret: a shorter one stands in texts by chance."""

_known: tuple[str, ...] = ()


def hide(*values: str) -> None:
    """Never show these values again, in whatever form they usually come."""
    global _known  # noqa: PLW0603  # a process knows its secrets, whichever of its threads read them
    # A token is read for every question, and is the same for most of them.
    new = [value for value in values if len(value) >= SHORTEST and value not in _known]
    if new:
        forms = {form for value in new for form in _forms(value)}
        # The longer first: one may be a part of another.
        _known = tuple(sorted({*_known, *forms}, key=lambda form: (-len(form), form)))


def forget() -> None:
    """Know none any more."""
    global _known  # noqa: PLW0603  # as above
    _known = ()


def blotted(text: str) -> str:
    """The text without the secrets that are known."""
    for secret in _known:
        text = text.replace(secret, MASK)
    return text


def _forms(value: str) -> set[str]:
    """As it is, as in addresses, as in JSON, and as in basic authentication."""
    encoded = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()
    in_addresses = (quote(value, safe=safe, errors="replace") for safe in ("", "/"))
    return {value, *in_addresses, quote_plus(value, errors="replace"), json.dumps(value)[1:-1], encoded}
