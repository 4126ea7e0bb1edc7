"""Pages of a collection: order, size and the opaque token of the next one (docs/graph.md §1.4).

A token holds the listing's random seed and the position of the last object. No state is kept
between requests: any process that serves the database can answer the next page, and new or deleted
objects do not move the others.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import bad_request
from reconciler.sandbox.filters import Predicate
from reconciler.sandbox.switches import Switches

if TYPE_CHECKING:  # see exchange.py
    from reconciler.sandbox.store import Stored

_SEED_BYTES: Final = 8
_LAYOUT: Final = struct.Struct(f">{_SEED_BYTES}sQB")
_CHECKSUM_BYTES: Final = 4
_LARGEST: Final = 2**63


@dataclass(frozen=True)
class Cursor:
    """The state of a listing: the last position, and whether its empty page was already
    answered.
    """

    seed: bytes
    after: int = 0
    empty_given: bool = False


@dataclass(frozen=True)
class Page:
    """The `documents` of a page, the rows that were `read` for it, and the cursor of the `next`
    page, if any.
    """

    documents: list[Json]
    read: list[Stored]
    next: Cursor | None


def turn(
    rows: Sequence[Stored], cursor: Cursor, matches: Predicate, size: int, switches: Switches
) -> Page:
    """The page at `cursor`, at most `size` objects; objects that are not yet visible make it
    shorter.
    """
    if switches.empty_pages and not cursor.empty_given:
        return Page([], [], replace(cursor, empty_given=True))
    documents: list[Json] = []
    read: list[Stored] = []
    for row in _remaining(rows, cursor, switches):
        document = row.visible
        shown = document is not None and matches(document)
        if shown and len(documents) >= size:
            return Page(documents, read, Cursor(cursor.seed, _last(read, cursor, switches)))
        if document is not None and shown:
            documents.append(document)
        read.append(row)
    return Page(documents, read, None)


def encode(cursor: Cursor) -> str:
    """The cursor as a token that looks random, because it is opaque to clients."""
    masked = _masked(_LAYOUT.pack(cursor.seed, cursor.after, cursor.empty_given))
    return base64.urlsafe_b64encode(masked + _checksum(masked)).decode().rstrip("=")


def decode(token: str | None) -> Cursor:
    """The cursor of a token; without one, the start of a new listing with a new seed.

    Raises: GraphError 400 for a token that the sandbox did not issue.
    """
    if token is None:
        return Cursor(secrets.token_bytes(_SEED_BYTES))
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raw = b""
    masked, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    if len(masked) != _LAYOUT.size or checksum != _checksum(masked):
        raise bad_request("The skip token is not valid.")
    seed, after, empty_given = _LAYOUT.unpack(_masked(masked))
    return Cursor(seed, after, bool(empty_given))


def _remaining(rows: Sequence[Stored], cursor: Cursor, switches: Switches) -> list[Stored]:
    ordered = sorted((_position(row, cursor.seed, switches), row.seq, row) for row in rows)
    return [row for position, _, row in ordered if position > cursor.after]


def _last(read: Sequence[Stored], cursor: Cursor, switches: Switches) -> int:
    return _position(read[-1], cursor.seed, switches) if read else cursor.after


def _position(row: Stored, seed: bytes, switches: Switches) -> int:
    """From 1 up; in a shuffle it depends on the seed, so the order is the same within one listing
    only.
    """
    if switches.list_order == "insertion":
        return row.seq
    if switches.list_order == "reverse":
        return _LARGEST - row.seq
    return (int.from_bytes(hashlib.sha256(seed + row.id.encode()).digest()[:8]) >> 1) + 1


def _masked(packed: bytes) -> bytes:
    """The bytes with all but the seed masked; applied twice, the bytes as they were."""
    seed, data = packed[:_SEED_BYTES], packed[_SEED_BYTES:]
    pad = hashlib.sha256(b"mask" + seed).digest()
    return seed + bytes(byte ^ padding for byte, padding in zip(data, pad, strict=False))


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(b"sum" + data).digest()[:_CHECKSUM_BYTES]
