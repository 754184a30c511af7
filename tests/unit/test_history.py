"""`aftergreen history`: what the journal holds of past releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aftergreen.model import Automatic
from aftergreen.verdict.ending import exit_code
from tests.automatic import automatic
from tests.made_up import bad_from
from tests.rig import Rig
from tui.cli import main

pytestmark = pytest.mark.usefixtures("in_utc")


def history(*arguments: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["history", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


async def test_a_release_is_a_line_and_dry_runs_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic(Automatic.DRY_RUN))
    assert exit_code((await rig.watch.run()).state) == 23
    assert history("--journal", str(rig.place), capsys=capsys) == [
        (
            "2023-11-14 22:13 UTC  checkout-api/prod/v2.4.1#1  unproven (23)"
            "  HTTP 5xx 4.98 % > 1 % for 2m, a dry run would have rolled back after 5m42s"
        ),
        "",
        "1 release: 1 unproven",
        "dry runs would have rolled back 1 of 1",
    ]
    (line,) = history("--journal", str(rig.place), "--json", capsys=capsys)
    told = json.loads(line)
    assert (told["release"], told["state"], told["exit_code"]) == (
        "checkout-api/prod/v2.4.1#1",
        "unproven",
        23,
    )
    assert (told["countdowns"], told["dry_run_at"]) == (1, "2023-11-14T22:19:02.000Z")
    assert history("--journal", str(rig.place), "--service", "search", capsys=capsys) == [
        "no release is recorded here: aftergreen watch or gate record one"
    ]


async def test_who_rolled_back_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = Rig(tmp_path, bad_from(200), given=automatic())
    await rig.watch.run()
    first, *_ = history("--journal", str(rig.place), capsys=capsys)
    told = "HTTP 5xx 4.98 % > 1 % for 2m, rolled back to v2.4.0 at 22:19:02 UTC by automatic rollback"
    assert first.endswith(f"checkout-api/prod/v2.4.1#1  rolled back (20)  {told}")


def test_where_no_journal_is_none_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "journal.db"
    assert history("--journal", str(place), capsys=capsys)
    assert not place.exists()
