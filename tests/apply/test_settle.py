"""What the journal shows as unsettled is looked for before anything else is planned: it delays or
blocks, and never causes a write.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from harness import MARKETING, extension
from journals import PARENTS, TARGET, JournalStory, unsettled_in, write_line, written
from objects import KINDS

from reconciler.apply.history import Target
from reconciler.apply.journal import open_journal
from reconciler.apply.read_back import MAX_FAILED_POLLS, POLL_WAITS_S
from reconciler.apply.run import Run
from reconciler.apply.settle import settle, unsettled_refusal
from reconciler.errors import JournalError, ServiceAnswerError
from reconciler.model.kind import Kinds
from reconciler.model.plan import Change
from reconciler.plan.unsettled import blocked_if_unsettled

OWN = MARKETING[:-1] + "0"
OTHER = MARKETING[:-1] + "1"
WHOLE = [*POLL_WAITS_S]
CHANGED = extension("a", description="new")


def played(story: JournalStory, scene: Callable[[JournalStory], Awaitable[Any]]) -> Any:
    """What the scene returns, played with the Graph of the story."""

    async def play() -> Any:
        async with story.served():
            return await scene(story)

    return asyncio.run(play())


def create(folder: Path, *switches: str) -> JournalStory:
    """An extension that is not live is declared."""
    return JournalStory(folder, [], [extension("a")], switches)


def update(folder: Path, *switches: str) -> JournalStory:
    """Another description is declared than the live one."""
    return JournalStory(folder, [{"id": OWN, **extension("a")}], [CHANGED], switches)


def settled_lines(story: JournalStory) -> list[dict[str, Any]]:
    """What the journal has recorded as settled."""
    lines = map(json.loads, story.journal.read_text().splitlines())
    return [line for line in lines if line["event"] == "settled"]


@pytest.mark.parametrize(("event", "applied"), [("sending", 0), ("answered", 1), ("outcome", 1)])
@pytest.mark.parametrize(
    "switches", [(), ("lag_reads=3",), ("lag_reads=6",), ("lag_reads=2", "views=2")], ids=str
)
def test_after_a_kill_the_next_run_finds_or_creates_it_once(
    event: str, applied: int, switches: tuple[str, ...], tmp_path: Path
) -> None:
    async def scene(story: JournalStory) -> None:
        await story.killed_at(event, recorded=event != "outcome")
        assert len(story.held.store.extensions()) == applied
        plan, outcomes = await story.next_run()
        assert [change.action for change in plan.changes] == ["create"] * (1 - applied)
        assert [outcome.status for outcome in outcomes] == ["done"] * (1 - applied)
        assert len(story.held.store.extensions()) == 1

    played(create(tmp_path, *switches), scene)
    assert unsettled_in(tmp_path / "journal.jsonl") == []


@pytest.mark.parametrize("event", ["sending", "answered"])
@pytest.mark.parametrize("lag", [0, 4])
def test_a_new_catalog_is_found_or_created_once_with_what_is_in_it(
    event: str, lag: int, tmp_path: Path
) -> None:
    new = {"displayName": "New", "description": "made here"}
    switches = (f"lag_reads={lag}",)
    story = JournalStory(tmp_path, [], [extension("a")], switches, declared_catalog=new)

    async def scene(story: JournalStory) -> None:
        await story.killed_at(event)
        _, outcomes = await story.next_run()
        assert {outcome.status for outcome in outcomes} == {"done"}
        names = [each["displayName"] for each in story.held.store.catalogs()]
        assert names == ["Marketing", "New"]
        assert (await story.plan()).changes == ()

    played(story, scene)


@pytest.mark.parametrize(("lag", "polls"), [(0, 1), (3, 4)])
def test_an_update_of_a_catalog_is_settled_when_the_members_that_were_sent_show(
    lag: int, polls: int, tmp_path: Path
) -> None:
    changed = {"displayName": "Marketing", "description": "new"}
    story = JournalStory(tmp_path, [], [], (f"lag_reads={lag}",), declared_catalog=changed)

    async def scene(story: JournalStory) -> None:
        await story.killed_at("answered")
        assert await story.settled() == ()
        assert story.held.waits == WHOLE[:polls]

    played(story, scene)


@pytest.mark.parametrize("event", ["sending", "answered"])
def test_a_delete_is_looked_for_and_finished(event: str, tmp_path: Path) -> None:
    live = [{"id": OWN, **extension("a")}]
    absent = {"displayName": "a", "ensure": "absent"}
    story = JournalStory(tmp_path, live, [absent], ("lag_reads=3",))

    async def scene(story: JournalStory) -> None:
        await story.killed_at(event)
        applied = event == "answered"
        plan = await story.plan(await story.settled())
        assert story.held.waits == WHOLE[: 4 if applied else 9]
        assert [change.action for change in plan.changes] == ["delete"] * (not applied)
        assert len(story.held.store.extensions()) == (not applied)

    played(story, scene)


def test_a_create_is_looked_for_the_whole_time_and_only_once(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        await story.killed_at("answered")
        assert await story.settled() == ()
        assert story.held.waits == WHOLE
        assert story.requests == ["GET customWorkflowExtensions"] * len(WHOLE)
        (line,) = settled_lines(story)
        (live,) = story.held.store.extensions()
        assert line["ids"] == [live["id"]]
        assert await story.settled() == ()
        assert (story.held.waits, story.requests) == ([], [])

    played(create(tmp_path), scene)


def test_the_create_of_another_run_that_shows_first_does_not_settle_ours(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        story.held.store.add("extension", {"id": OTHER, **extension("a")}, MARKETING)
        plan, outcomes = await story.next_run()
        (change,) = plan.changes
        assert change.reason.code == "name_ambiguous"
        assert OTHER in change.reason.parameters["ids"]  # type: ignore[operator]
        assert [outcome.status for outcome in outcomes] == ["skipped"]
        assert len(story.held.store.extensions()) == 2

    async def begin(story: JournalStory) -> None:
        await story.killed_at("answered")
        await scene(story)

    played(create(tmp_path, "lag_reads=5"), begin)


@pytest.mark.parametrize(
    ("event", "lag", "polls"),
    [("answered", 0, 1), ("answered", 4, 5), ("answered", 8, 9), ("sending", 0, 9)],
)
def test_an_update_is_settled_when_it_shows_or_when_the_time_is_over(
    event: str, lag: int, polls: int, tmp_path: Path
) -> None:
    async def scene(story: JournalStory) -> None:
        await story.killed_at(event)
        assert await story.settled() == ()
        assert story.held.waits == WHOLE[:polls]
        (line,) = settled_lines(story)
        assert (line["action"], line["ids"]) == ("update", [OWN])

    played(update(tmp_path, f"lag_reads={lag}"), scene)


def test_an_update_of_a_timeout_shows_under_either_name(tmp_path: Path) -> None:
    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    story = JournalStory(
        tmp_path,
        [{"id": OWN, **extension("a")}],
        [timed],
        ("timeout_accept=durationBeforeTimeout", "timeout_other=ignore"),
    )

    async def scene(story: JournalStory) -> None:
        await story.killed_at("outcome", recorded=False)
        assert await story.settled() == ()
        assert story.held.waits == WHOLE[:1]

    played(story, scene)


@pytest.mark.parametrize(("gone", "polls"), [(True, 1), (False, 9)])
def test_a_delete_is_settled_when_the_object_is_gone_or_when_the_time_is_over(
    gone: bool, polls: int, tmp_path: Path
) -> None:
    async def scene(story: JournalStory) -> None:
        line = write_line("delete", object_id=OWN, body=None)
        written(story.journal, ("sending", line))
        if gone:
            story.held.store.remove("extension", OWN)
        assert await story.settled() == ()
        assert story.held.waits == WHOLE[:polls]
        assert all(request.startswith("GET") for request in story.requests)

    played(update(tmp_path), scene)


def test_several_writes_in_one_catalog_are_looked_for_together(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(story: JournalStory) -> None:
        names = ["a", "b\x1b", "c", "d", "e"]
        writes = [("sending", write_line(name=name, body={})) for name in names]
        written(story.journal, *writes)
        assert await story.settled() == ()
        assert story.requests == ["GET customWorkflowExtensions"] * len(WHOLE)
        assert len(settled_lines(story)) == 5

    played(create(tmp_path), scene)
    assert (
        'The result of 5 writes of an earlier run is unknown: create of "a" in Marketing, create of'
        ' "b\\x1b" in Marketing, create of "c" in Marketing and 2 more. Looking for what became of'
        " them"
    ) in caplog.text
    assert 'Looked for the create of "a" in Marketing: no such object is live.' in caplog.text


async def forbidden(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    """In place of every answer."""
    return web.Response(status=403)


def test_what_cannot_be_read_stays_open_and_blocks_its_name_alone(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        await story.killed_at("sending")
        fault, story.fault = story.fault, forbidden
        unsettled = await story.settled()
        assert story.held.waits == WHOLE[:MAX_FAILED_POLLS]
        story.fault = fault
        plan = await story.plan(unsettled)
        blocked, other = plan.changes
        assert (blocked.action, blocked.object.display_name) == ("blocked", "a")
        assert blocked.reason.code == "unsettled_write"
        assert "HTTP 403" in str(blocked.reason.parameters["search_error"])
        assert (other.action, other.object.display_name) == ("create", "b")
        assert settled_lines(story) == []
        plan, _ = await story.next_run()
        assert [change.action for change in plan.changes] == ["create", "create"]

    played(JournalStory(tmp_path, [], [extension("a"), extension("b")]), scene)


def test_what_is_live_as_declared_is_blocked_too_while_its_write_is_open(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        await story.killed_at("answered")
        fault, story.fault = story.fault, forbidden
        unsettled = await story.settled()
        story.fault = fault
        plan = await story.plan(unsettled)
        (change,) = plan.changes
        assert (change.action, change.reason.code) == ("blocked", "unsettled_write")
        assert plan.unchanged["extension"] == 0
        assert (await story.plan()).unchanged["extension"] == 1

    played(create(tmp_path), scene)


def test_what_showed_before_reading_failed_is_settled(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        await story.killed_at("answered")
        written(story.journal, ("sending", write_line(name="another", body={})))
        fault = story.fault

        async def then_forbidden(request: web.Request, handler: Handler) -> web.StreamResponse:
            answered = len(story.requests) == 1
            return await (fault if answered else forbidden)(request, handler)

        story.fault = then_forbidden
        assert [write.object.display_name for write in await story.settled()] == ["another"]
        (line,) = settled_lines(story)
        assert line["object"]["display_name"] == "a"

    played(update(tmp_path), scene)


@pytest.mark.parametrize("target", [Target("another tenant", "sandbox"), Target("", "graph")])
def test_the_writes_of_another_tenant_or_graph_are_left_alone(
    target: Target, tmp_path: Path
) -> None:
    async def scene(story: JournalStory) -> None:
        await story.killed_at("answered")
        before = story.journal.read_text()
        assert await story.settled(target) == ()
        assert (story.requests, story.journal.read_text()) == ([], before)

    played(create(tmp_path), scene)


def test_a_kind_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        written(story.journal, ("sending", {**write_line(body={}), "kind": "policy stage"}))
        assert await story.settled() == ()
        assert story.requests == []

    played(create(tmp_path), scene)
    assert unsettled_in(tmp_path / "journal.jsonl") == [("create", "a")]


@pytest.mark.parametrize(
    "parents", [[], [*PARENTS, *PARENTS], [{**PARENTS[0], "kind": "access_package"}]]
)
def test_a_write_in_parents_that_its_kind_does_not_have_is_damage(
    parents: list[dict[str, Any]], tmp_path: Path
) -> None:
    async def scene(story: JournalStory) -> None:
        written(story.journal, ("sending", {**write_line(body={}), "parents": parents}))
        with pytest.raises(JournalError, match=r"The journal is damaged: the extension a, sent at"):
            await story.settled()
        assert story.requests == []

    played(create(tmp_path), scene)


def test_in_a_catalog_that_does_not_show_nothing_does(tmp_path: Path) -> None:
    nowhere = [{"kind": "catalog", "id": OTHER, "display_name": "New"}]

    async def scene(story: JournalStory) -> None:
        written(story.journal, ("sending", {**write_line(body={}), "parents": nowhere}))
        assert await story.settled() == ()
        assert story.held.waits == WHOLE
        assert settled_lines(story)[0]["ids"] == []

    played(create(tmp_path), scene)


HOSTILE: dict[str, dict[str, Any]] = {
    "a masked name": write_line(name="***", body={"displayName": "***"}),
    "an update without a type": write_line("update", object_id=OWN, body={"x": 1}),
    "members of other types": write_line(
        "update", object_id=OWN, body={"displayName": 1, "callbackConfiguration": [[]]}
    ),
    "an unknown action": write_line("drop everything", object_id=OWN, body={}),
    "a delete": write_line("delete", object_id=OWN, body=None),
    "an id that is a path": write_line("update", object_id="../../catalogs", body={}),
    "another id in the body": write_line("update", object_id=OWN, body={"id": OTHER, "value": 1}),
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_journal_says_it_causes_no_write(line: dict[str, Any], tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        before = story.held.store.extensions()
        as_usual = await story.plan()
        written(story.journal, ("sending", line))
        unsettled = await story.settled()
        assert {request.partition(" ")[0] for request in story.requests} <= {"GET"}
        assert story.held.store.extensions() == before
        assert (await story.plan(unsettled)).changes == as_usual.changes

    played(update(tmp_path), scene)


def test_a_masked_name_blocks_every_name_that_is_masked_alike(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        written(story.journal, ("sending", write_line(name="sig=***", body={})))
        fault, story.fault = story.fault, forbidden
        (write,) = await story.settled()
        secret = "sig=dGhpcy1pcy1hLXNlY3JldC1zaWduYXR1cmU"
        assert [_is_blocked(name, write) for name in (secret, "a")] == [True, False]
        story.fault = fault
        story.held.store.add("extension", {"id": OTHER, **extension(secret)}, MARKETING)
        assert await story.settled() == ()
        assert settled_lines(story)[0]["ids"] == [OTHER]

    def _is_blocked(name: str, write: Any) -> bool:
        ref = replace(write.object, display_name=name)
        change = Change("create", ref, write.parents, write.reason)
        return blocked_if_unsettled([change], [write])[0].action == "blocked"

    played(create(tmp_path), scene)


def test_an_update_whose_body_no_kind_can_read_takes_the_whole_time(tmp_path: Path) -> None:
    def unreadable(_parents: Any, _body: Any) -> Any:
        raise ServiceAnswerError("not one of ours")

    async def scene(story: JournalStory) -> None:
        written(story.journal, ("sending", write_line("update", object_id=OWN, body={})))
        kinds = Kinds(tuple(replace(kind, observe=unreadable) for kind in KINDS))
        with open_journal(story.journal) as kept:
            story.held.waits.clear()
            run = Run(story.held.graph, kinds, story.held.sleep, record=kept.record)
            assert await settle(kept.unsettled, TARGET, run) == ()
        assert story.held.waits == WHOLE

    played(update(tmp_path), scene)


def test_an_approved_plan_waits_for_the_write_and_is_not_stale(tmp_path: Path) -> None:
    async def scene(story: JournalStory) -> None:
        plan = await story.plan()
        await story.killed_at("sending")
        story.fault = forbidden
        unsettled = await story.settled()
        refusal = unsettled_refusal(blocked_if_unsettled(plan.pending, unsettled))
        assert refusal is not None and refusal.exit_code == 4
        assert '"a": an earlier run sent its create at ' in str(refusal)
        assert refusal.hint and "The plan still holds" in refusal.hint
        assert unsettled_refusal(blocked_if_unsettled(plan.pending, ())) is None

    played(create(tmp_path), scene)


def test_a_write_in_another_catalog_of_the_name_blocks_nothing(tmp_path: Path) -> None:
    elsewhere = [{"kind": "catalog", "id": OTHER, "display_name": "Marketing"}]

    async def scene(story: JournalStory) -> None:
        written(story.journal, ("sending", {**write_line(body={}), "parents": elsewhere}))
        fault, story.fault = story.fault, forbidden
        unsettled = await story.settled()
        story.fault = fault
        assert len(unsettled) == 1
        assert [change.action for change in (await story.plan(unsettled)).changes] == ["create"]

    played(create(tmp_path), scene)
