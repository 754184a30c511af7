"""The watch's side of the journal: it writes without waiting, and learns what other consoles wrote."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress

from aftergreen import words
from aftergreen.journal import Claim, Entry, EntryKind, Journal, JournalError, Opened, Record
from aftergreen.journal.codec import encode
from aftergreen.journal.writer import Writer
from aftergreen.model import Instant, Release
from aftergreen.preflight.earlier import earlier
from aftergreen.verdict.ending import exit_code
from aftergreen.verdict.ranges import Earlier
from aftergreen.verdict.state import State
from aftergreen.watch.presence import Presence

PATIENCE = 1.0
"""Real seconds for which a poll waits to learn what others wrote; a slow disk holds it up once."""

WORTH_SAYING = 5.0
"""Seconds for which a journal may be silent before a person is told."""

FOLLOWED = (
    EntryKind.INTENT,
    EntryKind.OUTCOME,
    EntryKind.SAID,
    EntryKind.OPERATOR,
    EntryKind.AUTOMATIC,
)
"""What changes a release beside its readings."""

SLOW = "the journal does not answer, its disk may be slow: what happens is recorded as soon as it does"
AGAIN = "the journal answers again"


class Ledger:
    """The record of one release under watch.

    ``presence`` shows this console to the others. ``trouble`` is told, on the loop, each time something about
    the journal has to be said; ``now`` is the time by which it is slow.
    """

    def __init__(
        self,
        writer: Writer,
        presence: Presence,
        *,
        now: Callable[[], float],
        trouble: Callable[[str], None],
    ) -> None:
        self._writer = writer
        self._presence = presence
        self.others: tuple[str, ...] = ()
        """Who else watches the release, as far as is known."""
        self._now = now
        self._trouble = trouble
        self._release: Release
        self._records = True
        self._refusal = ""
        self._error: BaseException | None = None
        self._followed = 0
        self._told = 0
        self._learned: deque[Entry] = deque()
        self._learning: asyncio.Future[None] | None = None
        self._slow_since: float | None = None
        self._said_slow = False
        self._newer: Release | None = None

    @property
    def superseded_by(self) -> Release | None:
        """A newer release of the service, as far as is known."""
        return self._newer

    @property
    def refusal(self) -> str:
        """Why nothing is claimed any more; empty where something may be."""
        return self._refusal

    # Opening

    async def latest(self, service: str, environment: str) -> Record | None:
        """See `Journal.latest`."""
        return await self._writer.ask(lambda journal: journal.latest(service, environment))

    async def earlier(self, release: Release) -> Earlier:
        """What is known of other releases of the service."""
        return await self._writer.ask(lambda journal: earlier(journal, release))

    async def shared_with(self) -> str:
        """See `Journal.shared_with`."""
        return await self._writer.ask(lambda journal: journal.shared_with())

    async def open(self, opening: Callable[[Journal], Opened]) -> Opened:
        """Join or seal a release (see `Journal.open_release`); everything afterwards is about that one."""
        opened = await self._writer.ask(opening)
        self._release = opened.record.release
        await self._writer.ask(lambda _journal: self._presence.enter(opened.record.release))
        return opened

    def look_on(self) -> None:
        """Record nothing of one's own judgement: it is another one than the release was sealed with."""
        self._records = False

    # Writing

    def record(self, kind: EntryKind, at: float, body: Mapping[str, object], by: str = "") -> None:
        """Have something recorded, after everything before it; where that fails, it is said."""
        if not self._records and kind is not EntryKind.OPERATOR:
            return
        loop, release = asyncio.get_running_loop(), self._release

        def written(done: Future[int]) -> None:
            # In the writer's thread; where the loop is closed, nobody is left to be told.
            if error := done.exception():
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._not_recorded, error)

        work = self._writer.record(lambda journal: journal.append(release, kind, at, body, by))
        work.add_done_callback(written)

    def _not_recorded(self, error: BaseException) -> None:
        if isinstance(error, JournalError):
            self._trouble(f"the journal cannot be written: {error}")
        else:
            # No fault of the disk but one of ours, which must not be lost with its thread.
            self._error = error

    def record_instants(self, *instants: Instant) -> None:
        """Have readings recorded that are final."""
        for instant in instants:
            self.record(EntryKind.INSTANT, instant.at, encode(instant))

    def record_end(self, state: State) -> None:
        """Have it recorded how the release ended."""
        body = {
            "state": state.state.value,
            "exit_code": int(exit_code(state)),
            "reason": state.reason,
            "missing": [words.lacking(found) for found in state.missing],
            "why": words.comparison(state.grounds) if state.grounds is not None else "",
        }
        self.record(EntryKind.FINISH, state.at, body)

    async def claim(
        self, *, at: float, body: Mapping[str, object], by: str, unless_held: bool = False
    ) -> Claim | None:
        """See `Journal.claim`; None also where there is a `refusal`, which may come up meanwhile.

        ``unless_held`` asks for one only where nobody holds the release beyond what was told here.
        """
        unheld_since = self._told if unless_held else None

        def claim(journal: Journal) -> Claim | None:
            if self._refusal:
                return None
            claimed = journal.claim(self._release, at=at, body=body, by=by, unheld_since=unheld_since)
            if claimed is not None and self._refusal:
                # An intent without an outcome would keep everybody else from claiming.
                left = {"exit_code": None, "timed_out": False, "error": self._refusal, "duration": 0.0}
                with suppress(JournalError):
                    journal.outcome(claimed, at=at, body=left)
                return None
            return claimed

        return await self._writer.ask(claim)

    async def unfinished(self) -> tuple[Claim, ...]:
        """The rollbacks of the service whose outcome is not known, those of its other releases too."""
        service, environment = self._release.service, self._release.environment
        return await self._writer.ask(lambda journal: journal.unfinished(service, environment))

    async def told(self, claim: Claim, *, at: float, body: Mapping[str, object]) -> None:
        """Record what came of a claim of whichever release, unless that is recorded already."""

        def record(journal: Journal) -> None:
            known = journal.claimed(claim.release)
            if known is not None and known.attempt == claim.attempt:
                journal.outcome(claim, at=at, body=body)

        await self._writer.ask(record)

    async def settle(self, attempt: int, *, at: float, body: Mapping[str, object], by: str) -> bool:
        """See `Journal.settle`."""
        return await self._writer.ask(
            lambda journal: journal.settle(self._release, attempt, at=at, body=body, by=by)
        )

    async def hold(self, *, at: float, body: Mapping[str, object], by: str) -> bool:
        """See `Journal.hold`."""
        return await self._writer.ask(lambda journal: journal.hold(self._release, at=at, body=body, by=by))

    async def write(self, kind: EntryKind, *, at: float, body: Mapping[str, object], by: str) -> None:
        """Record something that others act on: it is written when this returns. Raises `JournalError`."""
        await self._writer.ask(lambda journal: journal.append(self._release, kind, at, body, by))

    def own(self, attempt: int) -> Claim:
        """An attempt of this release, as far as it takes to ask about it."""
        return Claim(self._release, attempt, 0.0, "", {})

    async def process(self, claim: Claim) -> Mapping[str, object]:
        """What was recorded of the process that a claim's command is; empty where nothing was."""

        def look(journal: Journal) -> Mapping[str, object]:
            running = journal.entries(claim.release, kinds=[EntryKind.RUNNING])
            return next((entry.body for entry in running if entry.body.get("attempt") == claim.attempt), {})

        return await self._writer.ask(look)

    async def override(
        self, *, against: str, seal: str, at: float, body: Mapping[str, object], by: str
    ) -> bool:
        """See `Journal.override`."""
        return await self._writer.ask(
            lambda journal: journal.override(
                self._release, against=against, seal=seal, at=at, body=body, by=by
            )
        )

    # Following

    async def learn(self) -> None:
        """Learn what was written since the last time, by whomever; not now where the disk is slow.

        Raises what went wrong in recording, where that was not the journal's fault.
        """
        if self._error is not None:
            raise self._error
        # Who follows a rollback learns beside the polls.
        learning = self._learning or asyncio.wrap_future(self._writer.asked(self._read))
        self._learning = learning
        patience = PATIENCE if self._slow_since is None else 0.0
        done, _ = await asyncio.wait({learning}, timeout=patience)
        self._say_how_slow(done=bool(done))
        if done:
            self._learning = None if self._learning is learning else self._learning
            error = learning.exception()
            if isinstance(error, JournalError):
                self._trouble(f"the journal cannot be read: {error}")
            elif error is not None:
                raise error

    def _say_how_slow(self, *, done: bool) -> None:
        if done:
            self._slow_since = None
        elif self._slow_since is None:
            self._slow_since = self._now()
        slow = self._slow_since is not None and self._now() - self._slow_since >= WORTH_SAYING
        if slow is not self._said_slow and (slow or done):
            self._said_slow = slow
            self._trouble(SLOW if slow else AGAIN)

    async def learn_all(self) -> None:
        """The same for whoever needs to know, however long it takes; raises `JournalError`."""
        await self._writer.ask(self._read)

    def until(self, at: float) -> Iterator[Entry]:
        """What was learned and not told yet, up to a time on the backend's clock."""
        while self._learned and self._learned[0].at <= at:
            entry = self._learned.popleft()
            self._told = entry.id
            yield entry

    def _read(self, journal: Journal) -> None:
        self.others = self._presence.others()
        # In the writer's thread: a deque may be filled at one end while it is emptied at the other.
        self._newer = journal.superseded(self._release)
        for entry in journal.entries(self._release, kinds=FOLLOWED, after=self._followed):
            self._followed = entry.id
            self._learned.append(entry)

    # Leaving

    async def flush(self, seconds: float) -> None:
        """Wait so many real seconds until all that was recorded is written, or known not to be."""
        written = asyncio.wrap_future(self._writer.record(lambda _journal: None))
        await asyncio.wait({written}, timeout=seconds)
        if self._error is not None:
            raise self._error

    def refuse(self, why: str) -> None:
        """Claim nothing any more, for a reason: nobody would be there to run it. Empty allows it again."""
        self._refusal = why

    async def close(self, seconds: float) -> bool:
        """Have everything written and let go of the journal; False where that takes longer."""
        self._writer.record(lambda _journal: self._presence.leave())
        done, _ = await asyncio.wait({asyncio.wrap_future(self._writer.close())}, timeout=seconds)
        return bool(done)
