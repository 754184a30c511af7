"""What is true of any sample of whole watches, however small."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.verdict.state import ReleaseState
from tests.automatic import GRACE
from tests.benchmarks.scores import Cell
from tests.benchmarks.traffic import Traffic
from tests.benchmarks.wholepath import faults, row, write
from tests.benchmarks.wholewatch import Engine, Watched, chunk, plan_of

BROKEN = Cell(Traffic(300, 0.5, clustered=False), 3)
SOUND = Cell(Traffic(300, 0.002, clustered=False), 3)
LAG = 2.0
ACTS = Engine(180.0, (182.0,), 192.0)


def test_what_is_broken_is_rolled_back_once_and_what_is_sound_is_not() -> None:
    broken = chunk(BROKEN.traffic, BROKEN.runs, "any")
    for watched in broken:
        (begun,), (claimed,) = watched.countdowns, watched.claims
        assert watched.engine.acts is not None
        assert (begun, claimed) == (watched.engine.acts + LAG, watched.engine.acts + LAG + GRACE)
        assert watched.state == ReleaseState.ROLLED_BACK.value
    sound = chunk(SOUND.traffic, SOUND.runs, "any")
    assert [(watched.countdowns, watched.claims) for watched in sound] == [((), ())] * 3
    plan = plan_of(GRACE)
    assert [*faults(BROKEN, broken, plan), *faults(SOUND, sound, plan)] == []
    assert row(SOUND, sound) == "| 300 | 0.2 % | 3 | 0 | 0 | 0 | 0 (0.00 %) | – |"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (Watched(ACTS, (182.0,), (192.0, 207.0), "rolled back"), "claimed 2 times"),
        (Watched(ACTS, (182.0,), (191.0,), "rolled back"), "within the grace"),
        (Watched(ACTS, (167.0, 182.0), (192.0,), "rolled back"), "counted down from (167.0, 182.0)"),
        (Watched(ACTS, (), (192.0,), "rolled back"), "within the grace"),
        (Watched(ACTS, (182.0,), (), "unproven"), "claimed at (), the engine on the same readings: (192.0,)"),
        (Watched(Engine(None, (), None), (182.0,), (192.0,), "rolled back"), "the same readings: ()"),
        (Watched(ACTS, (182.0,), (192.0,), "rollback failed"), "ended rollback failed"),
    ],
)
def test_what_may_never_be_is_said(given: Watched, fault: str) -> None:
    assert any(fault in told for told in given.faults(GRACE))


def test_a_table_is_written_between_its_marks(tmp_path: Path) -> None:
    file = tmp_path / "automatic.md"
    file.write_text("before\n<!-- wholepath -->\nold\n<!-- /wholepath -->\nafter\n", encoding="utf-8")
    for _ in range(2):
        write(file, ["| a |", "|---|"])
    written = "before\n<!-- wholepath -->\n\n| a |\n|---|\n\n<!-- /wholepath -->\nafter\n"
    assert file.read_text(encoding="utf-8") == written
    file.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="put them where the table shall be"):
        write(file, [])
