"""Other keys than the usual ones: what they do, and that everything that names a key names them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.console import moments
from tests.console.desk import SMALL, desk, flowing
from tests.console.story import Story
from tui.bindings import FIXED, bindings, keymap_of
from tui.settings import Memory, Settings, read_settings, write_settings

RECEIPT = "curl -sG"
"""Stands on the receipt only."""

FORM = "takes a key such as R, f5 or ctrl+r, or several parted by commas"


def remembering(folder: Path, **keys: str) -> Memory:
    path = folder / "settings.toml"
    own: dict[str, object] = {name.replace("_", "-"): key for name, key in keys.items()}
    write_settings(path, Settings(keys=own))
    return Memory(path)


async def test_another_key_does_it_and_the_usual_one_no_longer(tmp_path: Path) -> None:
    async with desk(moments.breached(), memory=remembering(tmp_path, why="v", roll_back="ctrl+r")) as here:
        await here.press("w")
        assert RECEIPT not in here.text
        await here.press("v")
        assert RECEIPT in here.text
        await here.press("escape", "ctrl+r")
        assert "Roll back checkout-api" in here.text


async def test_two_keys_can_change_places(tmp_path: Path) -> None:
    async with desk(moments.breached(), memory=remembering(tmp_path, why="n", note="w")) as here:
        assert here.told == []
        await here.press("n")
        assert RECEIPT in here.text
        await here.press("escape", "w")
        assert "a remark; enter writes it" in here.text


STORIES: dict[str, tuple[Callable[[], Story], dict[str, str], str]] = {
    "the banner offers to roll back": (
        moments.breached,
        {"roll_back": "R", "why": "V"},
        "R roll back  V why",
    ),
    "the banner offers a release": (moments.held, {"hold": "H"}, "H release"),
    "the banner offers a hold": (partial(moments.counting, 60.0), {"hold": "H"}, "H hold"),
    "the banner offers an outcome": (moments.lost, {"outcome": "f2", "roll_back": "R"}, "f2 outcome"),
    "the banner offers the way out": (moments.ended_red, {"quit": "x"}, "x leave"),
    "the card names the way out": (moments.finished, {"quit": "x"}, "x leaves."),
    "the lowest row": (moments.watching, {"help": "f1", "quit": "x"}, "f1 Help  x Quit"),
}


@pytest.mark.parametrize("place", STORIES)
async def test_what_names_a_key_names_the_own_one(place: str, tmp_path: Path) -> None:
    story, keys, said = STORIES[place]
    async with desk(story(), memory=remembering(tmp_path, **keys)) as here:
        assert said in here.text, here.text


async def test_a_frozen_view_names_the_key_that_goes_on(tmp_path: Path) -> None:
    async with desk(moments.watching(), memory=remembering(tmp_path, pause="p")) as here:
        await here.press("p")
        assert "p goes on" in here.lines[0]


async def test_the_help_lists_the_own_keys_and_what_else_does_it(tmp_path: Path) -> None:
    keys = {"roll_back": "R", "next": "n,ctrl+n", "note": "N"}
    async with desk(moments.watching(), (120, 60), memory=remembering(tmp_path, **keys)) as here:
        await here.press("?")
        read = flowing(here.text)
        assert "R Roll back" in read
        assert "n Next The next panel, or release (also ctrl+n)" in read
        assert "+ Closer" not in read
        assert "] Closer A shorter time on the charts (also +)" in read


async def test_what_is_refused_names_the_own_keys(tmp_path: Path) -> None:
    memory = remembering(tmp_path, decision="0", zoom_1="f1")
    async with desk(moments.watching(), SMALL, memory=memory) as here:
        await here.press("tab")
        assert here.told == ["Next: this screen is too small for panels; f1 to 0 open them."]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"rollback": "R"}, "no key is called rollback, expected roll-back, hold, why,"),
        ({"why": 7}, f"why {FORM}."),
        ({"why": ""}, f"why {FORM}."),
        ({"why": "v,"}, f"why {FORM}."),
        (
            {"why": "crtl+w"},
            f"why {FORM}, and crtl+w is none.",
        ),
        ({"why": "ctrl+c"}, "why cannot be ctrl+c, which means the same to everybody."),
        ({"why": "r"}, "why cannot be r, which is another's already."),
        ({"why": "/"}, "why cannot be /, which is another's already."),
    ],
)
def test_what_cannot_be_a_key_is_said_and_the_usual_one_stays(wanted: dict[str, object], said: str) -> None:
    taken, problems = keymap_of({**wanted, "note": "N"})
    assert taken == {"note": "N"}
    (problem,) = problems
    assert problem.startswith(f"The keys are not all taken: {said}")


def test_no_usual_key_is_one_that_cannot_be_chosen() -> None:
    usual = {str(binding.id): binding.key for binding in bindings()}
    assert keymap_of(usual) == (usual, ())
    assert not set(FIXED) & {key for keys in usual.values() for key in keys.split(",")}


async def test_what_is_not_taken_is_said_when_the_console_opens(tmp_path: Path) -> None:
    async with desk(moments.breached(), memory=remembering(tmp_path, why="r")) as here:
        assert here.told == ["The keys are not all taken: why cannot be r, which is another's already."]
        await here.press("w")
        assert RECEIPT in here.text


async def test_keys_outlive_what_is_chosen_in_the_console(tmp_path: Path) -> None:
    memory = remembering(tmp_path, why="v")
    async with desk(moments.watching(), memory=memory) as here:
        await here.app.run_action("draw('ascii')")
        await here.settle()
    kept, problems = read_settings(tmp_path / "settings.toml")
    assert (kept.drawing, kept.keys, problems) == ("ascii", {"why": "v"}, ())
