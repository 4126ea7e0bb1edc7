"""The embedded Graph, run for one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from reconciler.errors import UsageError


@asynccontextmanager
async def embedded_graph(database: Path) -> AsyncIterator[str]:
    """The base URL of the embedded Graph, which runs until the end of the block.

    Raises:
        UsageError: it cannot start.
    """
    from reconciler.sandbox.errors import SandboxDatabaseError
    from reconciler.sandbox.server import serve

    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serve(database))
        except (SandboxDatabaseError, OSError) as error:
            raise UsageError(
                f"The sandbox cannot start: {error}", hint="Choose another --sandbox-db."
            ) from error
        yield url
