"""Observed catalogs → desired-state documents, as a person would write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import cast

from reconciler.export.declarable import Declarable, declarable
from reconciler.export.defaults import beside, shared
from reconciler.export.yaml_text import STEP, block, extension_text, scalar
from reconciler.loader.declared import declared
from reconciler.loader.variables import escaped
from reconciler.loader.yaml_tree import read_documents
from reconciler.model.canonical import folded
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.export import Export, ExportedDocument
from reconciler.model.extension import Catalog, ObservedCatalog
from reconciler.model.types import JsonValue, Properties
from reconciler.render.escape import visible


def export(observed: Sequence[ObservedCatalog], every: Sequence[Catalog], *, named: bool) -> Export:
    """A document for each catalog that could be read, sorted by name and id; `every` lists all
    catalogs of the tenant.

    A catalog without a declarable extension gets no document, unless the catalogs were `named`.
    """
    names = Counter(folded(catalog.display_name) for catalog in every)
    documents, diagnostics, empty = list[ExportedDocument](), list[Diagnostic](), 0
    for found in sorted(observed, key=lambda entry: (str(entry.catalog), entry.catalog.id or "")):
        if found.read != "complete":
            diagnostics.append(unreadable(found))
            continue
        items = declarables(found)
        diagnostics += left_out(found.catalog, items)
        bodies = [item for item in items if item.body is not None]
        address = _address(found.catalog, names)
        if address is None or not (bodies or named):
            empty += address is not None
            diagnostics += [_nameless(found.catalog)] if address is None else []
            continue
        documents.append(_document(found.catalog, address, bodies))
    return Export(
        tuple(documents),
        tuple(diagnostics),
        all(found.read == "complete" for found in observed),
        empty,
    )


def declarables(found: ObservedCatalog, ids: Collection[str] | None = None) -> list[Declarable]:
    """The declarable part of each extension of the catalog (of those with these ids), sorted by
    name and id.

    Extensions that share a name are pinned by their ids.
    """
    uses = Counter(folded(live.display_name) for live in found.extensions)
    return [
        declarable(live, pinned=uses[folded(live.display_name)] > 1)
        for live in sorted(
            found.extensions, key=lambda extension: (folded(extension.display_name), extension.id)
        )
        if ids is None or live.id in ids
    ]


def left_out(catalog: Catalog, items: Sequence[Declarable]) -> Iterator[Diagnostic]:
    """R306 for each part that could not be declared."""
    for item in items:
        for part in item.left_out:
            what = "/".join(part.path) or "it"
            message = (
                f'"{item.live.display_name or ""}" ({item.live.id}) in catalog {catalog}: {what} is'
                " omitted, "
                f"because {part.because[:1].lower()}{part.because[1:].rstrip('.')}."
            )
            yield Diagnostic(
                "R306",
                "warning",
                message,
                "Correct it in Entra and export again, or leave it unmanaged.",
            )


def unreadable(found: ObservedCatalog) -> Diagnostic:
    """R307 for a catalog that is absent or could not be read."""
    message = (
        f"Catalog {found.catalog} ({found.catalog.id or 'no id'}) is {found.read}: {found.because}."
    )
    return Diagnostic(
        "R307", "warning", message, "It was not exported. Export again once it can be read."
    )


def _nameless(catalog: Catalog) -> Diagnostic:
    message = f"Catalog {catalog} is omitted: neither its name nor its id can be declared."
    return Diagnostic(
        "R306", "warning", message, "Rename it in Entra and export again, or leave it unmanaged."
    )


def _address(catalog: Catalog, names: Counter[str]) -> JsonValue:
    """How a file names the catalog: by its name if that is unique, otherwise by its id; None if it
    cannot.
    """
    name = catalog.display_name
    unique = name is not None and name == name.strip() and names[folded(name)] == 1
    addresses: list[JsonValue] = [name, {"id": catalog.id}] if unique else [{"id": catalog.id}]
    return next((address for address in addresses if _is_accepted(address)), None)


def _is_accepted(address: JsonValue) -> bool:
    """True if the loader accepts this as the value of `catalog`."""
    documents, faults = read_documents(f"{_catalog_lines(address, '')}extensions: []\n")
    return not faults and not declared(documents[0], "")[1]


def _catalog_lines(address: JsonValue, comment: str) -> str:
    note = f" # {comment}\n" if comment else "\n"
    if isinstance(address, dict):
        return f"catalog:\n  id: {scalar(address['id'])}{note}"
    return f"catalog: {scalar(address)}{note}"


def _document(
    catalog: Catalog, address: JsonValue, items: Sequence[Declarable]
) -> ExportedDocument:
    bodies = [cast("Properties", item.body) for item in items]
    defaults = shared(bodies)
    own = [beside(defaults, body) for body in bodies]
    known_as = catalog.display_name or "" if isinstance(address, dict) else f"id {catalog.id}"
    parts = [_catalog_lines(address, visible(known_as))]
    if defaults:
        parts.append("defaults:\n" + "".join(f"{line}\n" for line, _ in block(defaults, STEP)))
    written = [
        extension_text(item.live.id, body, STEP) for item, body in zip(items, own, strict=True)
    ]
    parts.append("extensions:\n" + "\n".join(written) if written else "extensions: []\n")
    content: Properties = {"catalog": address, "defaults": defaults, "extensions": [*own]}
    if not defaults:
        del content["defaults"]
    return ExportedDocument(
        catalog, cast("Properties", _escaped(content)), "\n".join(parts), len(own)
    )


def _escaped(value: JsonValue) -> JsonValue:
    """The value as a file must write it, in JSON too: `$${` for `${`."""
    if isinstance(value, dict):
        return {name: _escaped(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return escaped(value) if isinstance(value, str) else value
