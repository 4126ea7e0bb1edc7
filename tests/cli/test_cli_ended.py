"""How the real process ends that somebody else ends: by a signal, or by a token that is refused from now on."""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import FINANCE, MARKETING, Json, catalog, declare, extension, write_seed

from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Interfere = Callable[[asyncio.subprocess.Process, web.Request, Handler], Awaitable[web.StreamResponse]]


def ended(folder: Path, command: str, interfere: Interfere) -> tuple[int | None, str, str, list[Json]]:
    """How a command on six declared extensions ended whose requests meet the interference, and what is live then."""

    async def story() -> tuple[int | None, str, str]:
        running: list[asyncio.subprocess.Process] = []

        @web.middleware
        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await interfere(running[0], request, handler)

        async with serve(database, faults=[fault]) as url:
            arguments = [sys.executable, "-m", "reconciler", *command.split(), "--graph-url", url]
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(*arguments, cwd=folder, stdout=pipe, stderr=pipe)
            running.append(process)
            async with asyncio.timeout(60):
                out, err = await process.communicate()
            return process.returncode, out.decode(), err.decode()

    database = folder / "tenant.sqlite3"
    reset(database, seed=write_seed(folder / "seed.json", catalog()))
    declare(folder / "desired_state", {"catalog": "Marketing", "extensions": [extension(name) for name in "abcdef"]})
    code, out, err = asyncio.run(story())
    with Store(database) as store:
        return code, out, err, store.extensions()


APPLY = "apply --auto-approve --format json"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_what_is_in_flight_finish(number: signal.Signals, tmp_path: Path) -> None:
    posts: list[str] = []

    async def at_the_third_post(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            posts.append(request.path)
            if len(posts) == 3:
                process.send_signal(number)
        return await handler(request)

    code, out, err, live = ended(tmp_path, APPLY, at_the_third_post)
    statuses = [outcome["status"] for outcome in json.loads(out)["outcomes"]]
    done = statuses.count("done")
    assert code == 130, err
    assert statuses == ["done"] * done + ["skipped"] * (6 - done)
    assert done == len(live) == len(posts) < 6
    assert "Traceback" not in err


def test_the_second_signal_ends_what_hangs_and_the_report_is_complete(tmp_path: Path) -> None:
    async def hangs(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "POST":
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            await asyncio.Event().wait()
        return answer

    code, out, err, live = ended(tmp_path, APPLY, hangs)
    outcomes = json.loads(out)["outcomes"]
    assert code == 130, err
    assert [outcome["status"] for outcome in outcomes] == ["unknown", *["skipped"] * 5]
    assert "look at “a” in catalog Marketing" in outcomes[0]["error"]
    assert [item["displayName"] for item in live] == ["a"]
    assert "Traceback" not in err


@pytest.mark.parametrize("delay_s", [0.0, 0.002, 0.005, 0.01, 0.02])
def test_a_signal_between_the_last_outcome_and_the_report_loses_nothing(delay_s: float, tmp_path: Path) -> None:
    posts: list[str] = []

    async def at_the_last_answer(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.extend([request.path] if request.method == "POST" else [])
        answer = await handler(request)
        if len(posts) == 6 and request.method == "GET":
            asyncio.get_running_loop().call_later(delay_s, process.send_signal, signal.SIGINT)
        return answer

    code, out, err, live = ended(tmp_path, APPLY, at_the_last_answer)
    assert code in (0, 130), err
    assert [outcome["status"] for outcome in json.loads(out)["outcomes"]] == ["done"] * 6
    assert len(live) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["plan", "drift", "apply --auto-approve"])
def test_a_signal_while_reading_ends_the_run_with_one_word(
    number: signal.Signals, command: str, tmp_path: Path
) -> None:
    async def hangs(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        process.send_signal(number)
        await asyncio.Event().wait()
        return await handler(request)

    code, out, err, live = ended(tmp_path, command, hangs)
    assert (code, out, err, live) == (130, "", "\nInterrupted.\n", [])


@pytest.mark.parametrize(("accepted", "code_expected", "first"), [(0, 1, "failed"), (1, 6, "unknown")])
def test_a_token_refused_after_its_renewal_ends_the_run(
    accepted: int, code_expected: int, first: str, tmp_path: Path
) -> None:
    posts: list[str] = []

    async def refuses_from_then_on(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        written = len(posts)
        if request.method == "POST":
            posts.append(request.path)
        return web.Response(status=401) if posts and written >= accepted else await handler(request)

    code, out, err, live = ended(tmp_path, APPLY, refuses_from_then_on)
    statuses = [outcome["status"] for outcome in json.loads(out)["outcomes"]]
    assert (code, statuses) == (code_expected, [first, *["skipped"] * 5]), err
    assert "The token was renewed once and refused again" in err
    assert len(live) == accepted


def test_what_was_written_and_then_failed_counts_as_written_when_the_token_is_refused(tmp_path: Path) -> None:
    posts: list[str] = []

    async def twin_then_401(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.extend([request.path] if request.method == "POST" else [])
        looks_after.extend([request.path] if posts and request.method == "GET" else [])
        if request.method == "POST":
            with Store(tmp_path / "tenant.sqlite3") as store:
                store.add("extension", {"id": FINANCE, **extension("a")}, MARKETING)
        return web.Response(status=401) if len(looks_after) > 1 else await handler(request)

    looks_after: list[str] = []
    code, out, err, _ = ended(tmp_path, APPLY, twin_then_401)
    outcomes = json.loads(out)["outcomes"]
    assert (code, [outcome["status"] for outcome in outcomes[:3]]) == (6, ["failed", "failed", "skipped"]), err
    assert FINANCE in outcomes[0]["error"]
