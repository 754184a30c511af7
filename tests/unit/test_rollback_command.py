"""What the configured command becomes, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.rollback.command import fill, unstartable

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


def test_a_program_that_can_be_started_passes(tmp_path: Path) -> None:
    program = tmp_path / "undo"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert unstartable(["sh", "-c", "true"]) == ""
    assert unstartable([str(program)]) == ""


def test_what_keeps_a_program_from_starting_is_one_sentence(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o644)
    told = {
        "empty": unstartable([]),
        "not on PATH": unstartable(["no-such-program-anywhere"]),
        "not a file": unstartable([str(tmp_path / "missing")]),
        "may not be executed": unstartable([str(plain)]),
    }
    for part, sentence in told.items():
        assert sentence is not None
        assert part in sentence
        assert sentence.endswith(".")
