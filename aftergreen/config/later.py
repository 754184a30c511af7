"""Keys of the contract whose behaviour comes later: refused, never ignored."""

from __future__ import annotations

from aftergreen.config.faults import Faults, shown
from aftergreen.config.file import Document


def refuse_later_keys(document: Document, faults: Faults) -> None:
    """Report every key that is set to something that this version cannot do."""
    if document.notices.urls_env is not None:
        found, expected = shown(document.notices.urls_env), "this key to be absent: it is not available yet"
        faults.add("notices.urls_env", found, expected)
