"""Warnings of a plan about single changes, extensions and catalogs, each with its place
and a hint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.extension import DesiredExtension, ObservedCatalog, ObservedExtension
from reconciler.model.plan import Change
from reconciler.model.types import LOGIC_APP


def findings(
    changes: Sequence[Change],
    merged: Iterable[tuple[ObservedCatalog, Sequence[DesiredExtension]]],
    *,
    app_only: bool,
) -> Iterator[Diagnostic]:
    """R301 to R304, in the order of the changes and catalogs."""
    if app_only:
        yield from (
            _without_url(change) for change in changes if _lets_graph_look_up_the_logic_app(change)
        )
    updates = {
        change.extension.id: change for change in changes if change.action in ("update", "rename")
    }
    for observed, desired in merged:
        if observed.read != "complete" and not desired:
            end = "" if observed.because.endswith(("?", ".")) else "."
            message = f"Catalog {observed.catalog} is {observed.read}: {observed.because}{end}"
            yield Diagnostic(
                "R303",
                "warning",
                message,
                "No file declares an extension in it. Correct or remove its declaration.",
            )
        for live in observed.extensions:
            if not live.known:
                yield _of_unknown_type(live, observed)
            if live.unknown and live.id in updates:
                yield _with_unknown_properties(live, updates[live.id])


def _without_url(change: Change) -> Diagnostic:
    return Diagnostic(
        "R301",
        "warning",
        f'"{change.extension.display_name}" has no endpointConfiguration/url. Graph has rejected'
        " such a write by an application (UnauthorizedClientAppOnBehalfOfUnsupported): it looks up"
        " the url with the Azure permissions of the signed-in user, and there is no user.",
        "Declare url: the address of the Logic App's trigger without sig, sp and sv.",
        change.source,
    )


def _of_unknown_type(live: ObservedExtension, observed: ObservedCatalog) -> Diagnostic:
    return Diagnostic(
        "R302",
        "warning",
        f'"{live.display_name}" ({live.id}) in catalog {observed.catalog} is of the unknown type'
        f' "{live.type}".',
        "Nothing to do: it is listed as unmanaged and never changed.",
    )


def _with_unknown_properties(live: ObservedExtension, change: Change) -> Diagnostic:
    return Diagnostic(
        "R304",
        "warning",
        f'"{change.extension.display_name}" ({live.id}) has undocumented properties: '
        f"{', '.join(sorted(live.unknown))}. An update does not send them.",
        "Check them after the apply, which reports the update as failed if they are gone.",
        change.source,
    )


def _lets_graph_look_up_the_logic_app(change: Change) -> bool:
    """True for a create without url, and for an update to another Logic App without one
    (docs/graph.md §2.6).
    """
    after = {
        row.path[1]: row.after
        for row in change.fields
        if row.path[0] == "endpointConfiguration" and row.path[1:]
    }
    return (
        change.action != "blocked"
        and any(name in after for name in LOGIC_APP)
        and after.get("url") is None
    )
