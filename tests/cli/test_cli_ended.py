"""How the real process ends that somebody else ends: by a signal, or by a token that is refused
from now on.
"""

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import (
    FINANCE,
    MARKETING,
    Json,
    catalog,
    declare,
    dispositions,
    extension,
    send_signal,
    write_seed,
)
from tiers import sample

from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Interfere = Callable[
    [asyncio.subprocess.Process, web.Request, Handler], Awaitable[web.StreamResponse]
]


def ended(
    folder: Path, command: str, interfere: Interfere, inherited: signal.Handlers = signal.SIG_DFL
) -> tuple[int | None, str, str, list[Json]]:
    """How a command on six declared extensions ended whose requests meet the interference, and what
    is live then.
    """

    async def story() -> tuple[int | None, str, str]:
        running: list[asyncio.subprocess.Process] = []

        @web.middleware
        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await interfere(running[0], request, handler)

        async with serve(database, faults=[fault]) as url:
            arguments = [sys.executable, "-m", "reconciler", *command.split(), "--graph-url", url]
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *arguments, cwd=folder, stdout=pipe, stderr=pipe, preexec_fn=dispositions(inherited)
            )
            running.append(process)
            async with asyncio.timeout(60):
                out, err = await process.communicate()
            return process.returncode, out.decode(), err.decode()

    database = folder / "tenant.sqlite3"
    reset(database, seed=write_seed(folder / "seed.json", catalog()))
    declare(
        folder / "desired_state",
        {"catalog": "Marketing", "extensions": [extension(name) for name in "abcdef"]},
    )
    code, out, err = asyncio.run(story())
    with Store(database) as store:
        return code, out, err, store.extensions()


APPLY = "apply --auto-approve --format json"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_what_is_in_flight_finish(
    number: signal.Signals, tmp_path: Path
) -> None:
    posts: list[str] = []

    async def at_the_third_post(
        process: Any, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if request.method == "POST":
            posts.append(request.path)
            if len(posts) == 3:
                send_signal(process, number)
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
            send_signal(process, signal.SIGINT)
            send_signal(process, signal.SIGTERM)
            await asyncio.Event().wait()
        return answer

    code, out, err, live = ended(tmp_path, APPLY, hangs)
    outcomes = json.loads(out)["outcomes"]
    assert code == 130, err
    assert [outcome["status"] for outcome in outcomes] == ["unknown", *["skipped"] * 5]
    assert outcomes[0]["reason"]["code"] == "interrupted_unconfirmed"
    assert [item["displayName"] for item in live] == ["a"]
    assert "Traceback" not in err


@pytest.mark.parametrize("delay_s", sample([0.0, 0.002, 0.005, 0.01, 0.02], (0.002).__eq__))
def test_a_signal_between_the_last_outcome_and_the_report_loses_nothing(
    delay_s: float, tmp_path: Path
) -> None:
    posts: list[str] = []

    async def at_the_last_answer(
        process: Any, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        posts.extend([request.path] if request.method == "POST" else [])
        answer = await handler(request)
        if len(posts) == 6 and request.method == "GET":
            asyncio.get_running_loop().call_later(delay_s, send_signal, process, signal.SIGINT)
        return answer

    code, out, err, live = ended(tmp_path, APPLY, at_the_last_answer)
    assert code in (0, 130), err
    assert [outcome["status"] for outcome in json.loads(out)["outcomes"]] == ["done"] * 6
    assert len(live) == 6


@pytest.mark.parametrize(
    ("command", "number", "inherited"),
    sample(
        [
            ("plan", signal.SIGINT, signal.SIG_DFL),
            ("drift", signal.SIGTERM, signal.SIG_IGN),
            ("export", signal.SIGHUP, signal.SIG_DFL),
            ("apply --auto-approve", signal.SIGHUP, signal.SIG_DFL),
            ("apply --auto-approve", signal.SIGINT, signal.SIG_IGN),
            ("apply --auto-approve", signal.SIGTERM, signal.SIG_IGN),
            ("apply --auto-approve", signal.SIGTERM, signal.SIG_DFL),
        ],
        lambda case: (
            case[:2] in (("plan", signal.SIGINT), ("apply --auto-approve", signal.SIGTERM))
        ),
    ),
)
def test_a_signal_while_reading_ends_the_run_with_one_word(
    command: str, number: signal.Signals, inherited: signal.Handlers, tmp_path: Path
) -> None:
    """Ignored is what a shell without job control, `nohup` and CI runners hand on; the run would go
    on and write.
    """

    async def signals(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        send_signal(process, number)
        return await handler(request)

    code, out, err, live = ended(tmp_path, command, signals, inherited)
    assert (code, out, err, live) == (130, "", "\nInterrupted.\n", [])


def test_nohup_protects_from_a_hangup_and_from_nothing_else(tmp_path: Path) -> None:
    async def hangs_up(process: Any, request: web.Request, handler: Handler) -> web.StreamResponse:
        send_signal(process, signal.SIGHUP)
        return await handler(request)

    code, _, err, live = ended(tmp_path, APPLY, hangs_up, signal.SIG_IGN)
    assert (code, len(live)) == (0, 6), err


SIGNALS_ITSELF_ON_IMPORT = """
import os, signal, sys

class AtModule:
    def find_spec(self, name, *_):
        if name == MODULE:
            os.kill(os.getpid(), signal.NUMBER)

sys.meta_path.insert(0, AtModule())
from reconciler.__main__ import main
main()
"""


STARTING = [
    (number, module)
    for module in ("reconciler.cli", "click", "reconciler.app", "jsonschema_rs")
    for number in ("SIGINT", "SIGTERM", "SIGHUP")
]


@pytest.mark.parametrize(
    ("number", "module"),
    sample(STARTING, {("SIGTERM", "click"), ("SIGINT", "jsonschema_rs")}.__contains__),
)
def test_a_signal_while_it_starts_ends_it_without_a_traceback(
    number: str, module: str, tmp_path: Path
) -> None:
    """Python swallows an exception that is raised in the callback of an import lock, and
    prints it.
    """
    declare(tmp_path / "desired_state", {"catalog": "Marketing", "extensions": [extension("a")]})
    program = SIGNALS_ITSELF_ON_IMPORT.replace("MODULE", repr(module)).replace("NUMBER", number)
    command = [sys.executable, "-c", program, "plan", "--sandbox"]
    child = dispositions(signal.SIG_DFL)
    run = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=child,
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "\nInterrupted.\n")


SIGNALS_ITSELF_ON_RENAME = """
import os, signal, sys
def end(event, _):
    if event == "os.rename":
        os.kill(os.getpid(), signal.SIGTERM)
sys.addaudithook(end)
from reconciler.__main__ import main
main()
"""


def test_a_signal_while_files_are_replaced_waits_until_all_are(tmp_path: Path) -> None:
    live = [extension("a", description="new"), extension("b", description="new")]
    seed = write_seed(tmp_path / "seed.json", catalog(extensions=live))
    reset(tmp_path / "tenant.sqlite3", seed=seed)
    for name in "ab":
        body = extension(name, description="old")
        declare(
            tmp_path / "desired_state",
            {"catalog": "Marketing", "extensions": [body]},
            name=f"{name}.yaml",
        )
    target = ["--sandbox", "--sandbox-db", "tenant.sqlite3"]
    command = [sys.executable, "-c", SIGNALS_ITSELF_ON_RENAME, "export", "--update", *target]
    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "\nInterrupted.\n")
    texts = {file.name: file.read_text() for file in (tmp_path / "desired_state").iterdir()}
    assert sorted(texts) == ["a.yaml", "b.yaml"] and all("new" in text for text in texts.values())


def test_a_signal_while_the_plan_is_shown_lets_no_write_begin(tmp_path: Path) -> None:
    """The plan is longer than the pipe holds, so the signal comes between reading and writing."""

    async def story() -> tuple[int | None, bytes]:
        async with serve(database) as url:
            command = [
                sys.executable,
                "-m",
                "reconciler",
                "apply",
                "--auto-approve",
                "--graph-url",
                url,
            ]
            reader, writer = os.pipe()
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=tmp_path,
                stdout=writer,
                stderr=pipe,
                preexec_fn=dispositions(signal.SIG_IGN),
            )
            os.close(writer)
            shown = await asyncio.to_thread(os.read, reader, 1)
            send_signal(process, signal.SIGINT)
            while part := await asyncio.to_thread(os.read, reader, 65536):
                shown += part
            os.close(reader)
            _, err = await process.communicate()
            assert shown.startswith(b"Plan for tenant")
            assert len(shown) > 2 * 4096, "the plan fits in the pipe: the signal came too late"
            return process.returncode, err

    database = tmp_path / "tenant.sqlite3"
    reset(database, seed=write_seed(tmp_path / "seed.json", catalog()))
    names = [f"{number}" for number in range(60)]
    declare(
        tmp_path / "desired_state",
        {"catalog": "Marketing", "extensions": [extension(name) for name in names]},
    )
    assert asyncio.run(story()) == (130, b"\nInterrupted.\n")
    with Store(database) as store:
        assert store.extensions() == []


FAILS_WHEN_CANCELLED = """
import asyncio, os, signal
from reconciler import signals
from reconciler.cli.event_loop import run_async
from reconciler.errors import ServiceError

async def work():
    os.kill(os.getpid(), signal.SIGTERM)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise ServiceError("the connection was closed") from None

signals.install()
try:
    run_async(work())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_request_that_fails_while_it_is_cancelled_does_not_hide_the_signal(
    tmp_path: Path,
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FAILS_WHEN_CANCELLED], capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == ("interrupted\n", "")


def test_further_signals_cost_neither_what_is_in_flight_nor_the_report(tmp_path: Path) -> None:
    """The report is longer than the pipe holds: signals come while it is written, and it is whole
    all the same.
    """

    async def story() -> tuple[int | None, bytes]:
        started: list[asyncio.subprocess.Process] = []

        @web.middleware
        async def first(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method == "POST":
                send_signal(started[0], signal.SIGINT)
            return await handler(request)

        async with serve(database, faults=[first]) as url:
            command = [sys.executable, "-m", "reconciler", *APPLY.split(), "--graph-url", url]
            reader, writer = os.pipe()
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
            process = await asyncio.create_subprocess_exec(
                *command, cwd=tmp_path, stdout=writer, preexec_fn=dispositions(signal.SIG_DFL)
            )
            started.append(process)
            os.close(writer)
            report = await asyncio.to_thread(os.read, reader, 1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                send_signal(process, number)
            while part := await asyncio.to_thread(os.read, reader, 65536):
                report += part
            os.close(reader)
            return await process.wait(), report

    database = tmp_path / "tenant.sqlite3"
    reset(database, seed=write_seed(tmp_path / "seed.json", catalog()))
    names = [f"{number}" for number in range(12)]
    declare(
        tmp_path / "desired_state",
        {"catalog": "Marketing", "extensions": [extension(name) for name in names]},
    )
    code, report = asyncio.run(story())
    statuses = [outcome["status"] for outcome in json.loads(report)["outcomes"]]
    with Store(database) as store:
        assert (code, statuses) == (
            130,
            ["done"] * len(store.extensions()) + ["skipped"] * statuses.count("skipped"),
        )
    assert statuses[0] == "done" and len(statuses) == 12


@pytest.mark.parametrize(
    ("accepted", "code_expected", "first"), [(0, 1, "failed"), (1, 6, "unknown")]
)
def test_a_token_refused_after_its_renewal_ends_the_run(
    accepted: int, code_expected: int, first: str, tmp_path: Path
) -> None:
    posts: list[str] = []

    async def refuses_from_then_on(
        process: Any, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        written = len(posts)
        if request.method == "POST":
            posts.append(request.path)
        return web.Response(status=401) if posts and written >= accepted else await handler(request)

    code, out, err, live = ended(tmp_path, APPLY, refuses_from_then_on)
    statuses = [outcome["status"] for outcome in json.loads(out)["outcomes"]]
    assert (code, statuses) == (code_expected, [first, *["skipped"] * 5]), err
    assert "The access token was renewed once and rejected again" in err
    assert len(live) == accepted


def test_what_was_written_and_then_failed_counts_as_written_when_the_token_is_refused(
    tmp_path: Path,
) -> None:
    posts: list[str] = []

    async def twin_then_401(
        process: Any, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        posts.extend([request.path] if request.method == "POST" else [])
        looks_after.extend([request.path] if posts and request.method == "GET" else [])
        if request.method == "POST":
            with Store(tmp_path / "tenant.sqlite3") as store:
                store.add("extension", {"id": FINANCE, **extension("a")}, MARKETING)
        return web.Response(status=401) if len(looks_after) > 1 else await handler(request)

    looks_after: list[str] = []
    code, out, err, _ = ended(tmp_path, APPLY, twin_then_401)
    outcomes = json.loads(out)["outcomes"]
    assert (code, [outcome["status"] for outcome in outcomes[:3]]) == (
        6,
        ["failed", "failed", "skipped"],
    ), err
    assert FINANCE in outcomes[0]["reason"]["ids"]
