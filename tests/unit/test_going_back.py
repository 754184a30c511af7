"""How a new configuration goes back, and what an indicator gets that nothing was found for."""

from __future__ import annotations

import argparse

import pytest

from aftergreen.model import Indicator
from aftergreen.proposal.prospect import Looked
from tui.commands.covering import Covering, reason
from tui.commands.going_back import going_back
from tui.commands.options import UsageError
from tui.commands.questions import NoAnswer, Nobody


def way(given: str, namespace: str = "") -> tuple[str, ...] | None:
    """The command that an option means."""
    chosen = going_back(Nobody(), given, namespace, proposes=False)
    return chosen.command if chosen is not None else None


@pytest.mark.parametrize(
    ("given", "namespace", "command"),
    [
        ("kubectl", "", ("kubectl", "rollout", "undo", "deployment/{service}")),
        ("kubectl", "prod", ("kubectl", "rollout", "undo", "deployment/{service}", "--namespace", "prod")),
        ("2", "prod", ("helm", "rollback", "{service}", "--wait", "--namespace", "prod")),
        ("heroku", "prod", ("heroku", "rollback", "--app", "{service}")),
        ("deployctl undo '{service} now'", "prod", ("deployctl", "undo", "{service} now")),
        ("none", "", None),
        ("none: we roll forward", "", None),
    ],
)
def test_a_way_back_is_a_preset_or_a_command(
    given: str, namespace: str, command: tuple[str, ...] | None
) -> None:
    assert way(given, namespace) == command


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("kubctl", "kubctl (did you mean kubectl?) is no preset, and no program on PATH"),
        ("q", "q is no preset, and no program on PATH"),
        ("undo {service} | tee log", "no shell is involved, so | means nothing: put it into a script"),
        ("undo 'x", "that command has a quote that is never closed"),
        ("undo {version", "rollback.command[1]: found"),
        ("99", "there is no way to go back like 99"),
    ],
)
def test_what_is_none_is_told_with_the_next_step(given: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        way(given)
    assert said in str(caught.value)


def test_nobody_is_given_a_command_that_nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: f"/bin/{program}")
    with pytest.raises(UsageError, match="nobody said how to go back: give --rollback PRESET"):
        going_back(Nobody(), None, "", proposes=False)
    chosen = going_back(Nobody(), None, "", proposes=True)
    assert chosen is not None
    assert chosen.name == "kubectl"


def given(**more: object) -> argparse.Namespace:
    """Options of which only these were given."""
    return argparse.Namespace(**{"waive": [], "probe": [], "business": [], **more})


NOTHING = Looked(
    proposals=(),
    counters=("http_requests_total",),
    telling=(),
    told={},
    of='job="shop"',
    namespace="",
    left=(),
)


def test_all_that_is_lacking_is_told_at_once() -> None:
    covering = Covering(given(waive=[("latency", "nobody waits")]), Nobody(), NOTHING, "shop")
    with pytest.raises(UsageError) as caught:
        covering.covered(frozenset({Indicator.SATURATION}))
    assert str(caught.value).splitlines() == [
        "nothing was found for error rate: give --probe error-rate=URL or --waive error-rate=REASON",
        "nothing was found for dependencies: give --probe dependency=URL or --waive dependency=REASON",
        "nothing was found for business: give --business METRIC or --waive business=REASON",
    ]


def test_what_options_give_covers_an_indicator() -> None:
    options = given(
        waive=[
            ("latency", "nobody waits"),
            ("saturation", "serverless"),
            ("error-rate", "the gateway"),
        ],
        probe=[("dependency", "tcp://db:5432"), ("dependency", "tcp://db:6432")],
        business=["http_requests_total", "http_requests_total"],
    )
    chosen, waived = Covering(options, Nobody(), NOTHING, "shop").covered(frozenset())
    assert [(one.indicator, one.name) for one in chosen] == [
        (Indicator.DEPENDENCY, "connect"),
        (Indicator.DEPENDENCY, "tcp://db:6432"),
        (Indicator.BUSINESS, "http requests"),
    ]
    assert set(waived) == {Indicator.ERROR_RATE, Indicator.LATENCY, Indicator.SATURATION}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"probe": [("dependency", "db:5432")]}, "cannot be: found db:5432, expected tcp://host:port"),
        ({"probe": [("dependency", "tcp://db")]}, "the address of --probe dependency cannot be: found"),
        ({"business": ["orders"]}, "the service has no counter orders: there are http_requests_total"),
        ({"waive": [("business", "internal")], "business": ["x"]}, "business is waived and measured"),
        ({"waive": [(name, "a drill") for name in Indicator]}, "is waived, and nothing would be watched"),
    ],
)
def test_options_that_cannot_be_are_told(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Covering(given(**options), Nobody(), NOTHING, "shop").covered(frozenset())
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "taken"), [("none: it is internal", "it is internal"), ("a batch job", "a batch job")]
)
def test_a_reason_is_what_stands_behind_none(answer: str, taken: str) -> None:
    assert reason(answer) == taken


@pytest.mark.parametrize("answer", ["none", "n/a", "1, 2, 3", "none: a", "no"])
def test_what_says_nothing_is_no_reason(answer: str) -> None:
    with pytest.raises(NoAnswer, match="whoever reads the file will ask"):
        reason(answer)
