"""The demo's story: a release that asks its database a question too many.

v2.4.1 sends a share of its requests through a query without an index. While the cache is warm nobody
asks it; then orders-db slows down, connections pile up, and requests begin to fail.
"""

from __future__ import annotations

from dataclasses import replace

from aftergreen.drill.service.behaviour import ORDERS_DB, PAYMENTS, SESSION_CACHE, Behaviour, Stage, Version

PREVIOUS = "v2.4.0"
RELEASED = "v2.4.1"

_HEALTHY = Behaviour()
_SLOW_DATABASE = replace(
    _HEALTHY,
    dependencies=(replace(ORDERS_DB, latency=0.9, error_rate=0.004), SESSION_CACHE, PAYMENTS),
)
_FAILING = replace(
    _SLOW_DATABASE,
    error_rate=0.05,
    latency=_HEALTHY.latency * 1.35,
    db_connections=63.0,
    registrations=_HEALTHY.registrations * 0.85,
)

VERSIONS = (
    Version(PREVIOUS, _HEALTHY),
    Version(
        RELEASED,
        _HEALTHY,
        stages=(
            Stage(after=75.0, ramp=15.0, to=_SLOW_DATABASE),
            Stage(after=110.0, ramp=100.0, to=_FAILING),
        ),
    ),
)
