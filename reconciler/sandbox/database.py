"""Opening the sandbox's SQLite file; any other file is refused, with what to do.

WAL and a busy timeout let two processes serve one file. `synchronous=NORMAL` is sufficient for
SIGKILL, because the operating system has a committed page before the answer is sent.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from reconciler.sandbox.errors import SandboxDatabaseError

APPLICATION_ID: Final = 0x47534258  # "GSBX": identifies the sandbox's files
VERSION: Final = 3
OWN_FOLDER: Final = ".reconciler"
BUSY_TIMEOUT_S: Final = 10.0

# All kinds of object share a table: to Graph each is a
# JSON document with an id, and paging, order and lag then need to be written only once.
Kind = Literal["catalog", "accessPackage", "extension", "policy", "logicApp"]
SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    (
        "CREATE TABLE IF NOT EXISTS objects ("
        "seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, parent TEXT,"
        " document TEXT NOT NULL, earlier TEXT, deleted INTEGER NOT NULL DEFAULT 0,"
        " quicker_left INTEGER NOT NULL DEFAULT 0, lag_left INTEGER NOT NULL DEFAULT 0,"
        " UNIQUE (kind, id))"
    ),
    "CREATE INDEX IF NOT EXISTS objects_by_parent ON objects (kind, parent)",
)


def connect(database: Path) -> tuple[sqlite3.Connection, bool]:
    """An open connection in autocommit mode, and whether the file was new (no tables yet).

    Missing folders are created; one named `.reconciler` gets a `.gitignore`. A new file gets no
    tables here, so that seeding can be one transaction.
    Raises: SandboxDatabaseError if the file is not a database, not a sandbox database, or cannot be
        opened.
    """
    with usable(database):
        _make_folder(database.parent)
        if database.exists() and not database.is_file():
            raise SandboxDatabaseError(_unusable(database, "it is not a regular file"))
        connection = sqlite3.connect(database, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            new = _is_new(connection, database)
            _use_wal(connection)
        except BaseException:
            connection.close()
            raise
    return connection, new


@contextmanager
def usable(database: Path) -> Iterator[None]:
    """Turns errors of SQLite and of the disk within the block into ours, with the name of the
    database.

    Raises: SandboxDatabaseError.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise SandboxDatabaseError(_unusable(database, str(error))) from error


def _make_folder(folder: Path) -> None:
    """Creates missing folders; ours gets a `.gitignore`, because the sandbox's state must not be
    committed.
    """
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == OWN_FOLDER:
        (folder / ".gitignore").write_text("*\n")


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that holds the write lock from its start, so a read and a write in it are
    one.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def create_schema(connection: sqlite3.Connection) -> None:
    """Create missing tables and identify the file as the sandbox's; inside the caller's
    transaction.
    """
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def is_ready(connection: sqlite3.Connection) -> bool:
    """Whether the tables exist; another process may have created them since the file was opened."""
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'objects'").fetchone())


def _is_new(connection: sqlite3.Connection, database: Path) -> bool:
    # One statement, so one snapshot: another process may be creating the file at the same time.
    application, version, tables = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if not tables:
        return True
    if application != APPLICATION_ID:
        raise SandboxDatabaseError(_unusable(database, "it belongs to another program"))
    if version != VERSION:
        raise SandboxDatabaseError(
            _unusable(
                database,
                f"it has schema version {version}, but this reconciler needs version {VERSION}",
            )
        )
    return False


def _use_wal(connection: sqlite3.Connection) -> None:
    # The state has to survive the end of this process, and not a power failure.
    connection.execute("PRAGMA synchronous = OFF")
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            # SQLite does not apply the busy timeout to this; two processes may start at the same
            # moment.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _unusable(database: Path, reason: str) -> str:
    return (
        f"{database} cannot be used as a sandbox database: {reason}. Choose another file with"
        " --sandbox-db, or move this file away: a new one is then created and seeded."
    )
