"""A watch that ends while something is over its limit: red to the last, and told whole."""

from __future__ import annotations

import pytest

from aftergreen.verdict.snapshot import Mark
from aftergreen.verdict.state import ReleaseState
from aftergreen.words import event, event_mark
from aftergreen.words.banner import banner_of
from aftergreen.words.cards import finish_card
from tests.console import moments
from tests.console.desk import SMALL, WIDE, desk, reading
from tests.console.story import CONNECTIONS, ERRORS, LATENCY, ORDERS, REGISTRATIONS

ENDINGS = {
    "unproven": (moments.ended_red, "STILL BREACHED"),
    "abandoned": (lambda: moments.breached().abandoned(), "STILL BREACHED"),
    "over its limit": (lambda: moments.over_limit().abandoned(), "STILL OVER LIMIT"),
    "held": (lambda: moments.held().abandoned(), "STILL BREACHED"),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_what_is_over_its_limit_at_the_end_stays_red_and_comes_first(how: str) -> None:
    tell, word = ENDINGS[how]
    snapshot = tell().snapshot
    assert snapshot.release_state.ended
    banner = banner_of(snapshot, snapshot.at)
    assert (banner.mark, banner.word) == (Mark.BAD, word)
    assert banner.text.startswith("HTTP 5xx 5."), banner.text
    assert "in range" not in "\n".join(finish_card(snapshot)[:2])
    assert finish_card(snapshot)[1].startswith("checkout-api/prod/v2.4.1#7: HTTP 5xx is still "), how
    ended = snapshot.events[0]
    assert (event_mark(ended), "HTTP 5xx is still" in event(ended)) == (Mark.BAD, True)


def test_what_only_warns_at_the_end_is_amber() -> None:
    story = moments.watching()
    while not story.state.state.ended:
        story.feed(15, {ORDERS: 0.9})
    snapshot = story.snapshot
    banner = banner_of(snapshot, snapshot.at)
    assert (snapshot.release_state, banner.mark) == (ReleaseState.UNPROVEN, Mark.WARN)
    assert banner.text == "dependencies responding: orders-db connect is over limit"


def test_what_is_worst_is_missed_first() -> None:
    story = moments.watching()
    while not story.state.state.ended:
        story.feed(15, {ORDERS: 0.9, REGISTRATIONS: 40.0})
    first, *others = story.snapshot.state.missing
    assert "registrations" in str(first)
    assert any("orders-db" in str(other) for other in others)


def test_hours_after_the_warm_up_nothing_warms_up() -> None:
    story = moments.begun().blind(7200)
    assert "warming up" not in " ".join(item.why for item in story.snapshot.checklist)
    assert "warming up" in " ".join(item.why for item in moments.begun().feed(15).snapshot.checklist)


def test_the_card_has_every_breach_every_rollback_and_every_note() -> None:
    story = (
        moments.breached()
        .feed(300)
        .roll_back(output=("x",), by="ben@bastion1")
        .rolled_back(exit_code=3, error="quota exceeded")
    )
    story.noted("pods were full").feed(60, moments.FAILING)
    card = "\n".join(finish_card(story.abandoned().snapshot))
    for told in (
        "HTTP 5xx breached: 5.55 % > 1 %",
        "HTTP 5xx cleared: ",
        "rollback started by ben@bastion1",
        "the rollback command failed",
        "note by ana@bastion2: pods were full",
    ):
        assert told in card, card


def test_a_note_is_on_the_card_however_much_happened_since() -> None:
    story = moments.begun().noted("canary first")
    for _ in range(28):
        story.feed(15, {ORDERS: 0.9, LATENCY: 0.9, CONNECTIONS: 99.0, REGISTRATIONS: 40.0}).feed(15)
    assert len(story.snapshot.events) == 200
    assert "note by ana@bastion2: canary first" in "\n".join(finish_card(story.snapshot))


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_the_clock_stops_at_the_end(size: tuple[int, int]) -> None:
    async with desk(moments.ended_red(), size) as here:
        await here.press("escape")
        before = here.lines[:3]
        here.clock.time += 3600
        here.app.show()
        await here.settle()
        assert here.lines[:3] == before
        assert here.lines[0].startswith(" ✗ STILL BREACHED  HTTP 5xx 5.")
        assert "  ended " in here.lines[1]
        assert "ago" not in "\n".join(here.lines[:2])


async def test_a_watch_that_is_extended_says_how_long_it_may_take() -> None:
    story = moments.breached().feed(600, {ERRORS: 0.05})
    assert story.state.extended
    async with reading(story) as here:
        assert "+18:30 up to 30:00" in here.lines[1]


async def test_after_a_rollback_the_clock_has_no_end_that_it_could_pass() -> None:
    async with reading(moments.rolled_back()) as here:
        assert "+11:45  ended" in here.lines[1]
        assert "Watched 11m45s of 15m" in here.text
