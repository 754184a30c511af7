"""How a version of the simulated service behaves while all is well, and what its load makes of that."""

from __future__ import annotations

from dataclasses import dataclass, replace

MIB = 1024.0**2

BUSY = 0.85
"""The share of a processor from which on work waits for it."""

WAITS = 1.0
"""Seconds that a request waits for a connection where there is none."""

TURNED_AWAY = 0.6
"""The share of the requests without a connection that fail."""

SHED = 0.3
"""The share of the work beyond what a processor can do that fails."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that the service calls: calls per request, mean latency in seconds, share of failed calls.

    ``waited`` is the share of its latency, and of its failures, that reaches the request: what is called
    in the background, or has a fallback, reaches less.
    """

    name: str
    calls: float
    latency: float
    error_rate: float
    waited: float = 1.0


ORDERS_DB = Dependency("orders-db", calls=0.6, latency=0.008, error_rate=0.0001)
SESSION_CACHE = Dependency("session-cache", calls=1.0, latency=0.0012, error_rate=0.0)
PAYMENTS = Dependency("payments", calls=0.1, latency=0.210, error_rate=0.0008)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A version under load, for the whole service; its instances share it evenly.

    Requests and errors: per second, and the share that fails; ``cluster`` of them fail together, and
    ``retries`` is the share of failed requests that are sent again. Latency: mean in seconds, and the sigma
    of its logarithm. CPU: the busy share; memory: bytes, at most ``memory_limit``; all three of each
    instance. Connections to the database are those in use, of a ``pool``. Registrations: per minute.
    ``serves`` is the share of its requests that an instance answers; nobody else answers the rest.
    """

    requests: float = 120.0
    error_rate: float = 0.001
    cluster: float = 1.0
    retries: float = 0.0
    latency: float = 0.175
    latency_tail: float = 0.5
    cpu: float = 0.42
    memory: float = 612 * MIB
    memory_limit: float = 1024 * MIB
    db_connections: float = 41.0
    pool: float = 100.0
    registrations: float = 305.0
    serves: float = 1.0
    dependencies: tuple[Dependency, ...] = (ORDERS_DB, SESSION_CACHE, PAYMENTS)


def under_load(asked: Behaviour, normal: Behaviour) -> Behaviour:
    """What becomes of a behaviour where its parts get in each other's way.

    A slow dependency keeps requests, and those of the database connections, for as long as it takes
    (Little's law: in use = rate x time). Without a connection requests wait or fail; on a busy processor
    they wait; those that fail are sent again, and register nobody.
    """
    known = {one.name: one for one in normal.dependencies}
    slower = {one.name: max(0.0, one.latency - known[one.name].latency) for one in asked.dependencies}
    waited = sum(one.calls * one.waited * slower[one.name] for one in asked.dependencies)
    failing = sum(
        one.calls * one.waited * max(0.0, one.error_rate - known[one.name].error_rate)
        for one in asked.dependencies
    )
    database = next(one for one in asked.dependencies if one.name == ORDERS_DB.name)
    held = asked.requests * database.calls * database.waited * slower[database.name]
    wanted = asked.db_connections + held
    without = max(0.0, wanted - asked.pool) / wanted if wanted else 0.0
    queued = 1.0 + max(0.0, asked.cpu - BUSY) / (1.0 - BUSY)
    errors = min(1.0, asked.error_rate + failing + TURNED_AWAY * without + SHED * max(0.0, asked.cpu - 1.0))
    # As many register as is normal with the failures that are normal; where all fail that says nothing.
    usual = 1.0 - min(0.5, normal.error_rate)
    return replace(
        asked,
        requests=asked.requests * (1.0 + asked.retries * errors),
        error_rate=errors,
        latency=(asked.latency + waited + WAITS * without) * queued,
        cpu=min(1.0, asked.cpu),
        memory=min(asked.memory, asked.memory_limit),
        db_connections=min(wanted, asked.pool),
        registrations=asked.registrations * (1.0 - errors) / usual,
    )
