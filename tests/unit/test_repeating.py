"""What somebody answered at ``aftergreen init``, as the command line that gives the same."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.model import Indicator
from aftergreen.proposal.document import Draft
from aftergreen.proposal.prospect import business_of, probe_of
from aftergreen.rollback.presets import Preset
from tests.proposed import draft, weighed
from tui.cli import parser
from tui.commands.repeating import Whose, repeated

BASE = draft("shop", going_back="")
SHOP = Whose("shop", {}, ())


def options(*words: str) -> argparse.Namespace:
    return parser().parse_args(["init", *words])


def again(made: Draft, *words: str, whose: Whose = SHOP) -> argparse.Namespace:
    """The options of the command line that is told to whoever gave these ones and answered the rest."""
    program, *told = shlex.split(repeated(options(*words), whose, made))
    assert program == "aftergreen"
    return parser().parse_args(told)


def test_every_answer_is_an_option() -> None:
    made = replace(
        BASE,
        tier="critical",
        metrics={"url": "http://localhost:9090"},
        signals=[
            weighed(probe_of(Indicator.DEPENDENCY, "tcp://db:5432", "shop")),
            weighed(business_of("orders_total", 'job="shop"')),
        ],
        waived={Indicator.LATENCY: "nobody waits: it's a batch"},
    )
    told = again(made, whose=Whose("shop", {"namespace": "prod", "zone": "all"}, ("postgres", "redis")))
    assert told == options(
        *("--url", "http://localhost:9090", "--service", "shop", "--tier", "critical", "--yes"),
        *("--where", "namespace=prod", "--where", "zone=all", "--depends-on", "postgres"),
        *("--depends-on", "redis", "--probe", "dependency=tcp://db:5432", "--business", "orders_total"),
        *("--waive", "latency=nobody waits: it's a batch", "--rollback", "none"),
    )


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"url": "http://a:1", "bearer_token_file": "/run/t"}, ["--bearer-token-file", "/run/t"]),
        (
            {"url": "http://a:1", "headers": {"X-Scope-OrgID": "a=b", "X-Team": "c"}},
            ["--header", "X-Scope-OrgID=a=b", "--header", "X-Team=c"],
        ),
        ({"url": "http://a:1", "headers_env": {"X-Api-Key": "KEY"}}, ["--header-env", "X-Api-Key=KEY"]),
    ],
)
def test_how_the_metrics_are_reached_is_told_as_it_was(
    metrics: Mapping[str, object], words: list[str]
) -> None:
    usual = ["--url", "http://a:1", "--tier", "standard", "--service", "shop", "--rollback", "none", "--yes"]
    assert again(replace(BASE, metrics=metrics, waived={})) == options(*usual, *words)


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (
            Preset("by hand", ("./back.sh", "{service}", "a b"), "given by hand"),
            ["./back.sh", "{service}", "a b"],
        ),
        (Preset("kubectl", ("kubectl",), "", within="-n").in_namespace("prod"), ["kubectl"]),
        (None, ["none"]),
    ],
)
def test_a_way_back_is_its_preset_or_its_command(way: Preset | None, words: list[str]) -> None:
    assert shlex.split(again(replace(BASE, rollback=way)).rollback) == words


def test_what_a_file_has_already_is_left_to_it() -> None:
    made = replace(BASE, rolls_back=True, waived={})
    told = again(made, "--update", "-c", "teams/shop.toml", "--environment=-eu")
    assert (told.url, told.tier, told.rollback, told.update) == (None, None, None, True)
    assert (told.config, told.environment) == (Path("teams/shop.toml"), "-eu")


def test_what_was_only_shown_is_only_shown() -> None:
    told = again(BASE, "--print", "--name", "checkout")
    assert (told.print, told.yes, told.name) == (True, False, "checkout")
