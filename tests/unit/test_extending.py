"""A file that others extend: what is laid over what, and where a fault of it is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.config import ConfigError, load
from aftergreen.model import Indicator

TEAM = """
[metrics]
url = "http://localhost:9090"
timeout = "9s"

[watch]
duration = "20m"

[[signals]]
indicator = "error-rate"
name = "HTTP 5xx"
numerator = 'sum(increase(failed{job="$service",env="${environment}"}[$window]))'
denominator = 'sum(increase(all{job="$service"}[$window]))'

[[signals]]
indicator = "latency"
name = "p95"
query = 'p95{job="$service"}'
unit = "s"

[indicators]
saturation.waived = "serverless"
dependency.waived = "none"
business.waived = "internal tools"

[rollback]
command = ["deployctl", "undo", "{service}"]
"""

OWN = 'extends = "../team.toml"\n[service]\nname = "shop"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of a service beside that of its team."""
    (tmp_path / "team.toml").write_text(TEAM)
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop" / "aftergreen.toml"


def test_a_service_that_extends_says_only_who_it_is(place: Path) -> None:
    place.write_text(OWN)
    plan = load(place)
    assert (plan.service.name, plan.backend.timeout, plan.timing.duration) == ("shop", 9.0, 1200.0)
    assert [signal.name for signal in plan.signals] == ["HTTP 5xx", "p95"]
    assert plan.signals[0].numerator == 'sum(increase(failed{job="shop",env="prod"}[$window]))'
    assert set(plan.waived) == {Indicator.SATURATION, Indicator.DEPENDENCY, Indicator.BUSINESS}


def test_what_a_service_says_itself_counts(place: Path) -> None:
    place.write_text(
        f'{OWN}environment = "staging"\n[metrics]\nurl = "http://localhost:9091"\n[watch]\nwarmup = "30s"\n'
        '[[signals]]\nindicator = "latency"\nname = "p95"\nquery = "mine"\nunit = "s"\nrules = []\n'
        '[[signals]]\nindicator = "business"\nname = "orders"\nquery = "orders"\nunit = "/min"\n'
        '[rollback]\ntimeout = "1m"\n'
    )
    plan = load(place)
    assert (plan.backend.url, plan.backend.timeout) == ("http://localhost:9091", 9.0)
    assert (plan.timing.duration, plan.timing.warmup) == (1200.0, 30.0)
    assert [(signal.name, signal.query) for signal in plan.signals if signal.query] == [
        ("p95", "mine"),
        ("orders", "orders"),
    ]
    assert set(plan.waived) == {Indicator.SATURATION, Indicator.DEPENDENCY}
    assert plan.rollback is not None
    assert (plan.rollback.command, plan.rollback.timeout) == (("deployctl", "undo", "{service}"), 60.0)
    assert 'env="staging"' in (plan.signals[-1].numerator or "")


def test_an_indicator_that_is_waived_has_no_shared_signals(place: Path) -> None:
    place.write_text(f'{OWN}[indicators]\nlatency.waived = "nobody waits for it"\n')
    plan = load(place)
    assert [signal.name for signal in plan.signals] == ["HTTP 5xx"]
    assert plan.waived[Indicator.LATENCY] == "nobody waits for it"


def test_one_way_to_say_where_the_backend_is_replaces_another(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_URL", "http://localhost:9999")
    place.write_text(f'{OWN}[metrics]\nurl_env = "METRICS_URL"\n')
    assert load(place).backend.url == "http://localhost:9999"


def test_a_name_with_quotes_ends_no_string_of_a_query(place: Path) -> None:
    place.write_text(OWN.replace('"shop"', "'a\"b'"))
    assert 'job="a\\x22b"' in (load(place).signals[0].denominator or "")


@pytest.mark.parametrize(
    ("team", "own", "said"),
    [
        pytest.param(
            TEAM.replace('"9s"', "9"), OWN, "{team}: metrics.timeout: found 9, expected", id="a-wrong-value"
        ),
        pytest.param(
            TEAM.replace('unit = "s"', 'unit = "1"'),
            f"{OWN}[[signals]]\nindicator = 'business'\nname = 'x'\nquery = 'x'\n",
            '{team}: signals[1].unit: found "1"',
            id="in-a-signal-of-the-team",
        ),
        pytest.param(
            TEAM,
            f"{OWN}[[signals]]\nindicator = 'business'\nname = 'x'\nquery = 'x('\n",
            "{own}: signals[0].query: found a ( that is never closed",
            id="in-a-signal-of-its-own",
        ),
        pytest.param(
            f'extends = "shop/aftergreen.toml"\n{TEAM}',
            OWN,
            "extends: found a circle, expected",
            id="a-circle",
        ),
        pytest.param(
            TEAM,
            OWN.replace("team", "tame"),
            "found no such file, expected the file that is extended",
            id="none",
        ),
        pytest.param(
            TEAM, OWN.replace('"../team.toml"', "7"), "extends: found 7, expected text", id="no-text"
        ),
        pytest.param(TEAM, OWN.replace("../team", "\\u0000"), "extends: found", id="no-path"),
        pytest.param(TEAM, f"{OWN}[[signals]]\nindicator = []\n", "signals[0].indicator: found", id="list"),
        pytest.param("[", OWN, "{team}: line 1", id="no-toml"),
        pytest.param(
            TEAM, f"{OWN}[metrics]\nurl = 7\n", "{own}: metrics.url: found 7", id="a-wrong-own-value"
        ),
        pytest.param(
            TEAM, f"signals = 7\n{OWN}", "{own}: signals: found 7, expected a list", id="no-signals"
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_is_written(team: str, own: str, said: str, place: Path) -> None:
    shared = place.parent.parent / "team.toml"
    shared.write_text(team)
    place.write_text(own)
    with pytest.raises(ConfigError) as caught:
        load(place)
    assert said.format(team=shared, own=place) in str(caught.value)


def test_files_that_extend_each_other_come_to_an_end(place: Path) -> None:
    folder = place.parent
    for number in range(9):
        (folder / f"{number}.toml").write_text(f'extends = "{number + 1}.toml"\n')
    place.write_text('extends = "0.toml"\n')
    with pytest.raises(ConfigError, match="more than 5 files that extend each other"):
        load(place)
