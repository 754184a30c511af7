"""When and in which order the instants are asked changes nothing of the verdict."""

from __future__ import annotations

import asyncio
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.watch.wanted import Wanted
from tests.made_up import bad_from
from tests.properties.examples import tried
from tests.rig import Rig
from tests.scenario import DEPLOYED_AT

BROKEN_FROM = 330.0
GATE = Wanted("v2.4.1", "v2.4.0", lambda _now: DEPLOYED_AT, "ci", advice_ends=True)

lateness = st.floats(0.0, 850.0)
outages = st.lists(
    st.tuples(st.floats(10.0, 420.0), st.floats(1.0, 120.0)).map(lambda o: (o[0], o[0] + o[1])), max_size=3
)


def judged(starts: float, gaps: list[tuple[float, float]]) -> Snapshot:
    """A gate that begins so late, and whose backend does not answer for a while now and then."""
    with tempfile.TemporaryDirectory() as folder:
        down = [(DEPLOYED_AT + start, DEPLOYED_AT + end) for start, end in gaps if start > starts + 5]
        rig = Rig(Path(folder), bad_from(BROKEN_FROM), starts=DEPLOYED_AT + starts, wanted=GATE, outages=down)
        return asyncio.run(rig.watch.run())


@cache
def undisturbed_verdict() -> Snapshot:
    return judged(0.0, [])


@example(700.0, [])
@given(lateness, outages)
@tried(0.4)
def test_the_verdict_is_that_of_a_watch_that_saw_everything_at_once(
    starts: float, gaps: list[tuple[float, float]]
) -> None:
    undisturbed, other = undisturbed_verdict(), judged(starts, gaps)
    assert exit_code(other.state) == exit_code(undisturbed.state) == 23
    assert other.state.decided == undisturbed.state.decided
