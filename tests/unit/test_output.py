"""The watch without a screen: its lines for people and its JSON Lines for machines."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from aftergreen.model import Automatic, Reading
from aftergreen.output.jsonl import SCHEMA, iso, json_report, print_finish
from aftergreen.output.plain import plain_report, print_card
from aftergreen.preflight.checks import Finding, Severity
from aftergreen.verdict.automatic import acting_on, counted_down, held
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Countdown, Hold, Rollback
from aftergreen.verdict.verify import rollback_ended, rollback_started
from tests.automatic import GRACE, automatic
from tests.made_up import HeldClock
from tests.scenario import DEPLOYED_AT, Scenario, errors
from tests.troubles import probe_down

pytestmark = pytest.mark.usefixtures("in_utc")

BAD = {"error-rate/HTTP 5xx": errors(0.05, 1244.0)}
FINISH_KEYS = {
    *("schema", "at", "type", "release", "state", "exit_code", "production_version", "version"),
    *("previous", "deployed_at", "seal", "decided_at", "indicator", "signal", "rule", "receipt"),
    *("doubts", "missing", "near_misses", "overrides", "dry_runs", "hold", "rollback_by"),
    *("rollback_output", "next", "reason"),
}
RECEIPT_KEYS = {"at", "value", "n", "limit", "baseline", "once_in", "window", "query", "curl"}


def seen(release: Scenario) -> Snapshot:
    return present(release.state, Context("ci"), events=release.events)


def breached() -> Scenario:
    return Scenario().feed(180).feed(135, BAD)


def strict(line: str) -> dict[str, Any]:
    """A line as a strict parser reads it: RFC 8259 knows neither NaN nor Infinity."""

    def refuse(name: str) -> object:
        raise AssertionError(f"{name} is no JSON")

    found: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return found


def finish(snapshot: Snapshot) -> dict[str, Any]:
    out = io.StringIO()
    print_finish(snapshot, out)
    assert out.getvalue().count("\n") == 1, "one line"
    return strict(out.getvalue())


def test_plain_lines_are_a_time_a_symbol_and_a_sentence() -> None:
    out, err = io.StringIO(), io.StringIO()
    plain_report(out, err).snapshot(seen(breached()))
    assert out.getvalue().splitlines() == [
        "22:13:20 UTC · deployed; thresholds and baseline sealed 7f3a9c2",
        "22:14:20 UTC · warm-up is over, rules judge from here",
        "22:16:35 UTC ✗ HTTP 5xx over 1 %: 5.00 % (62.2 of 1,244); breached if it lasts 2m",
        (
            "22:18:05 UTC ✗ HTTP 5xx 5.00 % > 1 % for 2m: now more than chance (once in 6,700 releases);"
            " 30s of fuse left"
        ),
        "22:18:35 UTC ✗ HTTP 5xx breached: 5.00 % > 1 % for 2m (62.2 of 1,244)",
    ]
    assert err.getvalue() == ""


def test_every_event_is_told_once_however_often_snapshots_come() -> None:
    out = io.StringIO()
    report = plain_report(out, io.StringIO())
    release = Scenario()
    for _ in range(21):
        report.snapshot(seen(release))
        report.snapshot(seen(release))
        release.feed(15, BAD if release.age >= 180 else None)
    report.snapshot(seen(release))
    assert len(out.getvalue().splitlines()) == len(release.events) == 5


def counting(how: Automatic = Automatic.ON) -> Scenario:
    release = Scenario(automatic(how)).feed(180).feed(150, BAD)
    at = release.state.at + 2.0
    countdown = Countdown(at, at + GRACE, acting_on(release.state), how is Automatic.DRY_RUN)
    return release.take(counted_down(release.state, countdown))


def test_a_countdown_is_a_line_a_second_at_most() -> None:
    out, release = io.StringIO(), counting()
    clock = HeldClock(release.state.at + 2.0)
    report = plain_report(out, io.StringIO(), clock=clock)
    for _ in range(30):
        report.snapshot(seen(release))
        clock.time += 0.5
    lines = [line for line in out.getvalue().splitlines() if "rolls back in" in line]
    assert [line.partition("UTC ")[2] for line in lines] == [
        f"✗ rolls back in 0:{left:02}" for left in range(10, -1, -1)
    ]


@pytest.mark.parametrize(("how", "dry"), [(Automatic.ON, False), (Automatic.DRY_RUN, True)])
def test_a_countdown_is_typed_for_machines(how: Automatic, *, dry: bool) -> None:
    out, release = io.StringIO(), counting(how)
    release.take(held(release.state, Hold("ben", release.state.at + 5.0, "clients retry")))
    json_report(out, io.StringIO()).snapshot(seen(release))
    began, stopped = (strict(line) for line in out.getvalue().splitlines()[-2:])
    assert (began["event"], began["signal"], began["grace"], began["dry_run"]) == (
        "countdown",
        "HTTP 5xx",
        GRACE,
        dry,
    )
    assert began["due"] == iso(release.state.at + 2.0 + GRACE)
    assert (stopped["event"], stopped["by"]) == ("held", "ben")
    assert finish(seen(release))["hold"] == {
        "at": iso(release.state.at + 5.0),
        "by": "ben",
        "reason": "clients retry",
    }


@pytest.mark.parametrize("make", [plain_report, json_report])
def test_findings_and_progress_go_to_stderr(make: type[Any]) -> None:
    out, err = io.StringIO(), io.StringIO()
    report = make(out, err)
    report.findings(
        [Finding(Severity.ERROR, "synchronise the clock"), Finding(Severity.WARNING, "a window is short")]
    )
    report.progress("reading the past")
    assert out.getvalue() == ""
    assert err.getvalue().splitlines() == [
        "✗ synchronise the clock",
        "! a window is short",
        "… reading the past",
    ]


def test_json_lines_carry_schema_time_type_and_release() -> None:
    out = io.StringIO()
    json_report(out, io.StringIO()).snapshot(seen(breached()))
    lines = [strict(line) for line in out.getvalue().splitlines()]
    assert {line["schema"] for line in lines} == {SCHEMA}
    assert {line["type"] for line in lines} == {"event"}
    assert {line["release"] for line in lines} == {"checkout-api/prod/v2.4.1#7"}
    receipt = lines[-1].pop("receipt")
    assert (receipt["at"], receipt["value"], receipt["limit"]) == (lines[-1]["at"], 0.05, 0.01)
    assert lines[-1] == {
        "schema": 1,
        "at": "2023-11-14T22:18:35.000Z",
        "type": "event",
        "release": "checkout-api/prod/v2.4.1#7",
        "event": "breached",
        "text": "HTTP 5xx breached: 5.00 % > 1 % for 2m (62.2 of 1,244)",
        "indicator": "error-rate",
        "signal": "HTTP 5xx",
    }


def test_the_finish_line_of_a_breach_holds_its_receipt() -> None:
    line = finish(seen(breached()))
    assert set(line) == FINISH_KEYS
    assert (line["schema"], line["type"]) == (1, "finish")
    assert (line["state"], line["exit_code"]) == ("rollback proposed", 23)
    assert (line["production_version"], line["version"], line["previous"]) == ("v2.4.1", "v2.4.1", "v2.4.0")
    assert line["deployed_at"] == "2023-11-14T22:13:20.000Z"
    assert line["decided_at"] == "2023-11-14T22:18:35.000Z"
    assert (line["indicator"], line["signal"]) == ("error-rate", "HTTP 5xx")
    assert line["rule"] == "HTTP 5xx above 1 % for 2m: roll back"
    receipt = line["receipt"]
    assert set(receipt) == RECEIPT_KEYS
    assert (receipt["value"], receipt["n"], receipt["limit"]) == (0.05, 1244.0, 0.01)
    assert (receipt["baseline"], receipt["window"]) == (0.001, 60.0)
    assert receipt["curl"].startswith("curl -sG http://127.0.0.1:9090/api/v1/query ")


def test_the_finish_line_of_a_finished_release_decided_nothing() -> None:
    line = finish(seen(Scenario().feed(915)))
    assert set(line) == FINISH_KEYS
    assert (line["state"], line["exit_code"], line["production_version"]) == ("finished", 0, "v2.4.1")
    decided = ("decided_at", "indicator", "signal", "rule", "receipt")
    assert {key: line[key] for key in decided} == dict.fromkeys(decided)
    assert (line["doubts"], line["missing"], line["near_misses"]) == ([], [], [])


def test_the_finish_line_tells_what_is_missing_what_was_near_and_what_is_doubtful() -> None:
    slow = {"dependency/orders-db/connect": Reading.of(0.9)}
    release = Scenario().feed(180).feed(90, BAD).feed(15, slow)
    while not release.state.state.ended:
        release.instant(slow)
    line = finish(seen(release))
    assert (line["state"], line["exit_code"]) == ("unproven", 10)
    assert line["missing"] == ["dependencies responding: orders-db connect is over limit"]
    assert line["near_misses"] == [
        {
            "at": "2023-11-14T22:18:05.000Z",
            "rule": "HTTP 5xx above 1 % for 2m: roll back",
            "burnt": 75.0,
            "left": None,
        }
    ]
    doubtful = Scenario().feed(180).feed(45, slow).feed(135, slow | BAD)
    assert finish(seen(doubtful))["doubts"] == ["orders-db broke 45s earlier: rolling back may not help"]


def test_a_probe_that_is_down_is_strict_json_too() -> None:
    release = probe_down()
    out = io.StringIO()
    json_report(out, io.StringIO()).snapshot(seen(release))
    assert strict(out.getvalue().splitlines()[-1])["text"] == (
        "orders-db connect breached: down > 500 ms for 1m"
    )
    receipt = finish(seen(release))["receipt"]
    assert (receipt["value"], receipt["n"], receipt["query"], receipt["curl"]) == ("down", None, "", "")


@pytest.mark.parametrize(
    ("running", "production"),
    [
        ({"v2.4.1": 3.0, "v2.4.0": 0.0}, "v2.4.1"),
        ({"v2.4.1": 2.0, "v2.4.0": 1.0}, None),
        ({"v2.4.1": 0.0}, None),
        (None, "v2.4.1"),
    ],
)
def test_the_version_in_production_is_named_where_it_is_one(
    running: dict[str, float] | None, production: str | None
) -> None:
    assert finish(seen(Scenario().feed(60, running=running)))["production_version"] == production


@pytest.mark.parametrize(("exit_code", "production", "code"), [(0, "v2.4.0", 20), (3, None, 22)])
def test_after_a_rollback_production_is_the_old_version_unless_it_failed(
    exit_code: int, production: str | None, code: int
) -> None:
    release = breached()
    started = Rollback(1, "ana", ("true",), release.state.at + 10)
    release.take(rollback_started(release.state, started))
    ended = replace(started, ended_at=started.started_at + 20, exit_code=exit_code)
    release.take(rollback_ended(release.state, ended)).feed(300)
    line = finish(seen(release))
    assert (line["production_version"], line["exit_code"]) == (production, code)
    assert line["decided_at"] == "2023-11-14T22:18:35.000Z"


def test_the_card_follows_a_blank_line() -> None:
    out = io.StringIO()
    print_card(seen(Scenario().feed(915)), out)
    assert out.getvalue() == (
        "\nProduction runs v2.4.1, as it was deployed; nothing here measured it.\n"
        "checkout-api/prod/v2.4.1#7: finished (exit code 0).\n"
        "Watched 15m of 15m; sealed 7f3a9c2.\n"
        "HTTP 5xx: at 3000 requests/min it would typically notice 2 % within 3m.\n"
    )


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (DEPLOYED_AT + 0.25, "2023-11-14T22:13:20.250Z"),
    ],
)
def test_times_for_machines_are_utc_to_the_millisecond(at: float, text: str) -> None:
    assert iso(at) == text
