"""A team's own instrumentation: every fault of its file with its place, and what it recognises."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftergreen.config import ConfigError
from aftergreen.proposal.catalogue import instrumentations
from aftergreen.proposal.instrumentation import reads
from aftergreen.proposal.recognition import MOST_EACH, Labels, chosen_of, places, recognised

GOOD = """
title = "Our framework"
source = "https://wiki.example"
service = ["app", "job"]

[metrics.requests]
name = "acme_(?:rpc|http)_handled_total"
type = "counter"
  [metrics.requests.labels.result]
  any = ["result", "outcome"]
  like = "ok|failed"

[[signals]]
indicator = "error-rate"
name = "failed requests"
numerator = 'sum(increase(${requests}{$of,$result="failed"}[$window]))'
denominator = 'sum(increase(${requests}{$of}[$window]))'
because = "a failed request is one that somebody made"
"""


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('title = "Our framework"', "", "title: found nothing, expected what it is"),
        ('service = ["app", "job"]', 'service = "app"', 'service: found "app", expected a list of labels'),
        ('name = "acme_(?:rpc', 'name = "acme_(((?:rpc', "metrics.requests.name: found"),
        ('type = "counter"', 'type = "count"', 'metrics.requests.type: found "count", expected "counter"'),
        ('type = "counter"', "", "metrics.requests.type: found nothing, expected counter, gauge"),
        ('any = ["result", "outcome"]', "", "metrics.requests.labels.result.any: found nothing"),
        ("${requests}{$of}[", "${request}{$of}[", "signals[0].denominator: found the placeholder $request"),
        ("$result=", "$results=", 'did you mean "result"?'),
        ('indicator = "error-rate"', 'indicator = "errors"', 'signals[0].indicator: found "errors"'),
        (
            "[$window]))'\nbecause",
            "[$window)'\nbecause",
            "signals[0].denominator: found a ) that closes nothing",
        ),
        ('because = "a failed request is one that somebody made"', "", "signals[0].because: found nothing"),
        ("because =", "each = 'peer'\nbecause =", 'signals[0].each: found "peer", expected a label'),
        ("because =", "rules = [{ above = '1%' }]\nbecause =", "signals[0].rules[0].because: found nothing"),
        ("because =", "rules = 7\nbecause =", "signals[0].rules: found 7"),
        ("because =", "colour = 'red'\nbecause =", "signals[0].colour: found an unknown key"),
        ('title = "Our', 'rank = 1000\ntitle = "Our', "rank: found 1000, expected a number from 0 to 100"),
        ('title = "Our', 'needs = ["x"]\ntitle = "Our', 'needs: found "x", expected metrics of this'),
        (
            "[metrics.requests.labels.result]",
            "[metrics.requests.labels.requests]",
            "which is a metric of this file",
        ),
        ('type = "counter"', 'type = "counter"\nlazy = true', "metrics.requests.lazy: found true"),
    ],
)
def test_every_fault_of_a_file_has_its_place(written: str, instead: str, said: str) -> None:
    assert GOOD.count(written) == 1
    with pytest.raises(ConfigError) as caught:
        reads(GOOD.replace(written, instead), "ours", "ours.toml")
    assert said in str(caught.value)
    assert "ours.toml" in str(caught.value)


def test_metrics_are_tables_each_under_its_name() -> None:
    with pytest.raises(ConfigError, match="metrics: found 7, expected a table of tables"):
        reads("metrics = 7", "ours")
    with pytest.raises(ConfigError, match=r"metrics\.x\.labels\.y: found 7, expected a table of keys"):
        reads("[metrics.x.labels]\ny = 7", "ours")


def test_a_team_adds_its_own_and_replaces_those_of_the_program(tmp_path: Path) -> None:
    before = {one.name for one in instrumentations(tmp_path / "none")}
    (tmp_path / "ours.toml").write_text(GOOD)
    (tmp_path / "celery.toml").write_text(GOOD)
    after = {one.name: one for one in instrumentations(tmp_path)}
    assert set(after) == before | {"ours"}
    assert after["celery"].title == "Our framework"
    assert after["ours"].origin == str(tmp_path / "ours.toml")


def made(text: str, *series: Labels) -> tuple[list[str], list[str]]:
    """The queries of what is proposed for the service ``shop``, and why the rest is not."""
    names = frozenset(one["__name__"] for one in series)
    found = [place for place in places([reads(text, "ours")], names, series) if place.name == "shop"]
    offered, left = recognised(found, names, {place.of: series for place in found}, "shop")
    chosen, others = chosen_of(offered)
    return [str(one.table["numerator"]) for one in chosen], [one.why for one in (*left, *others)]


HTTP = {"__name__": "acme_http_handled_total", "app": "shop", "result": "ok"}
RPC = {"__name__": "acme_rpc_handled_total", "app": "shop", "outcome": "failed"}


@pytest.mark.parametrize(
    ("series", "query", "why"),
    [
        ([HTTP], 'acme_http_handled_total{app="shop",result="failed"}', ""),
        ([{**RPC, "job": "x"}], 'acme_rpc_handled_total{app="shop",outcome="failed"}', ""),
        # Of two that are called so, the one that has the label.
        ([{**HTTP, "result": ""}, RPC], 'acme_rpc_handled_total{app="shop",outcome="failed"}', ""),
        (
            [{**HTTP, "result": "200"}],
            "",
            "acme_http_handled_total has no label result or outcome that looks",
        ),
        ([{"__name__": "other_total", "app": "shop"}], "", ""),
        ([{**HTTP, "app": "", "job": "shop"}], 'acme_http_handled_total{job="shop",result="failed"}', ""),
    ],
)
def test_a_service_is_recognised_by_names_and_labels(series: list[Labels], query: str, why: str) -> None:
    queries, reasons = made(GOOD, *series)
    assert [query in one for one in queries] == ([True] if query else [])
    assert [why in one for one in reasons] == ([True] if why else [])


def test_a_label_with_many_values_is_left_to_a_person() -> None:
    text = GOOD.replace("because", "each = 'result'\nbecause").replace('like = "ok|failed"', "")
    series = [{**HTTP, "result": f"r{number}"} for number in range(MOST_EACH + 1)]
    queries, reasons = made(text, *series)
    assert queries == []
    assert reasons == [f"result has {MOST_EACH + 1} values: choose some of them by hand"]


def test_a_name_with_quotes_stays_within_its_string_and_one_that_drives_terminals_is_none() -> None:
    odd = 'sh"op\\'
    series = [{**HTTP, "app": name} for name in (odd, "sh\x1b[31mop", "")]
    found = places([reads(GOOD, "ours")], frozenset({HTTP["__name__"]}), series)
    assert [(place.name, place.of) for place in found] == [(odd, 'app="sh\\"op\\\\"')]


PAIR = """
title = "Workers"
source = "https://wiki.example"
[metrics.failed]
name = '(.+_)?jobs_failed_total'
type = "counter"
[metrics.done]
name = '(.+_)?(jobs|tasks)_processed_total'
type = "counter"
[[signals]]
indicator = "error-rate"
name = "failed"
numerator = 'sum(increase(${failed}{$of}[$window]))'
denominator = 'sum(increase(${done}{$of}[$window]))'
because = "a job that failed is work that nobody did"
"""


@pytest.mark.parametrize(
    ("names", "failed"),
    [
        (
            ("email_jobs_failed", "sms_jobs_failed", "audit_tasks_processed", "sms_jobs_processed"),
            "sms_jobs_failed",
        ),
        (("email_jobs_failed", "audit_tasks_processed"), ""),
        (("jobs_failed", "a_jobs_failed", "jobs_processed", "a_jobs_processed"), "jobs_failed"),
    ],
)
def test_what_is_divided_belongs_together(names: tuple[str, ...], failed: str) -> None:
    queries, reasons = made(PAIR, *({"__name__": f"{name}_total", "job": "shop"} for name in names))
    assert [one.startswith(f"sum(increase({failed}_total{{") for one in queries] == ([True] if failed else [])
    assert any("do not belong together" in why for why in reasons) is not bool(failed)


def test_the_same_number_is_proposed_once() -> None:
    series = [
        {"__name__": "jobs_failed_total", "job": "shop"},
        {"__name__": "jobs_processed_total", "job": "shop"},
    ]
    names = frozenset(one["__name__"] for one in series)
    twice = [reads(PAIR.replace('name = "failed"', f'name = "{name}"'), name) for name in ("one", "two")]
    found = places(twice, names, series)
    offered, _ = recognised(found, names, {place.of: series for place in found}, "shop")
    chosen, left = chosen_of(offered)
    assert [one.name for one in chosen] == ["one"]
    assert [one.why for one in left] == ["Workers gives it already"]


def test_what_counts_nothing_yet_is_proposed_beside_what_does() -> None:
    lazy = PAIR.replace("'(.+_)?jobs_failed_total'", '"jobs_failed_total"\nlazy = true')
    done = {"__name__": "jobs_processed_total", "job": "shop"}
    queries, _ = made(lazy, done)
    assert queries == ['sum(increase(jobs_failed_total{job="shop"}[$window]))']
    alone = lazy.replace("${done}{$of}", "${failed}{$of}")
    assert made(alone, done) == ([], ["there is nothing beside jobs_failed_total that tells of it"])
    queries, _ = made(alone, {**done, "__name__": "jobs_failed_total"})
    assert len(queries) == 1


def test_a_signal_that_names_no_metric_is_proposed_as_it_is() -> None:
    plain = PAIR.replace("${failed}{$of}", "any_failed{$of}").replace("${done}{$of}", "any{$of}")
    queries, _ = made(plain, {"__name__": "jobs_processed_total", "job": "shop"})
    assert queries == ['sum(increase(any_failed{job="shop"}[$window]))']
