"""`ensure`: whether a declared object must exist, or must not."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.loader.format import noun, with_article
from reconciler.loader.names import missing
from reconciler.model.fault import Fault, fault_at
from reconciler.model.kind import Declaration, Kind
from reconciler.model.nodes import Node, member, text_of
from reconciler.model.odata import ODATA_TYPE
from reconciler.model.wording import listed

ENSURE, ABSENT = "ensure", "absent"
_IDENTITY = ("displayName", "id")
_TAKEN = (*_IDENTITY, ODATA_TYPE, ENSURE)
"""What a declaration with `ensure: absent` can have."""


def is_absent(written: Node) -> bool:
    """True for a declaration of an object that must not exist."""
    return text_of(member(written, ENSURE)) == ABSENT


def identity_faults(declaration: Declaration, kind: Kind) -> Iterator[Fault]:
    """R103 for a declaration that does not say which object it is; R101 for members that have no
    meaning for an object that must not exist.
    """
    entries, known = declaration.written.entries, (*_TAKEN, *kind.fields.top)
    if not declaration.absent and not kind.is_foreign:
        for name in missing(entries, _IDENTITY[:1], known):
            message = f"`{name}` is missing in {with_article(kind.name)}."
            yield fault_at(declaration.written, "R103", message, f"Add `{name}`.")
        return
    if len(missing(entries, _IDENTITY, known)) == len(_IDENTITY):
        message = f"`displayName` or `id` is missing in {with_article(kind.name)}."
        that = "must be absent" if declaration.absent else "the declaration is about"
        hint = f"Add one of them: it says which {noun(kind.name)} {that}."
        yield fault_at(declaration.written, "R103", message, hint)
    if not declaration.absent:
        return
    for name, entry in entries.items():
        if name in kind.fields.top and name not in _TAKEN:
            message = f"`{name}` is not allowed with `{ENSURE}: {ABSENT}`."
            hint = f"Remove it. With `{ENSURE}: {ABSENT}` only {listed(_TAKEN[:3])} are allowed."
            yield fault_at(entry, "R101", message, hint)
