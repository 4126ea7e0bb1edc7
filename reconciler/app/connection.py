"""From settings to a connection to Graph: sign in, start the embedded Graph if it is used, open the
client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.embedded import embedded_graph
from reconciler.auth.credentials import open_tokens
from reconciler.auth.identity import identity_of
from reconciler.errors import AuthenticationError, StalePlanError
from reconciler.graph.client import GraphClient, open_client
from reconciler.model.identity import Identity
from reconciler.model.plan import Plan
from reconciler.network.limits import Limits
from reconciler.settings import (
    LOOPBACK_TENANT,
    Settings,
    refuse_token_of_another_tenant,
    sign_in_variables,
)

if TYPE_CHECKING:
    from reconciler.app.ahead import Ahead


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to one Graph, with the identity and the tenant of its token. `ahead`: what is
    being read over it already.
    """

    graph: GraphClient
    settings: Settings
    identity: Identity
    ahead: Ahead | None = None

    @property
    def tenant_id(self) -> str:
        """The token's tenant; on loopback the all-zero GUID.

        Raises:
            AuthenticationError: the token for a cloud has no tenant id.
        """
        if self.settings.cloud is None:
            return LOOPBACK_TENANT
        if self.identity.tenant_id is None:
            raise AuthenticationError(
                "The access token has no tenant id (claim tid).",
                hint="Sign in another way: choose another --auth.",
            )
        return self.identity.tenant_id

    def refuse_plan_of_another_tenant(self, saved: Plan) -> None:
        """Returns if the saved plan was made for this tenant.

        Raises:
            StalePlanError: it was not.
        """
        if saved.tenant_id != self.tenant_id:
            raise StalePlanError(
                f"The plan was made for tenant {saved.tenant_id}, not for {self.tenant_id}; nothing"
                " was written.",
                hint="Sign in to the plan's tenant, or run plan again for this tenant.",
            )


@asynccontextmanager
async def connect(
    settings: Settings, variables: Mapping[str, str], report_status: Callable[[str], None]
) -> AsyncIterator[Connection]:
    """A connection to the Graph that the settings name, closed at the end of the block.

    `report_status` gets a text while requests are throttled, and an empty text when they continue.

    Raises:
        AuthenticationError: no token could be obtained.
        UsageError: the embedded Graph cannot start.
    """
    limits = Limits.of(settings, report_status)
    tokens = open_tokens(settings, sign_in_variables(settings, variables))
    identity = identity_of(await tokens.token())
    refuse_token_of_another_tenant(settings, identity)
    async with _graph_url(settings) as url, open_client(url, tokens, limits) as graph:
        yield Connection(graph, settings, identity)


@asynccontextmanager
async def _graph_url(settings: Settings) -> AsyncIterator[str]:
    """The base URL of the Graph; the embedded one runs until the end of the block."""
    if settings.sandbox_db is None:
        yield settings.graph_url
        return
    async with embedded_graph(settings.sandbox_db) as url:
        yield url
