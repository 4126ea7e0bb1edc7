"""The journal of live checks: the name of every object before it is created, its id afterwards.

It is what `live-check --clean` removes after a run that was killed. JSON lines, readable by the
owner only, never through a symbolic link; locked while a run uses it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast, get_args

from reconciler.errors import JournalError, UsageError
from reconciler.files import make_own_folder
from reconciler.live_check.owned import ID, OwnObject
from reconciler.locked import NO_LINK, append, is_on_disk, open_locked
from reconciler.model.json_values import json_text
from reconciler.model.live_facts import CATALOG_PREFIX, OwnKind
from reconciler.model.strict_json import InvalidJsonError, parsed
from reconciler.settings import DEFAULT_LIVE_JOURNAL

MAX_BYTES = 16 * 1024**2
"""A run writes some 100 lines; a larger file is not read."""
_BEGINNING = b'{"time": "'
"""Of every line."""
_COUNTED = {"creating": 1, "created": -1, "refused": -1}
_OWNER_ONLY = 0o600
_HINT = "Choose another file with --journal."


@dataclass(frozen=True, slots=True)
class Target:
    """The tenant and the host of Graph that a run was for."""

    tenant_id: str
    host: str


@dataclass(slots=True)
class PastRun:
    """What a journal says of one run: its target, the catalogs it was about to create, with how
    many creates of each had no clear end, and its objects with ids that were not removed.
    """

    name: str
    target: Target
    catalogs: Counter[str] = field(default_factory=Counter)
    objects: dict[str, OwnObject] = field(default_factory=dict)

    @property
    def has_left(self) -> bool:
        """True if something of the run may still exist."""
        return bool(self.catalogs or self.objects)

    @property
    def unsure(self) -> set[str]:
        """The names of catalogs that may exist without a known id."""
        return {name for name, count in self.catalogs.items() if count > 0}


class Journal:
    """One file, appended to by one run after the other."""

    def __init__(
        self,
        file: Path,
        descriptor: int,
        runs: dict[str, PastRun],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """A journal that was opened, with what it says of earlier runs."""
        self.runs = runs
        self._file = file
        self._descriptor = descriptor
        self._now = now

    def begin(self, name: str, target: Target) -> None:
        """A run starts.

        Raises:
            JournalError: the journal names the run for another target, or cannot be written.
        """
        if name in self.runs and self.runs[name].target != target:
            raise JournalError(
                f"The journal {self._file} of live checks names {name} in another tenant.",
                hint=_HINT,
            )
        self._record("begin", name, tenant_id=target.tenant_id, host=target.host)

    def creating(self, run: str, kind: OwnKind, name: str) -> None:
        """An object is about to be created: its name is on disk before the request leaves."""
        self._record("creating", run, kind=kind, name=name)

    def created(self, run: str, own: OwnObject) -> None:
        """It was created, and has an id."""
        self._record(
            "created", run, kind=own.kind, name=own.name, id=own.id, parent_id=own.parent_id
        )

    def refused(self, run: str, kind: OwnKind, name: str) -> None:
        """It was not created."""
        self._record("refused", run, kind=kind, name=name)

    def removed(self, run: str, own: OwnObject) -> None:
        """It was removed."""
        self._record("removed", run, kind=own.kind, name=own.name, id=own.id)

    def ended(self, run: str) -> None:
        """Nothing of the run is left."""
        self._record("ended", run)

    def _record(self, event: str, run: str, **members: Any) -> None:
        """Adds one line, which is on disk when this returns.

        Raises:
            JournalError: it could not be added.
        """
        line = {"time": self._now().isoformat(timespec="milliseconds"), "run": run, "event": event}
        size_bytes = os.fstat(self._descriptor).st_size
        try:
            append(self._descriptor, f"{json_text({**line, **members})}\n".encode(), on_disk=True)
        except OSError as error:
            with suppress(OSError):  # the next line must not follow a part of this one
                os.ftruncate(self._descriptor, size_bytes)
            raise JournalError(
                f"The journal {self._file} of live checks cannot be written:"
                f" {error.strerror or error}.",
                hint=f"Nothing is created that cannot be recorded. Free disk space. {_HINT}",
            ) from error


@contextmanager
def open_journal(file: Path, *, must_exist: bool = False) -> Iterator[Journal]:
    """The journal in the file, locked within the block; a new one unless it `must_exist`.

    Raises:
        UsageError: it does not exist, is a symbolic link or not a regular file, is too large, or
            cannot be written.
        JournalError: another run uses it, or it is not a journal of live checks, and stays as it
            is.
    """
    descriptor = _opened(file, must_exist=must_exist)
    try:
        runs = _runs(file, descriptor)
        with suppress(AttributeError, OSError):  # Windows has no os.fchmod
            os.fchmod(descriptor, _OWNER_ONLY)
        yield Journal(file, descriptor, runs)
    finally:
        os.close(descriptor)


def _opened(file: Path, *, must_exist: bool) -> int:
    if must_exist and not os.path.lexists(file):
        raise UsageError(
            f"There is no journal {file}: no live check was started with it.",
            hint=f"{_HINT} Without one, `reconciler live-check --clean NAME` removes the catalog of"
            " that name.",
        )
    try:
        if file == DEFAULT_LIVE_JOURNAL:
            make_own_folder(file.parent)
        if file.is_symlink():
            raise _unusable(file, "it is a symbolic link")
        descriptor = open_locked(
            file,
            lambda error: _unusable(file, f"it cannot be locked ({error.strerror})"),
            mode=_OWNER_ONLY,
            flags=NO_LINK,
        )
    except OSError as error:
        raise _unusable(file, error.strerror or str(error)) from error
    if not is_on_disk(descriptor):
        os.close(descriptor)
        raise _unusable(file, "it is not a regular file")
    return descriptor


def _unusable(file: Path, why: str) -> UsageError:
    return UsageError(f"The journal {file} cannot be used: {why}. Nothing was written.", hint=_HINT)


def _runs(file: Path, descriptor: int) -> dict[str, PastRun]:
    """What the journal says of each run, the oldest first; a last line without an end is one that
    was never finished, so nothing was sent after it. Only if all is ours, that line is dropped.

    Raises:
        UsageError: the file is too large.
        JournalError: it is not a journal of live checks.
    """
    with open(descriptor, "rb", closefd=False) as lines:
        lines.seek(0)
        content = lines.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _unusable(file, f"it is larger than {MAX_BYTES // 1024**2} MiB")
    runs: dict[str, PastRun] = {}
    *whole, rest = content.split(b"\n")
    for number, line in enumerate(whole, 1):
        try:
            _add(runs, parsed(line))
        except (InvalidJsonError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise _damaged(file, number) from error
    # After a power loss, zeros may follow it.
    if not _BEGINNING.startswith(rest.strip(b"\0")[: len(_BEGINNING)]):
        raise _damaged(file, len(whole) + 1)
    if rest:
        os.ftruncate(descriptor, len(content) - len(rest))
    return runs


def _damaged(file: Path, number: int) -> JournalError:
    return JournalError(
        f"The journal {file} of live checks is damaged: line {number} is not one of its lines.",
        hint="Move the file away, and remove what it names by hand or with `reconciler"
        " live-check --clean NAME`.",
    )


def _add(runs: dict[str, PastRun], line: dict[str, Any]) -> None:
    """One more line.

    Raises:
        KeyError, TypeError, AttributeError, ValueError: it is not one of ours.
    """
    name, event = _own_name(line["run"]), line["event"]
    if event == "begin":
        target = Target(str(line["tenant_id"]), str(line["host"]))
        runs.setdefault(name, PastRun(name, target))
        return
    run = runs[name]
    if event == "ended":
        run.catalogs.clear()
        run.objects.clear()
        return
    kind, label = line["kind"], _own_name(line["name"])
    if kind not in get_args(OwnKind):
        raise ValueError(kind)
    if kind == "catalog" and event in _COUNTED:
        run.catalogs[label] += _COUNTED[event]
    if event == "created":
        parent_id = line["parent_id"]
        own = OwnObject(cast("OwnKind", kind), _id(line["id"]), label, parent_id and _id(parent_id))
        run.objects[own.id] = own
    elif event == "removed":
        run.objects.pop(_id(line["id"]), None)
    elif event not in _COUNTED:
        raise ValueError(event)


def _own_name(name: str) -> str:
    if not name.startswith(CATALOG_PREFIX):
        raise ValueError(name)
    return name


def _id(text: str) -> str:
    """An id that may be used in an address."""
    if not ID.fullmatch(text):
        raise ValueError(text)
    return text
