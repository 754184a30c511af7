"""Makes the snapshot of a state: everything a screen shows, derived here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from aftergreen.model import Indicator
from aftergreen.verdict.automatic import withheld_by
from aftergreen.verdict.proposals import doubts
from aftergreen.verdict.snapshot import Axis, Context, IndicatorView, Snapshot
from aftergreen.verdict.state import Event, EventKind, State
from aftergreen.verdict.walk import advice, checklist, leading, mark_of

EVENTS_SHOWN = 200
"""How many events a snapshot carries; the journal holds them all."""


MILESTONES = frozenset(
    {
        EventKind.BREACHED,
        EventKind.CLEARED,
        EventKind.COUNTDOWN,
        EventKind.COUNTDOWN_STOPPED,
        EventKind.HELD,
        EventKind.RELEASED,
        EventKind.ROLLBACK_STARTED,
        EventKind.ROLLBACK_ENDED,
        EventKind.ROLLBACK_LOST,
        EventKind.ROLLBACK_SAID,
        EventKind.RECOVERED,
        EventKind.STILL_BURNING,
        EventKind.NOTE,
    }
)
"""What is still asked about when a release is over; overrides and near misses are in the state."""


def axis_of(state: State) -> Axis:
    """The fixed time axis: it is stretched once for blind time or an extension and once for verification."""
    timing, deployed_at = state.setup.plan.timing, state.setup.release.deployed_at
    planned = state.setup.starts + timing.duration
    end = planned
    if state.extended or state.at > planned:
        end = planned + timing.duration
    rollback, plan = state.rollback, state.setup.plan.rollback
    if rollback is not None and rollback.ended_at is not None and plan is not None:
        end = max(end, rollback.ended_at + plan.verify_within)
    return Axis(deployed_at - (planned - deployed_at) / 2, deployed_at, end)


def present(
    state: State, context: Context, *, events: Sequence[Event] = (), output: Sequence[str] = ()
) -> Snapshot:
    """The snapshot of a state; ``events`` are oldest first and come out newest first."""
    lead = leading(state)
    waived = state.setup.plan.waived
    return Snapshot(
        state=state,
        context=context,
        indicators=tuple(
            IndicatorView(i, mark_of(state, i), state.signals_of(i), waived.get(i, "")) for i in Indicator
        ),
        leading=lead,
        advice=advice(state),
        doubts=doubts(state, lead),
        checklist=checklist(state),
        axis=axis_of(state),
        withheld=withheld_by(state),
        events=tuple(reversed(events[-EVENTS_SHOWN:])),
        milestones=tuple(event for event in events if event.kind in MILESTONES),
        output=tuple(output),
    )
