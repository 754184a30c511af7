"""Several releases in one console: worst first, one is opened, what burns elsewhere is seen from there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.journal import JournalError
from aftergreen.model import Automatic
from aftergreen.preflight.checks import Finding, Severity
from aftergreen.verdict.ending import ExitCode
from aftergreen.verdict.snapshot import Snapshot
from tests.automatic import automatic
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Several, called, flowing, saved_in, several
from tests.console.story import Story, busy_plan

SIZES = [(120, 40), (100, 30), (80, 24), (60, 20), (40, 12)]


def three() -> tuple[Snapshot, ...]:
    """Given with the best one first."""
    return (
        called(moments.watching(), "mailer", "9c1e2f"),
        called(moments.over_limit(), "search", "2026.11"),
        called(moments.breached(), "checkout-api"),
    )


def well(*services: str) -> tuple[Snapshot, ...]:
    return tuple(called(moments.watching(), service) for service in services)


def first_rows(here: Several, number: int = 2) -> str:
    return "\n".join(here.desk.lines[:number])


@pytest.mark.parametrize("size", SIZES, ids=["x".join(map(str, size)) for size in SIZES])
async def test_the_worst_stands_first_and_how_it_stands_is_read_at_every_size(size: tuple[int, int]) -> None:
    async with several(*three(), size=size) as here:
        assert here.services == ["checkout-api", "search", "mailer"]
        read = flowing(here.desk.text)
        for fact in ("3 releases", "BREACHED", "OVER LIMIT", "WATCHING", "22:21:"):
            assert fact in read, here.desk.text
        assert len(here.desk.lines) == size[1]
        assert "q Quit" in here.desk.lines[-1]


async def test_a_row_tells_the_clock_the_five_indicators_and_what_leads() -> None:
    async with several(*three(), size=(132, 40)) as here:
        heads, worst, leads, *_ = here.desk.lines[1:]
        for head in ("service", "version", "clock", "err", "lat", "sat", "dep", "biz"):
            assert head in heads
        for fact in ("checkout-api", "v2.4.1", "+08:30 of 15:00"):
            assert fact in worst
        assert leads == "     BREACHED  HTTP 5xx 5.55 % > 1 % for 2m"
        # The mark of the error rate, and the bars on both sides of the deployment.
        assert worst[heads.index("err") - 1] == "✗"
        assert "│" in worst[heads.index("err") : heads.index("lat")]


async def test_what_is_saved_of_all_is_named_after_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with several(*three()) as here:
        await here.desk.press("e")
        await here.desk.press("enter", "e")
    all_of_them, _, one, _ = (place.name for place in saved_in(tmp_path))
    assert re.fullmatch(r"aftergreen-all-services-\d{8}-\d{6}\.svg", all_of_them)
    assert one.startswith("aftergreen-checkout-api-v2.4.1-")


async def test_where_rows_are_many_or_long_enough_each_release_has_one() -> None:
    async with several(*three(), size=(160, 40)) as here:
        assert "what leads" in here.desk.lines[1]
        assert here.desk.lines[2].endswith("BREACHED  HTTP 5xx 5.55 % > 1 % for 2m")
    async with several(*well(*(f"service-{number:02}" for number in range(20)))) as here:
        assert "what leads" in here.desk.lines[1]
        assert here.desk.lines[21].startswith(" ✓ service-19")


async def test_what_happened_to_any_of_them_is_told_newest_first() -> None:
    async with several(*three()) as here:
        told = [line for line in here.desk.lines if " UTC " in line]
        assert "checkout-api" in told[0]
        assert "HTTP 5xx breached: 5.55 % > 1 % for 2m" in told[0]
        assert [line[1:9] for line in told] == sorted((line[1:9] for line in told), reverse=True)


async def test_until_somebody_chose_the_worst_is_chosen() -> None:
    async with several(*well("edge", "front")) as here:
        assert here.services == ["edge", "front"]
        await here.show(called(moments.breached(), "front"))
        assert here.chosen == "front"


async def test_the_choice_stays_with_its_release_when_the_order_changes() -> None:
    async with several(*well("edge", "front", "stock")) as here:
        await here.desk.press("j")
        assert here.chosen == "front"
        await here.show(called(moments.breached(), "stock"))
        assert here.services == ["stock", "edge", "front"]
        assert here.chosen == "front"
        await here.desk.press("enter")
        assert "front v2.4.1" in first_rows(here)


async def test_one_is_opened_and_left_again() -> None:
    async with several(*three()) as here:
        await here.desk.press("enter")
        assert "checkout-api v2.4.1" in first_rows(here)
        assert "✗ BREACHED" in here.desk.lines[0]
        await here.desk.press("1", "escape", "escape")
        assert "3 releases" in here.desk.lines[0]


async def test_esc_gives_up_what_was_chosen_before_it_leaves() -> None:
    async with several(*three()) as here:
        await here.desk.press("enter", "space", "escape")
        assert "PAUSED" not in here.desk.text
        assert "checkout-api v2.4.1" in first_rows(here)
        await here.desk.press("escape")
        assert "3 releases" in here.desk.lines[0]


async def test_a_click_opens() -> None:
    async with several(*three()) as here:
        # Each has two rows here, and either will do.
        await here.desk.click(10, 5)
        assert "search 2026.11" in first_rows(here)


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20), (40, 12)])
async def test_what_burns_elsewhere_rings_and_is_marked_on_row_one(size: tuple[int, int]) -> None:
    async with several(*well("edge", "front"), size=size) as here:
        await here.desk.press("enter")
        assert "✗" not in here.desk.lines[0]
        rung = here.desk.app.rung
        await here.show(called(moments.breached(), "front"))
        assert here.desk.app.rung == rung + 1
        assert "✗ front · esc" in here.desk.lines[0] or "✗ 1 more" in here.desk.lines[0]
        assert here.desk.told == ["front v2.4.1: BREACHED  HTTP 5xx 5.55 % > 1 % for 2m"]
        # Asking for it does not make it ring again.
        await here.desk.press("escape", "enter")
        assert here.desk.app.rung == rung + 1


async def test_above_a_dialog_stands_the_countdown_of_another_release() -> None:
    async with several(*well("edge", "front")) as here:
        await here.desk.press("enter", "n")
        await here.show(called(moments.counting(), "front"))
        alarm = here.desk.lines[0]
        assert "front rolls back in" in alarm
        assert "holds it" not in alarm, "the key would hold the release that is looked at"


async def test_orders_go_to_the_release_that_is_open() -> None:
    async with several(*three()) as here:
        await here.desk.press("j", "enter", "n")
        await here.desk.type("looks odd")
        await here.desk.press("enter")
        orders = {service: given.orders for service, given in here.given.items()}
        assert orders == {"mailer": [], "search": [("note", "looks odd", "ana@bastion2")], "checkout-api": []}


@pytest.mark.parametrize("key", ["r", "w", "1", "c", "n", "t", "space", "/", "f", "y"])
async def test_what_is_about_one_release_asks_for_it(key: str) -> None:
    async with several(*three()) as here:
        await here.desk.press(key)
        assert here.desk.told[-1].endswith(": choose a release and open it first (enter).")
        assert not any(given.orders for given in here.given.values())
        # Nor from a page that stands above the overview.
        await here.desk.press("?", key)
        assert not any(given.orders for given in here.given.values())
        assert "3 releases" in here.desk.lines[0]
        assert "Roll back checkout-api" not in here.desk.text


async def test_leaving_names_those_that_are_open_and_abandons_all() -> None:
    shown = (*three()[:2], called(moments.finished(), "price"))
    async with several(*shown) as here:
        await here.desk.press("q")
        assert "Still being watched: search 2026.11, mailer 9c1e2f." in flowing(here.desk.text)
        await here.desk.press("y")
        assert all(given.orders == [("abandon", "ana@bastion2")] for given in here.given.values())
        # What was over its limit, of the three.
        assert here.desk.app.return_value == ExitCode.ROLLBACK_ADVISED


async def test_where_all_have_ended_nothing_is_asked() -> None:
    shown = (called(moments.finished(), "price"), called(moments.unproven(), "stock"))
    async with several(*shown) as here:
        await here.desk.press("q")
        assert here.desk.app.return_value == ExitCode.UNPROVEN


async def test_one_that_cannot_be_watched_takes_no_other_along() -> None:
    async with several(*well("edge", "front")) as here:
        app = here.desk.app
        front = app.releases.all[1]
        app.watch_ended(front, JournalError("The journal cannot be written: its disk is full."))
        await here.desk.settle()
        assert here.services == ["front", "edge"]
        assert "? front" in here.desk.lines[2]
        assert "NOT WATCHED  The journal cannot be written" in here.desk.text
        await here.desk.press("enter")
        assert "NOT WATCHED  The journal cannot be written: its disk is full." in here.desk.lines[0]
        await here.desk.press("r")
        assert here.desk.told == ["Roll back: nobody watches the release any more."]
        app.watch_ended(app.releases.all[0], JournalError("The same here."))
        await here.desk.settle()
        assert app.return_value == 1


async def test_one_that_fails_while_another_is_looked_at_is_said_and_never_green() -> None:
    async with several(*well("edge", "front"), size=(30, 8)) as here:
        app = here.desk.app
        await here.desk.press("enter")
        app.watch_ended(app.releases.all[1], RuntimeError("no such thing"))
        await here.desk.settle()
        assert here.desk.told == ["front v2.4.1: NOT WATCHED  no such thing"]
        await here.desk.press("escape", "k", "k", "enter")
        assert "NOT WATCHED" in here.desk.text
        assert "WATCHING" not in here.desk.text


async def test_the_card_of_one_that_has_ended_is_shown_once_when_it_is_opened() -> None:
    async with several(called(moments.finished(), "price"), *well("edge")) as here:
        assert here.services == ["edge", "price"]
        await here.desk.press("j", "enter")
        assert "Production runs v2.4.1" in here.desk.text
        await here.desk.press("escape", "escape", "enter")
        assert "Production runs" not in here.desk.text


async def test_of_twenty_the_chosen_one_is_seen_and_how_many_are_not() -> None:
    services = [f"service-{number:02}" for number in range(20)]
    async with several(*well(*services), size=SMALL) as here:
        assert here.services == services[:17]
        assert "+3 below" in here.desk.text
        await here.desk.press(*["j"] * 18)
        assert "▸✓ service-18" in here.desk.text
        assert "+" not in here.desk.lines[-3]


async def test_a_service_that_is_there_twice_is_told_apart_by_its_environment() -> None:
    snapshot = called(moments.watching(), "edge")
    release = replace(snapshot.state.setup.release, environment="canary")
    setup = replace(snapshot.state.setup, release=release)
    other = replace(snapshot, state=replace(snapshot.state, setup=setup))
    async with several(snapshot, called(moments.watching(), "front")) as here:
        assert "edge/" not in here.desk.text
    async with several(snapshot, other) as here:
        assert "edge/prod" in here.desk.text
        assert "edge/canary" in here.desk.text


async def test_what_preflight_found_is_said_once_when_the_release_is_opened() -> None:
    async with several(*well("edge", "front")) as here:
        front = here.desk.app.releases.all[1]
        here.desk.app.preflight(front, (Finding(Severity.WARNING, "the window is short"),))
        await here.desk.settle()
        await here.desk.press("enter", "escape")
        assert here.desk.told == []
        await here.desk.press("j", "enter", "escape", "enter")
        assert here.desk.told == ["Preflight found one thing to know: f shows it."]


async def test_old_data_are_said_to_be_old() -> None:
    async with several(*well("edge", "front")) as here:
        assert "data" not in here.desk.text
        here.desk.clock.time += 300
        here.desk.app.show()
        await here.desk.settle()
        assert "✓ edge" in here.desk.text
        assert here.desk.text.count("! data 5m03s ago") == 2


async def test_the_title_tells_the_worst_and_how_many_more() -> None:
    async with several(*three()) as here:
        assert here.desk.app.releases.title == "✗ BREACHED checkout-api v2.4.1 and 2 more"


async def test_the_key_that_holds_is_offered_where_it_is_of_use() -> None:
    watched = called(Story(automatic(Automatic.ON, 10.0, given=busy_plan())).feed(300), "pay")
    async with several(watched, *well("edge")) as here:
        await here.desk.press("j", "enter")
        assert "h Hold" in here.desk.lines[-1]
