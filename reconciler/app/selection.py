"""Which of the declared catalogs `--catalog` means."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from reconciler.errors import UsageError
from reconciler.model.canonical import GUID
from reconciler.model.extension import Catalog, DesiredCatalog, ObservedCatalog


def may_be_meant(desired: Sequence[DesiredCatalog], names: Sequence[str]) -> Sequence[DesiredCatalog]:
    """The catalogs that the names may mean: one declared by id may turn out to have the name, and the reverse."""
    wanted = {name.casefold() for name in names}
    by_id = any(GUID.fullmatch(name) for name in names)
    return [one for one in desired if not names or one.catalog.id or by_id or _names(one.catalog) & wanted]


def meant(
    pairs: Sequence[tuple[DesiredCatalog, ObservedCatalog]], names: Sequence[str], declared: Sequence[DesiredCatalog]
) -> Sequence[tuple[DesiredCatalog, ObservedCatalog]]:
    """Those of the read catalogs that the names mean, by display name or id, ignoring case; all without a name.

    One that could not be read, and of which the name or the id is therefore unknown, may be meant too: it stays.

    Raises:
        UsageError: a name is that of no declared catalog.
    """
    wanted = {name.casefold() for name in names}
    found_names = set[str]().union(*(_names(found.catalog) for _, found in pairs))
    unknown = [name for name in names if name.casefold() not in found_names]
    if unknown:
        known = ", ".join(sorted(str(one.catalog) for one in declared))
        raise UsageError(f"--catalog names what no file declares: {', '.join(unknown)}.", hint=f"Declared: {known}.")
    return [pair for pair in pairs if not names or _names(pair[1].catalog) & wanted or _half_known(pair[1])]


def live_ones(every: Sequence[Catalog], names: Sequence[str]) -> Sequence[Catalog]:
    """Those of the tenant's catalogs that the names mean, by display name or id, ignoring case; all without a name.

    Raises:
        UsageError: a name is that of no catalog.
    """
    wanted = {name.casefold() for name in names}
    known = {name: catalog for catalog in every for name in _names(catalog)}
    unknown = [name for name in names if name.casefold() not in known]
    if unknown:
        close = [near for name in unknown for near in difflib.get_close_matches(name.casefold(), known, n=3)]
        near = ", ".join(dict.fromkeys(str(known[name]) for name in close))
        hint = f"Did you mean {near}?" if near else "Without --catalog, every catalog is exported."
        raise UsageError(f"--catalog names what the tenant does not have: {', '.join(unknown)}.", hint=hint)
    return [catalog for catalog in every if not names or _names(catalog) & wanted]


def _half_known(observed: ObservedCatalog) -> bool:
    return observed.read == "unreadable" and None in (observed.catalog.id, observed.catalog.display_name)


def _names(catalog: Catalog) -> set[str]:
    return {name.casefold() for name in (catalog.id, catalog.display_name) if name}
