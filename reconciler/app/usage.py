"""The use case usage: who calls the extensions of the declared catalogs, and what they call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.app.runs import Progress
from reconciler.loader import LoadedState
from reconciler.model.kind import Kind
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, ObservedScope, Referring
from reconciler.model.usage import ScopeUsage, Usage, UsedObject
from reconciler.plan.uses import used_by
from reconciler.settings import Settings

KIND = "extension"


async def usage(
    settings: Settings, variables: Mapping[str, str], declared: LoadedState, progress: Progress
) -> Usage:
    """The use of every live extension in the declared catalogs; reads Graph, writes nothing.

    Raises:
        UsageError: no file declares a catalog that --catalog names.
    """
    from reconciler.app.connection import connect
    from reconciler.app.kinds import KINDS
    from reconciler.app.referring import referring_inside
    from reconciler.app.steps import observed

    kind = KINDS.named(KIND)
    async with connect(settings, variables, progress.remark) as connection:
        pairs = await observed(connection, declared.scopes, progress)
        # Files may address a catalog by its name and by its id; it is shown once.
        parents = {scope.parent: scope for _, scope in pairs if scope.parent is not None}
        complete = [ref for ref, scope in parents.items() if scope.read == "complete"]
        referring = await referring_inside(connection.graph, KINDS, KIND, complete, progress)
    by_name = sorted(parents, key=lambda ref: (folded(ref.display_name), ref.id or ""))
    used = (_scope(kind, ref, parents[ref], referring.get(ref)) for ref in by_name)
    return Usage(KIND, kind.parents[0], tuple(used))


def _scope(
    kind: Kind, parent: ObjectRef, scope: ObservedScope, referring: Referring | None
) -> ScopeUsage:
    """The objects of one parent with their uses; none without `referring`."""
    if referring is None:
        return ScopeUsage(parent, scope.read, reason=scope.reason)
    listed = [observed for observed in scope.objects if observed.ref.kind == kind.name]
    objects = [
        _used(observed.ref, kind.target(observed), referring, listed=True) for observed in listed
    ]
    ids = {observed.id.casefold() for observed in listed}
    objects += [
        _used(ref, None, referring, listed=False) for ref in _unlisted(kind, referring, ids)
    ]
    ordered = sorted(objects, key=lambda used: (folded(used.ref.display_name), used.ref.id or ""))
    return ScopeUsage(parent, scope.read, tuple(ordered), incomplete=referring.incomplete)


def _used(ref: ObjectRef, target: str | None, referring: Referring, *, listed: bool) -> UsedObject:
    """The object with its uses; no use is only concluded if everything was read."""
    uses = used_by(referring.objects, ref)
    known = uses or referring.incomplete is None
    return UsedObject(ref, target, uses if known else None, listed)


def _unlisted(kind: Kind, referring: Referring, ids: set[str]) -> Iterator[ObjectRef]:
    """Every object of the kind that is referred to by an id that its parent does not list."""
    seen = {*ids}
    for observed in referring.objects:
        for value in observed.properties.values():
            if not isinstance(value, ObjectRef) or value.kind != kind.name or value.id is None:
                continue
            if value.id.casefold() not in seen:
                seen.add(value.id.casefold())
                yield value
