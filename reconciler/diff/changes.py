"""What would have to change in one catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.diff.compare import compare, leaves
from reconciler.diff.match import Match, match
from reconciler.model.canonical import sha256, without_nulls
from reconciler.model.extension import (
    Catalog,
    DesiredExtension,
    ExtensionRef,
    ObservedCatalog,
    ObservedExtension,
)
from reconciler.model.plan import Change, FieldChange, Precondition, Unmanaged


@dataclass(frozen=True, slots=True)
class CatalogDiff:
    """The changes of one catalog, the number of unchanged extensions, and the live ones that no
    file declares.
    """

    changes: tuple[Change, ...]
    unchanged: int
    unmanaged: tuple[Unmanaged, ...]


def diff_catalog(observed: ObservedCatalog, desired: Sequence[DesiredExtension]) -> CatalogDiff:
    """The difference between the desired and the observed extensions of one catalog.

    A catalog that is absent or unreadable blocks every extension declared in it, and has no
    unmanaged ones.
    """
    if observed.read != "complete":
        blocked = (_blocked(observed.catalog, extension, observed.because) for extension in desired)
        return CatalogDiff(tuple(blocked), 0, ())
    matches = match(desired, observed.extensions)
    changes = [_change(observed.catalog, matched) for matched in matches]
    claimed = {live_id for matched in matches for live_id in matched.claims}
    return CatalogDiff(
        changes=tuple(change for change in changes if change is not None),
        unchanged=changes.count(None),
        unmanaged=tuple(
            Unmanaged(observed.catalog, live.ref)
            for live in observed.extensions
            if live.id not in claimed
        ),
    )


def fingerprint(live: ObservedExtension) -> str:
    """What must be the same right before a write: a hash of type, id and every writable property,
    declared or not.

    Nulls are left out: a listing may leave out what a single object shows as null
    (docs/graph.md §2.9).
    """
    return sha256({"id": live.id, "type": live.type, "properties": without_nulls(live.properties)})


def _change(catalog: Catalog, matched: Match) -> Change | None:
    desired, live = matched.desired, matched.live
    if matched.problem is not None:
        return _blocked(catalog, desired, matched.problem, live)
    if live is None:
        return Change(
            action="create",
            catalog=catalog,
            extension=ExtensionRef(None, desired.display_name, desired.type),
            because="no extension of this catalog has this name",
            fields=leaves(desired.properties),
            precondition=Precondition(exists=False),
            source=desired.source,
        )
    fields = compare(desired.properties, live.properties)
    if not fields:
        return None
    renamed = any(row.path == ("displayName",) for row in fields)
    return Change(
        action="rename" if renamed else "update",
        catalog=catalog,
        extension=ExtensionRef(live.id, desired.display_name, desired.type),
        because=_because(fields, desired, live),
        fields=fields,
        precondition=Precondition(
            exists=True,
            fingerprint=fingerprint(live),
            namesakes=matched.namesakes if renamed else (),
        ),
        source=desired.source,
        last_modified_at=live.last_modified_at,
        last_modified_by=live.last_modified_by,
    )


def _because(
    fields: Sequence[FieldChange], desired: DesiredExtension, live: ObservedExtension
) -> str:
    declared = {row.path for row in leaves(desired.properties)}
    changed = sum(row.path in declared for row in fields if row.path != ("displayName",))
    differ = (
        f"{changed} of {len(declared)} declared properties"
        f" {'differs' if changed == 1 else 'differ'}"
    )
    if all(row.path != ("displayName",) for row in fields):
        return differ
    pinned, spelled = (
        "it is pinned by id and its live name is",
        "its name differs only in spelling from the live name",
    )
    name = f'{pinned if desired.pinned_id else spelled} "{live.display_name}"'
    return f"{name}; {differ}" if changed else name


def _blocked(
    catalog: Catalog, desired: DesiredExtension, because: str, live: ObservedExtension | None = None
) -> Change:
    return Change(
        action="blocked",
        catalog=catalog,
        extension=ExtensionRef(
            live.id if live else desired.pinned_id, desired.display_name, desired.type
        ),
        because=because,
        source=desired.source,
    )
