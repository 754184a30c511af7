"""What is chosen in the console is remembered, and counts from then on."""

from __future__ import annotations

from pathlib import Path

from tests.console import moments
from tests.console.desk import SMALL, desk
from tui.settings import Memory, Settings, read_settings, write_settings


async def test_a_theme_a_drawing_mode_bell_and_title_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    async with desk(moments.watching(), SMALL, memory=Memory(path)) as here:
        assert "⠤" in here.text
        await here.app.run_action("draw('ascii')")
        await here.settle()
        assert "⠤" not in here.text
        assert "***" in here.text
        await here.app.run_action("switch_bell")
        await here.app.run_action("switch_title")
        here.app.theme = "aftergreen-light"
        await here.settle()
        assert here.told[0] == "Charts are drawn in ascii, and will be."
    assert read_settings(path) == (Settings("aftergreen-light", "ascii", bell=False, title=False), ())
    async with desk(moments.watching(), SMALL, memory=Memory(path)) as here:
        assert here.app.theme == "aftergreen-light"
        assert "***" in here.text
        assert here.told == [], "what is as it was is no news"


async def test_without_the_bell_a_breach_is_silent(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    write_settings(path, Settings(bell=False, title=False))
    async with desk(moments.watching(), SMALL, memory=Memory(path)) as here:
        sent: list[str] = []
        here._driver.write = sent.append  # type: ignore[method-assign,assignment]
        await here.show(moments.breached())
        assert here.app.rung == 0
        assert "\x1b]2;" not in "".join(sent)


async def test_a_theme_that_is_gone_is_said_and_the_usual_one_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    write_settings(path, Settings("mine"))
    async with desk(moments.watching(), SMALL, memory=Memory(path)) as here:
        assert here.app.theme == "aftergreen-dark"
        assert here.told == ["There is no theme mine: choose another from the palette (:)."]
    assert read_settings(path)[0].theme == "mine", "it may come back"


async def test_what_a_person_wrote_is_changed_for_this_watch_only(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("bell = true\n", encoding="utf-8")
    async with desk(moments.watching(), SMALL, memory=Memory(path)) as here:
        await here.app.run_action("draw('block')")
        await here.settle()
        why = f"{path} was written by hand: change it there"
        assert here.told == [f"Charts are drawn in block, for this watch only: {why}."]
