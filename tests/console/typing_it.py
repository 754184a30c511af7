"""The rollback dialog with a person before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.widgets import Input

from tests.console import moments
from tests.console.desk import SMALL, Desk, desk, reading
from tests.console.moments import WHO
from tests.console.story import Story
from tui.dialogs.rollback import RollbackDialog
from tui.dialogs.typed_name import TypedName

NAME = "checkout-api"
RUN = [("roll back", WHO)]


def is_open(here: Desk) -> bool:
    return isinstance(here.app.screen, RollbackDialog)


def written(here: Desk) -> str:
    return here.app.screen.query_one(Input).value


@asynccontextmanager
async def asked(
    story: Story | None = None, size: tuple[int, int] = SMALL, *, ordering: bool = False
) -> AsyncIterator[Desk]:
    """The dialog is open and its field takes keys; the first moment has tests of its own.

    Where nothing is ``ordering`` the console is one that the tests of a module share; it has the usual plan.
    """
    with pytest.MonkeyPatch.context() as hurry:
        hurry.setattr(TypedName, "on_mount", TypedName._open)
        async with (desk if ordering else reading)(story or moments.breached(), size) as here:
            await here.press("r")
            assert is_open(here)
            yield here
