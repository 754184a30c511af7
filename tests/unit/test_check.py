"""`aftergreen check`: what every signal and rule stands on, and every finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.config.tiers import tier_rules
from aftergreen.journal import open_journal
from aftergreen.model import (
    BaselineSource,
    Ground,
    Indicator,
    Kind,
    Plan,
    Reading,
    Release,
    RollbackPlan,
    View,
)
from aftergreen.output.check import check
from aftergreen.preflight.checks import Preflight, PreflightFailed
from aftergreen.sources.protocol import Absence
from tests.automatic import automatic
from tests.made_up import FakeClock, MadeUpSource, World, fine
from tests.scenario import DEPLOYED_AT, GOOD, above, climbing, errors, plan, signals, with_rule

READY = plan(rollback=RollbackPlan(("true",)))
BUSINESS = "  (standard tier: a drop of 30 % without errors is still a serious problem)"
TIER = "  (standard tier: 1 % is ten times what 99.9 % allows; two minutes are no blip)"


@pytest.fixture
def misshared(tmp_path: Path) -> Path:
    """A journal in a group's folder that is not the group's."""
    tmp_path.chmod(0o2770)
    open_journal(tmp_path / "journal.db").close()
    (tmp_path / "journal.db").chmod(0o600)
    return tmp_path / "journal.db"


async def test_a_shared_journal_with_the_wrong_modes_is_an_error(misshared: Path) -> None:
    clock = FakeClock(DEPLOYED_AT)
    source = MadeUpSource(clock, fine)
    checked, lines = await check(READY, source, clock, version="v2", previous="v1", journal=misshared)
    assert not checked.passed
    found = f"shares the journal and cannot use {misshared}: chmod g+rw {misshared}"
    assert any(line.endswith(found) for line in lines)


async def test_everything_is_listed_and_ready() -> None:
    clock = FakeClock(DEPLOYED_AT)
    source = MadeUpSource(clock, fine)
    checked, lines = await check(READY, source, clock, version="v2.4.1", previous="v2.4.0")
    assert checked.passed
    assert source.closed
    assert lines == (
        "checkout-api in prod: watched for 15m after 1m of warm-up, every 15s",
        "this machine's clock agrees with the backend's",
        "✓ Error rate, HTTP 5xx: 0.10 %, was 0.10 % ±0",
        f"    HTTP 5xx above 1 % for 2m: roll back{TIER}",
        "    at 3000 requests/min it would typically notice 2 % within 3m",
        "✓ Latency, average: 175 ms, was 175 ms ±0",
        "    average 50 % above baseline, by at least 20 ms for 2m: roll back",
        "✓ Saturation, db connections: 41, was 41 ±0",
        "    db connections above 80 for 2m: roll back",
        "✓ Dependencies, orders-db connect: 8.00 ms, was 8.00 ms ±0",
        "    orders-db connect above 500 ms for 1m: warn",
        "✓ Business, registrations: 312/min, was 312/min ±0",
        f"    registrations 30 % below baseline, by at least 1/min for 3m: roll back{BUSINESS}",
        "",
        "everything is ready",
    )


async def test_findings_are_listed_and_counted() -> None:
    def world(_at: float, _view: View) -> Mapping[str, Reading]:
        return GOOD | {"saturation/db connections": Reading.unknown(Kind.AMBIGUOUS, "3 series")}

    clock = FakeClock(DEPLOYED_AT)
    given = replace(
        READY,
        signals=signals()[:4],
        waived={Indicator.BUSINESS: "internal tool"},
        rollback=None,
    )
    checked, lines = await check(given, MadeUpSource(clock, world), clock, version="v2.4.1", previous=None)
    assert not checked.passed
    assert "? Saturation, db connections: ambiguous, was unknown" in lines
    assert lines[-5:] == (
        "– Business: waived, internal tool",
        "",
        '✗ db connections: 3 series: aggregate in the query, or set reduce = "worst" or "sum"',
        "! no rollback command is configured; without it the release cannot end finished",
        "1 error, 1 warning",
    )


async def test_a_backend_that_cannot_be_asked_is_the_only_finding_and_is_left_in_order() -> None:
    clock = FakeClock(DEPLOYED_AT)
    source = MadeUpSource(clock, fine, outages=[(0.0, 1e12)])
    with pytest.raises(PreflightFailed, match="cannot be asked: connection refused"):
        await check(READY, source, clock, version="v2.4.1", previous=None)
    assert source.closed


async def test_what_the_scrapes_make_of_a_rule_is_said_beside_it() -> None:
    rules = (above(80.0, lasting=30.0), climbing(300.0), above(90.0))
    given = replace(READY, signals=with_rule("saturation/db connections", *rules).signals)
    clock = FakeClock(DEPLOYED_AT)
    source = MadeUpSource(clock, fine)
    for every, remarks in ((15.0, ["", "", ""]), (60.0, [", takes two of the ", ", told from 8m of ", ""])):
        source.scraped_every = every
        _, lines = await check(given, source, clock, version="v2.4.1", previous="v2.4.0")
        found = [line for line in lines if line.startswith("    db connections ")]
        expected = [f"{remark}samples that come every 1m" if remark else "" for remark in remarks]
        assert [line.partition(": roll back")[2] for line in found] == expected


async def test_what_no_series_would_mean_is_said_of_each_ratio() -> None:
    clock = FakeClock(DEPLOYED_AT)
    source = MadeUpSource(clock, fine)
    ratio = READY.signals[0]
    for ground, text in (
        (Ground.SEEN, "such series were there for this version"),
        (Ground.LABEL, "other series of its metric carry the label that it picks by"),
        (Ground.METADATA, "the backend's metadata name its metric for these targets"),
        (Ground.DECLARED, "one a year"),
    ):
        source.missing = {ratio.key: Absence(ground)}
        given = replace(READY, signals=(replace(ratio, absent_is_zero="one a year"), *READY.signals[1:]))
        _, lines = await check(given, source, clock, version="v2.4.1", previous="v2.4.0")
        assert f"    no series means zero: {text}" in lines


async def test_the_journal_is_looked_at_and_not_made(tmp_path: Path) -> None:
    async def findings() -> list[str]:
        clock = FakeClock(DEPLOYED_AT)
        source = MadeUpSource(clock, fine)
        checked, _ = await check(READY, source, clock, version="v2.4.1", previous="v2.4.0", journal=place)
        return [finding.text for finding in checked.findings]

    place = tmp_path / "journal.db"
    assert await findings() == []
    assert not place.exists()
    journal = open_journal(place)
    other = Release("checkout-api", "prod", "v2.4.0", None, DEPLOYED_AT - 600)
    journal.open_release(other, seal="x", plan={}, baseline={}, by="ci", at=other.deployed_at)
    journal.close()
    assert await findings() == [
        f"{name}: its baseline is not fit to compare with: another deployment (v2.4.0) lies in it, so the "
        "release cannot end finished: commit another with --baseline yesterday"
        for name in ("average", "registrations")
    ]


async def test_a_baseline_of_another_time_says_which() -> None:
    signal = replace(signals()[1], baseline=BaselineSource.YESTERDAY)
    given = replace(READY, signals=(signals()[0], signal, *signals()[2:]))

    def world(at: float, _view: View) -> Mapping[str, Reading]:
        faster = at < DEPLOYED_AT - 43_200
        return GOOD | ({"latency/average": Reading.of(0.14, 3000.0)} if faster else {})

    clock = FakeClock(DEPLOYED_AT)
    _, lines = await check(given, MadeUpSource(clock, world), clock, version="v2.4.1", previous="v2.4.0")
    assert "✓ Latency, average: 175 ms, was 175 ms ±0 (yesterday, scaled by 1.25)" in lines


@pytest.mark.parametrize(
    ("window", "said"),
    [(60.0, None), (240.0, "    no climb is judged: telling one takes 16m, of 14m that are judged")],
)
async def test_a_usual_rule_that_is_left_out_is_named(window: float, said: str | None) -> None:
    bare = replace(next(s for s in signals() if s.indicator is Indicator.LATENCY), window=window, rules=())
    latency = replace(bare, rules=tuple(rule for rule, _ in tier_rules("standard", bare, READY.timing)))
    given = replace(READY, signals=(*(s for s in signals() if s.key != bare.key), latency))
    clock = FakeClock(DEPLOYED_AT)
    _, lines = await check(given, MadeUpSource(clock, fine), clock, version="v2.4.1", previous="v2.4.0")
    assert [line for line in lines if "climb is judged" in line] == ([said] if said else [])
    assert any("average climbing" in line for line in lines) is (said is None)


async def test_a_rollback_that_cannot_be_started_is_an_error_while_it_can_be_mended() -> None:
    """The case missing-program; a watch begins without it, with a warning."""
    clock = FakeClock(DEPLOYED_AT)
    given = replace(READY, rollback=RollbackPlan(("nonesuch",)))
    checked, lines = await check(given, MadeUpSource(clock, fine), clock, version="v2.4.1", previous="v2.4.0")
    assert not checked.passed
    assert [line for line in lines if line.startswith("✗")] == [
        (
            "✗ The rollback program nonesuch is not on PATH: install it, or give its full path in [rollback] "
            "command; without it the release cannot end finished"
        )
    ]
    assert lines[-1] == "1 error, 0 warnings"


async def checked(given: Plan, world: World = fine) -> tuple[Preflight, str]:
    clock = FakeClock(DEPLOYED_AT)
    found, lines = await check(given, MadeUpSource(clock, world), clock, version="v2.4.1", previous="v2.4.0")
    return found, "\n".join(lines)


async def test_where_rollback_is_automatic_every_rule_says_when_it_acts() -> None:
    found, lines = await checked(automatic(given=READY))
    assert found.passed
    assert found.findings == ()
    acting = [line.strip() for line in lines.splitlines() if "acts without a person" in line]
    assert acting == [
        f"acts without a person from {after} after the deployment on, with 10s of grace"
        for after in ("3m", "3m", "3m", "4m")
    ]


@pytest.mark.parametrize(
    ("world", "given", "never"),
    [
        (
            {"error-rate/HTTP 5xx": errors(0.0, 0.2)},
            automatic(given=READY),
            (
                "HTTP 5xx above 1 % for 2m: roll back: never acts without a person: "
                "with so few requests all of it may be chance to the end of the watch"
            ),
        ),
        (
            {"latency/average": Reading.unknown(Kind.NO_TRAFFIC)},
            automatic(given=READY),
            (
                "average 50 % above baseline, by at least 20 ms for 2m: roll back: "
                "never acts without a person: there is no baseline to compare with"
            ),
        ),
        (
            {},
            automatic(given=replace(READY, timing=replace(READY.timing, duration=150.0))),
            (
                "db connections above 80 for 2m: roll back: never acts without a person: "
                "the watch is over before it could be breached"
            ),
        ),
    ],
    ids=["hardly any traffic", "no baseline", "a short watch"],
)
async def test_what_will_never_act_is_a_warning(
    world: Mapping[str, Reading], given: Plan, never: str
) -> None:
    found, lines = await checked(given, lambda _at, _view: {**GOOD, **world})
    assert never in [finding.text for finding in found.findings]
    assert f"! {never}" in lines
