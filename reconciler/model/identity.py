"""Whom a token speaks for, what was shown to get it without a secret, and what reading and writing need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

READ_PERMISSIONS = frozenset({"EntitlementManagement.Read.All", "EntitlementManagement.ReadWrite.All"})
WRITE_PERMISSIONS = frozenset({"EntitlementManagement.ReadWrite.All"})
"""Source: docs/graph.md §3. A catalog role may grant the same without the permission."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Tenant, application, user and permissions of a token; `kind` is `unknown` when the token is not readable."""

    kind: Literal["app", "user", "unknown"]
    tenant_id: str | None = None
    app_id: str | None = None
    user: str | None = None
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assertion:
    """What is shown to Entra in place of a secret; a federated credential must match all three letter by letter.

    None is what the assertion does not hold; all three when it is not readable.
    """

    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None

    @property
    def is_shared(self) -> bool:
        """True for GitHub's subjects without an environment: other workflows get the same (docs/graph.md §6.4)."""
        subject = self.subject or ""
        return ":environment:" not in subject and (subject.endswith(":pull_request") or ":ref:refs/" in subject)
