"""What can be declared of a live extension: whatever the loader takes back, and the plan then finds unchanged.

There are no rules here. A candidate is written as YAML and read by the loader; where that has a fault, the smallest
part that may be missing is left out, and the rest is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.diff.compare import compare
from reconciler.export.yaml_text import Line, Path, block
from reconciler.loader.catalogs import desired_catalogs
from reconciler.loader.declared import declared
from reconciler.loader.variables import substituted
from reconciler.loader.yaml_tree import read_documents
from reconciler.model.extension import ObservedExtension
from reconciler.model.types import COMPLEX_PROPERTIES, ODATA_TYPE, Properties, odata_type

_OPTIONAL = ("description", "clientConfiguration", "callbackConfiguration")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of an extension that cannot be declared, with the reason; an empty path means all of it."""

    path: Path
    because: str


@dataclass(frozen=True, slots=True)
class Declarable:
    """What can be declared of a live extension, as one would write it without any defaults; None: nothing at all."""

    live: ObservedExtension
    body: Properties | None
    left_out: tuple[LeftOut, ...] = ()


def declarable(live: ObservedExtension, *, pinned: bool = False) -> Declarable:
    """The properties that can be declared, in the order in which they are written, and what had to be left out.

    A `pinned` one is declared with its id, because its name does not tell it from another.
    """
    if not live.known:
        return Declarable(live, None, (LeftOut((), f"it is of the unknown type “{live.type}”"),))
    body, left_out = _as_written(live, pinned=pinned), list[LeftOut]()
    while faults := list(_faults(body, live)):
        parts = [(_optional_part(body, path), because) for path, because in faults]
        taken = [LeftOut(part, because) for part, because in parts if part and _take_out(body, part)]
        required = next((because for part, because in parts if part is None), None if taken else faults[0][1])
        if required is not None:
            return Declarable(live, None, (LeftOut((), required),))
        left_out += taken
    return Declarable(live, body, tuple(left_out))


def _as_written(live: ObservedExtension, *, pinned: bool) -> Properties:
    """The live properties in the words of a file: nothing that is null, no type that goes without saying."""
    body: Properties = {ODATA_TYPE: odata_type(live.type), **({"id": live.id} if pinned else {})}
    for name, value in live.properties.items():
        if isinstance(value, dict) and name in COMPLEX_PROPERTIES:
            members = _members(name, value)
            if members or name == "callbackConfiguration":  # being there means that the request waits
                body[name] = members
        elif value is not None:
            body[name] = value
    return body


def _members(name: str, value: Properties) -> Properties:
    kind, type_name = COMPLEX_PROPERTIES[name], value.get(ODATA_TYPE)
    known = [member for members in kind.members.values() for member in members]
    present = {member: content for member, content in value.items() if content is not None and member != ODATA_TYPE}
    ordered = {member: present[member] for member in (*known, *sorted(present)) if member in present}
    said = kind.chosen and isinstance(type_name, str) and type_name != kind.default_type
    kind_said: Properties = {ODATA_TYPE: odata_type(str(type_name))} if said else {}
    return kind_said | ordered


def _faults(body: Properties, live: ObservedExtension) -> Iterator[tuple[Path, str]]:
    """What the loader and the plan would say of the body alone, each with the path it is about."""
    lines: list[Line] = [("catalog: any", ()), ("extensions:", ()), ("-", ()), *block(body, 2)]
    documents, faults = read_documents("".join(f"{line}\n" for line, _ in lines))
    if not faults:
        document, faults = declared(substituted(documents[0], None)[0], "")
        if not faults:
            [catalog] = desired_catalogs([document])
            for row in compare(catalog.extensions[0].properties, live.properties):
                yield row.path, "it would not be read back as it is live"
    for fault in faults:
        yield lines[min(fault.line, len(lines)) - 1][1], fault.message


def _optional_part(body: Properties, path: Path) -> Path | None:
    """The smallest part at the path that may be missing; None where all of it is required."""
    outer = body.get(path[0]) if path else None
    if path and path[0] in _OPTIONAL:
        alone = isinstance(outer, dict) and len(outer) == 1
        return path[:1] if alone else path[:2]
    return path if path == ("endpointConfiguration", "url") else None


def _take_out(body: Properties, path: Path) -> bool:
    """Removes the part from the body; false when an earlier fault has removed it already."""
    holder = body
    for name in path[:-1]:
        inner = holder.get(name)
        if not isinstance(inner, dict):
            return False
        holder = inner
    return holder.pop(path[-1], path) != path
