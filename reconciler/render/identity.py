"""The identity of a token, what each command needs of its permissions, and the subject to register
with Entra.
"""

from __future__ import annotations

from dataclasses import asdict

from reconciler.model.identity import READ_PERMISSIONS, WRITE_PERMISSIONS, Assertion, Identity
from reconciler.model.target import SANDBOX
from reconciler.render.escape import visible
from reconciler.render.json_document import to_json

_NEEDS = (
    (
        "plan, drift, export, usage",
        "EntitlementManagement.Read.All",
        "Catalog reader",
        READ_PERMISSIONS,
    ),
    ("apply", "EntitlementManagement.ReadWrite.All", "Catalog owner", WRITE_PERMISSIONS),
)
"""Commands, least permission, the catalog role that grants the same, sufficient permissions
(docs/graph.md §3).
"""

_SHARED = [
    (
        "This subject is shared by every workflow of the repository that runs there. Let the job"
        " use a GitHub"
    ),
    "environment instead, and register the subject that it has then.",
]


def identity_text(identity: Identity | None, assertion: Assertion | None, graph_url: str) -> str:
    """Lines with the identity, if there is a token, what each command needs, and the assertion, if
    one was sent.
    """
    lines = [f"Graph: {graph_url}"]
    lines += [] if identity is None else _identity_lines(identity, graph_url)
    lines += [] if assertion is None else _assertion_lines(assertion)
    return "".join(f"{visible(line)}\n" for line in lines)


def _assertion_lines(assertion: Assertion) -> list[str]:
    lines = [
        f"Assertion issuer: {assertion.issuer or 'not readable'}",
        f"Assertion subject: {assertion.subject or 'not readable'}",
        f"Assertion audience: {assertion.audience or 'not readable'}",
    ]
    if assertion.subject:
        lines.append(
            "Register exactly this subject in a federated credential of the application"
            " (case-sensitive):"
        )
        lines.append(f"  {assertion.subject}")
    return lines + (_SHARED if assertion.is_shared else [])


def _identity_lines(identity: Identity, graph_url: str) -> list[str]:
    lines = [_identity_line(identity, graph_url)]
    if identity.kind != "unknown":
        lines.append(f"Tenant: {identity.tenant_id or 'not in the token'}")
        lines.append(f"Permissions: {', '.join(identity.permissions) or 'none in the token'}")
    for commands, least, role, sufficient in _NEEDS:
        held = "cannot be checked" if identity.kind == "unknown" else _held(sufficient, identity)
        lines.append(f"{commands}: needs {least}, or the role {role} on each catalog ({held})")
    lines.append("live-check: needs EntitlementManagement.ReadWrite.All, as it creates catalogs")
    lines.append("preflight: needs the Azure role Reader on each Logic App, nothing in Graph")
    lines.append("validate, show, schema: needs no token")
    return lines


def _held(sufficient: frozenset[str], identity: Identity) -> str:
    held = sorted(sufficient.intersection(identity.permissions))
    return (
        f"the token has {held[0]}"
        if held
        else "the token has no such permission; it does not show roles"
    )


def _identity_line(identity: Identity, graph_url: str) -> str:
    match identity.kind:
        case "app":
            return f"Identity: application {identity.app_id or 'without an id'} (no signed-in user)"
        case "user":
            user, application = (
                identity.user or "without a name",
                identity.app_id or "without an id",
            )
            return f"Identity: user {user}, through application {application}"
        case _:
            return f"Identity: unknown ({_unknown(graph_url)})"


def _unknown(graph_url: str) -> str:
    """Why the identity is unknown; plain http is allowed on loopback only."""
    if graph_url == SANDBOX:
        return "sandbox token"
    return "loopback token" if graph_url.startswith("http:") else "the token has no readable claims"


def identity_json(identity: Identity | None, assertion: Assertion | None, graph_url: str) -> str:
    """The same for scripts; `in_token` says whether the token has the permission.

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
