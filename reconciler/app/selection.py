"""Which catalogs `--catalog` selects."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import UsageError
from reconciler.model.canonical import GUID
from reconciler.model.extension import Catalog, DesiredCatalog, ObservedCatalog
from reconciler.model.wording import similar_names


def may_be_selected(
    desired: Sequence[DesiredCatalog], names: Sequence[str]
) -> Sequence[DesiredCatalog]:
    """The declared catalogs that the names may select: one declared by id may have the name, and
    the reverse.
    """
    requested = {name.casefold() for name in names}
    by_id = any(GUID.fullmatch(name) for name in names)
    return [
        declared
        for declared in desired
        if not names or declared.catalog.id or by_id or _names(declared.catalog) & requested
    ]


def select_read(
    pairs: Sequence[tuple[DesiredCatalog, ObservedCatalog]],
    names: Sequence[str],
    declared: Sequence[DesiredCatalog],
) -> Sequence[tuple[DesiredCatalog, ObservedCatalog]]:
    """The catalogs, once read, that the names select by display name or id, ignoring case; all
    without a name.

    A catalog that could not be read, so that its name or its id is unknown, is selected too.

    Raises:
        UsageError: no declared catalog has the name.
    """
    requested = {name.casefold() for name in names}
    known_names = set[str]().union(*(_names(observed.catalog) for _, observed in pairs))
    unknown = [name for name in names if name.casefold() not in known_names]
    if unknown:
        known = ", ".join(sorted(str(entry.catalog) for entry in declared))
        raise UsageError(
            f"No file declares a catalog named {', '.join(unknown)}.", hint=f"Declared: {known}."
        )
    return [
        pair
        for pair in pairs
        if not names or _names(pair[1].catalog) & requested or _half_known(pair[1])
    ]


def select_live(every: Sequence[Catalog], names: Sequence[str]) -> Sequence[Catalog]:
    """The catalogs of the tenant that the names select by display name or id, ignoring case; all
    without a name.

    Raises:
        UsageError: no catalog has the name.
    """
    requested = {name.casefold() for name in names}
    known = {name: catalog for catalog in every for name in _names(catalog)}
    unknown = [name for name in names if name.casefold() not in known]
    if unknown:
        close = [near for name in unknown for near in similar_names(name, known)]
        near = ", ".join(dict.fromkeys(str(known[name]) for name in close))
        hint = f"Did you mean {near}?" if near else "Without --catalog, every catalog is exported."
        raise UsageError(f"No catalog named {', '.join(unknown)} in this tenant.", hint=hint)
    return [catalog for catalog in every if not names or _names(catalog) & requested]


def _half_known(observed: ObservedCatalog) -> bool:
    return observed.read == "unreadable" and None in (
        observed.catalog.id,
        observed.catalog.display_name,
    )


def _names(catalog: Catalog) -> set[str]:
    return {name.casefold() for name in (catalog.id, catalog.display_name) if name}
