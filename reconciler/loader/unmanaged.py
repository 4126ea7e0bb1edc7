"""`unmanaged: delete` in a document: live objects that it does not declare are deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.fault import Fault, fault_at
from reconciler.model.kind import Kind
from reconciler.model.nodes import Entry, Mapping, Node, Sequence, member, text_of
from reconciler.model.wording import listed

_MEMBER, _DELETE = "unmanaged", "delete"


def deletes_unmanaged(document: Node, file: str) -> SourceLocation | None:
    """The place of `unmanaged: delete`, if the document has it."""
    entry = _entry(document)
    return SourceLocation(file, entry.line, entry.column) if entry else None


def unmanaged_faults(document: Node, kinds: Iterable[Kind]) -> Iterator[Fault]:
    """R213 for `unmanaged: delete` without a declaration: an empty list would delete everything."""
    entry = _entry(document)
    lists = [kind.plural for kind in kinds if kind.parents and kind.lists_unmanaged]
    if entry is None or any(_has_items(member(document, plural)) for plural in lists):
        return
    message = f"`{_MEMBER}: {_DELETE}` needs at least one declaration in {listed(lists, 'or')}."
    hint = f"Declare what must stay, or remove `{_MEMBER}: {_DELETE}`."
    yield fault_at(entry, "R213", message, hint)


def _entry(document: Node) -> Entry | None:
    entry = document.entries.get(_MEMBER) if isinstance(document, Mapping) else None
    return entry if entry is not None and text_of(entry.value) == _DELETE else None


def _has_items(node: Node | None) -> bool:
    return isinstance(node, Sequence) and bool(node.items)
