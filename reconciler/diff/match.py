"""Which live extension a declaration matches; where that is not certain, the declaration is
blocked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.canonical import folded
from reconciler.model.declaration_keys import Key, conflicting_keys, occupied_keys
from reconciler.model.extension import DesiredExtension, ObservedExtension


@dataclass(frozen=True, slots=True)
class Match:
    """A declaration and the live extension that it matches.

    `problem` says why the change is blocked. `claims` are the live ids that the declaration names
    or matches, blocked or not: these are not unmanaged. `namesakes` are the live ids that other
    declarations pin under the same name, which may therefore share it.
    """

    desired: DesiredExtension
    live: ObservedExtension | None = None
    problem: str | None = None
    claims: tuple[str, ...] = ()
    namesakes: tuple[str, ...] = ()


def match(desired: Sequence[DesiredExtension], live: Sequence[ObservedExtension]) -> list[Match]:
    """One match per declaration of a catalog, in the given order."""
    by_id = {extension.id.casefold(): extension for extension in live}
    by_name: defaultdict[str, list[ObservedExtension]] = defaultdict(list)
    for extension in live:
        by_name[folded(extension.display_name)].append(extension)
    repeated = _repeated(desired)
    pins = {item.pinned_id.casefold(): item for item in desired if item.pinned_id}
    sharing = _live_by_declared_name(pins, by_id)
    return [
        repeated.get(id(item)) or _match_one(item, by_id, by_name, pins, sharing)
        for item in desired
    ]


def _repeated(desired: Sequence[DesiredExtension]) -> dict[int, Match]:
    """Extensions declared twice, with their catalog once by id and once by name, which only reading
    Graph can show.
    """
    occupants: defaultdict[Key, list[DesiredExtension]] = defaultdict(list)
    for item in desired:
        for key in occupied_keys(item.pinned_id, item.display_name):
            occupants[key].append(item)
    repeated = {}
    for item in desired:
        places = [
            f"{other.source.file}:{other.source.line}"
            for key in conflicting_keys(item.pinned_id, item.display_name)
            for other in occupants.get(key, ())
            if other is not item
        ]
        if places:
            others = ", ".join(dict.fromkeys(places))
            problem = f"it is also declared at {others}; keep only one of the declarations"
            repeated[id(item)] = Match(item, problem=problem)
    return repeated


def _live_by_declared_name(
    pins: Mapping[str, DesiredExtension], by_id: Mapping[str, ObservedExtension]
) -> Mapping[str, Sequence[str]]:
    """The live ids that are pinned, by the name that they are declared to have."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for pinned_id, item in pins.items():
        if pinned_id in by_id:
            ids[folded(item.display_name)].append(by_id[pinned_id].id)
    return ids


def _match_one(
    item: DesiredExtension,
    by_id: Mapping[str, ObservedExtension],
    by_name: Mapping[str, Sequence[ObservedExtension]],
    pins: Mapping[str, DesiredExtension],
    sharing: Mapping[str, Sequence[str]],
) -> Match:
    namesakes = by_name.get(folded(item.display_name), ())
    if item.pinned_id:
        live = by_id.get(item.pinned_id.casefold())
        return _match_pinned(item, live, namesakes, sharing.get(folded(item.display_name), ()))
    free = [extension for extension in namesakes if extension.id.casefold() not in pins]
    if len(free) == 1:
        return _match_type(item, free[0])
    ids = tuple(extension.id for extension in namesakes)
    if len(free) > 1:
        problem = (
            f"{len(free)} live extensions have this name; add the id: of the one to manage"
            f" ({', '.join(ids)})"
        )
        return Match(item, problem=problem, claims=ids)
    if namesakes:
        pin = pins[namesakes[0].id.casefold()].source
        problem = (
            f"the live extension of this name is pinned at {pin.file}:{pin.line}; "
            "apply that declaration first, then plan again"
        )
        return Match(item, problem=problem, claims=ids)
    return Match(item)


def _match_pinned(
    item: DesiredExtension,
    live: ObservedExtension | None,
    namesakes: Sequence[ObservedExtension],
    sharing: Sequence[str],
) -> Match:
    if live is None:
        problem = (
            f"no extension of this catalog has the pinned id {item.pinned_id}; correct the id or"
            " remove it"
        )
        return Match(item, problem=problem)
    others = [extension.id for extension in namesakes if extension.id not in (live.id, *sharing)]
    if others and folded(live.display_name) != folded(item.display_name):
        problem = (
            f"the new name is already used by {', '.join(others)}; choose another name, rename that"
            " extension first, or declare it too, with its id"
        )
        return Match(item, problem=problem, claims=(live.id,))
    shared = tuple(sorted(live_id for live_id in sharing if live_id != live.id))
    return replace(_match_type(item, live), namesakes=shared)


def _match_type(item: DesiredExtension, live: ObservedExtension) -> Match:
    if live.type == item.type:
        return Match(item, live, claims=(live.id,))
    problem = (
        f"the live extension {live.id} is of type {live.type or 'unknown'}, which cannot be changed"
        f" to {item.type}; declare another name, or delete the live extension in the admin center"
        " once no policy uses it"
    )
    # One of an unknown type stays unmanaged, whatever its name.
    return Match(
        item, live if live.known else None, problem, claims=(live.id,) if live.known else ()
    )
