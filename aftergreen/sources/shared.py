"""The sources of several watches in one event loop: who asks the same backend shares its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftergreen.model import Plan
from aftergreen.sources.protocol import Source

if TYPE_CHECKING:
    from aftergreen.sources.http import Client


class SharedSources:
    """Makes the source of each watch."""

    def __init__(self) -> None:
        self._clients: list[Client] = []

    def __call__(self, plan: Plan) -> Source:
        """The source of one of the watches."""
        # httpx costs a third of a first paint.
        from aftergreen.sources.http import Client  # noqa: PLC0415
        from aftergreen.sources.live import LiveSource  # noqa: PLC0415

        for client in self._clients:
            if client.backend == plan.backend:
                return LiveSource(plan, client.share())
        self._clients.append(Client(plan.backend))
        return LiveSource(plan, self._clients[-1])
