"""What the scrape interval that was found lets a signal and its rules do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aftergreen.model import (
    Reading,
    Rule,
    View,
)
from aftergreen.preflight.checks import (
    Severity,
)
from tests.looked import POOL, READY, looked, told
from tests.made_up import fine
from tests.scenario import DEPLOYED_AT, above, climbing, only, silent, with_rule


async def test_a_window_shorter_than_two_scrapes_is_refused() -> None:
    checked = await looked(scraped_every=60.0)
    assert told(checked) == [
        f"error: {name}: a window of 1m over samples that come every 1m sees nothing most of the time: "
        "set window to at least 4m"
        for name in ("HTTP 5xx", "average", "registrations")
    ]
    assert not checked.passed


@pytest.mark.parametrize(
    ("scraped_every", "errors", "warnings"),
    [(None, 0, 0), (15.0, 0, 0), (16.0, 0, 0), (20.0, 0, 3), (30.0, 0, 3), (33.0, 0, 3), (34.0, 3, 0)],
)
async def test_two_scrapes_are_needed_and_four_are_wanted(
    scraped_every: float | None, errors: int, warnings: int
) -> None:
    found = [finding.severity for finding in (await looked(scraped_every=scraped_every)).findings]
    assert (found.count(Severity.ERROR), found.count(Severity.WARNING)) == (errors, warnings)


async def test_a_short_window_is_a_warning_with_its_cure() -> None:
    assert told(await looked(scraped_every=30.0))[0] == (
        "warning: HTTP 5xx: a window of 1m over samples that come every 30s is short: 2m would be steadier"
    )


@pytest.mark.parametrize(
    ("rules", "interval", "found"),
    [
        ((climbing(300.0),), 60.0, ""),
        ((above(80.0, lasting=30.0),), 60.0, ""),
        (
            (climbing(300.0),),
            120.0,
            (
                "db connections: climbing_for takes 16m of samples that come every 2m, longer than the watch "
                "lasts after its warm-up: scrape it more often, or watch longer"
            ),
        ),
        (
            (silent(120.0),),
            60.0,
            (
                "db connections: silent_for 2m can never be told: 2.0 events are expected in it, and it "
                "takes 6.9: set it to at least 6m55s"
            ),
        ),
        ((replace(silent(480.0), clear_for=60.0),), 60.0, ""),
        ((silent(120.0),), 15.0, ""),
    ],
)
async def test_what_samples_so_far_apart_let_no_rule_do_is_said_beforehand(
    rules: tuple[Rule, ...], interval: float, found: str
) -> None:
    given = only(replace(with_rule(POOL.key, *rules), rollback=READY.rollback), lambda s: s.key == POOL.key)

    def world(at: float, view: View) -> Mapping[str, Reading]:
        taken = at - (at - DEPLOYED_AT) % interval
        return {**fine(at, view), POOL.key: replace(Reading.of(41.0), newest=taken)}

    assert told(await looked(given, world, scraped_every=interval)) == (
        [f"warning: {found}"] if found else []
    )
