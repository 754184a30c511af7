"""Whether the process that a journal speaks of is the one that runs."""

from __future__ import annotations

import os
import subprocess

import pytest

from aftergreen.rollback.process import identity, lives, look_at


def test_a_process_is_known_again_until_it_ends() -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        known = identity(process.pid)
        assert lives(known)
        found = look_at(process.pid)
        assert found is not None
        assert found.parent == os.getpid()
        process.kill()
        # Dead, and nobody has noticed yet.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not lives(known)
        assert look_at(process.pid) is None
    assert not lives(known)
    assert look_at(process.pid) is None


@pytest.mark.parametrize(
    "change", [{"began": 1}, {"began": None}, {"boot": "another"}, {"boot": ""}, {"process": None}]
)
def test_a_later_process_of_the_same_number_is_another_one(change: dict[str, object]) -> None:
    own = identity(os.getpid())
    assert lives(own)
    assert not lives({**own, **change})


def test_nothing_that_was_recorded_lives_not() -> None:
    assert not lives({})
