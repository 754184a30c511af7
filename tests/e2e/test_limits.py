"""Limits that init takes from a real week, on a real Prometheus that holds it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aftergreen.config import load
from aftergreen.model import Indicator
from tests.e2e.past import write
from tests.e2e.servers import Prometheus
from tui.cli import main

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]

WEEK = 7 * 86400

SCRAPE = 60
"""Seconds between two samples: what Prometheus does where nobody says otherwise."""


def week(now: float) -> Iterator[str]:
    """A week of a service that fails in 1.1 % of its requests, and ten minutes more; lines of OpenMetrics."""
    for status, rate in (("200", 989), ("500", 11)):
        yield "# TYPE http_requests gauge" if status == "200" else "# TYPE other gauge"
        for count in range((WEEK + 600) // SCRAPE):
            at = now - WEEK + count * SCRAPE
            labels = f'job="weekly",namespace="shops",status="{status}"'
            yield f"http_requests_total{{{labels}}} {count * rate} {at:.3f}"
    yield "# EOF"


def test_limits_come_from_the_last_week_however_seldom_it_is_scraped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "prometheus", week(time.time()))
    file = tmp_path / "aftergreen.toml"
    waived = [f"--waive={one}=measured elsewhere" for one in Indicator if one is not Indicator.ERROR_RATE]
    words = ["--service", "weekly", "--rollback", "kubectl", *waived, "-c", str(file)]
    with Prometheus(tmp_path / "prometheus") as prometheus:
        assert main(["init", "--url", prometheus.url, *words]) == 0
    text = file.read_text()
    assert 'above = "1.5%"' in text
    told = " ".join(text.replace("#", "").split())
    assert "looks into the last week found at most 1.10 %: too near to the usual 1 %" in told
    assert "Now: 1.10 %; in the last week: 1.10 % to 1.10 %." in told
    plan = load(file)
    assert plan.timing.window == 4 * SCRAPE
    assert plan.rollback is not None
    assert plan.rollback.command[-2:] == ("--namespace", "shops")
    assert capsys.readouterr().out.count("\n") == 3
