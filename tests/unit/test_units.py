"""Percentages, durations, sizes and rates are read and written as people write them."""

from __future__ import annotations

import math

import pytest

from aftergreen import units

INF = math.inf


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1m30s", 90),
        ("1m 30s", 90),
        ("1.5h", 5400),
        ("7d", 604800),
        ("2w", 1209600),
        ("20ms", 0.02),
        ("5 m", 300),
        ("0s", 0),
        (" 2m ", 120),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "90",
        "0",
        "-3m",
        "+3m",
        "2 min",
        "1mm",
        "1y",
        "1m xx 30s",
        "1..5h",
        "inf",
        "nan",
        "1e3s",
        "١s",
        "s",
    ],
)
def test_a_duration_without_a_unit_or_with_another_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r'^expected a duration with its unit, such as "90s"'):
        units.parse_duration(text)


@pytest.mark.parametrize("text", ["9" * 30 + "d", "9" * 400 + "s", "1ns"])
def test_a_duration_that_cannot_be_told_apart_from_zero_or_for_ever_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a duration of at"):
        units.parse_duration(text)


@pytest.mark.parametrize(
    ("text", "fraction"), [("50%", 0.5), ("0.1 %", 0.001), ("100%", 1), ("0%", 0), (".5%", 0.005)]
)
def test_percentages_are_fractions(text: str, fraction: float) -> None:
    assert units.parse_fraction(text) == fraction


@pytest.mark.parametrize(
    "text", ["50", "0.5", "", "%", "1 % %", "nan%", "inf%", "1e999%", "-1%", "1,5%", "50%%"]
)
def test_what_has_no_percent_sign_is_no_percentage(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a percentage"):
        units.parse_fraction(text)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("1%", "%", 0.01),
        ("-5 %", "%", -0.05),
        ("20ms", "s", 0.02),
        ("0.5s", "s", 0.5),
        (0.5, "s", 0.5),
        ("0.5", "s", 0.5),
        ("1m30s", "s", 90),
        ("0.5s", "ms", 500),
        ("20ms", "ms", 20),
        (20, "ms", 20),
        ("2GiB", "bytes", 2 * 1024**3),
        ("2Gi", "bytes", 2 * 1024**3),
        ("500MB", "bytes", 500e6),
        ("1 kB", "bytes", 1000),
        ("10 bytes", "bytes", 10),
        ("10", "bytes", 10),
        ("5/s", "/min", 300),
        ("60/min", "/s", 1),
        ("3600/h", "/s", 1),
        (5, "/s", 5),
        ("5", "/min", 5),
        (250, "", 250),
        ("250", "", 250),
        ("250 connections", "connections", 250),
        ("−3", "", -3),
        ("1e3", "", 1000),
    ],
)
def test_thresholds_are_read_in_the_unit_of_their_signal(
    value: str | float, unit: str, expected: float
) -> None:
    assert units.parse_quantity(value, unit) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (True, ""),
        (math.nan, ""),
        (INF, "s"),
        (10**400, ""),
        ("nan", "s"),
        ("inf", ""),
        ("1e999", ""),
        ("", ""),
        ("", "s"),
        ("20", "%"),
        (0.01, "%"),
        (1, "%"),
        ("-20ms", "s"),
        ("20 min", "s"),
        ("2 GB/s", "bytes"),
        ("5/day", "/s"),
        ("5 apples", "pears"),
        ("5%", "s"),
        ("5s", ""),
        ("1,500", ""),
        ("12,345", "bytes"),
    ],
)
def test_a_threshold_that_could_mean_something_else_is_refused(value: str | float, unit: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a .*such as"):
        units.parse_quantity(value, unit)


def test_a_bare_number_is_no_percentage_and_the_error_says_why() -> None:
    with pytest.raises(ValueError, match=r'such as "1%", for a bare number could mean two things'):
        units.parse_quantity(0.01, "%")


@pytest.mark.parametrize(
    ("value", "unit", "parts", "limit"),
    [
        (0.0498, "%", ("4.98", "%"), "4.98 %"),
        (0.001, "%", ("0.10", "%"), "0.1 %"),
        (0.00125, "%", ("0.125", "%"), "0.125 %"),
        (0.01, "%", ("1.00", "%"), "1 %"),
        (1.0, "%", ("100", "%"), "100 %"),
        (0.0, "%", ("0", "%"), "0 %"),
        (0.182, "s", ("182", "ms"), "182 ms"),
        (0.02, "s", ("20.0", "ms"), "20 ms"),
        (2.4, "s", ("2.40", "s"), "2.4 s"),
        (2400, "ms", ("2.40", "s"), "2.4 s"),
        (182, "ms", ("182", "ms"), "182 ms"),
        (0.99996, "s", ("1.00", "s"), "0.99996 s"),
        (1.3e9, "bytes", ("1.21", "GiB"), "1.21072 GiB"),
        (512, "bytes", ("512", "B"), "512 B"),
        (1024**2, "bytes", ("1.00", "MiB"), "1 MiB"),
        (1048268.8, "bytes", ("1.00", "MiB"), "0.999707 MiB"),
        (305, "/min", ("305", "/min"), "305/min"),
        (0.5, "/s", ("0.50", "/s"), "0.5/s"),
        (63, "", ("63", ""), "63"),
        (63.25, "connections", ("63.2", "connections"), "63.25 connections"),
        (9.996, "", ("10.0", ""), "9.996"),
        (1234, "", ("1234", ""), "1234"),
        (9999, "", ("9999", ""), "9999"),
        (12345, "", ("12,345", ""), "12345"),
        (-3.5, "", ("−3.50", ""), "−3.5"),
        (1e-9, "", ("1.00e-09", ""), "1.00e-09"),
        (INF, "s", ("down", ""), "down"),
    ],
)
def test_values_are_written_as_people_read_them(
    value: float, unit: str, parts: tuple[str, str], limit: str
) -> None:
    assert units.value_parts(value, unit) == parts
    assert units.format_limit(value, unit) == limit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0498, "%", "4.98 %"),
        (0.182, "s", "182 ms"),
        (305, "/min", "305/min"),
        (63, "", "63"),
        (INF, "s", "down"),
    ],
)
def test_a_value_and_its_unit_are_one_text(value: float, unit: str, text: str) -> None:
    assert units.format_value(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (120, "2m"),
        (97, "1m37s"),
        (97.4, "1m37s"),
        (900, "15m"),
        (3900, "1h05m"),
        (3630, "1h00m30s"),
        (40, "40s"),
        (59.7, "1m"),
        (9.96, "10s"),
        (2.5, "2.5s"),
        (3, "3s"),
        (0.5, "500ms"),
        (0.0004, "0.4ms"),
        (0, "0s"),
        (604800, "7d"),
        (90000, "1d01h"),
        (-97, "−1m37s"),
        (INF, "∞"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text", "padded"),
    [
        (23, "0:23", "00:23"),
        (469, "7:49", "07:49"),
        (3723, "1:02:03", "01:02:03"),
        (-23, "−0:23", "−00:23"),
        (-0.4, "0:00", "00:00"),
        (22.9999999, "0:23", "00:23"),
        (22.9, "0:22", "00:22"),
    ],
)
def test_clocks_count_whole_seconds(seconds: float, text: str, padded: str) -> None:
    assert units.format_clock(seconds) == text
    assert units.format_clock(seconds, pad=True) == padded


@pytest.mark.parametrize(
    ("unit", "floor"),
    [
        ("%", 0.001),
        ("s", 0.005),
        ("ms", 5),
        ("bytes", 1024**2),
        ("/s", 0.1),
        ("/min", 1),
        ("", 0),
        ("pears", 0),
    ],
)
def test_every_unit_has_a_change_too_small_to_matter(unit: str, floor: float) -> None:
    assert units.default_floor(unit) == floor
