"""The identity of a token, the assertion that it was issued for, and the permissions to read and to
write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

READ_PERMISSIONS = frozenset(
    {"EntitlementManagement.Read.All", "EntitlementManagement.ReadWrite.All"}
)
WRITE_PERMISSIONS = frozenset({"EntitlementManagement.ReadWrite.All"})
"""Source: docs/graph.md §3. A catalog role may grant the same without the permission."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Tenant, application, user and permissions of a token; `kind` is `unknown` if the token is not
    readable.
    """

    kind: Literal["app", "user", "unknown"]
    tenant_id: str | None = None
    app_id: str | None = None
    user: str | None = None
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assertion:
    """What Entra gets instead of a secret; a federated credential must match all three exactly.

    Claims that the assertion does not have are None; all three if it is not readable.
    """

    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None

    @property
    def is_shared(self) -> bool:
        """True for GitHub's subjects without an environment: other workflows have the same one
        (docs/graph.md §6.4).
        """
        subject = self.subject or ""
        return ":environment:" not in subject and (
            subject.endswith(":pull_request") or ":ref:refs/" in subject
        )
