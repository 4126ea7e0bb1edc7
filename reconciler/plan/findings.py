"""What a plan's reader should know beside the changes: one warning for each fact, with its place and a way out."""

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
    """What the reader of a plan should know about single changes, extensions and catalogs."""
    if app_only:
        yield from (_without_url(change) for change in changes if _lets_graph_look_up_the_logic_app(change))
    updates = {change.extension.id: change for change in changes if change.action in ("update", "rename")}
    for found, wanted in merged:
        if found.read != "complete" and not wanted:
            end = "" if found.because.endswith(("?", ".")) else "."
            message = f"Catalog {found.catalog} is {found.read}: {found.because}{end}"
            yield Diagnostic(
                "R303", "warning", message, "Nothing is declared in it; correct or remove its declaration."
            )
        for live in found.extensions:
            if not live.known:
                yield _of_unknown_type(live, found)
            if live.unknown and live.id in updates:
                yield _with_unknown_properties(live, updates[live.id])


def _without_url(change: Change) -> Diagnostic:
    return Diagnostic(
        "R301",
        "warning",
        f"“{change.extension.display_name}” is written by an application without endpointConfiguration/url; Graph "
        "has refused that (UnauthorizedClientAppOnBehalfOfUnsupported), there being no user whose Azure rights "
        "could be used.",
        "Declare url: the trigger's address without sig, sp and sv.",
        change.source,
    )


def _of_unknown_type(live: ObservedExtension, found: ObservedCatalog) -> Diagnostic:
    return Diagnostic(
        "R302",
        "warning",
        f"“{live.display_name}” ({live.id}) in catalog {found.catalog} is of the unknown type “{live.type}”.",
        "Nothing to do: it is listed as unmanaged and never touched.",
    )


def _with_unknown_properties(live: ObservedExtension, change: Change) -> Diagnostic:
    return Diagnostic(
        "R304",
        "warning",
        f"“{change.extension.display_name}” ({live.id}) has properties that are not documented: "
        f"{', '.join(sorted(live.unknown))}. An update does not send them.",
        "Look at them after the apply, which fails if they are gone.",
        change.source,
    )


def _lets_graph_look_up_the_logic_app(change: Change) -> bool:
    """True for a create without url, and for an update to another Logic App without one (docs/graph.md §2.6)."""
    after = {row.path[1]: row.after for row in change.fields if row.path[0] == "endpointConfiguration" and row.path[1:]}
    return change.action != "blocked" and any(name in after for name in LOGIC_APP) and after.get("url") is None
