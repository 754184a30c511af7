"""What is asked of the backend, and when: each instant of the grid once, those it could not answer again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from aftergreen.model import Instant, Kind, Reading, SignalKey
from aftergreen.preflight.capture import grid
from aftergreen.sources.protocol import Source
from aftergreen.verdict.state import State

MANY = 10
"""A share of the watch, one in so many, from which on catching up is worth a word of progress."""


@dataclass(frozen=True, slots=True)
class Due:
    """Instants that nobody asked about, ascending; ``live`` where the last of them is the present one."""

    times: tuple[float, ...]
    live: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of asking: ``instants`` that were due, and ``again`` those that had been missed before them.

    ``answered`` says that the backend answered at all: until it does, what is judged is provisional.
    """

    instants: tuple[Instant, ...]
    again: tuple[Instant, ...] = ()
    answered: bool = True


class Asking:
    """Which instants were asked, and which of them could not be answered."""

    def __init__(self, source: Source, asked: float) -> None:
        self._source = source
        self._asked = asked
        self._missed: list[Instant] = []

    def upcoming(self, state: State) -> float:
        """The next instant that nobody asked about."""
        since, asked = self._from(state)
        interval = state.setup.plan.timing.interval
        return grid(since, interval, asked + interval, after=asked)[-1]

    def due(self, state: State, until: float) -> Due:
        """What nobody asked about up to a time on the backend's clock: as much at once as one watch is long.

        Where more is due, the rest comes next: the watch may be over by then.
        """
        since, asked = self._from(state)
        timing = state.setup.plan.timing
        longest = max(timing.duration, timing.interval)
        live = until - asked <= longest
        return Due(grid(since, timing.interval, until if live else asked + longest, after=asked), live)

    def _from(self, state: State) -> tuple[float, float]:
        deployed_at = state.setup.release.deployed_at
        return deployed_at, max(self._asked, state.view.since or deployed_at)

    async def ask(self, state: State, sound: State, due: Due, progress: Callable[[str], None]) -> Answers:
        """Ask about what is due and, where the backend answers, about what was missed since it last did.

        ``sound`` is the state before sight was lost. A rollback that was started while nothing could be seen
        stands; then the blind past stays blind.
        """
        instants = await self._ask(state, due, progress)
        answered = not all(self._unanswered(state, instant) for instant in instants)
        again: tuple[Instant, ...] = ()
        # Taken before it is asked about: a rollback that ends meanwhile lets go of what was missed.
        missed = tuple(self._missed)
        if answered and missed and state.rollback is None:
            times = [instant.at for instant in missed]
            found = await self._source.history(state.setup.plan.signals, times, sound.view)
            again = tuple(
                # What a probe found then is all that will ever be known of it.
                replace(new, readings={**new.readings, **_probed(state, old)})
                for new, old in zip(found, missed, strict=True)
            )
        return Answers(instants, again, answered)

    def accept(self, answers: Answers) -> tuple[Instant, ...]:
        """Take the answers for what was asked; without it the same instants are due again.

        Returns what had been missed until now and is no longer, whether it was asked about again or not.
        """
        self._asked = answers.instants[-1].at
        if answers.answered:
            return self.let_go()
        self._missed.extend(answers.instants)
        return ()

    def back_to(self, at: float) -> None:
        """Ask again about all after ``at``: it was looked at through a view that had ended."""
        self._asked = at

    def let_go(self) -> tuple[Instant, ...]:
        """What was missed and will not be asked about again."""
        missed, self._missed = self._missed, []
        return tuple(missed)

    async def _ask(self, state: State, due: Due, progress: Callable[[str], None]) -> tuple[Instant, ...]:
        signals, view, timing = state.setup.plan.signals, state.view, state.setup.plan.timing
        if len(due.times) > timing.duration / timing.interval / MANY:
            progress(f"catching up on {len(due.times)} instants")
        # Only now can a probe be made.
        past, now = (due.times[:-1], due.times[-1:]) if due.live else (due.times, ())
        earlier = await self._source.history(signals, past, view) if past else ()
        return (*earlier, *[await self._source.read(signals, at, view) for at in now])

    def _unanswered(self, state: State, instant: Instant) -> bool:
        """Whether the backend did not answer at all; a probe goes past it."""
        probed = _probed(state, instant)
        asked = [reading for key, reading in instant.readings.items() if key not in probed]
        return bool(asked) and all(reading.kind is Kind.BLIND for reading in asked)


def _probed(state: State, instant: Instant) -> dict[SignalKey, Reading]:
    keys = {signal.key for signal in state.setup.plan.signals if signal.probe is not None}
    return {key: reading for key, reading in instant.readings.items() if key in keys}
