"""From settings to a Graph that can be asked: sign in, start the embedded one where it is wanted, open the client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from reconciler.errors import AuthenticationError, StalePlanError, UsageError
from reconciler.graph.client import GraphClient, Limits, open_client
from reconciler.graph.credentials import open_tokens
from reconciler.graph.identity import identity_of
from reconciler.graph.retry import RetryPolicy
from reconciler.model.identity import Identity
from reconciler.model.plan import Plan
from reconciler.settings import (
    LOOPBACK_TENANT,
    Settings,
    refuse_token_of_another_tenant,
    sign_in_variables,
)


@dataclass(frozen=True, slots=True)
class Connection:
    """One Graph, and for which tenant and on whose behalf it is asked."""

    graph: GraphClient
    settings: Settings
    identity: Identity

    @property
    def tenant_id(self) -> str:
        """The token's tenant; on loopback the all-zero GUID.

        Raises:
            AuthenticationError: a token for a cloud that names no tenant.
        """
        if self.settings.cloud is None:
            return LOOPBACK_TENANT
        if self.identity.tenant_id is None:
            raise AuthenticationError("The token names no tenant.", hint="Choose another way to sign in with --auth.")
        return self.identity.tenant_id

    def refuse_plan_of_another_tenant(self, saved: Plan) -> None:
        """Nothing, when the saved plan was made for this tenant.

        Raises:
            StalePlanError: it was not.
        """
        if saved.tenant_id != self.tenant_id:
            raise StalePlanError(
                f"The plan was made for tenant {saved.tenant_id}, not for {self.tenant_id}; nothing was written.",
                hint="Sign in to the plan's tenant, or plan again.",
            )


@asynccontextmanager
async def connect(
    settings: Settings, variables: Mapping[str, str], tell: Callable[[str], None]
) -> AsyncIterator[Connection]:
    """A connection to the Graph that the settings name, closed at the end of the block.

    `tell` hears why nothing seems to happen while Graph asks for patience.

    Raises:
        AuthenticationError: there is no token to be had.
        UsageError: the embedded Graph cannot start.
    """
    limits = Limits(RetryPolicy(settings.max_retries), settings.timeout_s, settings.concurrency, tell)
    tokens = open_tokens(settings, sign_in_variables(settings, variables))
    identity = identity_of(await tokens.token())
    refuse_token_of_another_tenant(settings, identity)
    async with _graph_url(settings) as url, open_client(url, tokens, limits) as graph:
        yield Connection(graph, settings, identity)


@asynccontextmanager
async def _graph_url(settings: Settings) -> AsyncIterator[str]:
    """The address of the Graph to talk to; the embedded one runs while the block lasts."""
    if settings.sandbox_db is None:
        yield settings.graph_url
        return
    from reconciler.sandbox.errors import SandboxDatabaseError
    from reconciler.sandbox.server import serve

    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serve(settings.sandbox_db))
        except (SandboxDatabaseError, OSError) as error:
            raise UsageError(f"The sandbox cannot start: {error}", hint="Choose another --sandbox-db.") from error
        yield url
