"""How many examples a property is tried on, as a share of what the profile gives one."""

from __future__ import annotations

from hypothesis import settings


def tried(share: float) -> settings:
    """So many times the profile's examples: fewer where one costs much, more where the space is wide."""
    return settings(max_examples=max(1, round(settings().max_examples * share)))
