"""Whether the journal of real runs is a path of the model: the lines about each name are, in their
order, lines that the rules of `tests/model/write_protocol.py` write, whatever else happens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.model.names import folded
from tests.model.worlds import GONE, OLD_TYPE, Lag, Left, Setting, Step, World, start
from tests.model.write_protocol import REASONS, steps

Json = dict[str, Any]
Name = tuple[str, ...]
"""The names of an object's parents and its own, folded."""
NOT_MODELLED = {"rename"}
ANYTHING = Lag(views=0)
"""How a Graph lags that a test makes up: its reads return whatever was true at some time."""
VERDICTS = {
    "accepted": {"accepted", "unclear"},
    "throttled": {"throttled"},
    "unauthorized": {"throttled"},
    "not_sent": {"throttled"},
    "refused": {"refused"},
    "unclear": {"unclear"},
}
"""What the verdict in a journal can be in the model. An accepted create whose answer lacks the new
object is unclear. With a new token, or if nothing was sent, a request is repeated as after a wait.
"""


class Line(NamedTuple):
    """A line of a journal in the words of the model; a word that is not known is one of several."""

    run: str
    words: tuple[frozenset[str], ...]

    def is_like(self, run: str, line: tuple[str, ...]) -> bool:
        """True if the model writes this line."""
        same_length = run == self.run and len(line) == len(self.words)
        return same_length and all(map(frozenset.__contains__, self.words, line))

    def __str__(self) -> str:
        return " ".join([f"{self.run}:", *("|".join(sorted(words)) for words in self.words)])


def lines(journal: Path) -> list[Json]:
    """The lines of a journal; none without a file, and none for a last line that was cut short."""
    text = journal.read_text("utf-8") if journal.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1] if line]


def departures(journal: Iterable[Json], live: Mapping[Name, int], lag: Lag = ANYTHING) -> list[str]:
    """Where the journal leaves the model, in words, at most once per name.

    `live` is how many objects of each name are live at the end.
    """
    by_name: dict[Name, list[Json]] = {}
    for line in journal:
        if line["event"] in ("sending", "answered", "outcome"):
            by_name.setdefault(name_of(line), []).append(line)
    modelled = {
        name: _by_run(about)
        for name, about in by_name.items()
        if not NOT_MODELLED.intersection(line["action"] for line in about)
    }
    found = {
        name: _departure(*_start(runs, lag), tuple(_lines(runs)), live.get(name, 0))
        for name, runs in modelled.items()
        if runs
    }
    return [f"{name}: {text}" for name, text in found.items() if text]


def name_of(line: Json) -> Name:
    """What a line of a journal is about."""
    refs = (*line["parents"], line["object"])
    return tuple(folded(ref["display_name"]) for ref in refs)


@cache
def _departure(world: World, setting: Setting, journal: tuple[Line, ...], live: int) -> str:
    """The first line that the model does not write after those before it; "" for a path."""
    worlds = {world}
    for line in journal:
        _, written = _silently(worlds, setting)
        worlds = {step.world for step in written if line.is_like(step.run, step.line)}
        if not worlds:
            allowed = {f"{step.run}: {' '.join(step.line)}" for step in written}
            return f"the model does not write {str(line)!r} here, but {sorted(allowed)}"
    reached, _ = _silently(worlds, setting)
    ends = {len(world.live) for world in reached}
    return "" if live in ends else f"{live} are live; in the model {sorted(ends)} can be"


def _silently(worlds: set[World], setting: Setting) -> tuple[set[World], list[Step]]:
    """These worlds with those that follow without a line in a journal; and the steps out of them
    that write a line.
    """
    queue, reached, written = [*worlds], {*worlds}, []
    for world in queue:
        for step in steps(world, setting):
            if step.line:
                written.append(step)
            elif step.world not in reached:
                reached.add(step.world)
                queue.append(step.world)
    return reached, written


def _by_run(about: Sequence[Json]) -> list[list[Json]]:
    """The lines of each run that has begun to write."""
    runs: dict[str, list[Json]] = {}
    for line in about:
        runs.setdefault(line["run"], []).append(line)
    return [run for run in runs.values() if run[0]["event"] != "outcome" or _has_ended(run[0])]


def _has_ended(line: Json) -> bool:
    """True for the outcome of a change that was begun: it was neither blocked nor skipped."""
    return line.get("status") not in (None, "skipped")


def _start(runs: Sequence[Sequence[Json]], lag: Lag) -> tuple[World, Setting]:
    """The world before the first line: what was live then follows from the actions."""
    actions = {line["action"] for line in runs[0]}
    old = "" if "create" in actions else "former"
    old = OLD_TYPE if actions >= {"create", "delete"} else old
    was_killed = not all(_has_ended(run[-1]) for run in runs)
    others = int(lag is ANYTHING)
    left = Left(inf, inf, kills=inf if was_killed else 0, edits=others, strangers=others)
    first, *later = _wants(runs)
    setting = Setting(lag, bounded=lag is not ANYTHING, next_wants=tuple(later), bodies=2)
    return start(setting, left, (first,), old), setting


def _wants(runs: Sequence[Sequence[Json]]) -> list[str]:
    """What is declared for each run: the same again, unless the run before it was done."""
    wants, done = [], 0
    for run in runs:
        is_delete = {line["action"] for line in run} == {"delete"}
        wants.append(GONE if is_delete else f"declared {done}")
        done += run[-1].get("status") == "done"
    return wants


def _lines(runs: Sequence[Sequence[Json]]) -> list[Line]:
    """The lines in the words of the model, whose runs are called A, A2, A3."""
    result = []
    for number, run in enumerate(runs, start=1):
        name, sent = "A" if number == 1 else f"A{number}", set[str | None]()
        for line in run:
            request = line.get("client_request_id")
            result.append(Line(name, (frozenset([line["event"]]), *_words(line, request in sent))))
            sent.add(request)
    return result


def _words(line: Json, is_repeated: bool) -> tuple[frozenset[str], ...]:
    """What the line says after its event."""
    if line["event"] == "sending":
        verb = "PUT" if line["method"] == "PATCH" else line["method"]
        return frozenset([verb]), frozenset(["same request" if is_repeated else "new request"])
    if line["event"] == "answered":
        return (frozenset(VERDICTS[line["verdict"]]),)
    return frozenset([line["status"]]), _reasons(line)


def _reasons(line: Json) -> frozenset[str]:
    """The reason, if the model knows it; what is done has none, but perhaps a note."""
    code = (line["reason"] or {}).get("code", "")
    if line["status"] == "done":
        return frozenset([""])
    return frozenset([code]) if code in REASONS else REASONS
