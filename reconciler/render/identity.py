"""Whom a token speaks for, and which commands its permissions cover."""

from __future__ import annotations

from reconciler.model.identity import READ_PERMISSIONS, WRITE_PERMISSIONS, Identity
from reconciler.render.escape import visible
from reconciler.render.json_document import to_json

_NEEDS = (
    ("plan, drift", "EntitlementManagement.Read.All", "Catalog reader", READ_PERMISSIONS),
    ("apply", "EntitlementManagement.ReadWrite.All", "Catalog owner", WRITE_PERMISSIONS),
)
"""Commands, least permission, the role on a catalog that grants the same, what suffices (contract §3)."""


def identity_text(identity: Identity, graph_url: str) -> str:
    """The identity in lines, and for each command whether the token holds what it needs."""
    lines = [
        f"Graph        {graph_url}",
        f"Tenant       {identity.tenant_id or 'not in the token'}",
        _speaks_for(identity),
    ]
    lines.append(f"Permissions  {', '.join(identity.permissions) or 'none in the token'}")
    for commands, least, role, sufficient in _NEEDS:
        held = sorted(sufficient.intersection(identity.permissions))
        found = f"{held[0]} is in the token" if held else f"not in the token; the role {role} may grant it"
        lines.append(f"{commands}: needs {least}: {found}")
    lines.append("validate, show, schema: need nothing")
    return "".join(f"{visible(line)}\n" for line in lines)


def identity_json(identity: Identity, graph_url: str) -> str:
    """The same for scripts; `in_token` tells whether the permission stands in the token."""
    document = {
        "graph_url": graph_url,
        "kind": identity.kind,
        "tenant_id": identity.tenant_id,
        "app_id": identity.app_id,
        "user": identity.user,
        "permissions": list(identity.permissions),
        "needs": [
            {
                "commands": commands.split(", "),
                "permission": least,
                "in_token": not sufficient.isdisjoint(identity.permissions),
                "or_catalog_role": role,
            }
            for commands, least, role, sufficient in _NEEDS
        ],
    }
    return to_json(document)


def _speaks_for(identity: Identity) -> str:
    match identity.kind:
        case "app":
            return f"Application  {identity.app_id or 'unnamed'} (no signed-in user)"
        case "user":
            return f"User         {identity.user or 'unnamed'} through application {identity.app_id or 'unnamed'}"
        case _:
            return "Identity     the token is not one whose claims can be read (on loopback that is normal)"
