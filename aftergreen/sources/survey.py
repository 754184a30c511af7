"""What a backend has, asked without knowing any of it: names of series, what they mean, their labels."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aftergreen.clean import clean
from aftergreen.promql import METRIC, matchers_text
from aftergreen.sources.answer import listed, parse
from aftergreen.sources.asker import Asker
from aftergreen.sources.http import Client
from aftergreen.sources.protocol import SourceUnavailable

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What metadata say of a metric: its type, and what it tells in words. Either may be empty."""

    type: str
    help: str


class Survey:
    """Asks one backend. Raises `SourceUnavailable` for whatever keeps an answer from arriving."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asker = Asker(client)

    async def now(self) -> float:
        """The backend's time, in seconds since the epoch."""
        return await self._asker.now()

    async def names(self) -> frozenset[str]:
        """The names of all series that there are."""
        status, body = await self._got("label/__name__/values")
        if status != HTTPStatus.OK:
            parse(status, body)
        found = listed(status, body)
        return frozenset(clean(name) for name in found if isinstance(name, str))

    async def values(self, label: str) -> tuple[str, ...]:
        """The values that a label has anywhere; none where a backend does not list them."""
        found = listed(*await self._got(f"label/{label}/values"))
        return tuple(clean(one) for one in found if isinstance(one, str))

    async def meanings(self) -> Mapping[str, Meaning]:
        """What is known of metrics by their names; empty where a backend keeps no metadata."""
        found = listed(*await self._got("metadata", {"limit_per_metric": "1"}))
        known = found if isinstance(found, dict) else {}
        return {
            clean(name): _meaning(told[0]) for name, told in known.items() if isinstance(told, list) and told
        }

    async def groups(self, queries: Iterable[str], at: float) -> Mapping[str, tuple[Labels, ...]]:
        """The labels of the series that each query gives at a time."""
        texts = tuple(dict.fromkeys(queries))
        sheet = await self._asker.over_time(dict.fromkeys(texts, (at,)))
        found: dict[str, tuple[Labels, ...]] = {}
        for (text, _), answer in sheet.items():
            if answer.failure:
                raise SourceUnavailable(answer.failure)
            found[text] = answer.labels
        return found

    async def _got(self, endpoint: str, form: Mapping[str, str] | None = None) -> tuple[int, bytearray]:
        deadline = asyncio.get_running_loop().time() + self._client.backend.timeout
        return await self._client.ask(endpoint, form or {}, method="GET", deadline=deadline)


def grouped(names: Iterable[str], labels: Iterable[str], matchers: str = "") -> str:
    """Asks which values of some labels there are, of the series with these names, or with any.

    ``matchers`` are further ones, as they stand in a selector.
    """
    # Names hold letters, digits, underscores and colons: none of them means anything in an expression.
    either = "|".join(names)
    named = matchers_text([(METRIC, "=~", either)]) if either else ""
    inside = ",".join(part for part in (named, matchers) if part)
    return f"count by ({', '.join((METRIC, *labels))}) ({{{inside}}})"


def _meaning(told: object) -> Meaning:
    known = told if isinstance(told, dict) else {}
    return Meaning(clean(str(known.get("type", "")), 20), clean(str(known.get("help", "")), 120))
