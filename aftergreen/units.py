"""Percentages, durations, sizes and rates, read and written as people write them.

Values are in the signal's own unit, except that percentages are fractions: 1 % is 0.01. Durations are
seconds. Every ValueError begins with "expected" and says in one sentence what to write.
"""

from __future__ import annotations

import math
import re

import durationpy

_NUMBER = r"[-+−]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(.*)", re.DOTALL)
# durationpy skips what it does not know between two parts and takes "mm" for months; this does neither.
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?\s*(?:ns|us|µs|μs|ms|s|m|h|d|w)\s*)+")

_SECONDS = {"s": 1.0, "ms": 0.001}
_PER_SECOND = {"/s": 1.0, "/min": 1 / 60, "/h": 1 / 3600}
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_BYTES = {
    **{name: 1024.0**power for power, name in enumerate(_BINARY)},
    **{name: 1024.0**power for power, name in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), 1)},
    **{name: 1000.0**power for power, name in enumerate(("KB", "MB", "GB", "TB", "PB"), 1)},
    "kB": 1000.0,
    "bytes": 1.0,
    "": 1.0,
}
_FLOORS = {"%": 0.001, "s": 0.005, "ms": 5.0, "bytes": 1024.0**2, "/s": 0.1, "/min": 1.0}

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DURATION_EXPECTED = 'expected a duration with its unit, such as "90s", "1m30s", "1.5h" or "7d"'


def parse_duration(text: str) -> float:
    """Seconds from ``90s``, ``1m30s``, ``1.5h`` or ``7d``; never negative, and never without a unit."""
    stripped = text.strip()
    if not _DURATION.fullmatch(stripped):
        raise ValueError(_DURATION_EXPECTED)
    try:
        seconds: float = durationpy.from_str("".join(stripped.split())).total_seconds()
    except ValueError:
        raise ValueError("expected a duration of at most some thousand years") from None
    if seconds == 0 and re.search(r"[1-9]", stripped):
        raise ValueError('expected a duration of at least a microsecond, such as "1us"')
    return seconds


def parse_fraction(text: str) -> float:
    """A percentage as a fraction: ``50%`` is 0.5. Refuses a number without its sign, and negative ones."""
    value = _parse_percent(text)
    if value < 0:
        raise ValueError('expected a percentage that is not negative, such as "50%"')
    return value


def parse_quantity(value: str | float, unit: str) -> float:
    """A threshold in the signal's ``unit``, from a number or from text with a unit: ``"20ms"``, ``"2GiB"``.

    A bare number means the signal's own unit, except for percentages, where 0.01 could mean either 1 % or
    0.01 %, and is refused.
    """
    if isinstance(value, bool):
        raise ValueError(_expected(unit))  # noqa: TRY004  # one kind of error for everything a file may hold
    if not isinstance(value, str):
        if unit == "%":
            raise ValueError(
                'expected a percentage with its sign, such as "1%", for a bare number could mean two things'
            )
        return _finite(value, unit)
    text = value.strip()
    if unit == "%":
        return _parse_percent(text)
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(_expected(unit))
    number, suffix = _finite(match[1].replace("−", "-"), unit), match[2]
    if unit in _SECONDS:
        return number if not suffix else parse_duration(text) / _SECONDS[unit]
    if unit == "bytes" and suffix in _BYTES:
        return number * _BYTES[suffix]
    if unit in _PER_SECOND and suffix in _PER_SECOND:
        return number if suffix == unit else number * _PER_SECOND[suffix] / _PER_SECOND[unit]
    if suffix in ("", unit):
        return number
    raise ValueError(_expected(unit))


def value_parts(value: float, unit: str) -> tuple[str, str]:
    """Number and suffix as people read them, with about three significant digits: ``("182", "ms")``.

    An infinite value is a probe that got no answer: ``("down", "")``.
    """
    if math.isinf(value):
        return "down", ""
    if unit == "%":
        return _number(value * 100), "%"
    if unit in _SECONDS:
        return _scaled(value * _SECONDS[unit] * 1000, ("ms", "s"), 1000)
    if unit == "bytes":
        return _scaled(value, _BINARY, 1024)
    if value == round(value):
        return _grouped(value, 0), unit
    return _number(value), unit


def format_value(value: float, unit: str) -> str:
    """Value and unit as one text: ``4.98 %``, ``182 ms``, ``305/min``, ``63``, ``down``."""
    number, suffix = value_parts(value, unit)
    return f"{number}{_join(suffix)}"


def format_limit(value: float, unit: str) -> str:
    """A number that a person chose, exactly and without padding: ``1 %``, ``20 ms``, ``0.125 %``."""
    number, suffix = value_parts(value, unit)
    exact = f"{_unscaled(value, unit, suffix):.6g}" if math.isfinite(value) else number
    # Where six digits need an exponent, the padded number is the more readable one.
    return f"{number if 'e' in exact else exact.replace('-', '−')}{_join(suffix)}"


def format_duration(seconds: float) -> str:
    """A length of time, to the second from ten seconds on: ``1m37s``, ``15m``, ``1h05m``, ``0.5s``."""
    if math.isinf(seconds):
        return "∞"
    sign, length = ("−" if seconds < 0 else ""), abs(seconds)
    if length < 1:
        return f"{sign}{_trimmed(_number(length * 1000))}ms" if length else "0s"
    if length < 10:  # noqa: PLR2004  # below ten seconds the tenth is worth its place
        return f"{sign}{_trimmed(f'{length:.1f}')}s"
    whole = round(length)
    amounts = (whole // _DAY, whole % _DAY // _HOUR, whole % _HOUR // _MINUTE, whole % _MINUTE)
    used = [index for index, amount in enumerate(amounts) if amount]
    first, last = used[0], used[-1]
    rest = "".join(f"{amounts[index]:02d}{'dhms'[index]}" for index in range(first + 1, last + 1))
    return f"{sign}{amounts[first]}{'dhms'[first]}{rest}"


def format_clock(seconds: float, *, pad: bool = False) -> str:
    """A running clock, in whole seconds towards zero: ``0:23``, ``1:02:03``; padded, ``07:49``."""
    # A grid instant reached by adding floats may lie a hair before its second.
    whole = int(abs(seconds) + 1e-6)
    hours, minutes, rest = whole // _HOUR, whole % _HOUR // _MINUTE, whole % _MINUTE
    sign = "−" if seconds < 0 and whole else ""
    if hours:
        return f"{sign}{hours:0{2 if pad else 1}d}:{minutes:02d}:{rest:02d}"
    return f"{sign}{minutes:0{2 if pad else 1}d}:{rest:02d}"


def default_floor(unit: str) -> float:
    """What ``by_at_least`` is where a relative rule does not say: a change too small to matter."""
    return _FLOORS.get(unit, 0.0)


def _parse_percent(text: str) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2] != "%":
        raise ValueError('expected a percentage with its sign, such as "1%" or "0.1%"')
    # Divided, not multiplied by 0.01: 0.1 % is then exactly the float 0.001.
    return _finite(match[1].replace("−", "-"), "%") / 100


def _finite(number: str | float, unit: str) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(_expected(unit))
    return value


def _expected(unit: str) -> str:
    examples = {
        "%": 'expected a percentage with its sign, such as "1%" or "0.1%"',
        "s": 'expected a time such as "20ms" or "0.5s", or a number of seconds',
        "ms": 'expected a time such as "20ms" or "0.5s", or a number of milliseconds',
        "bytes": 'expected a size such as "500MB" or "2GiB", or a number of bytes',
        "/s": 'expected a rate such as "5/s" or "300/min", or a number per second',
        "/min": 'expected a rate such as "300/min" or "5/s", or a number per minute',
        "": "expected a plain number without separators, such as 250 or 0.5",
    }
    return examples.get(unit, f'expected a number in the signal\'s unit, such as 250 or "250 {unit}"')


def _scaled(value: float, suffixes: tuple[str, ...], step: int) -> tuple[str, str]:
    """The value in the first suffix in which it stays below ``step`` once rounded."""
    for suffix in suffixes[:-1]:
        if round(abs(value), _decimals(value)) < step:
            whole = suffix == "B" and value == round(value)
            return (_grouped(value, 0) if whole else _number(value)), suffix
        value /= step
    return _number(value), suffixes[-1]


def _unscaled(value: float, unit: str, suffix: str) -> float:
    """The value in the unit that ``suffix`` names."""
    if unit == "%":
        return value * 100
    if unit in _SECONDS:
        return value * _SECONDS[unit] / _SECONDS[suffix]
    return value / _BYTES[suffix] if unit == "bytes" else value


def _number(value: float) -> str:
    size = abs(value)
    if value == 0:
        return "0"
    if not 1e-6 <= size < 1e15:  # noqa: PLR2004  # beyond these, digits are harder to read than an exponent
        return f"{value:.2e}".replace("-", "−", 1) if value < 0 else f"{value:.2e}"
    places = _decimals(value)
    text = _grouped(value, places)
    # 0.100 says no more than 0.10; two decimals keep columns of small values calm.
    while places > 2 and text.endswith("0"):  # noqa: PLR2004
        text, places = text[:-1], places - 1
    return text


def _decimals(value: float) -> int:
    """Decimal places for three significant digits, after rounding: 9.996 is 10.0."""
    # A number near the largest there is overflows when it is scaled.
    if value == 0 or math.isinf(value):
        return 0
    return max(0, 2 - int(f"{abs(value):.2e}".partition("e")[2]))


def _grouped(value: float, places: int) -> str:
    size = abs(value)
    text = f"{size:,.{places}f}" if round(size) > 9999 else f"{size:.{places}f}"  # noqa: PLR2004
    return f"−{text}" if value < 0 and text.strip("0.") else text


def _join(suffix: str) -> str:
    return suffix if not suffix or suffix.startswith("/") else f" {suffix}"


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
