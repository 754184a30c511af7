"""What the buckets of a histogram let a limit on its quantile see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen.model import (
    Reading,
)
from aftergreen.preflight.checks import (
    preflight,
)
from tests.looked import BUSINESS, CONNECT, ERRORS, LATENCY, POOL, READY, RELEASE, told
from tests.made_up import FakeClock, MadeUpSource, fine
from tests.scenario import DEPLOYED_AT, above

P99 = replace(LATENCY, name="p99", numerator=None, denominator=None, query="p99")


LARGEST = "the largest bucket of its histogram is"


ADD_ONE = "set a lower limit, or add a bucket above it"


GUESSED = "where a quantile is guessed: add a bucket near it"


BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@pytest.mark.parametrize(
    ("limit", "bounds", "found"),
    [
        (0.3, BOUNDS, ""),
        (2.0, BOUNDS, ""),
        # The case top-bucket.
        (
            3.0,
            BOUNDS[:-1],
            f"p99: nothing is ever above 3 s, for {LARGEST} 2.5 s: {ADD_ONE}",
        ),
        (
            10.0,
            BOUNDS,
            f"p99: nothing is ever above 10 s, for {LARGEST} 10 s: {ADD_ONE}",
        ),
        (
            4.0,
            BOUNDS,
            f"p99: 4 s lies between the buckets of 2.5 s and 10 s, {GUESSED}",
        ),
        (2.5, BOUNDS, ""),
        (3.0, (), ""),
    ],
)
async def test_a_limit_that_no_bucket_can_show_is_a_warning(
    limit: float, bounds: tuple[float, ...], found: str
) -> None:
    quantile = replace(P99, rules=(above(limit),))
    given = replace(READY, signals=(ERRORS, quantile, POOL, CONNECT, BUSINESS))
    source = MadeUpSource(
        FakeClock(DEPLOYED_AT), lambda at, view: {**fine(at, view), quantile.key: Reading.of(0.2, 3000.0)}
    )
    source.bounds = {quantile.key: bounds}
    checked = await preflight(source, given, RELEASE, 0.0)
    assert told(checked) == ([f"warning: {found}"] if found else [])
