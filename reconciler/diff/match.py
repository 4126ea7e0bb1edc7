"""Which live extension a declaration means, if that can be known; what cannot be known is blocked, never guessed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.canonical import folded
from reconciler.model.extension import DesiredExtension, ObservedExtension


@dataclass(frozen=True, slots=True)
class Match:
    """A declaration and the live extension it means.

    `problem` says why no action can follow; `claims` are the live ids it speaks about either way, not unmanaged then.
    """

    desired: DesiredExtension
    live: ObservedExtension | None = None
    problem: str | None = None
    claims: tuple[str, ...] = ()


def match(desired: Sequence[DesiredExtension], live: Sequence[ObservedExtension]) -> list[Match]:
    """One match per declaration of a catalog, in the given order."""
    by_id = {extension.id.casefold(): extension for extension in live}
    by_name: defaultdict[str, list[ObservedExtension]] = defaultdict(list)
    for extension in live:
        by_name[folded(extension.display_name)].append(extension)
    repeated = _repeated(desired)
    pins = {item.pinned_id.casefold(): item for item in desired if item.pinned_id}
    return [repeated.get(id(item)) or _match_one(item, by_id, by_name, pins) for item in desired]


def _repeated(desired: Sequence[DesiredExtension]) -> dict[int, Match]:
    """Declarations of one extension under two ways of addressing its catalog, which only reading Graph joins."""
    keys = Counter(key for item in desired for key in _keys(item))
    repeated = {}
    for item in desired:
        if any(keys[key] > 1 for key in _keys(item)):
            others = [
                f"{other.source.file}:{other.source.line}"
                for other in desired
                if other is not item and set(_keys(other)) & set(_keys(item))
            ]
            problem = f"it is declared a second time at {', '.join(others)}; keep one of the declarations"
            repeated[id(item)] = Match(item, problem=problem)
    return repeated


def _keys(item: DesiredExtension) -> tuple[tuple[str, str], ...]:
    by_name = ("name", folded(item.display_name))
    return (by_name, ("id", item.pinned_id.casefold())) if item.pinned_id else (by_name,)


def _match_one(
    item: DesiredExtension,
    by_id: Mapping[str, ObservedExtension],
    by_name: Mapping[str, Sequence[ObservedExtension]],
    pins: Mapping[str, DesiredExtension],
) -> Match:
    namesakes = by_name.get(folded(item.display_name), ())
    if item.pinned_id:
        return _match_pinned(item, by_id.get(item.pinned_id.casefold()), namesakes)
    free = [extension for extension in namesakes if extension.id.casefold() not in pins]
    if len(free) == 1:
        return _match_type(item, free[0])
    ids = tuple(extension.id for extension in namesakes)
    if len(free) > 1:
        problem = f"{len(free)} live extensions have this name ({', '.join(ids)}); pin the one that is meant with id:"
        return Match(item, problem=problem, claims=ids)
    if namesakes:
        pin = pins[namesakes[0].id.casefold()].source
        problem = (
            f"the live extension of this name is pinned at {pin.file}:{pin.line}; "
            "apply that declaration first, then run again"
        )
        return Match(item, problem=problem, claims=ids)
    return Match(item)


def _match_pinned(
    item: DesiredExtension, live: ObservedExtension | None, namesakes: Sequence[ObservedExtension]
) -> Match:
    if live is None:
        problem = f"no extension of this catalog has the pinned id {item.pinned_id}; correct the id or remove it"
        return Match(item, problem=problem)
    others = tuple(extension.id for extension in namesakes if extension.id != live.id)
    if others and folded(live.display_name) != folded(item.display_name):
        problem = f"the new name is taken by {', '.join(others)}; choose another name or rename that one first"
        return Match(item, problem=problem, claims=(live.id,))
    return _match_type(item, live)


def _match_type(item: DesiredExtension, live: ObservedExtension) -> Match:
    if live.type == item.type:
        return Match(item, live, claims=(live.id,))
    problem = (
        f"the live extension {live.id} is of type {live.type or 'unknown'}, which cannot change to {item.type}; "
        "declare another name, or remove the live one by hand once no policy uses it"
    )
    # One of an unknown type stays unmanaged, whatever its name.
    return Match(item, live if live.known else None, problem, claims=(live.id,) if live.known else ())
