"""A release in a journal, for the tests of what a journal is."""

from __future__ import annotations

from dataclasses import replace

from aftergreen.journal import Journal
from aftergreen.model import (
    Release,
)

WANTED = Release("checkout-api", "prod", "v2.4.1", "v2.4.0", 1000.5)


def start(
    journal: Journal, version: str = "v2.4.1", service: str = "checkout-api", at: float = 1001.0
) -> Release:
    wanted = replace(WANTED, version=version, service=service)
    return journal.open_release(
        wanted, seal="5ea1", plan={"a": 1}, baseline={}, by="ana", at=at
    ).record.release
