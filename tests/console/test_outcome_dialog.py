"""A rollback of which nobody knows: a person says what came of it, or why it is run again."""

from __future__ import annotations

import pytest

from aftergreen.watch.orders import RollBack
from tests.console import moments
from tests.console.desk import SMALL, WIDE, desk, flowing, reading
from tests.console.moments import WHO
from tui.dialogs.outcome import OutcomeDialog
from tui.dialogs.typed_name import TypedName

TALLER = (60, 30)
NARROW = (40, 12)


@pytest.mark.parametrize("size", [WIDE, SMALL, TALLER])
async def test_it_shows_what_is_known_and_what_is_measured_now(size: tuple[int, int]) -> None:
    async with reading(moments.lost("undoing", "half of the pods are back"), size) as here:
        await here.press("o")
        for part in (
            "who ran it is gone",
            "kubectl rollout undo deployment/checkout-api",
            f"ago, ordered by {WHO}",
            "undoing",
            "half of the pods are back",
            "HTTP 5xx 5.95 %, its limit is 1 %",
            "Say worked or failed, because …",
            "esc closes, nothing is recorded",
        ):
            assert part in flowing(here.text)


async def test_where_it_does_not_fit_the_rest_can_be_scrolled_to_and_the_field_stays() -> None:
    async with reading(moments.lost(*(f"line {number}" for number in range(8))), NARROW) as here:
        await here.press("o")
        assert "more" in here.text
        seen = here.text
        for _ in range(30):
            await here.press("down")
            assert "esc closes" in here.text
            seen += here.text
        assert "line 7" in seen


@pytest.mark.parametrize(
    ("typed", "orders"),
    [
        ("worked because every pod runs v2.4.0", [("settle", "worked because every pod runs v2.4.0", WHO)]),
        ("", []),
    ],
)
async def test_what_is_typed_is_recorded_with_the_name(typed: str, orders: list[tuple[str, ...]]) -> None:
    async with desk(moments.lost(), SMALL) as here:
        await here.press("o", *typed, "enter")
        assert here.given.orders == orders
        assert not isinstance(here.app.screen, OutcomeDialog)


async def test_what_says_too_little_records_nothing_and_keeps_what_was_typed() -> None:
    async with desk(moments.lost(), SMALL) as here:
        await here.press("o", *"it worked", "enter")
        assert here.given.orders == []
        assert "nothing was recorded: write worked or failed, and how you know it" in flowing(here.text)
        assert "it worked" in here.text
        await here.press("escape")
        assert not isinstance(here.app.screen, OutcomeDialog)


async def test_where_the_outcome_is_known_the_key_says_so() -> None:
    async with desk(moments.breached(), SMALL) as here:
        await here.press("o")
        assert here.told == ["Outcome: there is no rollback whose outcome is unknown."]


async def test_it_is_run_again_with_the_name_and_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TypedName, "on_mount", TypedName._open)
    async with desk(moments.lost(), SMALL) as here:
        await here.press("r")
        assert "Type checkout-api because … and press enter." in here.text
        await here.press(*"checkout-api", "enter")
        assert "say why it is run again, after checkout-api because: nothing was run" in flowing(here.text)
        assert here.given.orders == []
        await here.press(*" because v2.4.1 serves", "enter")
        assert here.given.ordered == [RollBack(WHO, 1, "v2.4.1 serves")]


async def test_a_reason_may_be_given_where_none_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TypedName, "on_mount", TypedName._open)
    async with desk(moments.breached(), SMALL) as here:
        await here.press("r", *"checkout-api because customers call", "enter")
        assert here.given.ordered == [RollBack(WHO, 0, "customers call")]


async def test_why_it_was_run_again_stays_to_be_read() -> None:
    again = moments.lost().roll_back(reason="v2.4.1 serves").rolled_back(exit_code=3)
    async with reading(again, WIDE) as here:
        await here.press("6")
        assert "because v2.4.1 serves" in flowing(here.text)
