"""Which part of a live extension can be declared: what the loader accepts, and the plan then
reports as unchanged.

There are no rules here. A candidate is written as YAML and read by the loader; for each error the
smallest optional part is omitted, and the rest is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from reconciler.diff.compare import compare
from reconciler.export.yaml_text import Line, Path, block
from reconciler.loader.catalogs import desired_catalogs
from reconciler.loader.declared import declared
from reconciler.loader.fault import errors_among
from reconciler.loader.variables import substituted
from reconciler.loader.yaml_tree import read_documents
from reconciler.model.extension import ObservedExtension
from reconciler.model.secrets import carries_secret
from reconciler.model.types import COMPLEX_PROPERTIES, ODATA_TYPE, JsonValue, Properties, odata_type

_OPTIONAL = ("description", "clientConfiguration", "callbackConfiguration")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of an extension that cannot be declared, with the reason; an empty path means the
    whole extension.
    """

    path: Path
    because: str


@dataclass(frozen=True, slots=True)
class Declarable:
    """The declarable part of a live extension, written without defaults; None: nothing can be
    declared.
    """

    live: ObservedExtension
    body: Properties | None
    left_out: tuple[LeftOut, ...] = ()


def declarable(live: ObservedExtension, *, pinned: bool = False) -> Declarable:
    """The properties that can be declared, in the order in which they are written, and the omitted
    parts.

    A `pinned` extension is declared with its id, because its name is not unique.
    """
    if not live.known:
        return Declarable(live, None, (LeftOut((), f'its type "{live.type}" is unknown'),))
    body, left_out = _as_written(live, pinned=pinned), list[LeftOut]()
    while faults := list(_faults(body, live)):
        parts = [(_optional_part(body, path, live), because) for path, because in faults]
        taken = [
            LeftOut(part, because) for part, because in parts if part and _take_out(body, part)
        ]
        required = next(
            (because for part, because in parts if part is None), None if taken else faults[0][1]
        )
        if required is not None:
            return Declarable(live, None, (LeftOut((), required),))
        left_out += taken
        for name in _emptied(body, live):
            del body[name]
    return Declarable(live, body, tuple(left_out))


def _as_written(live: ObservedExtension, *, pinned: bool) -> Properties:
    """The live properties as a file declares them: without nulls and without default types."""
    body: Properties = {ODATA_TYPE: odata_type(live.type), **({"id": live.id} if pinned else {})}
    for name, value in live.properties.items():
        if isinstance(value, dict) and name in COMPLEX_PROPERTIES:
            members = _members(name, value)
            if members or _is_written_when_empty(name, value):
                body[name] = members
        elif value is not None:
            body[name] = value
    return body


def _members(name: str, value: Properties) -> Properties:
    kind, type_name = COMPLEX_PROPERTIES[name], value.get(ODATA_TYPE)
    known = [member for members in kind.members.values() for member in members]
    present = {
        member: content
        for member, content in value.items()
        if content is not None and member != ODATA_TYPE
    }
    ordered = {
        member: present[member] for member in (*known, *sorted(present)) if member in present
    }
    written = kind.chosen and isinstance(type_name, str) and type_name != kind.default_type
    type_member: Properties = {ODATA_TYPE: odata_type(str(type_name))} if written else {}
    return type_member | ordered


def _faults(body: Properties, live: ObservedExtension) -> Iterator[tuple[Path, str]]:
    """The errors that loader and plan would report for the body alone, each with its path.

    Values that are masked elsewhere are omitted from files too, although a file might declare them.
    """
    lines: list[Line] = [("catalog: any", ()), ("extensions:", ()), ("-", ()), *block(body, 2)]
    documents, faults = read_documents("".join(f"{line}\n" for line, _ in lines))
    if not faults:
        document, findings = declared(substituted(documents[0], None)[0], "")
        faults = errors_among(findings)
        if not faults:
            [catalog] = desired_catalogs([document])
            for row in compare(catalog.extensions[0].properties, live.properties):
                yield row.path, "a file would declare another value"
    for fault in faults:
        yield lines[min(fault.line, len(lines)) - 1][1], fault.message
    if not faults:
        for path, value in _leaves(body):
            if isinstance(value, str) and carries_secret(value):
                yield (
                    path,
                    f"`{path[-1]}` contains a signature, a token or a key, which is a secret",
                )


def _leaves(value: Properties, path: Path = ()) -> Iterator[tuple[Path, JsonValue]]:
    for name, member in value.items():
        if isinstance(member, dict):
            yield from _leaves(member, (*path, name))
        else:
            yield (*path, name), member


def _emptied(body: Properties, live: ObservedExtension) -> list[str]:
    """The objects without a declarable member, except those that are live without a documented
    member.

    An empty object has a meaning: with an empty `callbackConfiguration` the request waits.
    """
    return [
        name
        for name in COMPLEX_PROPERTIES
        if body.get(name) == {} and not _is_written_when_empty(name, live.properties[name])
    ]


def _is_written_when_empty(name: str, value: JsonValue) -> bool:
    """True for a live `callbackConfiguration` without a documented member: because it exists, the
    request waits.
    """
    if name != "callbackConfiguration":
        return False
    documented = chain.from_iterable(COMPLEX_PROPERTIES[name].members.values())
    return not isinstance(value, dict) or all(value.get(member) is None for member in documented)


def _optional_part(body: Properties, path: Path, live: ObservedExtension) -> Path | None:
    """The smallest optional part at the path; None if all of it is required."""
    outer = body.get(path[0]) if path else None
    if path and path[0] in _OPTIONAL:
        alone = isinstance(outer, dict) and len(outer) == 1
        whole = alone and not _is_written_when_empty(path[0], live.properties[path[0]])
        return path[:1] if whole else path[:2]
    return path if path == ("endpointConfiguration", "url") else None


def _take_out(body: Properties, path: Path) -> bool:
    """Removes the part from the body; false if an earlier error already removed it."""
    holder = body
    for name in path[:-1]:
        inner = holder.get(name)
        if not isinstance(inner, dict):
            return False
        holder = inner
    return holder.pop(path[-1], path) != path
