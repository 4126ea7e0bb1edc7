"""The sandbox's objects in SQLite, for the server and for tests; synchronous, without aiohttp."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from reconciler.sandbox.checks import Json
from reconciler.sandbox.database import Kind, connect, create_schema, is_ready, usable, writing
from reconciler.sandbox.filters import folded
from reconciler.sandbox.seed import Record, load_seed
from reconciler.sandbox.switches import Lag, Switches

_COLUMNS: Final = "seq, id, document, earlier, deleted, quicker_left, lag_left"
_NO_LAG: Final = Lag()
_STALE: Final = "CASE WHEN lag_left > 0 THEN earlier ELSE document END"
"""What a lagging read returns: an earlier lag goes on with what it showed."""


@dataclass(frozen=True)
class Stored:
    """One object as it is, and its earlier state, which reads still return while they lag
    (docs/graph.md §5.5).

    `deleted`: it no longer exists, but lagging reads return it. `quicker_left` and `lag_left`: the
    number of its reads until the quicker view, and every view, returns its current state.
    """

    seq: int
    id: str
    document: Json
    earlier: Json | None
    deleted: bool
    quicker_left: int
    lag_left: int

    @property
    def visible(self) -> Json | None:
        """What a read returns now; None for an object that is not visible yet, or no longer.

        The two views take turns: an odd `lag_left` is the turn of the slower one.
        """
        if self.lag_left % 2 or self.quicker_left:
            return self.earlier
        return None if self.deleted else self.document

    @property
    def names(self) -> set[str]:
        """The display names under which reads may still return it, `folded`."""
        states = [self.document, *([self.earlier] if self.earlier else [])]
        return {folded(str(state.get("displayName") or "")) for state in states}


class Store:
    """One connection to a sandbox database; a new file is seeded when it is opened.

    A write survives SIGKILL after its method (or the `writing` block around it) has returned.
    """

    def __init__(self, database: Path | str, *, seed: Path | None = None) -> None:
        """Open `database`; if it is new, fill it with `seed` (default: the built-in one).

        Raises: SandboxDatabaseError, SeedError.
        """
        self._connection, new = connect(Path(database))
        self._named: dict[str, list[Stored]] = {}
        self._named_as_of: tuple[int, int] | None = None
        try:
            if new:
                records = load_seed(seed)
                with usable(Path(database)):
                    self._fill_new(records)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        """The store itself, closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; the file stays."""
        self._connection.close()

    def writing(self) -> AbstractContextManager[None]:
        """A transaction around several calls; rolled back when the block raises."""
        return writing(self._connection)

    def catalogs(self) -> list[Json]:
        """All catalogs, oldest first."""
        return self._documents("catalog")

    def extensions(self, catalog_id: str | None = None) -> list[Json]:
        """The extensions of one catalog, or all, in their current state, without lag."""
        return self._documents("extension", catalog_id)

    def policies(self) -> list[Json]:
        """All assignment policies with their stage settings."""
        return self._documents("policy")

    def rows(self, kind: Kind, parent: str | None = None) -> list[Stored]:
        """The objects of a kind, oldest first, and the deleted ones that reads may still return.

        With `parent`, only those inside it.
        """
        sql = f"SELECT {_COLUMNS} FROM objects WHERE kind = ?"  # noqa: S608 - our own column names
        rows = (
            self._connection.execute(f"{sql} ORDER BY seq", (kind,))
            if parent is None
            else self._connection.execute(f"{sql} AND parent = ? ORDER BY seq", (kind, parent))
        )
        return [_stored(row) for row in rows]

    def catalogs_named(self, names: Iterable[str]) -> list[Stored]:
        """The catalogs that have, or had while reads lag, one of these names, given as `folded`.

        Oldest first. All catalogs are read once and cached until the database changes: reading
        7,500 takes 0.1 s.
        """
        (version,) = self._connection.execute(
            "PRAGMA data_version"
        ).fetchone()  # of other connections
        as_of = version, self._connection.total_changes
        if as_of != self._named_as_of:
            self._named, self._named_as_of = {}, as_of
            for row in self.rows("catalog"):
                for name in row.names:
                    self._named.setdefault(name, []).append(row)
        named = {row.seq: row for name in names for row in self._named.get(name, ())}
        return [named[seq] for seq in sorted(named)]

    def find(self, kind: Kind, identity: str, parent: str | None = None) -> Stored | None:
        """The object with that id, ignoring case, or None; with `parent`, only if it is inside
        that.
        """
        row = self._row(kind, identity, parent)
        return row if row and not row.deleted else None

    def read(self, kind: Kind, identity: str, parent: str | None = None) -> Json | None:
        """What a read of the object returns now, None if it is not visible; counts as a read."""
        row = self._row(kind, identity, parent)
        self.note_reads([row] if row else [])
        return row.visible if row else None

    def read_inside(self, kind: Kind, parent: str) -> list[Json]:
        """What a read of everything inside `parent` returns now; counts as a read of each."""
        rows = self.rows(kind, parent)
        self.note_reads(rows)
        return [row.visible for row in rows if row.visible]

    def add(
        self, kind: Kind, document: Json, parent: str | None = None, *, lag: Lag = _NO_LAG
    ) -> None:
        """Insert a new object; reads that lag do not return it yet."""
        self._connection.execute(
            "INSERT INTO objects (kind, id, parent, document, quicker_left, lag_left)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (kind, document["id"].lower(), parent, _text(document), *lag),
        )

    def change(self, kind: Kind, before: Stored, document: Json, *, lag: Lag = _NO_LAG) -> None:
        """Replace an object; reads that lag still return its earlier state."""
        self._connection.execute(
            f"UPDATE objects SET earlier = {_STALE}, document = ?,"  # noqa: S608 - our own names
            " quicker_left = ?, lag_left = ? WHERE kind = ? AND id = ?",
            (_text(document), *lag, kind, before.id),
        )

    def remove(self, kind: Kind, identity: str, *, lag: Lag = _NO_LAG) -> None:
        """Delete an object for good; reads that lag still return its earlier state.

        There is no deleted-items container (docs/graph.md §1.6).
        """
        self._connection.execute(
            f"UPDATE objects SET earlier = {_STALE}, deleted = 1,"  # noqa: S608 - our own names
            " quicker_left = ?, lag_left = ? WHERE kind = ? AND id = ?",
            (*lag, kind, identity),
        )
        self._forget_deleted()

    def note_reads(self, rows: Iterable[Stored]) -> None:
        """Count a read of every lagging row."""
        lagging = [(row.seq,) for row in rows if row.lag_left]
        if lagging:
            self._connection.executemany(
                "UPDATE objects SET quicker_left = max(quicker_left - 1, 0),"
                " lag_left = lag_left - 1 WHERE seq = ? AND lag_left > 0",
                lagging,
            )
            self._forget_deleted()

    def end_lag(self) -> None:
        """From now on reads return every object as it is."""
        self._connection.execute("UPDATE objects SET quicker_left = 0, lag_left = 0")
        self._forget_deleted()

    def switches(self) -> Switches:
        """The switches that `reset` stored; the defaults if it stored none."""
        row = self._connection.execute(
            "SELECT value FROM settings WHERE name = 'switches'"
        ).fetchone()
        return Switches(**json.loads(row[0])) if row else Switches()

    def note_callback_request(self) -> None:
        """Count a request for a trigger's callback URL, which is a secret (docs/graph.md §9.1)."""
        self._connection.execute(
            "INSERT INTO settings VALUES ('callback_requests', '1')"
            " ON CONFLICT (name) DO UPDATE SET value = value + 1"
        )

    def callback_requests(self) -> int:
        """How often a callback URL was requested since the last `reset`, refused requests
        included.
        """
        row = self._connection.execute(
            "SELECT value FROM settings WHERE name = 'callback_requests'"
        ).fetchone()
        return int(row[0]) if row else 0

    def restart(self, records: Iterable[Record], switches: Switches | None) -> None:
        """Replace everything by `records` and keep `switches` for later, in one transaction."""
        with self.writing():
            create_schema(self._connection)
            self._connection.execute("DELETE FROM objects")
            self._connection.execute("DELETE FROM settings")
            if switches:
                value = _text(asdict(switches))
                self._connection.execute("INSERT INTO settings VALUES ('switches', ?)", (value,))
            self._insert(records)

    def _documents(self, kind: Kind, parent: str | None = None) -> list[Json]:
        return [row.document for row in self.rows(kind, parent) if not row.deleted]

    def _row(self, kind: Kind, identity: str, parent: str | None) -> Stored | None:
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM objects"  # noqa: S608 - the columns are a constant
            " WHERE kind = ? AND id = ? AND (? IS NULL OR parent = ?)",
            (kind, identity.lower(), parent, parent),
        ).fetchone()
        return _stored(row) if row else None

    def _forget_deleted(self) -> None:
        self._connection.execute("DELETE FROM objects WHERE deleted AND lag_left = 0")

    def _fill_new(self, records: Iterable[Record]) -> None:
        with self.writing():
            if not is_ready(
                self._connection
            ):  # otherwise another process was first, and seeded it too
                create_schema(self._connection)
                self._insert(records)

    def _insert(self, records: Iterable[Record]) -> None:
        for kind, document, parent in records:
            self.add(kind, document, parent)


def reset(database: Path, *, seed: Path | None = None, switches: Switches | None = None) -> None:
    """Empty the database, fill it with the seed and store the switches for later serves of it.

    Nothing is changed if the seed is invalid. Raises: SeedError, SandboxDatabaseError.
    """
    records = load_seed(seed)
    with Store(database, seed=seed) as store, usable(database):
        store.restart(records, switches)


def _text(document: Json) -> str:
    return json.dumps(document, allow_nan=False)


def _stored(row: sqlite3.Row | tuple[int, str, str, str | None, int, int, int]) -> Stored:
    seq, identity, document, earlier, deleted, *left = row
    earlier_document = json.loads(earlier) if earlier else None
    return Stored(seq, identity, json.loads(document), earlier_document, bool(deleted), *left)
