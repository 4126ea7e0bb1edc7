"""Which live object a declaration matches; where that is not certain, the declaration is blocked.

One function for every kind: by id, else by folded name, among objects of one kind in the same
parents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.declaration_keys import Key, conflicting_keys, occupied_keys
from reconciler.model.names import folded
from reconciler.model.objects import Desired, Observed
from reconciler.model.reason import Reason, reason


@dataclass(frozen=True, slots=True)
class Match:
    """A declaration and the live object that it matches.

    `problem` says why the change is blocked. `claims` are the live ids that the declaration names
    or matches, blocked or not: these are not unmanaged. `namesakes` are the live ids that other
    declarations pin under the same name, which may therefore share it.
    """

    desired: Desired
    live: Observed | None = None
    problem: Reason | None = None
    claims: tuple[str, ...] = ()
    namesakes: tuple[str, ...] = ()


def match(desired: Sequence[Desired], live: Sequence[Observed]) -> list[Match]:
    """One match per declaration, in the given order."""
    index = _Index.of(desired, live)
    repeated = _repeated(desired)
    matches = []
    for declaration in desired:
        matched = _match_one(declaration, index)
        problem = repeated.get(id(declaration))
        if problem is not None:
            matched = Match(declaration, problem=problem, claims=matched.claims)
        matches.append(matched)
    return matches


@dataclass(frozen=True, slots=True)
class _Index:
    """The live objects by case-folded id and by folded name; the declarations that pin an id; and
    the live ids that are pinned, by the name that they are declared to have.
    """

    by_id: Mapping[str, Observed]
    by_name: Mapping[str, Sequence[Observed]]
    pins: Mapping[str, Desired]
    sharing: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, desired: Sequence[Desired], live: Sequence[Observed]) -> _Index:
        """The index of these declarations and live objects."""
        by_id = {observed.id.casefold(): observed for observed in live}
        by_name: defaultdict[str, list[Observed]] = defaultdict(list)
        for observed in live:
            by_name[folded(observed.ref.display_name)].append(observed)
        pins = {declared.ref.id.casefold(): declared for declared in desired if declared.ref.id}
        sharing: defaultdict[str, list[str]] = defaultdict(list)
        for pinned_id, declared in pins.items():
            if pinned_id in by_id:
                sharing[folded(declared.ref.display_name)].append(by_id[pinned_id].id)
        return cls(by_id, by_name, pins, sharing)


def _repeated(desired: Sequence[Desired]) -> dict[int, Reason]:
    """Why objects that are declared twice are blocked. Only reading Graph can show that: their
    parent stands once by id and once by name.
    """
    occupants: defaultdict[Key, list[Desired]] = defaultdict(list)
    for declaration in desired:
        for key in occupied_keys(declaration.ref.id, declaration.ref.display_name):
            occupants[key].append(declaration)
    repeated = {}
    for declaration in desired:
        places = _other_places(declaration, occupants)
        if places:
            repeated[id(declaration)] = reason("declared_twice", places=[*dict.fromkeys(places)])
    return repeated


def _other_places(declaration: Desired, occupants: Mapping[Key, Sequence[Desired]]) -> list[str]:
    conflicts = conflicting_keys(declaration.ref.id, declaration.ref.display_name)
    return [
        f"{other.source.file}:{other.source.line}"
        for key in conflicts
        for other in occupants.get(key, ())
        if other is not declaration
    ]


def _match_one(declaration: Desired, index: _Index) -> Match:
    namesakes = index.by_name.get(folded(declaration.ref.display_name), ())
    if declaration.ref.id:
        return _match_pinned(declaration, declaration.ref.id, namesakes, index)
    free = [observed for observed in namesakes if observed.id.casefold() not in index.pins]
    if len(free) == 1:
        return _match_type(declaration, free[0])
    ids = tuple(observed.id for observed in namesakes)
    if len(free) > 1:
        problem = reason("name_ambiguous", count=len(free), ids=[*ids])
        return Match(declaration, problem=problem, claims=ids)
    if namesakes:
        pin = index.pins[namesakes[0].id.casefold()].source
        problem = reason("name_pinned_elsewhere", place=f"{pin.file}:{pin.line}")
        return Match(declaration, problem=problem, claims=ids)
    return Match(declaration)


def _match_pinned(
    declaration: Desired, pinned_id: str, namesakes: Sequence[Observed], index: _Index
) -> Match:
    live = index.by_id.get(pinned_id.casefold())
    if live is None:
        return Match(declaration, problem=reason("pinned_id_absent", id=pinned_id))
    name = folded(declaration.ref.display_name)
    sharing = index.sharing.get(name, ())
    others = [observed.id for observed in namesakes if observed.id not in (live.id, *sharing)]
    if others and folded(live.ref.display_name) != name:
        return Match(
            declaration, problem=reason("new_name_taken", ids=[*others]), claims=(live.id,)
        )
    shared = tuple(sorted(live_id for live_id in sharing if live_id != live.id))
    return replace(_match_type(declaration, live), namesakes=shared)


def _match_type(declaration: Desired, live: Observed) -> Match:
    if live.ref.type == declaration.ref.type:
        return Match(declaration, live, claims=(live.id,))
    problem = reason(
        "type_changed",
        id=live.id,
        live_type=live.ref.type or "unknown",
        type=declaration.ref.type,
    )
    # One of an unknown type stays unmanaged, whatever its name.
    if not live.known:
        return Match(declaration, None, problem)
    return Match(declaration, live, problem, claims=(live.id,))
