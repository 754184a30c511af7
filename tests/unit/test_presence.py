"""Who else watches a release: seen while they do, whatever way they end."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from aftergreen.model import Release
from aftergreen.watch.presence import Presence
from tests.made_up import fine
from tests.rig import ANA, Rig
from tests.scenario import DEPLOYED_AT

RELEASE = Release("checkout-api", "prod", "v2", "v1", 1000.0, 1)

WATCHES = """
import pathlib, sys, time
from aftergreen.model import Release
from aftergreen.watch.presence import Presence
eve = Presence(pathlib.Path(sys.argv[1]), "eve")
eve.enter(Release("checkout-api", "prod", "v2", "v1", 1000.0, 1))
print("there", flush=True)
time.sleep(600)
"""


def test_who_watches_the_same_release_is_seen_until_they_leave(tmp_path: Path) -> None:
    ana, ben, other = (Presence(tmp_path / "watchers", name) for name in ("ana", "ben", "zoe"))
    ana.enter(RELEASE)
    assert ana.others() == ()
    ben.enter(RELEASE)
    other.enter(replace(RELEASE, number=2))
    assert (ana.others(), ben.others(), other.others()) == (("ben",), ("ana",), ())
    twice = Presence(tmp_path / "watchers", "ben")
    twice.enter(RELEASE)
    assert ana.others() == ("ben",)
    for one in (ben, twice, other):
        one.leave()
    assert ana.others() == ()
    ana.leave()
    assert list((tmp_path / "watchers").iterdir()) == []


def test_who_is_killed_is_seen_no_longer(tmp_path: Path) -> None:
    ana = Presence(tmp_path, "ana")
    ana.enter(RELEASE)
    process = subprocess.Popen([sys.executable, "-c", WATCHES, tmp_path], stdout=subprocess.PIPE)
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"there\n"
            assert ana.others() == ("eve",)
        finally:
            process.kill()
    assert ana.others() == ()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_used_keeps_nobody_from_watching(tmp_path: Path) -> None:
    (tmp_path / "watchers").write_text("a file")
    ana = Presence(tmp_path / "watchers", "ana")
    ana.enter(RELEASE)
    assert ana.others() == ()
    ana.leave()


async def test_a_watch_shows_who_else_watches(tmp_path: Path) -> None:
    ben = Presence(tmp_path / "watchers", "ben")
    rig = Rig(tmp_path, fine)
    rig.once(lambda s: s.at > DEPLOYED_AT, lambda: ben.enter(rig.snapshots[-1].state.setup.release))
    rig.clock.held = lambda: False
    last = await rig.watch.run()
    assert last.context.others == ("ben",)
    assert ben.others() == (), "who has left is gone"
    assert ANA.operator == last.context.operator
