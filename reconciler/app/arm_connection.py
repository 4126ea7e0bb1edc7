"""From settings to Azure Resource Manager: a sign-in, a connection and a budget of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reconciler.app.embedded import embedded_graph
from reconciler.arm.client import ArmClient, open_arm_client
from reconciler.auth.credentials import LoopbackToken, open_arm_tokens
from reconciler.auth.identity import identity_of
from reconciler.errors import AuthenticationError
from reconciler.network.limits import Limits
from reconciler.settings import (
    LOOPBACK_TENANT,
    Settings,
    arm_beside,
    refuse_token_of_another_tenant,
    sign_in_variables,
)


@dataclass(frozen=True, slots=True)
class ArmConnection:
    """A connection to one Azure Resource Manager, with the tenant of its token; on loopback the
    all-zero GUID.
    """

    arm: ArmClient
    tenant_id: str


@asynccontextmanager
async def connect_arm(
    settings: Settings, variables: Mapping[str, str], report_status: Callable[[str], None]
) -> AsyncIterator[ArmConnection]:
    """A connection to the Azure Resource Manager of the settings, closed at the end of the block.

    `report_status` gets a text while requests are throttled, and an empty text when they continue.

    Raises:
        AuthenticationError: no token could be obtained, or it is for another tenant.
        UsageError: the embedded Graph cannot start.
    """
    limits = Limits.of(settings, report_status)
    tokens = open_arm_tokens(settings, sign_in_variables(settings, variables))
    token = await tokens.token()
    tenant_id = (
        LOOPBACK_TENANT if isinstance(tokens, LoopbackToken) else _tenant_of(settings, token)
    )
    async with _arm_url(settings) as url, open_arm_client(url, tokens, limits) as arm:
        yield ArmConnection(arm, tenant_id)


def _tenant_of(settings: Settings, token: str) -> str:
    """The tenant of the token, which issues the tokens that a Logic App must accept."""
    identity = identity_of(token)
    refuse_token_of_another_tenant(settings, identity)
    if identity.tenant_id is None:
        raise AuthenticationError(
            "The access token for Azure Resource Manager has no tenant id (claim tid).",
            hint="Sign in another way: choose another --auth.",
        )
    return identity.tenant_id


@asynccontextmanager
async def _arm_url(settings: Settings) -> AsyncIterator[str]:
    """The origin of Azure Resource Manager; the embedded one runs until the end of the block."""
    if settings.sandbox_db is None or settings.arm_on_loopback is not None:
        yield settings.arm_url
        return
    async with embedded_graph(settings.sandbox_db) as graph_url:
        yield arm_beside(graph_url)
