"""Which part of a live object can be declared: what the loader accepts, and the plan then reports
as unchanged.

There are no rules here. A candidate is written as YAML and read by the loader; for each error the
smallest optional part is omitted, and the rest is read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.declarable.names import Names
from reconciler.declarable.written import (
    Written,
    as_mapping,
    exists_without_members,
    member_name,
    part_of,
    without,
    written,
)
from reconciler.declarable.yaml_text import STEP, Line, block
from reconciler.diff.compare import compare
from reconciler.loader.declared import declared
from reconciler.loader.format import DocumentFormat
from reconciler.loader.scopes import desired_scopes
from reconciler.loader.variables import substituted
from reconciler.model.fault import Fault, errors_among
from reconciler.model.kind import Kind
from reconciler.model.names import folded
from reconciler.model.objects import (
    NAME,
    Desired,
    ObjectRef,
    Observed,
    ObservedScope,
    Path,
    Value,
)
from reconciler.model.secrets import carries_secret, texts_of
from reconciler.yaml import read_documents


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of an object that cannot be declared, with the reason; an empty path means the whole
    object.
    """

    path: Path
    because: str


@dataclass(frozen=True, slots=True)
class Declarable:
    """The declarable part of a live object, written without defaults; None: nothing can be
    declared.
    """

    live: Observed
    body: Written | None
    left_out: tuple[LeftOut, ...] = ()


def declarables(
    scope: ObservedScope,
    document_format: DocumentFormat,
    ids: Collection[str] | None = None,
    outside: Collection[ObjectRef] = (),
) -> list[Declarable]:
    """The declarable part of each object of the scope (of those with these ids), by kind in their
    order of work, then sorted by name and id. `outside` are objects that they can refer to.

    Objects that are found, not created, are omitted where nothing of ours is set in them.
    """
    refers = any(kind.fields.refers_to for kind in document_format.lists.values())
    names = Names.of(scope.objects, outside if refers else ())
    header = scope.parent.kind if scope.parent else None
    return [
        declarable(live, names, document_format, pinned=not names.is_unique(live))
        for kind in document_format.lists_under(header).values()
        for live in sorted(scope.objects, key=_by_name)
        if live.ref.kind == kind.name and (ids is None or live.id in ids) and _is_ours(kind, live)
    ]


def _by_name(live: Observed) -> tuple[str, str]:
    return folded(live.ref.display_name), live.id


def _is_ours(kind: Kind, live: Observed) -> bool:
    if not kind.is_foreign:
        return True
    return any(live.properties.get(path) is not None for path in kind.fields.members)


def declarable(
    live: Observed,
    names: Names,
    document_format: DocumentFormat,
    *,
    pinned: bool = False,
    nulls: bool = False,
) -> Declarable:
    """The properties that can be declared, in the order in which they are written, and the omitted
    parts.

    A `pinned` object is declared with its id, because its name is not unique. `nulls`: live nulls
    are declared too. If a file cannot write the name of an object that the body refers to, or of
    one that is found, not created, the id is written instead.
    """
    if not live.known:
        return Declarable(live, None, (LeftOut((), f'its type "{live.ref.type}" is unknown'),))
    kind = document_format.kinds.named(live.ref.kind)
    referring = _with_references(live, names)
    body = written(kind, referring, names, pinned=pinned, nulls=nulls)
    left_out = _not_written(kind, live)
    while faults := list(_faults(body, kind, referring, document_format)):
        unwritable = _named_at({path for path, _ in faults}, kind, live, names)
        if unwritable:
            names = names.without(unwritable)
            return declarable(live, names, document_format, pinned=pinned, nulls=nulls)
        parts = [(_optional_part(body, path, kind, live), because) for path, because in faults]
        required = [because for part, because in parts if part is None]
        smaller, removed = _without_all(body, parts, kind, live)
        if required or not removed:
            because = required[0] if required else parts[0][1]
            return Declarable(live, None, (*left_out, LeftOut((), because)))
        body = smaller
        left_out += removed
    return Declarable(live, body, tuple(left_out))


def _named_at(paths: Collection[Path], kind: Kind, live: Observed, names: Names) -> list[ObjectRef]:
    """The objects whose names are written at these paths, although their ids would do."""
    parents = {member_name(parent.kind): parent for parent in live.parents[1:]}
    own = {NAME: live.ref} if kind.is_foreign else {}
    places = {**live.properties, **parents, **own}
    refs = [value for path in paths if isinstance(value := places.get(path), ObjectRef)]
    return [ref for ref in refs if ref.id is not None and names.name(ref) is not None]


def _not_written(kind: Kind, live: Observed) -> list[LeftOut]:
    """What a file cannot say of a foreign object, although it is of the members that are ours."""
    if not kind.is_foreign:
        return []
    names = {path[:1] for path in kind.fields.members}
    ours = [path for path in live.properties if len(path) == 2 and path[:1] in names]
    unnamed = [path for path in ours if path not in kind.fields.members]
    several = [path for path in ours if isinstance(live.properties[path], list)]
    return [
        *(LeftOut(path, "it is not documented") for path in unnamed),
        *(LeftOut(path, "it refers to several objects") for path in several if path not in unnamed),
    ]


def _without_all(
    body: Written, parts: Iterable[tuple[Path | None, str]], kind: Kind, live: Observed
) -> tuple[Written, list[LeftOut]]:
    """The body without the parts, and those that were still in it when their turn came."""
    removed = []
    for part, because in parts:
        if part is not None:
            smaller = without(body, part, keep_object=_is_kept(kind, live, part[0]))
            if smaller != body:
                removed.append(LeftOut(part, because))
            body = smaller
    return body, removed


def _is_kept(kind: Kind, live: Observed, name: str) -> bool:
    """True for an object that is declared even without members."""
    return name in kind.fields.objects and exists_without_members(kind.fields, live, name)


def _with_references(live: Observed, names: Names) -> Observed:
    """The object with every reference as a file writes it."""
    properties = {
        path: names.reference(value) if isinstance(value, ObjectRef) else value
        for path, value in live.properties.items()
    }
    return replace(live, properties=properties)


def _faults(
    body: Written, kind: Kind, live: Observed, document_format: DocumentFormat
) -> Iterator[tuple[Path, str]]:
    """The errors that loader and plan would report for the body alone, each with its path.

    Values that are masked elsewhere are omitted from files too, although a file might declare them.
    """
    lines = _document_lines(body, kind, document_format)
    desired, faults = _loaded(lines, document_format)
    if desired is None:
        for fault in faults:
            yield lines[min(fault.line, len(lines)) - 1][1], fault.message
        return
    for row in compare(kind.fields, desired.properties, live.properties):
        yield row.path, "a file would declare another value"
    for path, value in body.items():
        if _carries_secret(value):
            yield path, f"`{path[-1]}` contains a signature, a token or a key, which is a secret"


def _carries_secret(value: Value) -> bool:
    content = value.display_name if isinstance(value, ObjectRef) else value
    return any(carries_secret(text) for text in texts_of(content))


def _document_lines(body: Written, kind: Kind, document_format: DocumentFormat) -> list[Line]:
    """A document that declares the body alone: in a list, or in the header."""
    lines = block(as_mapping(body), STEP)
    if kind.parents:
        return [(f"{kind.parents[0]}: any", ()), (f"{kind.plural}:", ()), ("-", ()), *lines]
    lists: list[Line] = [(f"{plural}: []", ()) for plural in document_format.lists_under(kind.name)]
    return [(f"{kind.name}:", ()), *lines, *lists]


def _loaded(
    lines: list[Line], document_format: DocumentFormat
) -> tuple[Desired | None, list[Fault]]:
    """The one object that the document declares; or None, and the errors in it."""
    text = "".join(f"{line}\n" for line, _ in lines)
    nodes, faults = read_documents(text, document_format.hints)
    if faults:
        return None, faults
    document, findings = declared(substituted(nodes[0], None)[0], "", document_format)
    faults = errors_among(findings)
    if faults:
        return None, faults
    first, *_ = desired_scopes([document], document_format.kinds)
    return first.objects[0], []


def _optional_part(body: Written, path: Path, kind: Kind, live: Observed) -> Path | None:
    """The smallest optional part at the path; None if all of it is required."""
    if not path:
        return None
    if not kind.fields.field(path[:1]).optional:
        return path if kind.fields.field(path).optional else None
    alone = len(part_of(body, path[0])) == 1
    return path[:1] if alone and not _is_kept(kind, live, path[0]) else path[:2]
