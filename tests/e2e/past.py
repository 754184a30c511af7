"""A past for shops that were started a moment ago, written into a real server's data by promtool."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from tests.e2e.parts import HEALTHY, RATE, Shop, require
from tests.e2e.shop import DEPENDENCY, IN_USE
from tests.waiting import HANG

SECONDS = 150
"""How long the past is: more than a baseline needs, of which a server that starts misses five seconds."""

# For each metric its further labels and its value after so many requests.
METRICS: Mapping[str, tuple[str, Callable[[float], float]]] = {
    "http_requests_total": (',status="200"', lambda requests: requests),
    "http_request_duration_seconds_sum": ("", lambda requests: requests * HEALTHY.latency),
    "http_request_duration_seconds_count": ("", lambda requests: requests),
    "dependency_requests_total": (
        f',dependency="{DEPENDENCY}",outcome="ok"',
        lambda requests: requests,
    ),
    "registrations_total": ("", lambda requests: requests / 4),
    "db_pool_connections_in_use": ("", lambda _requests: IN_USE),
    "app_info": ("", lambda _requests: 1),
}


def backfill(folder: Path, shops: Iterable[Shop], until: float) -> None:
    """Write what a server would hold had the shops been healthy under their load for some minutes until then.

    ``folder`` belongs to a server that has not been started. The counters of the shops themselves begin at
    ``until``, as after a restart, so that nothing is missing in between.
    """
    write(folder, past_of(shops, until))


def write(folder: Path, lines: Iterable[str]) -> None:
    """Turn lines of OpenMetrics into the data of a server that has not been started."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "past.txt"
    written.write_text("\n".join(lines) + "\n")
    # Blocks as long as they come: it reads everything once more for each.
    command = [require("promtool"), "tsdb", "create-blocks-from", "--max-block-duration=500h", "openmetrics"]
    command += [str(written), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True, timeout=3 * HANG)
    written.unlink()


def past_of(shops: Iterable[Shop], until: float) -> Iterator[str]:
    """The past of healthy shops under their load as lines of OpenMetrics, with times in seconds."""
    shops = list(shops)
    for name, (labels, value) in METRICS.items():
        yield f"# TYPE {name} gauge"
        for shop in shops:
            place = f'job="{shop.name}",instance="127.0.0.1:{shop.port}",version="{shop.version}"'
            for second in range(SECONDS + 1):
                at = until - SECONDS + second
                yield f"{name}{{{place}{labels}}} {float(value(second * RATE))!r} {at:.3f}"
    yield "# EOF"
