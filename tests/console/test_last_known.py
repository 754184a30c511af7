"""What is unknown keeps what was last known of it, with its age; why it is unknown is never cut."""

from __future__ import annotations

import pytest

from aftergreen.model import Kind, Reading
from aftergreen.verdict.walk import signal_mark
from tests.console import moments
from tests.console.desk import SMALL, WIDE, flowing, reading
from tests.console.story import CONNECTIONS, ERRORS, Story
from widgets.signal_rows import unknown_since, value_spans

CURE = (
    "no series of http_requests_total has a label status: before the deployment they had status, now they "
    "have code instead; name it in the configuration, or have the service write status again"
)


@pytest.mark.parametrize("kind", [Kind.STALE, Kind.NO_SERIES, Kind.NO_TRAFFIC, Kind.BLIND, Kind.AMBIGUOUS])
def test_the_last_value_is_dim_and_says_how_old_it_is(kind: Kind) -> None:
    lost = (
        moments.watching()
        .feed(45, {CONNECTIONS: Reading.unknown(kind, "gone")})
        .snapshot.signals[CONNECTIONS]
    )
    assert lost.known is not None
    digits, unit = value_spans(lost)
    assert (digits.look, digits.bold, unit.look) == ("dim", False, "dim")
    assert digits.text == f"{lost.known.value:.1f}"
    assert unknown_since(lost, 24) == f"{kind.value}, 45s ago"
    assert unknown_since(lost, 10).startswith(kind.value[:9])
    assert signal_mark(lost).value == "unknown"


def test_what_was_never_known_has_no_value() -> None:
    never = moments.begun().blind(30).snapshot.signals[CONNECTIONS]
    (said,) = value_spans(never)
    assert (said.text.strip(), said.look, unknown_since(never, 24)) == ("blind", "unknown", "")


def test_what_is_known_again_is_as_it_was() -> None:
    back = moments.watching().blind(60).feed(15).snapshot.signals[CONNECTIONS]
    assert (unknown_since(back, 24), back.known) == ("", back.reading)


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20)])
async def test_a_blind_screen_has_values_their_age_and_the_cause(size: tuple[int, int]) -> None:
    async with reading(moments.blind(), size) as here:
        assert "BLIND  nothing measured for 48s" in here.lines[0]
        assert here.lines[1] == "   ! connection refused"
        assert "1m ago" in here.text or "blind 1m" in here.text
        assert "40.1" in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20)])
async def test_why_it_is_unknown_is_not_cut(size: tuple[int, int]) -> None:
    story = moments.watching().feed(30, {ERRORS: Reading.unknown(Kind.STALE, CURE)})
    async with reading(story, size) as here:
        assert CURE in flowing(here.text), here.text


async def test_a_remark_that_is_cut_names_the_key_that_shows_it() -> None:
    story: Story = moments.watching().feed(30, {ERRORS: Reading.unknown(Kind.STALE, CURE)})
    async with reading(story, WIDE) as here:
        (edge,) = [line for line in here.lines if "1 shows it" in line]
        assert "no series of http_requests_total has a… · 1 shows it" in edge
        await here.press("1")
        assert CURE in flowing(here.text)
