"""The receipt of a decision and the finish card, to the letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftergreen.model import Reading
from aftergreen.verdict.present import present
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Rollback
from aftergreen.verdict.step import abandon
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.words.cards import curl_line, finish_card, production, receipt_rows
from tests.scenario import Scenario, errors
from tests.troubles import probe_down

pytestmark = pytest.mark.usefixtures("in_utc")

BAD = {"error-rate/HTTP 5xx": errors(0.05, 1244.0)}
QUERY = (
    '(sum(increase(http_requests_total{status=~"5.."}[60s])) or vector(0))'
    " / sum(increase(http_requests_total[60s]))"
)
EVIDENCE = "a run this bad would come once in 620,000 releases if the true rate were 1 %"
CURL = (
    "curl -sG http://127.0.0.1:9090/api/v1/query"
    f" --data-urlencode 'query={QUERY}' --data-urlencode time=1700000315.000 -d nocache=1"
)


def seen(release: Scenario) -> Snapshot:
    return present(release.state, Context("ana"), events=release.events)


def breached() -> Scenario:
    return Scenario().feed(180).feed(135, BAD)


def rolled_back(exit_code: int | None = 0, error: str = "", *, timed_out: bool = False) -> Scenario:
    release = breached()
    started = Rollback(1, "ana", ("true",), release.state.at + 10)
    release.take(rollback_started(release.state, started))
    ended = replace(
        started,
        ended_at=started.started_at + 20,
        exit_code=exit_code,
        error=error,
        timed_out=timed_out,
    )
    return release.take(rollback_ended(release.state, ended))


def test_a_receipt_holds_all_it_takes_to_check_the_number_by_hand() -> None:
    release = breached()
    status = seen(release).leading
    assert status is not None
    assert receipt_rows(status, release.plan.backend, 3.0) == (
        ("rule", "HTTP 5xx above 1 % for 2m: roll back"),
        ("value", "5.00 % at 22:18:38 UTC"),
        ("limit", "1 %"),
        ("baseline", "0.10 % ±0"),
        ("counted", "62.2 of 1,244"),
        ("evidence", EVIDENCE),
        ("window", "the last 1m"),
        ("query", QUERY),
        ("curl", CURL),
    )


def test_a_rule_that_never_exceeded_its_limit_has_no_receipt() -> None:
    release = Scenario().feed(180)
    assert [receipt_rows(rule, release.plan.backend) for rule in release.state.rules] == [()] * 5


def test_observations_are_counted_where_nothing_can_fail() -> None:
    release = Scenario().feed(180).feed(135, {"latency/average": Reading.of(0.3, 3000.0)})
    status = seen(release).leading
    assert status is not None
    assert dict(receipt_rows(status, release.plan.backend))["counted"] == "3,000 observations"


def test_the_receipt_of_a_probe_has_no_query_and_no_curl() -> None:
    release = probe_down()
    status = seen(release).leading
    assert status is not None
    assert status.receipt is not None
    assert curl_line(status.receipt, release.plan.backend) == ""
    rows = dict(receipt_rows(status, release.plan.backend))
    assert "curl" not in rows
    assert rows["query"] == "probe tcp://orders-db:5432"
    assert rows["value"].startswith("down at ")


def test_the_card_of_a_finished_release() -> None:
    assert finish_card(seen(Scenario().feed(915))) == (
        "Production runs v2.4.1, as it was deployed; nothing here measured it.",
        "checkout-api/prod/v2.4.1#7: finished (exit code 0).",
        "Watched 15m of 15m; sealed 7f3a9c2.",
        "HTTP 5xx: at 3000 requests/min it would typically notice 2 % within 3m.",
    )


def test_the_card_of_a_release_that_was_left_with_its_breach() -> None:
    assert finish_card(seen(breached())) == (
        "Production runs v2.4.1, as it was deployed; nothing here measured it.",
        "checkout-api/prod/v2.4.1#7: left with a rollback advised that nobody ran (exit code 23).",
        "Decided at 22:18:35 UTC: HTTP 5xx 5.00 % > 1 % for 2m.",
        "HTTP 5xx since 22:16:35 UTC. In range: latency, saturation, deps, business.",
        "  rule     HTTP 5xx above 1 % for 2m: roll back",
        "  baseline 0.10 % ±0",
        "  counted  62.2 of 1,244",
        f"  evidence {EVIDENCE}",
        f"  curl     {CURL}",
        "Watched 5m15s of 15m; sealed 7f3a9c2.",
        "HTTP 5xx: at 2247 requests/min it would typically notice 2 % within 3m.",
        "What happened:",
        "  22:18:35 UTC ✗ HTTP 5xx breached: 5.00 % > 1 % for 2m (62.2 of 1,244)",
    )


def test_the_card_of_an_unproven_release_names_everything_that_is_missing() -> None:
    slow = {"dependency/orders-db/connect": Reading.of(0.9)}
    release = Scenario().feed(180).feed(90, BAD).blind(60)
    while not release.state.state.ended:
        release.instant(slow)
    card = finish_card(seen(release))
    assert card[1] == "checkout-api/prod/v2.4.1#7: unproven (exit code 10)."
    assert "blind for 1m" in next(line for line in card if line.startswith("Watched"))
    assert [line for line in card if line.startswith("Missing")] == [
        "Missing: dependencies responding: orders-db connect is over limit."
    ]
    assert card[-2:] == (
        "What happened:",
        "  22:20:05 UTC ! orders-db connect warning: 900 ms > 500 ms for 1m",
    )
    assert card[-3] == "Near miss at 22:19:05 UTC: HTTP 5xx 5.00 % > 1 % for 2m, 1m15s of 2m."


def test_the_card_of_a_release_that_recovered() -> None:
    assert finish_card(seen(rolled_back().feed(300)))[:3] == (
        (
            "Production runs v2.4.0, as the rollback command reported."
            " v2.4.1 was rolled back at 22:18:45 UTC by ana."
        ),
        "checkout-api/prod/v2.4.1#7: recovered: in range 1m20s after it was started (exit code 20).",
        "Decided at 22:18:35 UTC: HTTP 5xx 5.00 % > 1 % for 2m.",
    )


def test_the_card_of_a_failed_rollback_says_all_that_is_known_of_why() -> None:
    stuck = (
        "The rollback command did not end within 300 s and could not be stopped: end process 4711 by hand."
    )
    assert finish_card(seen(rolled_back(None, stuck, timed_out=True)))[:3] == (
        "Production may still run v2.4.1: the rollback failed, timed out.",
        "checkout-api/prod/v2.4.1#7: the rollback failed: timed out (exit code 22).",
        stuck,
    )
    assert finish_card(seen(rolled_back(3, "exit code 3")))[2] == "Go back by hand, or try again."


def test_the_card_of_a_release_that_was_left_after_its_rollback() -> None:
    release = rolled_back()
    release.take(abandon(release.state, "nobody watches any more", by="ana"))
    assert finish_card(seen(release))[1] == (
        "checkout-api/prod/v2.4.1#7: rolled back, and left before its effect was seen (exit code 21)."
    )


def test_an_abandoned_release_says_why() -> None:
    release = Scenario().feed(60)
    release.take(abandon(release.state, "superseded by v2.4.2", by="ci"))
    assert finish_card(seen(release))[1] == (
        "checkout-api/prod/v2.4.1#7: abandoned: superseded by v2.4.2 (exit code 30)."
    )


def test_a_doubt_stays_on_the_card() -> None:
    slow = {"dependency/orders-db/connect": Reading.of(0.9)}
    release = Scenario().feed(180).feed(45, slow).feed(135, slow | BAD)
    assert "Doubt: orders-db broke 45s earlier: rolling back may not help." in finish_card(seen(release))


@pytest.mark.parametrize(
    ("running", "text"),
    [
        ({"v2.4.1": 3.0}, "Production runs v2.4.1."),
        ({"v2.4.1": 3.0, "v2.4.0": 0.0}, "Production runs v2.4.1."),
        (
            {"v2.4.1": 2.0, "v2.4.0": 1.0},
            "Production runs v2.4.1 on 2 of 3 instances, v2.4.0 on 1 of 3 instances.",
        ),
    ],
)
def test_production_is_what_was_measured_where_it_was(running: dict[str, float], text: str) -> None:
    assert production(seen(Scenario().feed(60, running=running))) == text


@pytest.mark.parametrize(
    ("environment", "place"),
    [("production", "Production"), ("PROD", "Production"), ("test", "Environment test")],
)
def test_an_environment_that_is_not_production_is_called_by_its_name(environment: str, place: str) -> None:
    release = Scenario().feed(60, running={"v2.4.1": 3.0})
    elsewhere = replace(release.setup.release, environment=environment)
    release.state = replace(release.state, setup=replace(release.setup, release=elsewhere))
    assert production(seen(release)) == f"{place} runs v2.4.1."


def test_a_measured_production_in_which_nothing_serves_is_said() -> None:
    assert production(seen(Scenario().feed(60, running={"v2.4.1": 0.0}))) == (
        "Production runs no instance of any version."
    )


def test_production_is_not_claimed_where_a_rollback_failed_or_still_runs() -> None:
    assert production(seen(rolled_back(exit_code=3))) == (
        "Production may still run v2.4.1: the rollback failed, exit code 3."
    )
    release = breached()
    release.take(rollback_started(release.state, Rollback(1, "ana", ("true",), release.state.at + 10)))
    assert production(seen(release)) == (
        "Production runs v2.4.1 or v2.4.0: the rollback command is still running."
    )


def test_nothing_stops_a_rollback_from_being_measured_too() -> None:
    release = rolled_back()
    assert production(seen(release.feed(300, running={"v2.4.0": 3.0}))) == (
        "Production runs v2.4.0. v2.4.1 was rolled back at 22:18:45 UTC by ana."
    )
