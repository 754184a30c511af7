"""Whatever the samples hold, drawing them neither ends the process nor eats its memory or its time.

plotext is a C++ kernel that can abort, so the property is tried in a process of its own, under limits.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from widgets.plot import MODES, draw

ROOT = Path(__file__).resolve().parents[2]

MEMORY = 2 * 1024**3
"""Bytes of address space: mapped libraries count, so it is more than is ever used."""

CPU = 600
"""Seconds of processor for all examples, each of which is worth a few milliseconds."""

anything = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e6, 1e8, -1e8, 1e300, -1e300, 5e-324, 1.7e308, -1.7e308]),
    st.floats(min_value=0, max_value=1),
)
ranges = st.one_of(st.tuples(anything, anything), st.just((0.0, 1.0)), st.just((-1.7e308, 1.7e308)))
sizes = st.tuples(st.integers(-1, 130), st.integers(-1, 40))
runs = st.lists(st.lists(st.tuples(anything, anything), max_size=40), max_size=6)


@given(size=sizes, x_range=ranges, y_range=ranges, lines=runs, mode=st.sampled_from(MODES))
def rows_of_the_asked_size(
    size: tuple[int, int],
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    lines: list[list[tuple[float, float]]],
    mode: str,
) -> None:
    rows = draw(size, x_range, y_range, lines, mode)
    width, height = size
    assert len(rows) == (height if width > 0 and height > 0 else 0)
    assert all(len(row) == width for row in rows)
    assert not any("no chart" in row for row in rows)


def a_line_of_very_many_points_is_drawn() -> None:
    rows = draw((110, 30), (0, 1e6), (0, 1), [[(float(x), x % 7 / 7) for x in range(200_000)]])
    assert any(row.strip() for row in rows)
    assert not any("no chart" in row or "too large" in row for row in rows)


def test_drawing_survives_anything_within_its_limits() -> None:
    child = subprocess.run(
        [sys.executable, __file__, str(10 * settings().max_examples)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=CPU * 3,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    assert child.stdout.strip() == "survived"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    usual = settings(max_examples=int(sys.argv[1]), deadline=None, database=None, derandomize=True)
    usual(rows_of_the_asked_size)()
    a_line_of_very_many_points_is_drawn()
    sys.stdout.write("survived\n")
