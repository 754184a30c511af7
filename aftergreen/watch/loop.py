"""The loop that joins source, step, journal and rollback; it knows no screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from aftergreen import words
from aftergreen.clean import clean
from aftergreen.clock import Clock
from aftergreen.journal import Claim, Entry, EntryKind, Journal, JournalError, Record
from aftergreen.journal.codec import decode, encode, seal
from aftergreen.model import BaselineSource, Instant, Kind, Plan, Reading, Release, SignalKey
from aftergreen.preflight.capture import Past, compared_with, grid
from aftergreen.preflight.checks import (
    Finding,
    PreflightFailed,
    Severity,
    deployment_time,
)
from aftergreen.preflight.earlier import earlier
from aftergreen.preflight.opening import Opening, opened
from aftergreen.rollback.command import fill
from aftergreen.rollback.run import Outcome, run
from aftergreen.rollback.tail import Tail
from aftergreen.sources.protocol import Source
from aftergreen.verdict.begin import begin
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.override import override
from aftergreen.verdict.present import present
from aftergreen.verdict.refusals import override_refused, rollback_refused
from aftergreen.verdict.snapshot import Context, Snapshot
from aftergreen.verdict.state import Baseline, Event, EventKind, Events, Override, Rollback, Setup, State
from aftergreen.verdict.step import abandon, over, step
from aftergreen.verdict.verify import rollback_ended, rollback_started
from aftergreen.watch.overrides import Change, after, changed, parse_change
from aftergreen.watch.wanted import Report, Wanted

OVERRIDE = "override"
"""The action of an operator's entry that changes a threshold."""

TAIL_EVERY = 0.25
"""Real seconds between two looks at the output of a running rollback command."""

LEAVING = 5.0
"""Real seconds for which leaving waits for a running rollback command, so that its outcome is recorded."""

OUTPUT_LINES = 200

LONGEST = 4
"""Durations: the watch itself, blind time, an extension, and as much again for a rollback."""


class Watch:
    """One watch of one release, from preflight to its end.

    Everything runs on one event loop; `roll_back`, `abandon` and `note` must be called on it (see
    `aftergreen.watch.thread` for callers elsewhere).
    """

    def __init__(
        self,
        plan: Plan,
        wanted: Wanted,
        *,
        source: Source,
        journal: Journal,
        clock: Clock,
        output_of: Callable[[Release, int, float], Path],
        report: Report,
    ) -> None:
        self._plan = wanted.of(plan)
        self._wanted = wanted
        self._source = source
        self._journal = journal
        self._clock = clock
        self._output_of = output_of
        self._report = report
        self._wake = asyncio.Event()
        self._left = ""
        self._events: list[Event] = []
        self._told: set[tuple[object, ...]] = set()
        self._output: tuple[str, ...] = ()
        self._missed: list[Instant] = []
        self._followed = 0
        self._own: set[int | None] = set()
        self._running: asyncio.Task[None] | None = None
        self._state: State
        self._sound: State
        self._context: Context
        self._asked: float
        self._recorded: Mapping[str, object]

    async def run(self) -> Snapshot:
        """Watch to the end and return the last snapshot; raises `PreflightFailed` and `JournalError`.

        Source and journal are closed when it returns: a watch runs once.
        """
        try:
            return await self._watch()
        finally:
            await self._source.close()
            self._journal.close()

    async def _watch(self) -> Snapshot:
        await self._open()
        while not over(self._state):
            if self._left:
                await self._rolled_back_within(LEAVING)
                self._take(abandon(self._state, "nobody watches any more", by=self._left))
                break
            await self._turn()
            if self._running is not None and self._running.done():
                # What went wrong in there must not be lost with the task.
                self._running.result()
        self._record(EntryKind.FINISH, self._state.at, self._finish_body())
        return self._publish()

    def roll_back(self, *, by: str) -> str:
        """Run the rollback command, unless something speaks against it: that is logged and returned."""
        # What a colleague did since the newest instant counts before the state on this screen.
        self._follow(self._backend_now())
        problem = rollback_refused(self._state, self._context.read_only) or self._start_rollback(by)
        if problem:
            self._note(f"no rollback was started: {problem}")
        return problem

    def abandon(self, *, by: str) -> None:
        """Stop watching. A rollback command that runs goes on; only for a moment its end is awaited."""
        self._left = by or "the operator"
        self._wake.set()

    def note(self, text: str, *, by: str) -> None:
        """Write a remark into the log and the journal."""
        remark = clean(text)
        self._record(EntryKind.OPERATOR, self._backend_now(), {"action": "note", "text": remark}, by)
        self._tell((Event(self._backend_now(), EventKind.NOTE, text=remark, by=by),))
        self._publish()

    def override(self, text: str, *, by: str) -> None:
        """Change a threshold as the sentence says, on the record; where that cannot be, the log says why."""
        self._follow(self._backend_now())
        problem = override_refused(self._state, self._context.read_only) or self._override(text, by)
        if problem:
            self._note(f"no threshold was changed: {problem}")

    def _override(self, text: str, by: str) -> str:
        """Record the change; it is then followed like a colleague's."""
        try:
            change = parse_change(self._plan, text)
        except ValueError as error:
            return str(error)
        plan, state = changed(self._plan, change), self._state
        try:
            recorded = self._journal.override(
                state.setup.release,
                against=state.seal,
                seal=seal(plan, self._recorded),
                at=self._backend_now(),
                body={"action": OVERRIDE, **encode(change)},
                by=by,
            )
        except JournalError as error:
            return f"it could not be recorded: {error}"
        if not recorded:
            return "somebody else changed one at the same time: look again"
        self._follow(self._backend_now())
        self._publish()
        return ""

    # Opening

    async def _open(self) -> None:
        opening = await opened(
            self._source,
            self._clock,
            self._plan,
            identify=self._identify,
            earlier=lambda release: earlier(self._journal, release),
            chosen=self._wanted.baseline,
            progress=self._report.progress,
        )
        self._report.findings(opening.sound().checked.findings)
        self._plan, self._source = opening.plan, opening.source
        self._seal(opening)
        self._asked = self._state.at
        self._publish()

    def _identify(self, now: float) -> tuple[Plan, Release]:
        """The release to watch; one of this version that is still open is joined with its deployed-at."""
        plan, wanted = self._plan, self._wanted
        service = plan.service
        newest = self._journal.latest(service.name, service.environment)
        watched = newest.release if newest is not None and newest.ended is None else None
        if newest is not None and watched is not None and watched.version == wanted.version:
            return self._as_chosen(newest), watched
        deployed_at = deployment_time(wanted.deployed_at, now)
        # A release whose console died stays open, and no watch lasts as long as this.
        lasting = watched is not None and now < watched.deployed_at + LONGEST * self._plan.timing.duration
        if watched is not None and lasting and (wanted.read_only or deployed_at <= watched.deployed_at):
            why = "a read-only console ends no watch" if wanted.read_only else "it was deployed later"
            text = f"{watched.name} is being watched, and {why}: join it with --version {watched.version}"
            raise PreflightFailed((Finding(Severity.ERROR, text),))
        return plan, Release.of(service, wanted.version, wanted.previous, deployed_at)

    def _as_chosen(self, record: Record) -> Plan:
        """The plan of who joins: with the baseline that was chosen for it, unless another is wanted."""
        if self._wanted.baseline is not None:
            return self._plan
        choices = (self._plan, *(compared_with(self._plan, source) for source in BaselineSource))
        return next((p for p in choices if seal(p, record.baseline) == record.seal), self._plan)

    def _seal(self, opening: Opening) -> None:
        checked = opening.checked
        entered = self._journal.open_release(
            opening.release,
            seal=opening.setup().seal,
            plan=encode(self._plan),
            baseline=opening.baselines,
            by=self._wanted.operator,
            at=opening.at,
        )
        record = entered.record
        read_only = self._wanted.read_only
        if entered.joined and seal(self._plan, record.baseline) != record.seal:
            read_only = read_only or "this configuration differs from the one that was sealed"
        self._context = Context(
            operator=self._wanted.operator,
            offset=checked.offset,
            read_only=read_only,
            journal=self._journal.shared_with(),
            simulated=self._wanted.simulated,
        )
        self._recorded = record.baseline
        setup = replace(
            opening.setup(advice_ends=self._wanted.advice_ends),
            release=record.release,
            seal=record.seal,
            baselines=_frozen(record.baseline),
        )
        self._begin(setup, checked.past)
        if self._wanted.choice and not entered.joined:
            self._chosen()

    def _chosen(self) -> None:
        wanted, at = self._wanted, self._backend_now()
        body = {"action": "baseline", "source": str(wanted.baseline)}
        self._record(EntryKind.OPERATOR, at, body, wanted.operator)
        self._tell((Event(at, EventKind.NOTE, text=wanted.choice, by=wanted.operator),))

    def _begin(self, setup: Setup, past: Past) -> None:
        self._state, events = begin(setup, past.instants)
        self._sound = self._state
        self._tell(events)

    # Polling

    async def _turn(self) -> None:
        """Wait for the next instant of the grid, ask for all that are due, and judge them in order."""
        deployed_at = self._state.setup.release.deployed_at
        timing, lag = self._plan.timing, self._plan.backend.lag
        since = self._state.view.since or deployed_at
        asked = max(self._asked, since)
        upcoming = grid(deployed_at, timing.interval, asked + timing.interval, after=asked)[-1]
        await self._pause(upcoming + lag - self._backend_now())
        due = grid(deployed_at, timing.interval, self._backend_now() - lag, after=asked)
        await self._superseded()
        if self._left or over(self._state) or not due:
            return
        view = self._state.view
        instants = await self._ask(due)
        answered = not all(self._unanswered(instant) for instant in instants)
        again = await self._ask_missed() if answered else ()
        # A rollback that ended meanwhile changed whose windows are looked through.
        if self._state.view == view:
            self._asked = due[-1]
            self._judge(again, instants, answered=answered)

    async def _ask(self, due: Sequence[float]) -> Sequence[Instant]:
        signals, view = self._plan.signals, self._state.view
        if len(due) == 1:
            return (await self._source.read(signals, due[0], view),)
        if len(due) > self._plan.timing.duration / self._plan.timing.interval / 10:
            self._report.progress(f"catching up on {len(due)} instants")
        *earlier, newest = due
        return (
            *await self._source.history(signals, earlier, view),
            # Only now can a probe be made.
            await self._source.read(signals, newest, view),
        )

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        waking = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sleeping, waking):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _ask_missed(self) -> Sequence[Instant]:
        """The instants at which the backend did not answer, now that it does again.

        A rollback that was started while nothing could be seen stands; then the blind past stays blind.
        """
        missed, self._missed = self._missed, []
        if not missed or self._state.rollback is not None:
            return ()
        times = [instant.at for instant in missed]
        again = await self._source.history(self._plan.signals, times, self._sound.view)
        # What a probe found then is all that will ever be known of it.
        return [
            replace(new, readings={**new.readings, **self._probed(old)})
            for new, old in zip(again, missed, strict=True)
        ]

    def _probed(self, instant: Instant) -> dict[SignalKey, Reading]:
        keys = {signal.key for signal in self._plan.signals if signal.probe is not None}
        return {key: reading for key, reading in instant.readings.items() if key in keys}

    def _unanswered(self, instant: Instant) -> bool:
        """Whether the backend did not answer at all; a probe goes past it."""
        probed = self._probed(instant)
        asked = [reading for key, reading in instant.readings.items() if key not in probed]
        return bool(asked) and all(reading.kind is Kind.BLIND for reading in asked)

    def _judge(self, again: Sequence[Instant], instants: Sequence[Instant], *, answered: bool) -> None:
        """Step through the instants in order, those that were asked again from where sight was lost.

        What is judged while the backend does not answer is provisional.
        """
        lost = self._state.blind_since
        if again and self._state.rollback is None:
            self._state = self._sound
        for instant in (*again, *instants):
            self._follow(instant.at)
            self._record(EntryKind.INSTANT, instant.at, encode(instant))
            self._take(step(self._state, instant))
        if again and lost is not None and self._state.blind_since is None:
            seen_again = instants[-1].at
            self._tell((Event(seen_again, EventKind.SIGHT, seconds=seen_again - lost),))
        if answered:
            self._sound = self._state
        else:
            self._missed.extend(instants)
        self._publish()

    async def _superseded(self) -> None:
        with suppress(JournalError):
            newer = self._journal.superseded(self._state.setup.release)
            if newer is not None:
                await self._rolled_back_within(LEAVING)
                self._take(abandon(self._state, f"superseded by {newer.version}"))

    # Rolling back

    def _start_rollback(self, by: str) -> str:
        """Claim, record the intent, start the command; the reason where that cannot be done."""
        plan, release = self._plan.rollback, self._state.setup.release
        if plan is None:
            return "no rollback command is configured"
        command = fill(
            plan.command,
            service=release.service,
            environment=release.environment,
            version=release.version,
            previous=release.previous,
        )
        at = self._backend_now()
        leading = self._state.decided
        body = {"command": list(command), "rule": words.rule(leading) if leading else "decided by a person"}
        try:
            claim = self._journal.claim(release, at=at, body=body, by=by)
        except JournalError as error:
            return f"its intent could not be recorded: {error}"
        if claim is None:
            return "somebody else is rolling back, or a newer release is out"
        output = self._output_of(release, claim.attempt, at)
        self._own.add(claim.attempt)
        started = Rollback(claim.attempt, by, command, at, output=str(output))
        self._output = ()
        self._take(rollback_started(self._state, started))
        self._running = asyncio.get_running_loop().create_task(self._roll_back(claim, started, output))
        self._publish()
        return ""

    async def _roll_back(self, claim: Claim, started: Rollback, output: Path) -> None:
        within = self._plan.rollback.timeout if self._plan.rollback is not None else 0.0
        outcome = await self._supervise(started.command, output, within=within)
        self._conclude(claim, started, outcome)

    async def _rolled_back_within(self, seconds: float) -> None:
        if self._running is not None:
            done, _ = await asyncio.wait({self._running}, timeout=seconds)
            for task in done:
                task.result()

    async def _supervise(self, command: Sequence[str], output: Path, *, within: float) -> Outcome:
        tail = Tail(output)
        running = asyncio.ensure_future(run(command, timeout=within, output=output, started=lambda _: None))
        while not running.done():
            await asyncio.wait({running}, timeout=TAIL_EVERY)
            lines = tail.read(ended=running.done())
            if lines:
                self._output = (*self._output, *lines)[-OUTPUT_LINES:]
                self._publish()
        return running.result()

    def _conclude(self, claim: Claim, started: Rollback, outcome: Outcome) -> None:
        at = self._backend_now()
        body = {
            "exit_code": outcome.exit_code,
            "timed_out": outcome.timed_out,
            "error": outcome.error or "",
            "duration": outcome.duration,
        }
        try:
            self._journal.outcome(claim, at=at, body=body)
        except JournalError as error:
            self._note(f"the outcome of the rollback could not be recorded: {error}")
        self._take(rollback_ended(self._state, _ended(started, at, body)))
        self._missed.clear()
        self._publish()

    def _follow(self, until: float) -> None:
        """Take over what another console that shares the journal recorded about a rollback."""
        with suppress(JournalError):
            for entry in self._journal.entries(
                self._state.setup.release,
                kinds=(EntryKind.INTENT, EntryKind.OUTCOME, EntryKind.OPERATOR),
                after=self._followed,
            ):
                if entry.at > until:
                    return
                self._followed = entry.id
                if entry.kind is EntryKind.OPERATOR:
                    self._follow_operator(entry)
                    continue
                if entry.attempt in self._own:
                    continue
                if entry.kind is EntryKind.INTENT:
                    command = tuple(str(part) for part in _list(entry.body.get("command")))
                    started = Rollback(entry.attempt or 1, entry.by, command, entry.at)
                    self._take(rollback_started(self._state, started))
                elif self._state.rollback is not None:
                    self._take(
                        rollback_ended(self._state, _ended(self._state.rollback, entry.at, entry.body))
                    )

    def _follow_operator(self, entry: Entry) -> None:
        """Take over a threshold that somebody changed, this console or another one."""
        if entry.body.get("action") != OVERRIDE:
            return
        change = decode(entry.body, Change)
        # Who looks on with another configuration may not have the signal.
        if change.signal not in self._state.signals:
            return
        plan = changed(self._plan, change)
        made = Override(
            signal=self._plan.signal(change.signal),
            rule=change.rule,
            now=after(change),
            reason=change.reason,
            by=entry.by,
            at=entry.at,
            against=str(entry.body.get("against")),
            seal=str(entry.body.get("seal")),
        )
        # What is judged again once sight is back is judged by it as well.
        self._sound, _ = override(self._sound, plan, made)
        before = self._state
        self._take(override(self._state, plan, made))
        if self._state is not before:
            self._plan = plan

    # Telling

    def _take(self, result: tuple[State, Events]) -> None:
        self._state, events = result
        self._tell(events)

    def _tell(self, events: Events) -> None:
        for event in events:
            key = (event.at, event.kind, event.signal and event.signal.key, event.rule and event.rule.rule)
            if key in self._told and event.kind is not EventKind.NOTE:
                continue
            self._told.add(key)
            self._events.append(event)
            body = {"event": event.kind.value, "text": words.event(event)}
            self._record(EntryKind.EVENT, event.at, body, event.by)

    def _note(self, text: str) -> None:
        self._tell((Event(self._backend_now(), EventKind.NOTE, text=text),))
        self._publish()

    def _record(self, kind: EntryKind, at: float, body: Mapping[str, object], by: str = "") -> None:
        """Write to the journal; where that fails the watch goes on and says so once."""
        try:
            self._journal.append(self._state.setup.release, kind, at, body, by)
        except JournalError as error:
            failed = Event(at, EventKind.NOTE, text=f"the journal cannot be written: {error}")
            if not any(event.text == failed.text for event in self._events):
                self._events.append(failed)

    def _publish(self) -> Snapshot:
        snapshot = present(self._state, self._context, events=self._events, output=self._output)
        self._report.snapshot(snapshot)
        return snapshot

    def _backend_now(self) -> float:
        return self._clock.now() - self._context.offset

    def _finish_body(self) -> dict[str, object]:
        state = self._state
        return {
            "state": state.state.value,
            "exit_code": int(exit_code(state)),
            "reason": state.reason,
            "missing": list(state.missing),
        }


def _frozen(recorded: Mapping[str, object]) -> dict[SignalKey, Baseline]:
    return {
        SignalKey(key): decode(body, Baseline) for key, body in recorded.items() if isinstance(body, Mapping)
    }


def _ended(started: Rollback, at: float, body: Mapping[str, object]) -> Rollback:
    code = body.get("exit_code")
    return replace(
        started,
        ended_at=at,
        exit_code=code if isinstance(code, int) else None,
        timed_out=bool(body.get("timed_out")),
        error=_error(code, str(body.get("error") or "")),
    )


def _error(code: object, error: str) -> str:
    return error if error or code == 0 else f"exit code {code}"


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()
