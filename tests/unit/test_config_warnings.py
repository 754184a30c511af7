"""What a configuration may say, and most likely does not mean."""

from __future__ import annotations

import re

import pytest

from aftergreen import config
from tests.small import SMALL, with_signal


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (("failed[$window]", "failed[5m]"), r"looks back over a fixed \[5m\]"),
        (("increase(failed", "rate(failed"), r"divides rates, .*: write increase\(…\) instead of rate\(…\)"),
        (
            ('for = "1m"', 'for = "15m"'),
            r"takes 15m, longer than the watch lasts after its warm-up \(14m\)",
        ),
        (
            ('above = "2%"\n  for = "1m"', 'silent_for = "15m"'),
            r"takes 15m, longer than the watch lasts after its warm-up \(14m\)",
        ),
        (
            ('above = "2%"\n  for = "1m"', 'climbing_for = "14m"\n  for = "1m"'),
            r"takes 15m, longer than the watch lasts after its warm-up \(14m\)",
        ),
        (
            ('above = "2%"\n  for = "1m"', 'exhausts_within = "90m"\n  capacity = "50%"'),
            r"takes 16m, longer than the watch lasts after its warm-up \(14m\)",
        ),
        (("sum(increase(failed[$window]))", "sum(no function)"), "has a query that is no PromQL"),
        (
            ("[metrics]", "running = 'count by version'\n[metrics]"),
            "service.running has a query that is no PromQL",
        ),
    ],
)
def test_what_is_lawful_and_most_likely_not_meant_is_a_warning(change: tuple[str, str], warning: str) -> None:
    assert any(re.search(warning, text) for text in config.warnings_of(config.loads(SMALL.replace(*change))))


def test_a_rollback_that_could_never_be_seen_to_recover_is_a_warning() -> None:
    text = SMALL.replace('then = "warn"', 'then = "rollback"\nclear_for = "5m"')
    for within, warned in (("5m", True), ("6m", False)):
        rollback = f'[rollback]\ncommand = ["undo"]\nverify_within = "{within}"'
        texts = " ".join(config.warnings_of(config.loads(f"{text}\n{rollback}")))
        assert ("takes 6m to clear, longer than a rollback is verified (5m)" in texts) is warned


def test_a_signal_without_rules_is_a_warning() -> None:
    plan = config.loads(with_signal('indicator = "latency"\nquery = "up"\nrules = []'))
    assert "latency/x has no rules: it is shown, but never judged" in config.warnings_of(plan)
