"""The journal as one console uses it: opening, recording, claiming, rebuilding, refusing."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from aftergreen.journal import EntryKind, Journal, JournalError, Opened, open_journal
from aftergreen.journal.codec import decode, encode, seal
from aftergreen.model import (
    Backend,
    BaselinePlan,
    Condition,
    Indicator,
    Instant,
    Plan,
    Reading,
    Rule,
    Service,
    Signal,
    SignalKey,
    Then,
    Timing,
)
from aftergreen.verdict.state import Baseline
from tests.journals import WANTED, start

CONNECT = Signal(
    Indicator.DEPENDENCY,
    "connect",
    "s",
    60.0,
    (Rule(Condition.ABOVE, 0.5, 60.0, Then.WARN),),
    probe="tcp://orders-db:5432",
    dependency="orders-db",
)


PLAN = Plan(
    Service("checkout-api"),
    Backend("http://localhost:9090", headers={"X-Scope-OrgID": "prod"}),
    Timing(),
    BaselinePlan(),
    (CONNECT,),
    waived={Indicator.BUSINESS: "internal tool"},
)


def test_a_new_journal_knows_no_release(journal: Journal) -> None:
    assert journal.latest("checkout-api", "prod") is None
    assert journal.releases() == ()


def test_the_first_release_gets_number_one_and_an_entry_sealed(journal: Journal) -> None:
    opened = journal.open_release(
        WANTED, seal="5ea1", plan={"a": [1]}, baseline={"b": 2.5}, by="ana", at=1001.0
    )
    assert not opened.joined
    assert opened.record.release == replace(WANTED, number=1)
    assert (opened.record.seal, opened.record.plan, opened.record.baseline) == (
        "5ea1",
        {"a": [1]},
        {"b": 2.5},
    )
    assert opened.record.ended is None
    assert journal.latest("checkout-api", "prod") == opened.record
    (sealed,) = journal.entries(opened.record.release)
    assert (sealed.kind, sealed.at, sealed.by, sealed.body) == (
        EntryKind.SEALED,
        1001.0,
        "ana",
        {"seal": "5ea1"},
    )


def test_the_same_version_joins_and_takes_the_seal_and_the_deployment_time(journal: Journal) -> None:
    first = start(journal)
    later = replace(WANTED, deployed_at=2000.0)
    opened = journal.open_release(later, seal="other", plan={"b": 2}, baseline={"c": 3}, by="ben", at=2001.0)
    assert opened.joined
    assert opened.record.release == first
    assert opened.record.seal == "5ea1"
    assert [entry.kind for entry in journal.entries(first)] == [EntryKind.SEALED]


def test_a_version_that_ended_is_a_new_release(journal: Journal) -> None:
    first = start(journal)
    journal.append(first, EntryKind.FINISH, 1900.0, {"state": "rolled back"})
    second = start(journal)
    assert second.number == 2
    assert [record.ended for record in journal.releases()] == [None, "rolled back"]


def test_a_newer_version_supersedes_the_open_one_and_blocks_its_rollback(journal: Journal) -> None:
    old = start(journal)
    assert journal.superseded(old) is None
    new = start(journal, "v2.4.2")
    assert journal.superseded(old) == new
    assert journal.superseded(new) is None
    (finish,) = journal.entries(old, kinds=[EntryKind.FINISH])
    assert finish.body == {"state": "abandoned", "reason": "superseded by checkout-api/prod/v2.4.2#2"}
    assert journal.claim(old, at=1.0, body={}, by="ana") is None
    assert journal.claim(new, at=1.0, body={}, by="ana") is not None


def test_another_service_and_another_environment_number_for_themselves(journal: Journal) -> None:
    first = start(journal)
    other = start(journal, service="search")
    staging = journal.open_release(
        replace(WANTED, environment="staging"), seal="", plan={}, baseline={}, by="", at=1.0
    ).record.release
    assert (first.number, other.number, staging.number) == (1, 1, 1)
    assert journal.superseded(first) is None


def test_a_release_stays_as_it_ended_first(journal: Journal) -> None:
    release = start(journal)
    journal.append(release, EntryKind.FINISH, 10.0, {"state": "abandoned"})
    journal.append(release, EntryKind.FINISH, 11.0, {"state": "finished"})
    record = journal.latest("checkout-api", "prod")
    assert record is not None
    assert record.ended == "abandoned"


def test_entries_come_in_order_by_kind_and_past_an_id(journal: Journal) -> None:
    release, other = start(journal), start(journal, service="search")
    ids = [journal.append(release, EntryKind.EVENT, float(n), {"n": n}) for n in range(1200)]
    journal.append(other, EntryKind.EVENT, 5.0, {"n": "other"})
    note = journal.append(release, EntryKind.OPERATOR, 6.0, {"note": "—"}, by="ana")
    assert [entry.id for entry in journal.entries(release, kinds=[EntryKind.EVENT])] == ids
    assert [entry.id for entry in journal.entries(release, after=ids[-2])] == [ids[-1], note]
    assert [e.body["n"] for e in journal.entries(release, kinds={EntryKind.EVENT}, after=ids[1197])] == [
        1198,
        1199,
    ]


def test_entries_recorded_by_another_console_meanwhile_are_seen(journal: Journal, path: Path) -> None:
    release = start(journal)
    other = open_journal(path)
    try:
        seen = other.append(release, EntryKind.OPERATOR, 7.0, {"hold": True}, by="ben")
    finally:
        other.close()
    assert [entry.id for entry in journal.entries(release, kinds=[EntryKind.OPERATOR])] == [seen]


def test_one_claim_at_a_time_and_each_with_the_next_number(journal: Journal) -> None:
    release = start(journal)
    assert journal.claimed(release) is None
    first = journal.claim(release, at=10.0, body={"command": ["undo"]}, by="ana")
    assert first is not None
    assert first.attempt == 1
    assert journal.claim(release, at=11.0, body={}, by="ben") is None
    assert journal.claimed(release) == first
    journal.outcome(first, at=12.0, body={"exit_code": 1})
    assert journal.claimed(release) is None
    second = journal.claim(release, at=13.0, body={}, by="ben")
    assert second is not None
    assert second.attempt == 2
    attempts = [
        (e.kind, e.attempt, e.by)
        for e in journal.entries(release, kinds=[EntryKind.INTENT, EntryKind.OUTCOME])
    ]
    assert attempts == [
        (EntryKind.INTENT, 1, "ana"),
        (EntryKind.OUTCOME, 1, "ana"),
        (EntryKind.INTENT, 2, "ben"),
    ]


def test_nobody_claims_after_a_success(journal: Journal) -> None:
    release = start(journal)
    for attempt, code in ((1, 3), (2, None), (3, 0)):
        claim = journal.claim(release, at=float(attempt), body={}, by="ana")
        assert claim is not None
        assert claim.attempt == attempt
        journal.outcome(claim, at=float(attempt), body={"exit_code": code})
    assert journal.claim(release, at=9.0, body={}, by="ravi") is None


def test_an_outcome_is_recorded_once(journal: Journal) -> None:
    release = start(journal)
    claim = journal.claim(release, at=10.0, body={}, by="ana")
    assert claim is not None
    journal.outcome(claim, at=12.0, body={"exit_code": 3})
    with pytest.raises(JournalError, match="recorded already"):
        journal.outcome(claim, at=13.0, body={"exit_code": 1})
    again = journal.claim(release, at=14.0, body={}, by="ana")
    assert again is not None
    with pytest.raises(JournalError, match=r"rollback 1 of .* recorded already"):
        journal.outcome(claim, at=15.0, body={"exit_code": 1})


@pytest.mark.parametrize("kind", [EntryKind.INTENT, EntryKind.OUTCOME, EntryKind.SAID])
def test_an_intent_cannot_be_recorded_past_the_claim(journal: Journal, kind: EntryKind) -> None:
    with pytest.raises(ValueError, match=r"claim\(\), outcome\(\) and settle\(\)"):
        journal.append(start(journal), kind, 1.0, {})


def test_a_finish_needs_its_state(journal: Journal) -> None:
    with pytest.raises(ValueError, match="the state"):
        journal.append(start(journal), EntryKind.FINISH, 1.0, {})


def test_a_baseline_that_exceeded_nothing_is_sealed_as_it_always_was() -> None:
    plain = Baseline(41.0, 1.0, 121, 121)
    assert "exceeded" not in encode(plain)
    assert seal(PLAN, {CONNECT.key: plain}) == seal(PLAN, {str(CONNECT.key): encode(plain)})
    told = replace(plain, broken=True, exceeded=(1,))
    assert decode(encode(told), Baseline) == told
    assert decode(encode(plain), Baseline) == plain


def test_a_baseline_in_no_zone_is_sealed_as_it_always_was() -> None:
    assert "zone" not in str(encode(PLAN)["baseline"])
    elsewhere = replace(PLAN, baseline=replace(PLAN.baseline, zone="Europe/Berlin"))
    assert seal(elsewhere, {}) != seal(PLAN, {})
    assert decode(encode(elsewhere), Plan) == elsewhere


def test_a_signal_whose_absence_nobody_declared_is_sealed_as_it_always_was() -> None:
    (signal, *_) = PLAN.signals
    assert "absent_is_zero" not in encode(signal)
    declared = replace(signal, absent_is_zero="it never fails")
    assert decode(encode(declared), type(signal)) == declared


def test_what_is_not_strict_json_is_refused_and_leaves_nothing(journal: Journal) -> None:
    release = start(journal)
    with pytest.raises(ValueError, match="JSON"):
        journal.append(release, EntryKind.EVENT, 1.0, {"value": math.inf})
    assert journal.append(release, EntryKind.EVENT, 1.0, {"value": "inf"})
    assert [entry.kind for entry in journal.entries(release)] == [EntryKind.SEALED, EntryKind.EVENT]


def test_a_release_that_the_journal_does_not_hold_is_told(journal: Journal) -> None:
    with pytest.raises(JournalError, match=r"holds no release checkout-api/prod/v2\.4\.1#0"):
        journal.append(WANTED, EntryKind.EVENT, 1.0, {})
    with pytest.raises(JournalError, match="holds no release"):
        list(journal.entries(replace(WANTED, number=7)))


def test_a_release_can_be_rebuilt_from_the_journal_alone(path: Path) -> None:
    key = SignalKey("dependency/orders-db/connect")
    baseline = {key: {"median": 0.01, "spread": 0.002}}
    sealed = seal(PLAN, baseline)
    instants = [
        Instant(1015.5, {key: Reading.of(0.02)}),
        Instant(1030.5, {key: Reading.down("refused")}, {"v1": 4}),
    ]
    writer = open_journal(path)
    release = writer.open_release(
        WANTED, seal=sealed, plan=encode(PLAN), baseline=encode(baseline), by="ana", at=1001.0
    ).record.release
    for instant in instants:
        writer.append(release, EntryKind.INSTANT, instant.at, encode(instant))
    writer.append(release, EntryKind.EVENT, 1030.5, {"kind": "over limit"})
    writer.append(release, EntryKind.OPERATOR, 1040.0, {"key": "r"}, by="ana")
    claim = writer.claim(release, at=1041.0, body={"command": ["undo", "a b"]}, by="ana")
    assert claim is not None
    writer.outcome(claim, at=1050.0, body={"exit_code": 0, "duration": 8.5})
    writer.append(release, EntryKind.FINISH, 1100.0, {"state": "rolled back"})
    writer.close()

    reader = open_journal(path)
    (record,) = reader.releases()
    entries = list(reader.entries(record.release))
    reader.close()
    assert record.release == replace(WANTED, number=1)
    assert record.ended == "rolled back"
    plan = decode(record.plan, Plan)
    assert plan == PLAN
    assert seal(plan, record.baseline) == record.seal == sealed
    assert [decode(e.body, Instant) for e in entries if e.kind is EntryKind.INSTANT] == instants
    assert [e.kind for e in entries if e.kind is not EntryKind.INSTANT] == [
        *(
            EntryKind.SEALED,
            EntryKind.EVENT,
            EntryKind.OPERATOR,
            EntryKind.INTENT,
            EntryKind.OUTCOME,
            EntryKind.FINISH,
        ),
    ]
    assert entries[-2].body == {"exit_code": 0, "duration": 8.5}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = '{}'",
        "DELETE FROM entries",
        "INSERT OR REPLACE INTO entries VALUES (1, 1, 0, 'event', '', '{}', NULL, '')",
        "INSERT OR REPLACE INTO entries SELECT NULL, release, 0, kind, '', '', attempt, '' FROM entries",
        "UPDATE releases SET seal = ''",
        "DELETE FROM releases",
        "INSERT OR REPLACE INTO releases SELECT 7, service, 'prod', 1, '', '', 0, '', '', '' FROM releases",
    ],
)
def test_what_was_recorded_can_be_neither_changed_nor_deleted(
    journal: Journal, path: Path, statement: str
) -> None:
    release = start(journal)
    journal.claim(release, at=1.0, body={"command": ["undo"]}, by="ana")
    before = list(journal.entries(release))
    raw = sqlite3.connect(path)
    try:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(statement)
    finally:
        raw.close()
    assert list(journal.entries(release)) == before


def test_an_instant_is_written_once_by_the_first_who_has_it(path: Path) -> None:
    ana, ben = open_journal(path, "ana/1"), open_journal(path, "ben/1")
    release, other = start(ana), start(ana, service="cart-api")
    first = ana.append(release, EntryKind.INSTANT, 1015.0, {"seen": 1})
    assert ben.append(release, EntryKind.INSTANT, 1015.0, {"seen": 2}) == first
    assert ben.append(release, EntryKind.EVENT, 1015.0, {}) > first, "nothing else is like that"
    assert ben.append(other, EntryKind.INSTANT, 1015.0, {"seen": 3}) > first, "every release has its own"
    ben.append(release, EntryKind.INSTANT, 1030.0, {"seen": 4})
    instants = list(ana.entries(release, kinds=[EntryKind.INSTANT]))
    ana.close()
    ben.close()
    assert [(entry.at, entry.body["seen"], entry.writer) for entry in instants] == [
        (1015.0, 1, "ana/1"),
        (1030.0, 4, "ben/1"),
    ]


def test_who_seals_a_release_records_what_its_watch_begins_with(journal: Journal) -> None:
    def opens(offset: float) -> Opened:
        body = {"offset": offset}
        return journal.open_release(WANTED, seal="5ea1", plan={}, baseline={}, by="ana", at=1.0, body=body)

    assert not opens(1.5).joined
    joined = opens(-2.0)
    assert joined.joined
    (sealed,) = journal.entries(joined.record.release, kinds=[EntryKind.SEALED])
    assert sealed.body == {"offset": 1.5, "seal": "5ea1"}


def test_what_no_person_ordered_is_not_claimed_once_somebody_holds_it(journal: Journal) -> None:
    release = start(journal)
    seen = journal.append(release, EntryKind.AUTOMATIC, 1002.0, {"action": "countdown"})
    assert journal.hold(release, at=1003.0, body={"reason": ""}, by="ben")
    assert journal.claim(release, at=1003.1, body={}, by="automatic", unheld_since=seen) is None
    assert list(journal.entries(release, kinds=[EntryKind.INTENT])) == []
    assert journal.claim(release, at=1004.0, body={}, by="ana") is not None, "a person may all the same"


def test_a_hold_that_was_read_keeps_nobody_from_claiming_after_its_release(journal: Journal) -> None:
    release = start(journal)
    assert journal.hold(release, at=1003.0, body={"reason": ""}, by="ben")
    seen = journal.append(release, EntryKind.OPERATOR, 1004.0, {"action": "release"}, "ben")
    assert journal.claim(release, at=1005.0, body={}, by="automatic", unheld_since=seen) is not None


def test_what_was_begun_can_no_longer_be_held(journal: Journal) -> None:
    release = start(journal)
    journal.claim(release, at=1002.0, body={}, by="automatic", unheld_since=0)
    assert not journal.hold(release, at=1002.1, body={"reason": ""}, by="ben")
    assert list(journal.entries(release, kinds=[EntryKind.OPERATOR])) == []
