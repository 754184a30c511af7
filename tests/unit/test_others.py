"""The usual shapes of rules of other tools do what their documentation says."""

from __future__ import annotations

import pytest

from aftergreen.drill.debriefing.others import Sample, five_bad_minutes, one_bad_sample, two_minutes

ALL = (one_bad_sample, five_bad_minutes, two_minutes)


def course(over: str) -> list[Sample]:
    """A sample every 15 seconds: ``#`` over the limit, ``.`` below it, ``?`` not measured."""
    kinds = {"#": True, ".": False, "?": None}
    return [(15.0 * number, kinds[sign]) for number, sign in enumerate(over)]


@pytest.mark.parametrize(
    ("over", "found"),
    [
        ("." * 40, (None, None, None)),
        ("..#" + "." * 37, (30.0, None, None)),
        ("." * 4 + "#" * 36, (60.0, 300.0, 180.0)),
        ("." * 4 + ("#" * 8 + ".") * 4, (60.0, 360.0, None)),
        ("...???.." + "." * 20, (None, None, None)),
        ("...?????" + "." * 20, (105.0, None, None)),
        ("?" * 20, (60.0, None, None)),
        ("", (None, None, None)),
    ],
)
def test_each_shape(over: str, found: tuple[float | None, ...]) -> None:
    assert tuple(shape(course(over)) for shape in ALL) == found
