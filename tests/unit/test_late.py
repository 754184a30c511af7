"""Judging a release of the past: the same decisions as live, nothing recorded, nothing run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.journal import open_journal
from aftergreen.model import (
    Automatic,
    BaselineSource,
    Kind,
    Plan,
    Reading,
    Release,
    RollbackPlan,
    Timing,
    View,
)
from aftergreen.preflight.checks import Finding, PreflightFailed
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import EventKind, ReleaseState
from aftergreen.watch.late import judged_late
from aftergreen.watch.wanted import Report, Wanted
from tests.automatic import automatic
from tests.made_up import FakeClock, MadeUpSource, World, bad_from, fine
from tests.scenario import DEPLOYED_AT, GOOD, plan, what_is_missing

READY = plan(rollback=RollbackPlan(("true",)))


class Judged:
    """A past release, judged ``since`` seconds after its deployment; what was told on the way."""

    def __init__(self, world: World = fine, *, since: float = 86400.0, lasting: float = 0.0) -> None:
        self.clock = FakeClock(DEPLOYED_AT + since)
        self.source = MadeUpSource(self.clock, world, [(0.0, lasting)])
        self.snapshots: list[Snapshot] = []
        self.findings: list[Finding] = []
        self.progress: list[str] = []

    async def by(
        self,
        given: Plan = READY,
        *,
        advice_ends: bool = True,
        baseline: BaselineSource | None = None,
        journal: Path | None = None,
    ) -> Snapshot:
        wanted = Wanted(
            "v2.4.1",
            "v2.4.0",
            lambda _now: DEPLOYED_AT,
            "ana",
            advice_ends=advice_ends,
            baseline=baseline,
        )
        report = Report(self.snapshots.append, self._found, self.progress.append)
        return await judged_late(
            given, wanted, source=self.source, clock=self.clock, report=report, journal=journal
        )

    def _found(self, findings: Sequence[Finding]) -> None:
        self.findings.extend(findings)


async def test_a_healthy_release_of_yesterday_finished() -> None:
    judged = Judged()
    last = await judged.by()
    assert exit_code(last.state) == 0
    assert last.state.at == DEPLOYED_AT + 900
    assert judged.snapshots[-1] == last
    assert judged.source.closed
    assert judged.clock.now() == DEPLOYED_AT + 86400, "nobody waits for the past"


@pytest.mark.parametrize("how", Automatic)
async def test_a_bad_release_ends_where_a_live_gate_would_have_ended_or_acted(how: Automatic) -> None:
    last = await Judged(bad_from(200)).by(automatic(how, given=READY))
    assert (exit_code(last.state), last.release_state) == (23, ReleaseState.PROPOSED)
    assert last.state.decided is not None
    assert last.state.decided.breached_at == DEPLOYED_AT + 210 + 120


async def test_the_grid_is_read_in_few_requests_and_no_further_than_needed() -> None:
    judged = Judged(bad_from(200))
    await judged.by()
    asked = [at for at in judged.source.asked_again if at > DEPLOYED_AT]
    # The rule decides at the 22nd; seven are asked at a time.
    assert asked == [DEPLOYED_AT + 15.0 * k for k in range(1, 29)]
    judged_so_far = ("1m45s", "3m30s", "5m15s", "5m30s")
    assert judged.progress == [f"judged {watched} of 15m" for watched in judged_so_far]


async def test_a_watch_that_is_shorter_than_its_requests_is_judged_whole() -> None:
    timing = Timing(duration=60.0, interval=15.0, warmup=15.0)
    last = await Judged().by(replace(READY, timing=timing))
    assert last.state.watched == 60.0


def lost(at: float, view: View) -> Mapping[str, Reading]:
    """A backend that lost everything since the deployment."""
    gone = Reading.unknown(Kind.BLIND, "its storage is gone")
    return fine(at, view) if at <= DEPLOYED_AT else dict.fromkeys(GOOD, gone)


@pytest.mark.parametrize(("world", "code"), [(fine, 0), (lost, 10)])
async def test_a_release_of_years_ago_takes_no_more_than_one_of_yesterday(world: World, code: int) -> None:
    """The case old-release; `tests.benchmarks.aged` measures it."""
    asked = []
    for since in (86400.0, 4 * 365 * 86400.0):
        judged = Judged(world, since=since)
        last = await judged.by()
        assert exit_code(last.state) == code
        asked.append([at for at in judged.source.asked_again if at > DEPLOYED_AT])
    assert asked[0] == asked[1]
    assert len(asked[0]) <= 3 * 60 + 8


async def test_a_watch_that_is_not_over_yet_is_unproven() -> None:
    last = await Judged(since=302.0).by()
    assert exit_code(last.state) == 10
    assert last.state.at == DEPLOYED_AT + 300
    assert what_is_missing(last.state)[-1] == "only 5m of 15m could be watched"


async def test_every_event_of_the_past_is_in_the_last_snapshot() -> None:
    last = await Judged(bad_from(200)).by()
    assert [event.kind for event in reversed(last.events)] == [
        EventKind.SEALED,
        EventKind.JUDGING,
        EventKind.OVER_LIMIT,
        EventKind.SURE,
        EventKind.BREACHED,
    ]


async def test_nothing_can_be_run_in_the_past() -> None:
    last = await Judged(bad_from(200)).by()
    assert last.context.read_only == "the release lies in the past"
    assert last.rollback is None


async def test_the_seal_is_that_of_the_plan_and_its_baseline() -> None:
    seals = [
        (await Judged().by(given)).state.setup.seal for given in (READY, READY, replace(READY, alpha=0.01))
    ]
    assert seals[0] == seals[1] != seals[2]


async def test_another_baseline_can_be_chosen_for_the_past() -> None:
    last = await Judged().by(baseline=BaselineSource.LAST_WEEK)
    assert {b.source for b in last.state.setup.baselines.values()} == {BaselineSource.LAST_WEEK}
    assert ("baseline last-week was chosen at the start", "ana") in [(e.text, e.by) for e in last.events]
    companions = {b.source for s in last.state.signals.values() for b in s.companions}
    assert companions == {BaselineSource.BEFORE, BaselineSource.YESTERDAY}


async def test_the_past_is_judged_with_what_the_journal_knows_and_nothing_is_recorded(
    tmp_path: Path,
) -> None:
    place = tmp_path / "journal.db"
    journal = open_journal(place)
    for version, ago in (("v2.4.0", 600.0), ("v2.4.1", 0.0)):
        wanted = Release("checkout-api", "prod", version, None, DEPLOYED_AT - ago)
        journal.open_release(wanted, seal="x", plan={}, baseline={}, by="ci", at=wanted.deployed_at)
    known = journal.releases()
    judged = Judged()
    last = await judged.by(journal=place)
    # The release itself is in the journal, and is no other deployment.
    assert {b.unfit for b in last.state.setup.baselines.values()} == {
        "another deployment (v2.4.0) lies in it"
    }
    assert journal.releases() == known
    journal.close()


async def test_preflight_counts_for_the_past_too() -> None:
    silent = Judged(lasting=1e12)
    with pytest.raises(PreflightFailed, match="cannot be asked: connection refused"):
        await silent.by()
    assert silent.source.closed
    judged = Judged()
    judged.source.scraped_every = 60.0
    with pytest.raises(PreflightFailed, match="sees nothing most of the time") as refused:
        await judged.by()
    assert len(refused.value.findings) == 3, "all findings are told, though it ends there"
    assert judged.findings == [], "and once"
    assert judged.source.closed
