"""One document → its faults and the extensions that it declares."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from reconciler.loader.extension_rules import extension_faults
from reconciler.model.fault import Fault
from reconciler.loader.merging import inherited_paths, merged
from reconciler.model.nodes import Mapping, Node, Sequence, member, text_of
from reconciler.loader.schema_faults import is_wrapped, schema_faults
from reconciler.loader.value_rules import blank_fault, body_faults, not_secret_texts, secret_faults
from reconciler.model.appearance import appearance
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.extension import Catalog, Inherited


@dataclass(frozen=True, slots=True)
class DeclaredExtension:
    """An extension with its defaults; `display_name` and `pinned_id` are None if absent
    or invalid.
    """

    display_name: str | None
    pinned_id: str | None
    body: Mapping
    source: SourceLocation
    inherited: Inherited | None = None


@dataclass(frozen=True, slots=True)
class DeclaredDocument:
    """What one document declares; `catalog` is None if it is missing or invalid."""

    catalog: Catalog | None
    extensions: tuple[DeclaredExtension, ...]
    source: SourceLocation


def declared(
    document: Node, file: str, not_secret: Collection[str] = ()
) -> tuple[DeclaredDocument, list[Fault]]:
    """The document and all its faults: of the schema, of single values, of extensions merged with
    defaults.

    A fault in one extension does not stop the checks of others; a value in `defaults` is checked
    once, at its place. `not_secret` adds to what the document itself lists.
    """
    # First, so that no other message shows them.
    secrets = secret_faults(document, (*not_secret, *not_secret_texts(document)))
    faults, invalid = schema_faults(
        document, {node for node, fault in secrets.items() if fault.code == "R208"}
    )
    faults.extend(secrets.values())
    faults.extend(blank_fault("catalog", member(document, "catalog"), invalid))
    source = SourceLocation(file, document.line, document.column)
    if is_wrapped(document):
        return DeclaredDocument(None, (), source), faults
    defaults = member(document, "defaults")
    faults.extend(body_faults(defaults, invalid))
    extensions = []
    for body in _bodies(document):
        faults.extend(body_faults(body, invalid))
        whole = merged(defaults, body)
        if defaults is None or isinstance(defaults, Mapping):
            faults.extend(extension_faults(whole, invalid))
        extension = _extension(body, whole, invalid, file)
        extensions.append(replace(extension, inherited=_inherited(document, whole, file)))
    return DeclaredDocument(_catalog(document, invalid), tuple(extensions), source), faults


def _bodies(document: Node) -> list[Mapping]:
    extensions = member(document, "extensions")
    items = extensions.items if isinstance(extensions, Sequence) else ()
    return [item for item in items if isinstance(item, Mapping) and not is_wrapped(item)]


def _extension(
    body: Mapping, whole: Mapping, invalid: Collection[Node], file: str
) -> DeclaredExtension:
    pinned_id = _valid_text(member(body, "id"), invalid)
    return DeclaredExtension(
        display_name=_valid_text(member(body, "displayName"), invalid),
        pinned_id=pinned_id.lower() if pinned_id else None,
        body=whole,
        source=SourceLocation(file, body.line, body.column),
    )


def _inherited(document: Node, whole: Mapping, file: str) -> Inherited | None:
    """What the merged extension inherits from the defaults of the document; None without
    defaults.
    """
    defaults = document.entries.get("defaults") if isinstance(document, Mapping) else None
    if defaults is None:
        return None
    place = SourceLocation(file, defaults.line, defaults.column)
    return Inherited(place, inherited_paths(defaults.value, whole))


def _catalog(document: Node, invalid: Collection[Node]) -> Catalog | None:
    node = member(document, "catalog")
    catalog_id = _valid_text(member(node, "id"), invalid)
    if catalog_id is not None:
        return Catalog(catalog_id.lower(), None)
    name = _valid_text(node, invalid)
    return Catalog(None, name) if name is not None else None


def _valid_text(node: Node | None, invalid: Collection[Node]) -> str | None:
    text = None if node in invalid else text_of(node)
    return text if text and appearance(text) else None
