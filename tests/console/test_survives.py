"""What must not break the console: odd sizes, hostile text, no colours, bad moments to leave."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.timer import Timer

from aftergreen.clean import clean
from aftergreen.hidden import hide
from aftergreen.model import Kind, Reading, Service
from tests.console import moments
from tests.console.desk import SMALL, WIDE, Desk, Given, desk
from tests.console.story import Story
from tests.made_up import HeldClock
from tests.scenario import DEPLOYED_AT, plan
from tui.app import ConsoleApp
from tui.view import View
from tui.watched import Watched
from widgets.rows import Rows

HOSTILE = ["[/", "[red]a\\[b", "[@click=app.quit]x[/]", "${x} %s {0}", "日本語のe\u0301"]

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\u202e"


async def test_every_size_and_every_way_between_them_is_survived() -> None:
    async with desk(moments.doubtful(), WIDE) as here:
        for size in (SMALL, (50, 12), (20, 3), (1, 1), (60, 14), (200, 60), (110, 32), (109, 31), WIDE):
            await here.resize(size)
            assert len(here.lines) == size[1]
        assert "┏━ 1 Error rate · BREACHED" in here.text


@pytest.mark.parametrize("key", ["1", "w", "r", "q"])
async def test_open_pages_and_dialogs_are_resized_as_well(key: str) -> None:
    async with desk(moments.doubtful(), WIDE) as here:
        await here.press(key)
        for size in (SMALL, (10, 2), WIDE):
            await here.resize(size)
        await here.press("escape")
        assert "✗ BREACHED" in here.lines[0]


def hostile(text: str) -> Story:
    """Text from outside wherever a service can put some."""
    given = plan(
        signals=tuple(replace(signal, name=text) for signal in plan().signals),
        service=Service(clean(text)),
    )
    key = given.signals[0].key
    lost = Reading.unknown(Kind.STALE, text)
    return Story(given).feed(120).feed(15, {key: lost}).feed(210, {key: 0.5}).noted(text)


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_from_outside_is_shown_as_it_is(text: str) -> None:
    story = hostile(text)
    async with desk(story, WIDE) as here:
        assert here.text.count(text) >= 2
        await here.press("1")
        assert text in here.text
        await here.press("w", "6", "r", "escape", "escape")
        await here.show(story.roll_back(output=(text,)))
        assert text in here.text


async def test_no_escape_sequence_of_theirs_reaches_the_terminal() -> None:
    async with desk(hostile(clean(ESCAPES)), WIDE) as here:
        assert "[31mred" in here.text
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", here.text)


async def test_a_notice_of_preflight_is_no_markup() -> None:
    async with desk(None) as here:
        here.app.progress(here.app.releases.current, "[red]asking[/ for [bold]")
        await here.settle()
        assert "[red]asking[/ for [bold]" in here.lines[0]


async def test_a_refusal_is_no_markup() -> None:
    context = replace(moments.watching().context, read_only="[/red] said so")
    async with desk(Story(context=context).feed(60)) as here:
        await here.press("r")
        assert "[/red] said so" in here.text


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["wide", "small"])
async def test_without_colours_everything_is_still_said(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with desk(moments.doubtful(), size) as here:
        assert "✗ BREACHED" in here.lines[0]
        assert "! orders-db broke 45s earlier" in here.lines[1]
        assert "✗ errors" in here.text
        await here.press("w", "escape", "r")
        assert "Type checkout-api" in here.text


async def test_without_colours_the_baselines_band_is_drawn_with_dots(monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(moments.watching(), WIDE) as here:
        coloured = here.text.count("·")
    monkeypatch.setenv("NO_COLOR", "1")
    async with desk(moments.watching(), WIDE) as here:
        # More than the headings have: every chart has a band.
        assert here.text.count("·") > coloured + 50


def watch_painting(here: Desk, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many characters each write to the terminal holds, from now on."""
    painted: list[int] = []
    display = here.app._display

    def watched(screen: object, renderable: object) -> None:
        written = getattr(renderable, "render_segments", lambda _console: "")(here.app.console)
        painted.append(len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)))
        display(screen, renderable)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(here.app, "_display", watched)
    return painted


async def test_one_more_sample_repaints_a_small_part_of_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    story = moments.watching()
    async with desk(story, WIDE) as here:
        story.feed(15)
        painted = watch_painting(here, monkeypatch)
        await here.show(story)
        assert 0 < sum(painted) < WIDE[0] * WIDE[1] / 4


async def test_what_did_not_change_is_not_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    story = moments.watching()
    async with desk(story, WIDE) as here:
        painted = watch_painting(here, monkeypatch)
        await here.show(story)
        assert sum(painted) == 0


class Hasty(ConsoleApp):
    """A console that looks at its clock five hundred times as often, to hit every moment of leaving."""

    def set_interval(
        self, interval: float, callback: Callable[[], object] | None = None, **rest: object
    ) -> Timer:
        return super().set_interval(interval / 500, callback, **rest)  # type: ignore[arg-type]  # handed on


@pytest.mark.parametrize("key", ["r", "q"])
async def test_it_can_be_taken_down_at_any_moment_with_a_dialog_open(key: str) -> None:
    story = moments.breached()
    app = Hasty(
        watched=[Watched(View(HeldClock(DEPLOYED_AT + 600), story.setup.release, story.plan), Given())],
        operator="ana@bastion2",
    )
    async with app.run_test(size=SMALL) as pilot:
        app.receive(app.releases.current, story.snapshot)
        await pilot.press(key)
        # Leaving the block takes the app down; an error on the way would be raised here.


async def test_who_comes_back_from_a_page_never_sees_what_is_long_over() -> None:
    async with desk(moments.over_limit(), SMALL) as here:
        below = here.app.screen
        await here.press("1")
        await here.show(moments.breached())
        assert here.app.screen is not below
        assert "BREACHED" in below.query_one("#banner", Rows).text
        assert "+08:30" in below.query_one("#identity", Rows).text


async def test_a_fault_of_ours_shows_where_and_no_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hide("let-nobody-read-this")

    def broken(*_: object) -> None:
        token = "let-nobody-read-this"  # noqa: S105  # what is looked for
        raise RuntimeError(f"{token} is broken")

    monkeypatch.setattr(ConsoleApp, "action_note", broken)
    with pytest.raises(RuntimeError, match="is broken"):
        async with desk(moments.watching()) as here:
            await here.press("n")
    said = capsys.readouterr().err
    assert "let-nobody-read-this" not in said
    assert "RuntimeError: *** is broken" in said
