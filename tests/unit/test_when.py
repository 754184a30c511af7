"""What ``--deployed-at`` understands."""

from __future__ import annotations

import pytest

from tui.when import parse_when

NOW = 1_700_000_000.0

pytestmark = pytest.mark.usefixtures("in_utc")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        ("-3m", NOW - 180),
        ("−3m", NOW - 180),
        ("-1h30m", NOW - 5400),
        ("2023-11-14T22:13:20+00:00", NOW),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
        # Without a zone a time is that of the clock on the wall.
        ("2023-11-14T22:13:20", NOW),
        ("2023-11-14 22:13", NOW - 20),
    ],
)
def test_times(text: str, at: float) -> None:
    assert parse_when(text)(NOW) == at


@pytest.mark.parametrize("text", ["", "yesterday", "3m", "14:02", "2023-13-01", "NOW", "0001-01-01"])
def test_what_is_no_time_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: write now, a time ago such as -3m, or 2026-") as caught:
        parse_when(text)
    assert str(caught.value).startswith(repr(text))


@pytest.mark.parametrize("text", ["-", "-3", "-m", "--3m", "-3m ago"])
def test_what_is_no_time_ago_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration with its unit"):
        parse_when(text)
