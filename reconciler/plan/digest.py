"""The digest that identifies a reviewed plan: a hash of what would change, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.canonical import canonical_json, sha256
from reconciler.model.plan import FORMAT_VERSION, Change
from reconciler.settings import graph_host


def digest(
    tenant_id: str, graph_url: str, changes: Iterable[Change], environment: str | None = None
) -> str:
    """`sha256:…` over format version, tenant, Graph host and every change, blocked ones included,
    in sorted order.

    The name of the chosen environment is part of it: a plan that was reviewed for one is not
    approved for another. So are the ids of the extensions that may share the name of a renamed one.

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


def entry(change: Change) -> dict[str, object]:
    """What a change does to which extension: two changes with equal entries are the same change."""
    extension = change.extension
    return {
        "catalog": change.catalog.id or change.catalog.display_name,
        "extension": {
            "id": extension.id,
            "display_name": extension.display_name,
            "type": extension.type,
        },
        "action": change.action,
        "fields": [[list(row.path), row.before, row.after] for row in change.fields],
        **({"namesakes": list(change.namesakes)} if change.namesakes else {}),
    }
