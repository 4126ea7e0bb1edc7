"""Whom a token speaks for, and what reading and writing need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

READ_PERMISSIONS = frozenset({"EntitlementManagement.Read.All", "EntitlementManagement.ReadWrite.All"})
WRITE_PERMISSIONS = frozenset({"EntitlementManagement.ReadWrite.All"})
"""Source: graph-contract §3. A catalog role may grant the same without the permission."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Tenant, application, user and permissions of a token; `kind` is `unknown` when the token is not readable."""

    kind: Literal["app", "user", "unknown"]
    tenant_id: str | None = None
    app_id: str | None = None
    user: str | None = None
    permissions: tuple[str, ...] = ()
