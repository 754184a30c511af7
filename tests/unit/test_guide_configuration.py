"""docs/configuration.md holds what can be written, and nothing else."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from aftergreen import config
from aftergreen.config import file

GUIDE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_every_example_of_the_guide_is_valid() -> None:
    examples = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert examples
    assert [config.loads(example).service.name for example in examples]


def test_every_key_is_explained_in_the_guide() -> None:
    tables = [
        getattr(file, name) for name in dir(file) if name.endswith("Table") and name != "IndicatorsTable"
    ]
    keys = {file.KEYS.get(field.name, field.name) for table in tables for field in fields(table)}
    assert {key for key in keys if f"`{key}`" not in GUIDE} == set()
