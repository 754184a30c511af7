"""What is asked: every text once, and runs that a range query can evaluate."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftergreen.model import Indicator, Signal, View
from aftergreen.sources.questions import POINTS, Catalogue, milliseconds, runs

RATE = Signal(
    Indicator.BUSINESS,
    "rate",
    "/s",
    60.0,
    query='sum(rate(x{v="$version"}[$window]))',
    count="sum(x) + sum(y)",
)
GAUGE = Signal(Indicator.SATURATION, "gauge", "none", 60.0, query="sum(x)")
PROBE = Signal(Indicator.DEPENDENCY, "connect", "s", 60.0, probe="tcp://db:1")


def test_each_text_is_asked_once_and_probes_are_not() -> None:
    catalogue = Catalogue([RATE, GAUGE, PROBE], View("v2", 940.0))
    assert list(catalogue.texts(970.0)) == [
        'sum(rate(x{v="v2"}[30s]))',
        "sum(x) + sum(y)",
        'max(timestamp(x{v="v2"}))',
        "max(timestamp(x))",
        "max(timestamp(y))",
        "sum(x)",
    ]
    assert catalogue.selectors(RATE) == ('x{v="v2"}', "x", "y")


def test_only_a_window_makes_the_questions_depend_on_the_time() -> None:
    catalogue = Catalogue([RATE, GAUGE], View("v2", 940.0))
    assert catalogue.of(GAUGE, 970.0) is catalogue.of(GAUGE, 985.0)
    assert catalogue.of(RATE, 970.0) is not catalogue.of(RATE, 985.0)
    assert catalogue.of(RATE, 1000.0) is catalogue.of(RATE, 2000.0)


def test_a_query_with_a_fallback_is_marked() -> None:
    fallback = replace(GAUGE, query="sum(x) or vector(0)", count="sum(y)")
    assert Catalogue([fallback], View(None, None)).of(fallback, 1.0).alone == {"query"}


@pytest.mark.parametrize(
    ("instants", "expected"),
    [
        ([], []),
        ([5.0], [(5.0,)]),
        ([5.0, 6.0], [(5.0, 6.0)]),
        ([5.0, 6.0, 7.0, 9.0, 11.0], [(5.0, 6.0, 7.0), (9.0, 11.0)]),
        ([0.1, 0.2, 0.3, 0.4], [(0.1, 0.2, 0.3, 0.4)]),
    ],
)
def test_runs_are_evenly_spaced(instants: list[float], expected: list[tuple[float, ...]]) -> None:
    assert list(runs(instants)) == expected


@given(st.lists(st.integers(1, 4), max_size=60), st.sampled_from([0.001, 0.25, 15.0]))
def test_runs_keep_every_instant_and_can_be_evaluated(steps: list[int], unit: float) -> None:
    instants = [1000.0]
    for step in steps:
        instants.append(round(instants[-1] + step * unit, 3))
    cut = list(runs(instants))
    assert [at for run in cut for at in run] == instants
    for run in cut:
        first, *rest = (milliseconds(at) for at in run)
        step = rest[0] - first if rest else 0
        assert [first + n * step for n in range(len(run))] == [first, *rest]


def test_runs_are_short_enough_for_one_answer() -> None:
    assert [len(run) for run in runs(float(n) for n in range(2 * POINTS + 1))] == [POINTS, POINTS, 1]


@pytest.mark.parametrize("module", ["aftergreen.model", "aftergreen.sources", "aftergreen.promql"])
def test_the_http_client_is_imported_late(module: str) -> None:
    code = f"import sys, {module}; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
