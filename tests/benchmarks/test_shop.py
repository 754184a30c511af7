"""In a shop of services the bad ones are found, and their neighbours spared: a part of what is measured."""

from __future__ import annotations

import pytest

from tests.benchmarks import shop


@pytest.mark.parametrize(("every", "count"), [(15.0, 11), (60.0, 11)])
def test_in_a_shop_the_bad_are_found_and_their_neighbours_spared(every: float, count: int) -> None:
    outcomes = shop.run(count, every)
    flagged, found, after = shop.summary(outcomes)
    told = [outcome for outcome in outcomes if (outcome.after is not None) != outcome.bad]
    assert flagged <= 0.03, told
    assert found >= 0.95, told
    # Two windows' worth of samples, and two minutes of fuse.
    assert after <= 240.0
