"""What one way of reading shows of own objects: all, some or none of them, or a status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.live_check.exchange import Result
from reconciler.live_check.notes import Notes
from reconciler.live_check.polling import turns
from reconciler.live_check.trial import Trial

HIDDEN = ("403", "404")
"""The statuses that are an answer about what the identity sees."""


@dataclass(slots=True)
class Way:
    """A way of reading: the switch that it decides, how it is asked, and what its answer says.

    `judge` gives the value of the switch, or None if the answer decides nothing. Polling ends at
    the value `best`: any other may be a lag.
    """

    switch: str
    best: str
    ask: Callable[[], Awaitable[Result]]
    judge: Callable[[Result], str | None]
    last: Result | None = None
    value: str | None = None
    times: int = 0

    async def look(self) -> None:
        """Asks once more, unless the best answer was given."""
        if self.value == self.best:
            return
        self.last = await self.ask()
        value = self.judge(self.last)
        self.times = self.times + 1 if value == self.value else 1
        self.value = value

    def note(self, notes: Notes) -> None:
        """The value that was seen last."""
        results = (self.last,) if self.last else ()
        if self.value is None:
            notes.leave_open(self.switch, f"the answer decides nothing: {self.last}", *results)
        else:
            notes.decide(self.switch, self.value, *results, times=self.times)


async def settle(trial: Trial, ways: Collection[Way]) -> None:
    """Asks in every way until each has given its best answer, or the time is over."""
    async for _ in turns(trial.graph.limits.retry):
        for way in ways:
            await way.look()
        if all(way.value == way.best for way in ways):
            return


def of_listing(ids: Collection[str]) -> Callable[[Result], str | None]:
    """Judges a listing by which of these objects it shows."""

    def judge(result: Result) -> str | None:
        """Complete, partial, empty, or the status."""
        return _share(ids, result.items) if result.accepted else hidden(result)

    return judge


def of_expansion(member: str, ids: Collection[str]) -> Callable[[Result], str | None]:
    """Judges an expanded collection by which of these objects it shows."""

    def judge(result: Result) -> str | None:
        """The same, or absent."""
        if not result.accepted:
            return hidden(result)
        items = result.body.get(member)
        if not isinstance(items, list):
            return "absent"
        return _share(ids, [each for each in items if isinstance(each, dict)])

    return judge


def hidden(result: Result) -> str | None:
    """The status if it says what the identity sees."""
    status = str(result.status)
    return status if status in HIDDEN else None


def _share(ids: Collection[str], items: Iterable[Mapping[str, object]]) -> str:
    shown = {str(each.get("id")).casefold() for each in items}
    own = {each.casefold() for each in ids}
    if own <= shown:
        return "complete"
    return "partial" if own & shown else "empty"
