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
    declarations pin under the same name, which may therefore share it. `freed_by` are those that
    have the name now and are declared under another one: they are renamed first.
    """

    desired: Desired
    live: Observed | None = None
    problem: Reason | None = None
    claims: tuple[str, ...] = ()
    namesakes: tuple[str, ...] = ()
    freed_by: tuple[str, ...] = ()


def match(
    desired: Sequence[Desired], live: Sequence[Observed], *, renames: bool = True
) -> list[Match]:
    """One match per declaration, in the given order. Without `renames`, a pinned object must have
    the declared name, if there is one.
    """
    index = _Index.of(desired, live, renames=renames)
    repeated = _repeated(desired)
    matches = []
    for declaration in desired:
        matched = _match_one(declaration, index)
        problem = repeated.get(id(declaration))
        if problem is not None:
            matched = Match(declaration, problem=problem, claims=matched.claims)
        matches.append(matched)
    return _without_cycles(matches)


def _without_cycles(matches: Sequence[Match]) -> list[Match]:
    """The matches; those that wait for each other's name are blocked: none can be renamed first."""
    awaited = {each.live.id: each.freed_by for each in matches if each.live and each.freed_by}
    result = []
    for each in matches:
        cycle = _cycle(each.live.id, awaited) if each.live and each.freed_by else ()
        problem = reason("renames_in_a_circle", ids=[*cycle]) if cycle else each.problem
        result.append(replace(each, problem=problem))
    return result


def _cycle(live_id: str, awaited: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The ids on the way from this object back to itself, along those that are renamed first; ()
    if there is no such way.
    """
    way = [live_id]
    for current in way:
        way += [other for other in awaited.get(current, ()) if other not in way]
    returns = any(live_id in awaited.get(other, ()) for other in way)
    return way if returns else ()


@dataclass(frozen=True, slots=True)
class _Index:
    """The live objects by case-folded id and by folded name; the declarations that pin an id; and
    the live ids that are pinned, by the name that they are declared to have. `renames`: an object
    can get another name.
    """

    by_id: Mapping[str, Observed]
    by_name: Mapping[str, Sequence[Observed]]
    pins: Mapping[str, Desired]
    sharing: Mapping[str, Sequence[str]]
    renames: bool

    @classmethod
    def of(cls, desired: Sequence[Desired], live: Sequence[Observed], *, renames: bool) -> _Index:
        """The index of these declarations and live objects."""
        by_id = {observed.id.casefold(): observed for observed in live}
        by_name: defaultdict[str, list[Observed]] = defaultdict(list)
        for observed in live:
            by_name[folded(observed.ref.display_name)].append(observed)
        pins = {declared.ref.id.casefold(): declared for declared in desired if declared.ref.id}
        sharing: defaultdict[str, list[str]] = defaultdict(list)
        for pinned_id, declared in pins.items():
            if pinned_id in by_id and not declared.absent:
                sharing[folded(declared.ref.display_name)].append(by_id[pinned_id].id)
        return cls(by_id, by_name, pins, sharing, renames)

    def is_taken(self, live: Observed) -> bool:
        """True if another declaration pins the object, so that a name cannot mean it.

        One that is only found can have several declarations, and a name can mean it nevertheless.
        """
        return self.renames and live.id.casefold() in self.pins


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
    if declaration.ref.id and declaration.absent:
        return _match_absent(declaration, index.by_id.get(declaration.ref.id.casefold()))
    if declaration.ref.id:
        return _match_pinned(declaration, declaration.ref.id, namesakes, index)
    free = [observed for observed in namesakes if not index.is_taken(observed)]
    if len(free) == 1:
        return _match_only(declaration, free[0], namesakes, index)
    ids = tuple(observed.id for observed in namesakes)
    if len(free) > 1:
        return Match(declaration, problem=_ambiguous(declaration, free, ids), claims=ids)
    if namesakes and not declaration.absent:
        return Match(declaration, problem=_pinned_elsewhere(namesakes, index), claims=ids)
    return Match(declaration)


def _match_only(
    declaration: Desired, live: Observed, namesakes: Sequence[Observed], index: _Index
) -> Match:
    """The match with the only live object of the name that no declaration pins. To replace it, the
    name must be free of pinned ones too: the replacement is a create.
    """
    match = _match_type(declaration, live)
    replaces = match.problem is None and live.ref.type != declaration.ref.type
    pinned = [observed for observed in namesakes if observed is not live]
    if replaces and pinned and not declaration.absent:
        return replace(match, problem=_pinned_elsewhere(pinned, index))
    return match


def _ambiguous(declaration: Desired, free: Sequence[Observed], ids: Sequence[str]) -> Reason:
    """Why several live objects of the name block the declaration; of two, one of the declared type
    and one of another, a replacement has not been finished.
    """
    same_type = [live for live in free if live.ref.type == declaration.ref.type]
    if declaration.absent or len(free) != 2 or len(same_type) != 1:
        return reason("name_ambiguous", count=len(free), ids=[*ids])
    [new], [old] = same_type, [live for live in free if live not in same_type]
    name = declaration.ref.display_name
    return reason("replace_unfinished", new_id=new.id, old_id=old.id, name=name)


def _pinned_elsewhere(namesakes: Sequence[Observed], index: _Index) -> Reason:
    """Why no declaration by name matches: every live object of the name is declared by its id."""
    pin = index.pins[namesakes[0].id.casefold()]
    place = f"{pin.source.file}:{pin.source.line}"
    if pin.absent:
        return reason("name_freed_by_delete", id=namesakes[0].id, place=place)
    return reason("name_pinned_elsewhere", place=place)


def _match_absent(declaration: Desired, live: Observed | None) -> Match:
    """The match by id of what must not exist; an object that has been renamed is not deleted."""
    if live is None:
        return Match(declaration)
    name = declaration.ref.display_name
    if name is not None and folded(name) != folded(live.ref.display_name):
        problem = reason("absent_under_other_name", id=live.id, live_name=live.ref.display_name)
        return Match(declaration, live, problem, claims=(live.id,))
    return _match_type(declaration, live)


def _match_pinned(
    declaration: Desired, pinned_id: str, namesakes: Sequence[Observed], index: _Index
) -> Match:
    live = index.by_id.get(pinned_id.casefold())
    if live is None:
        return Match(declaration, problem=reason("pinned_id_absent", id=pinned_id))
    if not index.renames:
        return _match_named(declaration, live)
    name = folded(declaration.ref.display_name)
    sharing = index.sharing.get(name, ())
    others = [observed.id for observed in namesakes if observed.id not in (live.id, *sharing)]
    renamed = folded(live.ref.display_name) != name
    if renamed and not all(_is_renamed(other, index) for other in others):
        return Match(declaration, problem=_new_name_taken(others, index), claims=(live.id,))
    shared = tuple(sorted(live_id for live_id in sharing if live_id != live.id))
    freed_by = tuple(sorted(others)) if renamed else ()
    return replace(_match_type(declaration, live), namesakes=shared, freed_by=freed_by)


def _match_named(declaration: Desired, live: Observed) -> Match:
    """The match by id of an object that is never renamed: a declared name must be the live one."""
    name, live_name = declaration.ref.display_name, live.ref.display_name
    if name is None or folded(name) == folded(live_name):
        return Match(declaration, live, claims=(live.id,))
    problem = reason("pinned_under_other_name", id=live.id, live_name=live_name)
    return Match(declaration, live, problem, claims=(live.id,))


def _is_renamed(live_id: str, index: _Index) -> bool:
    """True if a declaration gives this object, by its id, another name than it has."""
    pin = index.pins.get(live_id.casefold())
    if pin is None or pin.absent:
        return False
    live_name = index.by_id[live_id.casefold()].ref.display_name
    return folded(pin.ref.display_name) != folded(live_name)


def _new_name_taken(others: Sequence[str], index: _Index) -> Reason:
    """Why a rename is blocked; the name of what is deleted in the same run is not free yet."""
    pin = index.pins.get(others[0].casefold())
    if len(others) == 1 and pin is not None and pin.absent:
        place = f"{pin.source.file}:{pin.source.line}"
        return reason("name_freed_by_delete", id=others[0], place=place)
    return reason("new_name_taken", ids=[*others])


def _match_type(declaration: Desired, live: Observed) -> Match:
    """The match with a live object, which may be of another type: it is replaced then."""
    problem = _type_problem(declaration, live)
    # One of an unknown type stays unmanaged, whatever its name.
    if problem is not None and not live.known:
        return Match(declaration, None, problem)
    return Match(declaration, live, problem, claims=(live.id,))


def _type_problem(declaration: Desired, live: Observed) -> Reason | None:
    """Why the type of the live object blocks the declaration."""
    declared, live_type = declaration.ref.type, live.ref.type or "unknown"
    if declaration.absent and declared is None:
        return None if live.known else reason("type_unknown", id=live.id, live_type=live_type)
    if live.ref.type == declared:
        return None
    if declaration.absent:
        return reason("absent_of_other_type", id=live.id, live_type=live_type)
    if live.known and not declaration.ref.id:
        return None
    code = "type_changed_pinned" if live.known else "type_changed"
    return reason(code, id=live.id, live_type=live_type, type=declared)
