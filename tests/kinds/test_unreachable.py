"""A server that accepts no connection any more when the write is to be sent."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from depot_runs import connected
from depot_server import Depots

from reconciler.model.plan import Outcome

TEXT = "depot: North\ncrates: [{displayName: tea}]"


def test_a_create_that_finds_no_connection_has_failed_and_is_not_unknown() -> None:
    depots = Depots()
    depots.add("depots", displayName="North")
    site: web.TCPSite
    planned = False

    @web.middleware
    async def last_answer(
        request: web.Request, handler: Callable[..., Awaitable[web.Response]]
    ) -> web.Response:
        """The check before the write is the last request that is answered."""
        nonlocal planned
        answer = await handler(request)
        answer.force_close()
        if planned:
            planned = False
            await site.stop()
        return answer

    async def story() -> tuple[Outcome, ...]:
        nonlocal site, planned
        application = web.Application(middlewares=[last_answer])
        application.router.add_route("*", "/{path:.*}", depots.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with connected(f"http://127.0.0.1:{runner.addresses[0][1]}/v1.0") as depot:
                plan = await depot.plan(TEXT)
                planned = True
                return await depot.apply(plan)
        finally:
            await runner.cleanup()

    (outcome,) = asyncio.run(story())
    assert outcome.status == "failed", outcome
    assert not any(request.startswith("POST") for request in depots.requests)
