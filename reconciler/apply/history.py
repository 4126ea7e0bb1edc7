"""What a journal says: which writes were sent and are not settled, and which of its lines may go.

A line can hide a write, but never cause one: what it shows as unsettled is looked for, and may
block a change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from reconciler.apply.send import NOTHING_WRITTEN
from reconciler.diff.references import parents_key
from reconciler.errors import JournalError, ServiceAnswerError
from reconciler.model.answers import identifier
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.strict_json import MOST_LEVELS, InvalidJsonError, parsed
from reconciler.model.target import graph_host

AFTER_TORN_LINE = "after_torn_line"
"""Member of a line that follows one which a crash or a full disk has truncated."""
KEPT_BYTES = 2 * 1024**2
"""Of a journal that is trimmed; unsettled writes are kept beyond that."""
MAX_BYTES = 2 * KEPT_BYTES
"""A larger journal is trimmed."""
MAX_LINE_BYTES = 32 * 1024**2
"""A longer line is damaged: a body is at most an answer of Graph and a file, with escapes."""
DAMAGED_HINT = (
    "Writes of earlier runs that it should show may still be unsettled: wait a minute, move the"
    " file away, and run the command again."
)

_BEGINNING = b'{"time": "'
_WRITES = ("sending", "answered", "outcome", "settled")

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """For which tenant and which Graph a run was."""

    tenant_id: str
    host: str


@dataclass(frozen=True, slots=True)
class SentWrite:
    """A write that the lines of one run are about.

    `body`: what was sent, secrets masked; None for a delete. `line`: the members that identify the
    write.
    """

    run: str
    action: str
    object: ObjectRef
    parents: Parents
    line: Line
    target: Target | None = None
    sent_at: str = ""
    body: Line | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What all lines about this write have in common: a create gets its id only later."""
        own_id = "" if self.action == "create" else self.object.id or ""
        name = folded(self.object.display_name)
        return self.run, self.action, self.object.kind, own_id, name, *parents_key(self.parents)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a line is in the file, and which run wrote it."""

    run: str
    start: int
    end: int


@dataclass(slots=True)
class History:
    """The content of a journal. `torn`: a crash or a full disk has truncated its last line."""

    spans: list[Span] = field(default_factory=list)
    torn: bool = False
    _open: dict[tuple[str, ...], SentWrite] = field(default_factory=dict)
    _was_open: dict[tuple[str, ...], bool] = field(default_factory=dict)
    _targets: dict[str, Target] = field(default_factory=dict)
    _settled_by: list[tuple[str, str]] = field(default_factory=list)

    @property
    def unsettled(self) -> tuple[SentWrite, ...]:
        """The writes that were sent and may have been applied, without a clear outcome."""
        return tuple(self._open.values())

    def add(self, line: Line) -> None:
        """One more line.

        Raises:
            InvalidJsonError: it is not one of ours.
        """
        run = _text(line, "run")
        event = _text(line, "event")
        if event == "begin":
            host = graph_host(_text(line, "graph_url"))
            self._targets[run] = Target(_text(line, "tenant_id"), host)
        elif event in _WRITES:
            self._add_write(event, line, _write_of(line, run))

    def _add_write(self, event: str, line: Line, write: SentWrite) -> None:
        key = write.key
        if event == "sending":
            self._was_open[key] = key in self._open
            self._open[key] = self._sent(line, write)
        elif event == "answered":
            # An earlier attempt of the same write may have been applied.
            if line.get("verdict") in NOTHING_WRITTEN and not self._was_open.get(key):
                self._open.pop(key, None)
        elif event == "outcome":
            if line.get("status") in ("done", "failed", "skipped"):
                self._open.pop(key, None)
        else:
            self._settled_by.append((write.run, _text(line, "of_run")))
            self._open.pop(replace(write, run=_text(line, "of_run")).key, None)

    def _sent(self, line: Line, write: SentWrite) -> SentWrite:
        target, body = self._targets.get(write.run), line.get("body")
        if target is None:
            raise InvalidJsonError("has no begin line of its run before it")
        if any(parent.id is None for parent in write.parents):
            raise InvalidJsonError("has a parent without an id")
        body = body if isinstance(body, dict) else None
        return replace(write, target=target, sent_at=_text(line, "time"), body=body)

    def kept(self) -> list[Span]:
        """The lines that remain when the oldest settled runs are removed, down to `KEPT_BYTES`.

        A run with an unsettled write stays, and so does one that settled another write of it.
        """
        needed = {write.run for write in self._open.values()}
        for run, of_run in self._settled_by:
            if of_run in needed:
                needed.add(run)
        sizes = Counter[str]()
        for span in self.spans:
            sizes[span.run] += span.end - span.start
        excess, removed = sizes.total() - KEPT_BYTES, set[str]()
        for run, size in sizes.items():  # the oldest first
            if excess > 0 and run not in needed:
                removed.add(run)
                excess -= size
        return [span for span in self.spans if span.run not in removed]


def read_history(lines: BinaryIO, file: Path) -> History:
    """What the lines of the journal say, from the first one on.

    Raises:
        JournalError: a line is damaged in another way than a crash damages the last one.
    """
    history, torn, end, text = History(), 0, 0, b"\n"
    for number, text in enumerate(_lines(lines), start=1):
        start, end = end, end + len(text)
        line = _whole_line(text, file, number)
        if line is None:
            torn = torn or number
            continue
        if torn and not line.get(AFTER_TORN_LINE):
            raise _damaged(file, torn, "is not whole")
        torn = 0
        try:
            history.add(line)
        except InvalidJsonError as error:
            raise _damaged(file, number, str(error)) from error
        history.spans.append(Span(line["run"], start, end))
    history.torn = not text.endswith(b"\n")
    if torn and not history.torn:
        raise _damaged(file, torn, "is not whole")
    return history


def _lines(lines: BinaryIO) -> Iterator[bytes]:
    return iter(partial(lines.readline, MAX_LINE_BYTES + 1), b"")


def _whole_line(text: bytes, file: Path, number: int) -> Line | None:
    """The line; None if it is only the beginning of one."""
    if len(text) > MAX_LINE_BYTES:
        raise _damaged(file, number, f"is longer than {MAX_LINE_BYTES // 1024**2} MiB")
    try:
        line = parsed(text, MOST_LEVELS + 8)
    except InvalidJsonError as error:
        if _is_torn(text):
            return None
        raise _damaged(file, number, str(error)) from error
    if not isinstance(line, dict):
        raise _damaged(file, number, "is not a line of a journal")
    return line


def _is_torn(text: bytes) -> bool:
    """True for the beginning of one of our lines; after a power loss, zeros may follow it."""
    return _BEGINNING.startswith(text.strip(b"\0\n")[: len(_BEGINNING)])


def _write_of(line: Line, run: str) -> SentWrite:
    kind, action, parents = _text(line, "kind"), _text(line, "action"), line.get("parents")
    if not isinstance(parents, list):
        raise InvalidJsonError("has no parents")
    return SentWrite(
        run=run,
        action=action,
        object=_ref(line.get("object"), kind),
        parents=tuple(_ref(parent, None) for parent in parents),
        line={name: line[name] for name in ("kind", "action", "parents", "object")},
    )


def _ref(member: object, kind: str | None) -> ObjectRef:
    """The object or parent in a line; the id may be part of an address."""
    if not isinstance(member, dict):
        raise InvalidJsonError("names no object")
    name = member.get("display_name")
    try:
        own_id = None if member.get("id") is None else identifier(member, "an object")
    except ServiceAnswerError as error:
        raise InvalidJsonError("has an unusable id") from error
    if name is not None and not isinstance(name, str):
        raise InvalidJsonError("has an unusable name")
    return ObjectRef(kind or _text(member, "kind"), own_id, name)


def _text(line: Line, name: str) -> str:
    value = line.get(name)
    if not isinstance(value, str):
        raise InvalidJsonError(f"has no {name}")
    return value


def _damaged(file: Path, number: int, why: str) -> JournalError:
    return JournalError(
        f"Line {number} of the journal {file} is damaged: it {why}. Nothing was written.",
        hint=DAMAGED_HINT,
    )
