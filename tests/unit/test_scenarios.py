"""Scenarios as files: which there are, what a file says, and every fault of one at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.config import ConfigError, loads, warnings_of
from aftergreen.drill.configuration import configuration
from aftergreen.drill.scenario.catalogue import find, load, names, reads
from aftergreen.drill.scenario.model import Cause, Decision, Expected, Exposure, Outage, Outcome, Truth
from aftergreen.drill.service.faults import Effect, Fault, On
from aftergreen.model import BaselineSource, Indicator

SHORTEST = """
title = "errors"
trains = "the plain case"
story = "It fails."
truth = { indicator = "error-rate", cause = "release", decision = "roll back", until = "4m" }
expected = { state = "rolled back", leading = "HTTP 5xx", by = "3m" }
"""

WHOLE = """
title = "everything"
trains = "every key"
story = "All of it."

[truth]
indicator = "saturation"
cause = "dependency"
decision = "call the owner"
hurts = "1m"
until = "2m"

[expected]
state = "unproven"
leading = "db connections"
by = "5m"

[service]
instances = 6
requests = 30
errors = "0.5%"
together = 3
retries = "20%"
daily = "40%"
pool = 60

[release]
exposure = "canary"
canaries = 2
each = "10s"
at = "03:30"
renamed = { status = "code" }

[[faults]]
at = "-1m"
ramp = "30s"
until = "5m"
fade = "1m"
every = "2m"
lasts = "20s"
on = "service"
traffic = 1.5
errors = "2%"
latency = 1.2
cpu = 1.1
memory = 1.3
memory_leak = "20MiB"
connections = 2
connection_leak = 5
business = 0.5
serves = "50%"
dependency = "payments"
dependency_latency = 4
dependency_errors = "10%"
waited = "25%"

[rollback]
outcome = "fails"

[outage]
at = "1m"
until = "90s"

[clock]
at = "2m"
by = "-90s"

[configuration.baseline]
source = "control"
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        reads(text, "mine")
    return [fault.sentence() for fault in refused.value.faults]


def test_there_are_at_least_twenty_and_each_trains_something_else() -> None:
    scenarios = [find(name) for name in names()]
    assert len(scenarios) >= 20
    assert len({scenario.title for scenario in scenarios}) == len(scenarios)
    assert len({scenario.trains for scenario in scenarios}) == len(scenarios)
    assert {scenario.truth.cause for scenario in scenarios} == set(Cause)
    assert {scenario.truth.decision for scenario in scenarios} == set(Decision)
    assert {scenario.truth.indicator for scenario in scenarios} == {None, *Indicator}


@pytest.mark.parametrize("name", names())
def test_each_is_watched_by_an_ordinary_configuration(name: str) -> None:
    plan = loads(configuration(find(name), "http://127.0.0.1:1"))
    assert warnings_of(plan) == ()
    assert plan.rollback is not None
    assert {signal.indicator for signal in plan.signals} == set(Indicator)


def test_what_a_file_says_is_what_happens() -> None:
    scenario = reads(WHOLE, "mine")
    assert scenario.name == "mine"
    assert scenario.truth == Truth(Indicator.SATURATION, Cause.DEPENDENCY, Decision.CALL, 120.0, 60.0)
    assert scenario.expected == Expected("unproven", "db connections", 300.0)
    simulation = scenario.simulation
    assert (simulation.instances, simulation.daily, simulation.renamed) == (6, 0.4, {"status": "code"})
    normal = simulation.normal
    assert (normal.requests, normal.error_rate, normal.cluster) == (30.0, 0.005, 3.0)
    assert (normal.retries, normal.pool) == (0.2, 60.0)
    assert (scenario.exposure, scenario.canaries, scenario.each) == (Exposure.CANARY, 2, 10.0)
    assert scenario.starts == 3.5 * 3600
    effect = Effect(
        traffic=1.5,
        errors=0.02,
        latency=1.2,
        cpu=1.1,
        memory=1.3,
        memory_leak=20 * 1024.0**2,
        connections=2.0,
        connection_leak=5.0,
        business=0.5,
        serves=0.5,
        dependency="payments",
        dependency_latency=4.0,
        dependency_errors=0.1,
        waited=0.25,
    )
    assert simulation.faults == (Fault(-60.0, effect, On.SERVICE, 30.0, 300.0, 60.0, 120.0, 20.0),)
    assert scenario.rollback is Outcome.FAILS
    assert scenario.outage == Outage(60.0, 90.0)
    assert scenario.clock_step is not None
    assert (scenario.clock_step.at, scenario.clock_step.by) == (120.0, -90.0)
    assert loads(configuration(scenario, "http://127.0.0.1:1")).baseline.source is BaselineSource.CONTROL


def test_ten_faults_are_told_at_once_each_with_its_place_and_cure() -> None:
    broken = (
        SHORTEST.replace('"error-rate"', '"errors"').replace('by = "3m"', 'by = "3"')
        + """
[service]
instances = 0
request = 3
[release]
at = "25:00"
canaries = 2
[[faults]]
at = "10s"
until = "5s"
errors = 5
[[faults]]
at = "1m"
dependency_latency = 3
[[faults]]
at = "1m"
[rollback]
outcome = "explodes"
"""
    )
    places = [sentence.split(":")[0] for sentence in faults_of(broken)]
    assert places == [
        "truth.indicator",
        "expected.by",
        "service.instances",
        "service.request",
        "release.at",
        "release.canaries",
        "faults[0].errors",
        "faults[0].until",
        "faults[1].dependency",
        "faults[2]",
        "rollback.outcome",
    ]
    assert all("found" in sentence and "expected" in sentence for sentence in faults_of(broken))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "title: found nothing, expected what it is called, in a sentence"),
        ('title = "x', "found a fault in the TOML"),
        (SHORTEST.replace(', until = "4m"', ""), "truth.until: found nothing, expected until when"),
        (SHORTEST.replace("HTTP 5xx", "HTTP 5x"), 'expected.leading: found "HTTP 5x", expected a signal'),
        (SHORTEST.replace(', by = "3m"', ""), "expected.by: found nothing, expected expected.by beside"),
        (SHORTEST + "[[faults]]\nat = '1m'", "faults[0]: found a fault that changes nothing"),
        (SHORTEST + "[[faults]]\nerrors = '1%'", "faults[0].at: found nothing, expected when it begins"),
        (SHORTEST + "[[faults]]\nat = '1m'\nfade = '1m'\nerrors = '1%'", "faults[0].fade: found 60s"),
        (SHORTEST + "[[faults]]\nat = '1m'\nevery = '1m'\nerrors = '1%'", "faults[0].lasts: found nothing"),
        (SHORTEST + "[[faults]]\nat = '1m'\nlatency = 0", "faults[0].latency: found 0, expected a factor"),
        (SHORTEST + '[release]\nrenamed = { "\\u001b[31m" = 3 }', "release.renamed.[31m: found 3"),
        (SHORTEST + "[outage]\nat = '2m'\nuntil = '1m'", "outage.until: found 60s, expected later than"),
        (SHORTEST + "[clock]\nat = '2m'\nby = 'x'", 'clock.by: found "x", expected a duration'),
        (SHORTEST + "[clock]\nat = '2m'", "clock.by: found nothing, expected by how much"),
        (SHORTEST + "[service]\nat_once = 3", "service.at_once: found 3, expected worker = true"),
        (SHORTEST + "[service]\ntogether = 0.5", "service.together: found 0.5, expected 1 or more"),
        (SHORTEST + "[release]\nrenamed = { status = 3 }", "release.renamed.status: found 3, expected the"),
        (SHORTEST + "[configuration.watch]\nduration = 5", "configuration.watch.duration: found 5"),
        (SHORTEST + "[configuration]\nsignals = 5", "configuration.signals: found 5, expected a list"),
        (SHORTEST + "[release]\neach = '5s'", 'release.each: found 5s, expected exposure = "rolling"'),
        (SHORTEST + "[release]\nexposure = 'at once'", 'release.exposure: found "at once", expected'),
        (
            SHORTEST + "[release]\nexposure = 'canary'\ncanaries = 4",
            "release.canaries: found 4, expected fewer than service.instances, 4",
        ),
    ],
)
def test_a_fault_is_told_with_its_place_and_cure(text: str, told: str) -> None:
    assert any(told in sentence for sentence in faults_of(text)), faults_of(text)


def test_a_name_that_is_none_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r'no such scenario, expected .* did you mean "error-spike"'):
        find("eror-spike")


def test_a_path_is_a_file_of_ones_own(tmp_path: Path) -> None:
    place = tmp_path / "mine.toml"
    with pytest.raises(ConfigError, match="no such file, expected a scenario: aftergreen drill list"):
        find(str(place))
    place.write_text(SHORTEST, encoding="utf-8")
    assert find(str(place)) == load(place)
    assert load(place).name == "mine"
