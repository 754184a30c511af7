"""Healthy releases over a real past are neither flagged nor left unproven: a part of what is measured."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from aftergreen.verdict.state import ReleaseState
from tests.benchmarks import faultfree
from tests.benchmarks.faultfree import LONGEST, PACES, judge, past, services
from tests.e2e.past import write
from tests.e2e.servers import Prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.prometheus]


def test_a_healthy_release_is_not_flagged_and_ends_with_evidence_at_every_pace(tmp_path: Path) -> None:
    drawn = random.Random(16)
    found, deployed_at = services(len(PACES), drawn), round(time.time()) - LONGEST - 60.0
    write(tmp_path, past(found, deployed_at, drawn))
    with Prometheus(tmp_path) as server:
        outcomes = [judge(server.url, service, deployed_at) for service in found]
    assert {(o.service.every, o.service.interval) for o in outcomes} == set(faultfree.PACES)
    assert [o for o in outcomes if o.flagged or o.state is not ReleaseState.FINISHED] == []
