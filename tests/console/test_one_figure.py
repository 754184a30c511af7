"""What tripped a rule is one figure of one instant, wherever it is read; what is measured now says so."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aftergreen import words
from aftergreen.journal import EntryKind
from aftergreen.model import Reading, View
from aftergreen.output.jsonl import json_report, print_finish
from aftergreen.units import format_value
from aftergreen.verdict.snapshot import Snapshot
from aftergreen.verdict.state import Receipt
from aftergreen.words.cards import finish_card
from tests.console.desk import WIDE, desk, flowing
from tests.made_up import ERRORS
from tests.rig import Rig, proposed
from tests.scenario import DEPLOYED_AT, GOOD, errors


def rising(at: float, view: View) -> Mapping[str, Reading]:
    """A rate that goes on rising, so that another moment has another figure."""
    age = at - DEPLOYED_AT
    broken = age >= 200 and view.version != "v2.4.0"
    return GOOD | ({ERRORS: errors(0.03 + (age - 200) / 5000)} if broken else {})


async def left_burning(folder: Path) -> tuple[Rig, Receipt]:
    """A whole watch that is left two minutes after its breach, and what that breach stood on."""
    rig = Rig(folder, rising)

    def leave_later(snapshot: Snapshot) -> bool:
        return snapshot.at >= DEPLOYED_AT + 330 + 120

    rig.once(leave_later, lambda: rig.watch.abandon(by="ana"))
    await rig.watch.run()
    first = next(snapshot for snapshot in rig.snapshots if proposed(snapshot) and snapshot.state.breaches)
    receipt = first.state.breaches[0].rule.receipt
    assert receipt is not None
    return rig, receipt


async def test_panel_log_receipt_card_json_and_journal_give_the_same_figure(tmp_path: Path) -> None:
    rig, receipt = await left_burning(tmp_path)
    burning, last = [s for s in rig.snapshots if proposed(s)][-1], rig.snapshots[-1]
    figure, now = (
        format_value(receipt.value, "%"),
        words.reading(burning.signals[receipt.signal.key].reading, "%"),
    )
    at, clock = words.local_time(receipt.at), words.local_clock(receipt.at)
    assert figure != now

    async with desk(size=WIDE) as here:
        await here.show(burning)
        assert f"BREACHED  HTTP 5xx {figure} > 1 % for 2m at {clock}, now {now}" in here.lines[0]
        assert f"HTTP 5xx breached at {at}: {figure}" in here.text, "the panel"
        assert f"{at} ✗ HTTP 5xx breached: {figure} > 1 % for 2m" in here.text, "the log"
        await here.press("w")
        assert f"value     {figure} at {at}" in here.text, "the receipt"
        assert f"now       {now} at {words.local_time(burning.at)}" in here.text
        await here.press("escape", "r")
        assert f"HTTP 5xx {figure} > 1 % for 2m at {clock}" in flowing(here.text), "the dialog"
    card = "\n".join(finish_card(last))
    assert f"HTTP 5xx {figure} > 1 % for 2m" in card
    assert f"{at} ✗ HTTP 5xx breached: {figure} > 1 % for 2m" in card

    out = io.StringIO()
    json_report(out, io.StringIO()).snapshot(last)
    print_finish(last, out)
    *lines, finish = [json.loads(line) for line in out.getvalue().splitlines()]
    (told,) = [line for line in lines if line["event"] == "breached"]
    assert told["receipt"]["value"] == finish["receipt"]["value"] == receipt.value
    assert told["at"] == told["receipt"]["at"] == finish["receipt"]["at"] == finish["decided_at"]
    (kept,) = [body for body in rig.entries(EntryKind.EVENT) if body["event"] == "breached"]
    assert kept["text"] == told["text"]
    assert f"breached: {figure} > 1 % for 2m" in told["text"]


async def test_a_breach_that_is_more_than_chance_only_later_keeps_its_figure(tmp_path: Path) -> None:
    """The decision has a moment of its own, and says of which its value is."""
    rig, receipt = await left_burning(tmp_path)
    last = rig.snapshots[-1]
    assert last.state.decided is not None
    later = replace(last.state.decided, sure_at=receipt.at + 60)
    card = finish_card(replace(last, state=replace(last.state, decided=later)))
    (said,) = [line for line in card if line.startswith("Decided at ")]
    figure, clock = format_value(receipt.value, "%"), words.local_clock(receipt.at)
    assert (
        said == f"Decided at {words.local_time(receipt.at + 60)}: HTTP 5xx {figure} > 1 % for 2m at {clock}."
    )
