"""Real runs in processes of their own, and a Graph that outlives them: it can kill the run it
serves at any moment.
"""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from anyio.from_thread import BlockingPortal
from harness import Json, Ran

from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset
from reconciler.sandbox.switches import parse_switches

LIMIT_S = 60
SEEDED = "2026-01-15T08:30:00.1234567Z"


@dataclass(frozen=True)
class Moment:
    """When a run is killed: around its n-th request or write, or, `anytime`, so long after its
    start.

    `before` Graph carries the request out; when that is `committed` but not answered; so long after
    it was `answered`.
    """

    stage: Literal["before", "committed", "answered", "anytime"]
    request: int = 0
    delay_s: float = 0.0
    write: int = 0


@contextmanager
def started(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """The real command line in a process of its own; it is dead and reaped when the
    block is left.
    """
    command = [sys.executable, "-m", "reconciler", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], limit_s: float = LIMIT_S) -> Ran:
    """The exit code and the output of a process that ends by itself; fails with its output after
    `limit_s`.
    """
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        fail_with_output(process, f"the process did not end within {limit_s} s")
    return Ran(process.returncode, out, err)


def fail_with_output(process: subprocess.Popen[str], what: str) -> NoReturn:
    """Kills the process and fails with what it printed."""
    process.kill()
    out, err = process.communicate()
    pytest.fail(f"{what}\nstdout:\n{out}\nstderr:\n{err}")


@dataclass
class DoomedRun:
    """A run that is killed at its moment: what each of its requests was for, and which one the kill
    met.

    `writes` are the client-request-ids of the writes that Graph heard; `cut_off` is that of the one
    left unanswered.
    """

    process: subprocess.Popen[str]
    moment: Moment
    phases: list[str] = field(default_factory=list)
    met: str = "start-up"
    writes: list[str] = field(default_factory=list)
    cut_off: str | None = None
    _steps: list[tuple[str | None, str, str]] = field(default_factory=list)

    @property
    def was_killed(self) -> bool:
        """False when the run had ended, and ended well, before its moment came."""
        assert self.process.returncode in (
            0,
            -signal.SIGKILL,
        ), f"the run ended with {self.process.returncode}"
        return self.process.returncode != 0

    def kill(self) -> None:
        """SIGKILL; the process is dead when this returns."""
        self.process.kill()
        self.process.wait(LIMIT_S)

    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer to a request of the run, which possibly does not live to read it."""
        phase = self._phase(request)
        self.phases.append(phase)
        if request.method != "GET":
            self.writes.append(request.headers["client-request-id"])
        if self.moment.stage == "anytime":
            self.met = phase
        if not self._is_moment(request):
            return await handler(request)
        self.met = phase
        if request.method != "GET" and self.moment.stage != "answered":
            self.cut_off = self.writes[-1]
        if self.moment.stage == "before":
            self.kill()
            return web.Response(status=503)
        try:
            return await handler(request)
        except GraphError:
            self.met = f"refused {phase}"
            raise
        finally:
            if self.moment.stage == "committed":
                self.kill()
            else:
                asyncio.get_running_loop().call_later(self.moment.delay_s, self.kill)

    def _is_moment(self, request: web.Request) -> bool:
        if self.moment.write:
            return request.method != "GET" and self.moment.write == len(self.writes)
        return self.moment.request == len(self.phases)

    def _phase(self, request: web.Request) -> str:
        """What the request is for, judged by what the run asked of the same catalog before."""
        step = (request.match_info.get("catalog"), request.method, request.path_qs)
        earlier = [one for one in self._steps if one[0] == step[0]]
        self._steps.append(step)
        if request.method != "GET":
            return request.method
        if earlier and earlier[-1][1] != "GET":
            return "read-back"
        return "re-check" if "extension" in request.match_info or step in earlier else "planning"


@dataclass
class Graph:
    """A served sandbox with a database of its own; reads do not show an extension until `lag_s`
    after its create.
    """

    database: Path
    seed: Path
    lag_s: float = 0.0
    url: str = ""
    _created: dict[str, float] = field(default_factory=dict)
    _run: DoomedRun | None = None

    @property
    def journal(self) -> Path:
        """Where the run that is killed keeps its journal."""
        return self.database.with_suffix(".jsonl")

    @property
    def second_journal(self) -> Path:
        """Where the run after it keeps its own."""
        return self.database.with_suffix(".second.jsonl")

    @contextmanager
    def served(self, portal: BlockingPortal, switches: Sequence[str]) -> Iterator["Graph"]:
        """This Graph, served in the portal's thread while the block lasts."""
        reset(self.database, seed=self.seed)
        serving = serve(
            self.database, switches=parse_switches(switches), faults=[self._watch, self._lag]
        )
        with portal.wrap_async_context_manager(serving) as self.url:
            yield self

    def kill(self, moment: Moment) -> DoomedRun:
        """An apply of the freshly seeded state that was killed at that moment, unless it had ended
        before.

        What it had sent lies in the server's sockets then, so it is applied before a later run is
        heard.
        """
        reset(self.database, seed=self.seed)
        for journal in (self.journal, self.second_journal):
            journal.unlink(missing_ok=True)
        with started(
            "apply", "--auto-approve", "--graph-url", self.url, "--journal", self.journal
        ) as process:
            run = self._run = DoomedRun(process, moment)
            try:
                process.communicate(
                    timeout=moment.delay_s if moment.stage == "anytime" else LIMIT_S
                )
            except subprocess.TimeoutExpired:
                if moment.stage != "anytime":
                    fail_with_output(process, f"the run did not meet {moment} within {LIMIT_S} s")
                run.kill()
        self._run = None
        return run

    def catch_up(self) -> None:
        """Ends the time in which reads lag behind writes."""
        with Store(self.database) as store:
            store.end_lag()

    def live(self) -> list[Json]:
        """Every extension with its catalog, by name; without what Graph made up for it since the
        seed.
        """
        with Store(self.database) as store:
            found = [
                {"catalog": one["displayName"], **_settled(item)}
                for one in store.catalogs()
                for item in store.extensions(one["id"])
            ]
        return sorted(found, key=lambda item: (item["catalog"], item["displayName"]))

    @web.middleware
    async def _lag(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if not self.lag_s or "catalog" not in request.match_info:
            return answer
        assert isinstance(answer, web.Response) and answer.text
        document, now_s = json.loads(answer.text), time.monotonic()
        if request.method == "POST":
            self._created[document["id"]] = now_s
        elif "value" in document:
            document["value"] = [
                item
                for item in document["value"]
                if now_s - self._created.get(item["id"], 0) >= self.lag_s
            ]
            answer = web.json_response(document)
        return answer

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await (self._run.meet(request, handler) if self._run else handler(request))


def _settled(extension: Json) -> Json:
    """The extension without the id and the times that it did not have in the seed."""
    made_up = {"id", "createdDateTime"} if extension["createdDateTime"] != SEEDED else set()
    if extension["lastModifiedDateTime"] != SEEDED:
        made_up.add("lastModifiedDateTime")
    return {name: value for name, value in extension.items() if name not in made_up}
