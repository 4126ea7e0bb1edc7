"""Graph forbids a request: every command says which permission is missing, in the same words."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from harness import Json, catalog, declare, extension, tenant, write_seed
from objects import because, explained

from reconciler.sandbox.server import serve
from reconciler.sandbox.store import reset

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
WAY_OUT = "Reading needs EntitlementManagement.Read.All, or the role Catalog reader on the catalog."


def test_every_command_that_reads_names_the_missing_permission(tmp_path: Path) -> None:
    forbidden = False

    @web.middleware
    async def may_forbid(request: web.Request, handler: Handler) -> web.StreamResponse:
        if forbidden:
            return web.json_response({"error": {"code": "Forbidden", "message": "no"}}, status=403)
        return await handler(request)

    async def ran(url: str, *arguments: str) -> tuple[int | None, str]:
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "reconciler", *arguments, "--graph-url", url]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=tmp_path, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
        out, _ = await process.communicate()
        return process.returncode, out.decode()

    async def story() -> list[tuple[int | None, str]]:
        nonlocal forbidden
        async with serve(database, faults=[may_forbid]) as url:
            assert (await ran(url, "plan", "--out", "plan.json"))[0] == 0
            forbidden = True
            commands = [
                ["export"],
                ["export", "--update"],
                ["plan"],
                ["drift"],
                ["usage"],
                ["apply"],
                ["apply", "--plan", "plan.json", "--no-journal"],  # the other one keeps it
            ]
            return await asyncio.gather(*(ran(url, *arguments) for arguments in commands))

    database = tmp_path / "tenant.sqlite3"
    reset(database, seed=write_seed(tmp_path / "seed.json", catalog()))
    declare(tmp_path / "desired_state", {"catalog": "Marketing", "extensions": [extension("a")]})
    ended = asyncio.run(story())
    assert [code for code, _ in ended] == [1, 4, 4, 4, 4, 4, 5]
    assert [WAY_OUT in shown for _, shown in ended] == [True] * 7, ended


def test_the_names_that_cannot_be_listed_are_a_matter_of_permission_too(tmp_path: Path) -> None:
    """A catalog that is absent gets the nearest names, which takes a listing of all catalogs."""

    @web.middleware
    async def no_listing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith("/catalogs") and "$filter" not in request.query:
            return web.json_response({"error": {"code": "Forbidden", "message": "no"}}, status=403)
        return await handler(request)

    async def story() -> str:
        async with tenant(tmp_path, catalog(), faults=[no_listing]) as held:
            (change,) = (await held.plan(tmp_path / "desired")).changes
            return because(change)

    declare(tmp_path / "desired", {"catalog": "Sales", "extensions": [extension("a")]})
    said = asyncio.run(story())
    assert said.startswith("no catalog has this name") and WAY_OUT in said


@pytest.mark.parametrize("held", [[], [extension("a")]], ids=["create", "update"])
def test_a_forbidden_write_names_the_permission_to_write(held: list[Json], tmp_path: Path) -> None:
    @web.middleware
    async def reads_only(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "GET":
            return web.json_response({"error": {"code": "Forbidden", "message": "no"}}, status=403)
        return await handler(request)

    async def story() -> str:
        async with tenant(tmp_path, catalog(extensions=held), faults=[reads_only]) as run:
            (outcome,) = await run.apply(await run.plan(tmp_path / "desired"))
            return explained(outcome)

    declare(
        tmp_path / "desired",
        {"catalog": "Marketing", "extensions": [extension("a", description="new")]},
    )
    error = asyncio.run(story())
    assert error.endswith(
        " Writing needs EntitlementManagement.ReadWrite.All or the role Catalog owner on this"
        " catalog; a signed-in user also needs Logic App Contributor on the Logic App."
    )
    assert "Reading needs" not in error
