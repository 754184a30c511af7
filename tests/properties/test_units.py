"""What is written can be read again, within the rounding of the display."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen import units

# Three significant digits: half a unit of the third place, at its coarsest 5 in 1000.
ROUNDING = 0.0051
UNITS = ("%", "s", "ms", "bytes", "/s", "/min", "", "connections")


@given(value=st.floats(0.001, 1e12), unit=st.sampled_from(UNITS))
def test_a_written_value_is_read_back_within_rounding(value: float, unit: str) -> None:
    text = units.format_value(value, unit).replace(",", "")
    assert units.parse_quantity(text, unit) == pytest.approx(value, rel=ROUNDING)


@given(value=st.floats(0.001, 1e12), unit=st.sampled_from(UNITS))
def test_a_written_limit_is_read_back_at_least_as_well(value: float, unit: str) -> None:
    text = units.format_limit(value, unit).replace(",", "")
    assert units.parse_quantity(text, unit) == pytest.approx(value, rel=ROUNDING)


@given(value=st.integers(-10_000, 10_000), unit=st.sampled_from(("", "connections", "/s")))
def test_whole_numbers_are_written_exactly(value: int, unit: str) -> None:
    text = units.format_value(value, unit).replace(",", "")
    assert units.parse_quantity(text, unit) == value


@given(seconds=st.integers(1, 10**8))
def test_a_written_duration_is_read_back_to_the_second(seconds: int) -> None:
    assert units.parse_duration(units.format_duration(seconds)) == seconds


@given(seconds=st.floats(0.001, 1e8))
def test_a_written_duration_is_read_back_within_its_rounding(seconds: float) -> None:
    read = units.parse_duration(units.format_duration(seconds))
    assert read == pytest.approx(
        seconds, rel=0.0501 if seconds < 10 else 0, abs=0.5001 if seconds >= 10 else 0
    )


@given(text=st.text(max_size=20), unit=st.sampled_from(UNITS))
def test_whatever_is_written_gives_a_finite_number_or_an_explanation(text: str, unit: str) -> None:
    for parse in (units.parse_duration, units.parse_fraction, lambda t: units.parse_quantity(t, unit)):
        with contextlib.suppress(ValueError):
            assert math.isfinite(parse(text))


@given(value=st.floats(allow_nan=False), unit=st.sampled_from(UNITS))
def test_every_number_can_be_shown(value: float, unit: str) -> None:
    number, suffix = units.value_parts(value, unit)
    assert number
    assert number == "down" if math.isinf(value) else number != "down"
    assert units.format_value(value, unit).startswith(number)
    assert (suffix == "") <= (unit == "" or math.isinf(value))
