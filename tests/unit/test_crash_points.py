"""A console and its supervisor killed at every point: the command never runs twice, and no record is lost."""

from __future__ import annotations

from collections.abc import Callable

from tests.crashes import Found, Who, all_crashes, told


def test_wherever_one_is_killed_the_next_console_knows_what_to_do(
    record_property: Callable[[str, object], None],
) -> None:
    crashes = [(who, found) for who, _, found in all_crashes()]
    assert {(who, found) for who, found in crashes} >= {
        (Who.CONSOLE, Found.NOTHING),
        (Who.CONSOLE, Found.UNKNOWN),
        (Who.CONSOLE, Found.DONE),
        (Who.SUPERVISOR, Found.UNKNOWN),
        (Who.SUPERVISOR, Found.RUNNING),
        (Who.BOTH, Found.UNKNOWN),
        (Who.BOTH, Found.RUNNING),
    }
    record_property("told", told(crashes))
