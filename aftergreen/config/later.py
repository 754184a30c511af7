"""Keys of the contract whose behaviour comes later: refused, never ignored."""

from __future__ import annotations

from aftergreen.config.faults import Faults, shown, shown_duration
from aftergreen.config.file import Document

_GRACE = 10.0


def refuse_later_keys(document: Document, faults: Faults) -> None:
    """Report every key that is set to something that this version cannot do."""
    rollback = document.rollback
    if rollback is not None:
        if rollback.automatic:
            _other(faults, "rollback.automatic", "true", "false")
        if rollback.grace is not None and rollback.grace != _GRACE:
            _other(faults, "rollback.grace", shown_duration(rollback.grace), '"10s"')
    if document.notices.urls_env is not None:
        found, expected = shown(document.notices.urls_env), "this key to be absent: it is not available yet"
        faults.add("notices.urls_env", found, expected)


def _other(faults: Faults, place: str, found: str, default: str) -> None:
    faults.add(place, found, f"{default}: anything else is not available yet")
