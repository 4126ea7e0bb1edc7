"""Serving a sandbox database over HTTP on the loopback interface."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from reconciler.sandbox.envelope import envelope, pace, tokens
from reconciler.sandbox.exchange import SANDBOX, Sandbox
from reconciler.sandbox.resources.access_packages.routes import routes as access_packages
from reconciler.sandbox.resources.catalogs.routes import routes as catalogs
from reconciler.sandbox.resources.extensions.routes import routes as extensions
from reconciler.sandbox.resources.logic_apps.callbacks import count_callback_requests
from reconciler.sandbox.resources.logic_apps.routes import routes as logic_apps
from reconciler.sandbox.resources.policies.beta_routes import routes as beta_policies
from reconciler.sandbox.resources.policies.routes import routes as policies
from reconciler.sandbox.store import Store
from reconciler.sandbox.switches import Switches

HOST: Final = "127.0.0.1"
_SHUTDOWN_S: Final = 1.0


@asynccontextmanager
async def serve(
    database: Path | str,
    *,
    port: int = 0,
    switches: Switches | None = None,
    seed: Path | None = None,
    faults: Sequence[Middleware] = (),
) -> AsyncIterator[str]:
    """The base URL `http://127.0.0.1:PORT/v1.0`, served until the end of the block; port 0 means a
    free one. Azure Resource Manager is at the root of the same server.

    A new database is filled with `seed` first. `switches` replace those stored in the database for
    this run. `faults` are aiohttp middlewares directly around the handlers, after the token check.
    Tokens are read from the environment when the server starts.
    Raises: SeedError, SandboxDatabaseError, OSError (port in use).
    """
    with Store(database, seed=seed) as store:
        application = _application(Sandbox(store, switches or store.switches()), faults)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            yield f"http://{HOST}:{runner.addresses[0][1]}/v1.0"
        finally:
            await runner.cleanup()


def _application(sandbox: Sandbox, faults: Sequence[Middleware]) -> web.Application:
    own = (envelope, count_callback_requests, pace(sandbox.switches), tokens())
    application = web.Application(middlewares=[*own, *faults])
    application[SANDBOX] = sandbox
    for routes in (catalogs, extensions, access_packages, policies, beta_policies, logic_apps):
        application.add_routes(routes)
    return application
