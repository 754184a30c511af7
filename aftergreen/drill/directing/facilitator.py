"""The facilitator's end of a rehearsal: asks how it stands, and orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aftergreen.clean import clean
from aftergreen.drill.directing.facilitation import HALT, PATH, Told
from aftergreen.drill.directing.running import Running
from aftergreen.drill.service.directed import Act

if TYPE_CHECKING:
    import httpx

PATIENCE = 5.0
"""Real seconds that a rehearsal has to answer."""


class Gone(Exception):
    """The rehearsal does not answer; the text says what that means. It may answer again."""


class NotDone(Exception):
    """An order was refused; the text says why."""


@dataclass
class Facilitator:
    """Talks to one rehearsal; ask in one event loop, and close it there."""

    running: Running
    _client: httpx.AsyncClient | None = None

    async def look(self) -> Told:
        """How it stands; raises `Gone`."""
        return await self._ask("GET", {})

    async def halt(self) -> Told:
        """Let its time stand still or go on; raises `Gone` and `NotDone`."""
        return await self._ask("POST", {"act": HALT})

    async def act(self, act: Act, fault: int) -> Told:
        """Do this to a fault, by its number from 0; raises `Gone` and `NotDone`."""
        return await self._ask("POST", {"act": act.value, "fault": str(fault)})

    async def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, method: str, given: dict[str, str]) -> Told:
        # Both take longer to import than the first paint waits.
        import cattrs  # noqa: PLC0415
        import httpx  # noqa: PLC0415

        if self._client is None:
            # It is on loopback: a proxy of the environment could not reach it.
            self._client = httpx.AsyncClient(base_url=self.running.url, timeout=PATIENCE, trust_env=False)
        form = {"token": self.running.token, **given}
        try:
            sent = {"params": form} if method == "GET" else {"data": form}
            answer = await self._client.request(method, PATH, **sent)  # type: ignore[arg-type]
            document: dict[str, Any] = answer.json()
            if answer.is_success:
                return cattrs.structure(document, Told)
        except httpx.TimeoutException as error:
            raise Gone("the rehearsal does not answer: its console sleeps, or is busy") from error
        except (httpx.HTTPError, ValueError, cattrs.BaseValidationError) as error:
            raise Gone("the rehearsal's console has ended; this is how it last stood") from error
        raise NotDone(clean(str(document.get("error", f"HTTP status {answer.status_code}"))))
