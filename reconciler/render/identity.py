"""Whom a token speaks for, which commands its permissions cover, and the subject to register with Entra."""

from __future__ import annotations

from dataclasses import asdict

from reconciler.model.identity import READ_PERMISSIONS, WRITE_PERMISSIONS, Assertion, Identity
from reconciler.render.escape import visible
from reconciler.render.json_document import to_json

_NEEDS = (
    ("plan, drift, export", "EntitlementManagement.Read.All", "Catalog reader", READ_PERMISSIONS),
    ("apply", "EntitlementManagement.ReadWrite.All", "Catalog owner", WRITE_PERMISSIONS),
)
"""Commands, least permission, the role on a catalog that grants the same, what suffices (docs/graph.md §3)."""

_SHARED = [
    "This subject is shared by every workflow of the repository that runs there. Better let the job name an",
    "environment, and register the subject that it has then.",
]


def identity_text(identity: Identity | None, assertion: Assertion | None, graph_url: str) -> str:
    """The assertion in lines, if one was shown; the identity, if there is a token; what each command needs of it."""
    lines = [f"Graph        {graph_url}"]
    lines += [] if identity is None else _identity_lines(identity)
    lines += [] if assertion is None else _assertion_lines(assertion)
    return "".join(f"{visible(line)}\n" for line in lines)


def _assertion_lines(assertion: Assertion) -> list[str]:
    lines = [
        f"Assertion issuer    {assertion.issuer or 'not readable'}",
        f"Assertion subject   {assertion.subject or 'not readable'}",
        f"Assertion audience  {assertion.audience or 'not readable'}",
    ]
    if assertion.subject:
        lines.append("The exact subject to register in a federated credential of the application, case included:")
        lines.append(f"  {assertion.subject}")
    return lines + (_SHARED if assertion.is_shared else [])


def _identity_lines(identity: Identity) -> list[str]:
    lines = [f"Tenant       {identity.tenant_id or 'not in the token'}", _speaks_for(identity)]
    lines.append(f"Permissions  {', '.join(identity.permissions) or 'none in the token'}")
    for commands, least, role, sufficient in _NEEDS:
        held = sorted(sufficient.intersection(identity.permissions))
        found = f"{held[0]} is in the token" if held else f"not in the token; the role {role} may grant it"
        lines.append(f"{commands}: needs {least}: {found}")
    lines.append("validate, show, schema: need nothing")
    return lines


def identity_json(identity: Identity | None, assertion: Assertion | None, graph_url: str) -> str:
    """The same for scripts; `in_token` tells whether the permission stands in the token.

    Without a token it is that of an unknown identity.
    """
    identity = identity or Identity("unknown")
    document = {
        "graph_url": graph_url,
        "kind": identity.kind,
        "tenant_id": identity.tenant_id,
        "app_id": identity.app_id,
        "user": identity.user,
        "permissions": list(identity.permissions),
        "assertion": None if assertion is None else asdict(assertion),
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
