"""What the configured command becomes, and what is wrong with it."""

from __future__ import annotations

import pytest

from aftergreen.rollback.command import fill

NASTY = "v1 'a' \"b\" $(touch x) `y` ; | & \n\t ünïcode {version} {{x}}"


def filled(*command: str, version: str = "v2", previous: str | None = "v1") -> tuple[str, ...]:
    return fill(command, service="checkout-api", environment="prod", version=version, previous=previous)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("deployment/{service}", "deployment/checkout-api"),
        ("{service}-{environment}:{previous}..{version}", "checkout-api-prod:v1..v2"),
        ("plain words stay $HOME", "plain words stay $HOME"),
        ('{{"image":"{previous}"}}', '{"image":"v1"}'),
        ("{{version}}", "{version}"),
        ("{{{version}}}", "{v2}"),
        ("", ""),
    ],
)
def test_placeholders_are_filled_and_double_braces_are_single_ones(argument: str, expected: str) -> None:
    assert filled("undo", argument) == ("undo", expected)


def test_a_value_is_never_split_and_never_filled_again() -> None:
    assert filled("undo", "--to={version}", version=NASTY) == ("undo", f"--to={NASTY}")


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("{verison}", r"unknown placeholder \{verison\}: use one of \{service\}, .*\{\{ and \}\}"),
        ("{}", r"unknown placeholder \{\}"),
        ('{"image": 1}', r"single \{ in .*: write \{\{"),
        ("tail}", r"single \} in .*: write \}\}"),
    ],
)
def test_what_cannot_be_filled_is_told_with_its_cure(argument: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        filled("undo", argument)


def test_a_missing_previous_version_matters_only_where_it_is_used() -> None:
    assert filled("undo", "{version}", previous=None) == ("undo", "v2")
    with pytest.raises(ValueError, match="name it with --previous"):
        filled("undo", "{previous}", previous=None)
