"""The configuration of a shop, with every time scaled to seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

FOR = 5.0
"""Seconds for which a limit must be exceeded."""
INTERVAL = 2.0
"""Seconds between polls: many watch at a time, and asking every second would be all that a machine does."""
LAG = 1.0
WARMUP = 5.0
WINDOW = 5.0
DURATION = 26.0


def write_config(
    path: Path,
    *,
    url: str,
    job: str,
    command: Sequence[str] = ("true",),
    **tables: Mapping[str, object],
) -> Path:
    """Write the configuration of a shop and return its path.

    ``url`` is the metrics backend's, ``job`` the shop's name, ``command`` the rollback's. Further tables
    change single keys: ``watch={"duration": "40s"}``.
    """
    document = configuration(url=url, job=job, command=command)
    for name, changes in tables.items():
        document[name] = {**document.get(name, {}), **changes}
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return path


def configuration(*, url: str, job: str, command: Sequence[str]) -> dict[str, Any]:
    """All five indicators of a shop, each with one rule that asks for a rollback."""
    return {
        "service": {
            "name": job,
            "environment": "test",
            "running": f'count by (version) (app_info{{job="{job}"}})',
        },
        "metrics": {"url": url, "timeout": "20s", "lag": _seconds(LAG)},
        "watch": {
            "duration": _seconds(DURATION),
            "warmup": _seconds(WARMUP),
            "interval": _seconds(INTERVAL),
            "window": _seconds(WINDOW),
        },
        "baseline": {"source": "before", "window": "2m", "gap": "2s"},
        "signals": _signals(job),
        "rollback": {
            "strategy": "rolling",
            "command": list(command),
            "timeout": "2m",
            "verify_within": "2m",
        },
    }


def _signals(job: str) -> list[dict[str, Any]]:
    return [
        {
            "indicator": "error-rate",
            "name": "HTTP 5xx",
            "numerator": _increase("http_requests_total", job, 'status=~"5.."'),
            "denominator": _increase("http_requests_total", job),
            "unit": "%",
            "rules": [_rule(above="1%")],
        },
        {
            "indicator": "latency",
            "name": "average",
            "numerator": _increase("http_request_duration_seconds_sum", job),
            "denominator": _increase("http_request_duration_seconds_count", job),
            "unit": "s",
            "rules": [_rule(above_baseline="50%", by_at_least="10ms")],
        },
        {
            "indicator": "saturation",
            "name": "db connections",
            "query": f"sum({_selector('db_pool_connections_in_use', job)})",
            "rules": [_rule(above=80)],
        },
        {
            "indicator": "dependency",
            "dependency": "orders-db",
            "kind": "database",
            "name": "failed calls",
            "numerator": _increase(
                "dependency_requests_total", job, 'dependency="orders-db",outcome="error"'
            ),
            "denominator": _increase("dependency_requests_total", job, 'dependency="orders-db"'),
            "events": True,
            "unit": "%",
            "rules": [_rule(above="5%")],
        },
        {
            "indicator": "business",
            "name": "registrations",
            "query": f"{_increase('registrations_total', job)} / ($window_seconds / 60)",
            "unit": "/min",
            "rules": [_rule(below_baseline="40%")],
        },
    ]


def _rule(**condition: object) -> dict[str, object]:
    return {**condition, "for": _seconds(FOR), "then": "rollback"}


def _increase(metric: str, job: str, more: str = "") -> str:
    return f"sum(increase({_selector(metric, job, more)}[$window]))"


def _selector(metric: str, job: str, more: str = "") -> str:
    # A rolling update: both versions can be scraped for a moment, and each is judged by itself.
    labels = ",".join(filter(None, [f'job="{job}"', 'version="$version"', more]))
    return f"{metric}{{{labels}}}"


def _seconds(duration: float) -> str:
    return f"{duration:g}s"
