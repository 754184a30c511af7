"""The consoles that tests share: one loop for each module, on which they stay open from test to test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from tests.console.desk import put_away

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="session", autouse=True)
def _parsed_once() -> Iterator[None]:
    """What a style sheet says is parsed once for all consoles with the same colours, as it is within one."""
    parse, known = Stylesheet._parse_rules, dict[object, list[RuleSet]]()

    def looked_up(self: Stylesheet, *source: object, **named: object) -> list[RuleSet]:
        key = (source, *sorted(named.items()), frozenset(self._variables.items()))
        if key not in known:
            known[key] = parse(self, *source, **named)  # type: ignore[arg-type]  # as it was called
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", looked_up)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _shared_consoles() -> AsyncIterator[None]:
    yield
    await put_away()
