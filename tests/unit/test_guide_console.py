"""What the guide to the console says of settings and keys is so."""

from __future__ import annotations

import re
from pathlib import Path

from tui.bindings import FIXED, SIGNS, bindings, keymap_of
from tui.settings import Settings, read_settings

GUIDE = (Path(__file__).parents[2] / "docs/console.md").read_text(encoding="utf-8")


def test_the_example_is_taken_as_it_stands_and_shows_every_setting(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    file = tmp_path / "settings.toml"
    file.write_text(example, encoding="utf-8")
    settings, problems = read_settings(file)
    assert problems == ()
    assert all(f"\n{name} = " in f"\n{example}" or f"[{name}]" in example for name in Settings.__slots__)
    assert keymap_of(settings.keys) == ({"roll-back": "R", "why": "v,f2", "next": "n", "note": "N"}, ())


def test_every_key_has_its_name_there() -> None:
    named = GUIDE.partition("The names of the keys")[2]
    for binding in bindings():
        name = re.sub(r"^zoom-[2-4]$", "zoom-1", str(binding.id))
        assert f"`{name}`" in named, name
    for key in FIXED:
        assert f"`{SIGNS.get(key, key)}`" in named, key
