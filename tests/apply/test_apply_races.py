"""Changes by others between a pre-check and its write, and between a write and its read-back."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import ASSIGNMENT, FINANCE, MARKETING, Tenant, catalog, declare, extension, tenant
from objects import KINDS, explained
from tiers import sample

from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.apply.stale import refuse_if_stale
from reconciler.model.names import folded
from reconciler.model.plan import Outcome
from reconciler.model.reason import reason
from tests.model.journal_paths import departures

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OWN = MARKETING[:-1] + "0"
OTHER = MARKETING[:-1] + "1"
READS = {"at once": (), "two views": ("lag_reads=2", "views=2")}
"""How reads follow writes, as switches: with two views what was written shows, vanishes and shows
again.
"""


@pytest.fixture(autouse=True, params=sample(READS, "at once".__eq__))
def reads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How reads follow writes in every test of this module."""
    monkeypatch.setattr(Story, "reads", READS[request.param])
    return str(request.param)


def middleware(fault: Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]) -> Any:
    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await fault(request, handler)

    return around


class Story:
    """One catalog with what is live in it, one declared extension, and a fault that may read the
    tenant. The journal of every story is a path of the model of the write protocol.
    """

    reads: tuple[str, ...] = ()

    def __init__(self, folder: Path, live: list[Any], wanted: Any, *switches: str) -> None:
        self.folder, self.live, self.wanted, self.switches = folder, live, wanted, switches
        self.writes: list[str] = []
        self.journal: list[dict[str, Any]] = []
        self.held: Tenant

    def run(
        self, fault: Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]
    ) -> Outcome:
        """Plans and applies; the fault sees every request of the apply."""
        applying = False

        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method != "GET":
                self.writes.append(request.method)
            return await (fault(request, handler) if applying else handler(request))

        async def story() -> Outcome:
            nonlocal applying
            declare(self.folder / "desired", {"catalog": "Marketing", "extensions": [self.wanted]})
            served = tenant(
                self.folder,
                catalog(extensions=self.live),
                switches=[*self.reads, *self.switches],
                faults=[middleware(around)],
            )
            async with served as self.held:
                plan = await self.held.plan(self.folder / "desired")
                applying = True
                (outcome,) = await self.held.apply(plan, record)
                self.names = sorted(item["displayName"] for item in self.held.store.extensions())
                self.after = self.held.store.extensions()
                return outcome

        def record(event: str, **members: Any) -> None:
            self.journal.append({"run": "the only one", "event": event, **members})

        outcome = asyncio.run(story())
        live = Counter(("marketing", folded(name)) for name in self.names)
        left_at = departures(self.journal, live)
        assert not left_at, "\n".join(left_at)
        return outcome

    def add(self, name: str, **properties: Any) -> None:
        """Someone creates another one."""
        self.held.store.add("extension", {"id": OTHER, **extension(name, **properties)}, MARKETING)

    def edit(self, extension_id: str, **properties: Any) -> None:
        """Someone edits one."""
        (row,) = [row for row in self.held.store.rows("extension") if row.id == extension_id]
        self.held.store.change("extension", row, row.document | properties)


def while_throttled(
    folder: Path, write: str, interfere: Callable[[Tenant], None]
) -> tuple[Outcome, list[Any], list[str]]:
    """Finance's write waits for the pause to end, because Marketing was throttled, while someone
    interferes.

    The outcome, what is live in Finance then, and what was sent there.
    """
    planned, looked, paused, sent = asyncio.Event(), asyncio.Event(), asyncio.Event(), list[str]()

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not planned.is_set() or paused.is_set():
            return await noted(request, handler)
        if FINANCE not in request.path:
            return web.Response(status=429, headers={"Retry-After": "200"})
        answer = await handler(request)
        await paused.wait()
        looked.set()
        return answer

    async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
        if FINANCE in request.path and request.method != "GET":
            sent.append(request.method)
        return await handler(request)

    async def story() -> tuple[Outcome, list[Any], list[str]]:
        wanted = extension("x", description="ours")
        live = [{"id": OWN, **extension("x")}] if write == "PUT" else []
        declare(
            folder / "desired",
            {"catalog": "Marketing", "extensions": [extension("m")]},
            {"catalog": "Finance", "extensions": [wanted]},
        )
        async with tenant(
            folder,
            catalog(),
            catalog("Finance", FINANCE, live),
            switches=Story.reads,
            faults=[middleware(fault)],
        ) as held:

            async def meanwhile(wait_s: float) -> None:
                if wait_s == 200:
                    paused.set()
                    await looked.wait()
                    for _ in range(200):
                        await asyncio.sleep(0)
                    interfere(held)

            held.meanwhile = meanwhile
            plan = await held.plan(folder / "desired")
            planned.set()
            outcomes = await held.apply(plan)
            (outcome,) = [
                one for one in outcomes if one.change.parents[0].display_name == "Finance"
            ]
            return outcome, held.store.extensions(FINANCE), sent

    return asyncio.run(story())


@pytest.mark.parametrize("write", ["POST", "PUT"])
def test_a_write_that_waited_for_a_pause_is_pre_checked_again(write: str, tmp_path: Path) -> None:
    def interfere(held: Tenant) -> None:
        if write == "POST":
            held.store.add(
                "extension", {"id": OTHER, **extension("x", description="theirs")}, FINANCE
            )
        else:
            (row,) = [row for row in held.store.rows("extension") if row.id == OWN]
            held.store.change("extension", row, row.document | {"description": "theirs"})

    outcome, live, sent = while_throttled(tmp_path, write, interfere)
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert sent == []
    assert [item["description"] for item in live] == ["theirs"]


@pytest.mark.parametrize("write", ["POST", "PUT"])
def test_a_write_that_waited_and_still_fits_goes_out_once(write: str, tmp_path: Path) -> None:
    outcome, live, sent = while_throttled(tmp_path, write, lambda _held: None)
    assert (outcome.status, [item["description"] for item in live], sent) == (
        "done",
        ["ours"],
        [write],
    )


def test_a_lagging_read_after_an_accepted_update_is_unknown_not_failed(tmp_path: Path) -> None:
    changed = extension("a", description="new")
    story = Story(
        tmp_path, [{"id": OWN, **extension("a")}], changed, f"lag_reads={len(POLL_WAITS_S)}"
    )
    outcome = story.run(lambda request, handler: handler(request))
    assert (outcome.status, story.after[0]["description"]) == ("unknown", "new")
    assert OWN in str(explained(outcome))


def test_a_lagging_answer_does_not_shorten_the_read_back(tmp_path: Path) -> None:
    async def answers_with_the_former(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        return (
            answer if request.method == "GET" else web.json_response({"id": OWN, **extension("a")})
        )

    changed = extension("a", description="new")
    story = Story(tmp_path, [{"id": OWN, **extension("a")}], changed, "lag_reads=6")
    assert story.run(answers_with_the_former).status == "done"


@pytest.mark.parametrize(("lag", "puts"), [("lag_reads=0", 2), ("lag_reads=4", 4)])
def test_the_second_timeout_name_whose_answer_is_lost_is_read_back_until_it_shows(
    lag: str, puts: int, tmp_path: Path
) -> None:
    async def second_is_lost(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        return (
            web.Response(status=504)
            if request.method == "PUT" and len(story.writes) > 1
            else answer
        )

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    switches = ["timeout_accept=durationBeforeTimeout", "timeout_other=ignore", lag]
    story = Story(tmp_path, [{"id": OWN, **extension("a")}], timed, *switches)
    outcome = story.run(second_is_lost)
    assert (outcome.status, story.writes) == ("done", ["PUT"] * puts)
    assert "accepted the timeout as durationBeforeTimeout" in str(explained(outcome))


def test_what_showed_once_under_the_name_is_not_forgotten_by_the_last_look(tmp_path: Path) -> None:
    reads: list[str] = []

    async def normalised_and_flapping(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "POST":
            (row,) = story.held.store.rows("extension")
            story.edit(row.id, description="normalised")
            return web.Response(status=504)
        if story.writes:
            reads.append(request.path)
            if len(reads) == len(POLL_WAITS_S):
                return web.json_response({"value": []})
        return answer

    story = Story(tmp_path, [], extension("a", description="ours"))
    assert (story.run(normalised_and_flapping).status, story.names) == ("unknown", ["a"])


def test_a_second_one_of_the_name_is_not_adopted_once_the_first_is_gone(tmp_path: Path) -> None:
    looks: list[str] = []

    async def one_after_the_other(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            return web.Response(status=504)
        if story.writes:
            looks.append(request.path)
            theirs = {"id": OTHER, **extension("a", description="theirs")}
            as_sent = {"id": OWN, **extension("a", description="ours")}
            return web.json_response({"value": [theirs if len(looks) == 1 else as_sent]})
        return await handler(request)

    story = Story(tmp_path, [], extension("a", description="ours"))
    outcome = story.run(one_after_the_other)
    assert (outcome.status, story.writes) == ("unknown", ["POST"]), explained(outcome)
    assert OWN in explained(outcome)
    assert OTHER in explained(outcome)


def test_of_two_refused_bodies_the_first_refusal_is_reported(tmp_path: Path) -> None:
    async def refused(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET":
            return await handler(request)
        error = {"code": "InvalidModel", "message": f"refusal {len(story.writes)}"}
        return web.json_response({"error": error}, status=400)

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    story = Story(tmp_path, [], timed)
    outcome = story.run(refused)
    assert (outcome.status, story.writes) == ("failed", ["POST", "POST"])
    assert "refusal 1" in str(outcome.error)


@pytest.mark.parametrize(
    "theirs", [extension("A", description="theirs"), extension("a", ASSIGNMENT)], ids=["A", "type"]
)
def test_one_of_the_name_that_is_not_as_sent_is_neither_adopted_nor_doubled(
    theirs: Any, tmp_path: Path
) -> None:
    async def lost(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        story.held.store.add("extension", {"id": OTHER, **theirs}, MARKETING)
        return web.Response(status=504)

    story = Story(tmp_path, [], extension("a", description=theirs.get("description") and "ours"))
    outcome = story.run(lost)
    assert (outcome.status, story.writes) == ("unknown", ["POST"]), explained(outcome)
    assert outcome.reason is not None
    assert (outcome.reason.code, outcome.reason.parameters["ids"]) == ("others_found", [OTHER])


def test_a_create_that_is_sent_again_is_a_request_of_its_own(tmp_path: Path) -> None:
    ids: list[str] = []

    async def lost_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        ids.append(request.headers["client-request-id"])
        return web.Response(status=504) if len(ids) == 1 else await handler(request)

    story = Story(tmp_path, [], extension("a"))
    assert story.run(lost_once).status == "done"
    assert len(set(ids)) == len(ids) == 2


@pytest.mark.parametrize(("status", "sent"), [(403, 1), (422, 1), (400, 2)])
@pytest.mark.parametrize("write", ["POST", "PUT"])
def test_the_second_timeout_name_is_sent_after_a_400_alone(
    write: str, status: int, sent: int, tmp_path: Path
) -> None:
    bodies: list[str] = []

    async def refused(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET":
            return await handler(request)
        bodies.append(await request.text())
        return web.Response(status=status)

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    live = [{"id": OWN, **extension("a")}] if write == "PUT" else []
    assert Story(tmp_path, live, timed).run(refused).status == "failed"
    assert ["durationBeforeTimeout" in body for body in bodies] == [False, True][:sent]


def test_the_second_timeout_name_is_not_sent_where_another_value_was_dropped(
    tmp_path: Path,
) -> None:
    async def drops_the_description(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "PUT":
            story.edit(OWN, description=None)
            return web.Response(status=204)
        return answer

    timed = extension("a", description="new", callbackConfiguration={"timeoutDuration": "PT2H"})
    story = Story(tmp_path, [{"id": OWN, **extension("a", description="old")}], timed)
    outcome = story.run(drops_the_description)
    assert (outcome.status, story.writes) == ("failed", ["PUT"]), explained(outcome)
    assert outcome.reason == reason("value_dropped", paths=["description"])


def test_a_second_timeout_name_whose_answer_is_lost_and_that_never_shows_is_unknown(
    tmp_path: Path,
) -> None:
    async def second_is_lost(request: web.Request, handler: Handler) -> web.StreamResponse:
        lost = request.method == "PUT" and len(story.writes) > 1
        return web.Response(status=504) if lost else await handler(request)

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    switches = ["timeout_accept=durationBeforeTimeout", "timeout_other=ignore"]
    story = Story(tmp_path, [{"id": OWN, **extension("a")}], timed, *switches)
    outcome = story.run(second_is_lost)
    assert outcome.status == "unknown", explained(outcome)


def test_a_name_that_an_older_extension_took_meanwhile_is_not_free_for_the_second_create(
    tmp_path: Path,
) -> None:
    async def lost_and_renamed(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            story.edit(OWN, displayName="a")
            return web.Response(status=503)
        return await handler(request)

    story = Story(tmp_path, [{"id": OWN, **extension("older")}], extension("a"))
    assert (story.run(lost_and_renamed).status, story.names, story.writes) == (
        "unknown",
        ["a"],
        ["POST"],
    )


def test_an_earlier_attempt_that_was_carried_out_is_judged_like_any_other(
    tmp_path: Path, reads: str
) -> None:
    async def committed_beside_a_namesake(
        request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if request.method != "PUT":
            return await handler(request)
        await handler(request)
        story.add("new")
        return web.Response(status=503)

    pinned = {"id": OWN, **extension("new")}
    story = Story(tmp_path, [{"id": OWN, **extension("old")}], pinned)
    outcome = story.run(committed_beside_a_namesake)
    shows = reads == "at once"
    assert outcome.status == ("failed" if shows else "unknown"), explained(outcome)
    assert outcome.written is shows
    assert story.writes == ["PUT"]
    assert OWN in str(explained(outcome)) and OTHER in str(explained(outcome))


def test_a_400_of_the_second_look_is_not_taken_for_one_of_the_write(tmp_path: Path) -> None:
    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(status=400) if story.writes else await handler(request)

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    story = Story(tmp_path, [], timed)
    outcome = story.run(fault)
    assert (outcome.status, story.writes, story.names) == ("failed", ["POST"], [])
    assert "The pre-check before the write failed" in str(explained(outcome))


def test_a_create_that_shows_only_before_its_repetition_is_adopted(tmp_path: Path) -> None:
    async def late(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET":
            hidden = len(story.writes) == 1
            return web.json_response({"value": []}) if hidden else await handler(request)
        if len(story.writes) == 1:
            await handler(request)
            return web.Response(status=504)
        return web.Response(status=429, headers={"Retry-After": "1"})

    story = Story(tmp_path, [], extension("a"))
    outcome = story.run(late)
    assert (outcome.status, story.names) == ("done", ["a"]), explained(outcome)
    assert outcome.change.object.id == story.after[0]["id"]


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("write", ["POST", "PUT"])
def test_between_a_refusal_and_the_next_attempt_there_is_another_look(
    write: str, status: int, tmp_path: Path
) -> None:
    async def edited_and_refused(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET" or len(story.writes) > 1:
            return await handler(request)
        if write == "POST":
            story.add("a", description="theirs")
        else:
            story.edit(OWN, description="theirs")
        return web.Response(status=status)

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    live = [{"id": OWN, **extension("a")}] if write == "PUT" else []
    story = Story(tmp_path, live, timed)
    outcome = story.run(edited_and_refused)
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert story.writes == [write]
    assert [item["description"] for item in story.after] == ["theirs"]


def test_two_that_are_pinned_are_renamed_to_one_name(tmp_path: Path) -> None:
    wanted = [extension("shared", id=OWN), extension("Shared", id=OTHER)]
    live = [{"id": OWN, **extension("x")}, {"id": OTHER, **extension("y")}]
    outcomes, names = rename(tmp_path, wanted, live)
    assert [outcome.status for outcome in outcomes] == ["done", "done"], outcomes
    assert names == ["Shared", "shared"]


def test_a_third_of_a_shared_name_still_stops_the_rename(tmp_path: Path) -> None:
    """What the files do not pin under the name has no right to it, however many share it."""

    def take(held: Tenant) -> None:
        held.store.add("extension", {"id": FINANCE, **extension("SHARED")}, MARKETING)

    wanted = [extension("shared", id=OWN), extension("shared", id=OTHER)]
    live = [{"id": OWN, **extension("x")}, {"id": OTHER, **extension("shared")}]
    (outcome,), names = rename(tmp_path, wanted, live, take)
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert names == ["SHARED", "shared", "x"]
    assert FINANCE in str(explained(outcome))


def rename(
    folder: Path,
    wanted: list[Any],
    live: list[Any],
    between: Callable[[Tenant], None] = lambda _held: None,
) -> tuple[tuple[Outcome, ...], list[str]]:
    """Plans, lets `between` interfere, checks as `apply --plan` does and applies: outcomes, and the
    names live then.
    """

    async def story() -> tuple[tuple[Outcome, ...], list[str]]:
        declare(folder / "desired", {"catalog": "Marketing", "extensions": wanted})
        async with tenant(folder, catalog(extensions=live)) as held:
            plan = await held.plan(folder / "desired")
            await refuse_if_stale(plan, held.graph, KINDS)
            between(held)
            outcomes = await held.apply(plan)
            return outcomes, sorted(item["displayName"] for item in held.store.extensions())

    return asyncio.run(story())


@pytest.mark.parametrize("live", [[], [{"id": OWN, **extension("a")}]], ids=["create", "update"])
def test_the_second_timeout_name_is_sent_with_all_that_the_service_has_filled_in(
    live: list[Any], tmp_path: Path
) -> None:
    """A service that accepts a create without url, and then no PUT without it."""
    bodies: list[Any] = []

    async def refuses_a_put_without_url(
        request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if request.method == "PUT":
            bodies.append(await request.json())
            if not bodies[-1]["endpointConfiguration"].get("url"):
                return web.json_response({"error": {"code": "NoUrl", "message": "x"}}, status=400)
        return await handler(request)

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    switches = ["timeout_accept=durationBeforeTimeout", "timeout_other=ignore"]
    story = Story(tmp_path, live, timed, *switches)
    outcome = story.run(refuses_a_put_without_url)
    assert outcome.status == "done", explained(outcome)
    assert bodies[-1]["callbackConfiguration"]["durationBeforeTimeout"] == "PT2H"
    assert "accepted the timeout as durationBeforeTimeout" in explained(outcome)


def test_the_second_timeout_name_carries_the_address_that_another_logic_app_has(
    tmp_path: Path,
) -> None:
    """The first PUT moves the extension to another Logic App; its address is known only then."""
    sent: list[Any] = []
    stored: list[Any] = []

    async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "PUT":
            return await handler(request)
        sent.append((await request.json())["endpointConfiguration"].get("url"))
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        stored.append(json.loads(str(answer.text))["endpointConfiguration"]["url"])
        return answer

    moved = {**extension("a")["endpointConfiguration"], "logicAppWorkflowName": "other"}
    callback = {"timeoutDuration": "PT2H"}
    wanted = extension("a", endpointConfiguration=moved, callbackConfiguration=callback)
    switches = ["timeout_accept=durationBeforeTimeout", "timeout_other=ignore"]
    story = Story(tmp_path, [{"id": OWN, **extension("a")}], wanted, *switches)
    assert story.run(noted).status == "done"
    assert sent == [None, stored[0]]
    assert stored[0] == stored[1]


def test_a_create_that_is_refused_after_a_lost_one_is_searched_for_again(tmp_path: Path) -> None:
    """The first create shows only after the second one was sent, and refused."""
    hidden: list[Any] = []

    async def late_then_refused(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        if len(story.writes) > 1:
            story.held.store.add("extension", hidden[0], MARKETING)
            return web.json_response({"error": {"code": "No", "message": "x"}}, status=403)
        hidden.append({"id": OTHER, **await request.json()})
        return web.Response(status=504)

    story = Story(tmp_path, [], extension("a"))
    outcome = story.run(late_then_refused)
    assert (outcome.status, story.names, story.writes) == ("done", ["a"], ["POST", "POST"])
    assert outcome.change.object.id == OTHER


def test_an_update_that_is_refused_after_a_lost_one_is_read_back(tmp_path: Path) -> None:
    async def lost_then_refused(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "PUT":
            return await handler(request)
        if len(story.writes) > 1:
            story.edit(OWN, description="new")
            return web.json_response({"error": {"code": "No", "message": "x"}}, status=403)
        return web.Response(status=504)

    wanted = extension("a", description="new")
    story = Story(tmp_path, [{"id": OWN, **extension("a")}], wanted)
    outcome = story.run(lost_then_refused)
    assert (outcome.status, story.writes) == ("done", ["PUT", "PUT"]), explained(outcome)
