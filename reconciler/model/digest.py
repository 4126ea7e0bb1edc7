"""The two digests of a plan: of what would change, and of everything that is shown of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.model.json_values import canonical_json, sha256
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Value
from reconciler.model.plan import FORMAT_VERSION, Change, FieldChange
from reconciler.model.target import graph_host


def digest(
    tenant_id: str, graph_url: str, changes: Iterable[Change], environment: str | None = None
) -> str:
    """`sha256:…` over format version, tenant, Graph host and every change, blocked ones included,
    in sorted order.

    The name of the chosen environment is part of it: a plan that was reviewed for one is not
    approved for another. So are the ids of the objects that may share the name of a renamed one.

    Times, reasons, source lines, unchanged objects and the tool's version are left out:
    reformatting the YAML keeps the digest, a live edit of a touched property alters it.
    """
    entries = sorted((entry(change) for change in changes), key=canonical_json)
    return sha256(
        {
            "format_version": FORMAT_VERSION,
            "tenant_id": tenant_id,
            "graph_host": graph_host(graph_url),
            "changes": entries,
            **({"environment": environment} if environment else {}),
        }
    )


def document_digest(document: Mapping[str, Any]) -> str:
    """`sha256:…` over a plan document without its two digests: over everything that a reader is
    shown.

    It is a checksum, not a signature: whoever rewrites the whole document can compute it.
    """
    digests = ("digest", "document_digest")
    return sha256({name: value for name, value in document.items() if name not in digests})


def entry(change: Change) -> dict[str, object]:
    """What a change does to which object: two changes with equal entries are the same change."""
    ref = change.object
    return {
        "kind": change.kind,
        "parents": [_key(parent) for parent in change.parents],
        "object": {"id": ref.id, "display_name": ref.display_name, "type": ref.type},
        "action": change.action,
        "fields": [_row(row) for row in change.fields],
        **({"namesakes": list(change.namesakes)} if change.namesakes else {}),
    }


def _key(parent: ObjectRef) -> str:
    """The id of a parent, else its name: the id of a parent that is to be created is unknown."""
    return parent.id or f"name:{folded(parent.display_name)}"


def _row(row: FieldChange) -> list[object]:
    return [list(row.path), _hashed(row.before), _hashed(row.after), row.computed]


def _hashed(value: Value) -> object:
    """The value as JSON; a reference with its kind and id, so that a name alone is not the same."""
    if isinstance(value, ObjectRef):
        return {"refers_to": [value.kind, value.id, value.display_name, value.type]}
    return value
