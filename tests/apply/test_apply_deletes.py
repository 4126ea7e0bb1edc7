"""Deletes and replacements, written to the sandbox: what was planned and nothing else, each fault
with a true outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import ASSIGNMENT, MARKETING, Tenant, catalog, declare, extension, tenant
from objects import KINDS, explained

from reconciler.apply.run import Run, apply_plan
from reconciler.apply.stale import refuse_if_stale
from reconciler.errors import StalePlanError
from reconciler.model.plan import Outcome
from reconciler.sandbox.switches import Lag

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OLD = MARKETING[:-1] + "0"
LIVE = {"id": OLD, **extension("old", description="live")}
ABSENT = {"displayName": "old", "ensure": "absent"}
RETYPED = extension("old", ASSIGNMENT)


@dataclass
class Story:
    """One apply in one catalog. `answer` may answer a write in place of the sandbox; `between` is
    called before it with the tenant, after the plan was made.
    """

    declared: Sequence[Any] = (ABSENT,)
    answer: Callable[[web.Request, Handler], Awaitable[web.StreamResponse | None]] | None = None
    between: Callable[[Tenant], None] = lambda _held: None
    switches: Sequence[str] = ()
    live: Sequence[Any] = (LIVE,)
    seen: list[str] = field(default_factory=list)
    stop_after: str = ""

    async def run(self, folder: Path) -> tuple[tuple[Outcome, ...], list[Any]]:
        """The outcomes, and what is live at the end."""
        run: Run

        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.seen.append(request.method)
            answered = None
            if request.method != "GET" and self.answer is not None:
                answered = await self.answer(request, handler)
            if request.method == self.stop_after:
                run.stop.request()
            return answered or await handler(request)

        declare(folder / "desired", {"catalog": "Marketing", "extensions": list(self.declared)})
        seed = catalog(extensions=self.live)
        async with tenant(folder, seed, switches=self.switches, faults=[note]) as held:
            plan = await held.plan(folder / "desired")
            self.between(held)
            self.seen.clear()
            run = Run(held.graph, KINDS, held.sleep)
            outcomes = await apply_plan(plan, run)
            return outcomes, held.store.extensions()


def refused(method: str, status: int, *, times: int = 1) -> Any:
    """An answer with an error, in place of the sandbox's, to so many writes of the method."""
    left = [times]

    async def answer(request: web.Request, _handler: Handler) -> web.StreamResponse | None:
        if request.method != method or not left[0]:
            return None
        left[0] -= 1
        error = {"code": "Planned", "message": "as planned"}
        return web.json_response({"error": error}, status=status)

    return answer


def lost(method: str, *, applied: bool) -> Any:
    """The connection is closed in place of the first answer to a write of the method."""
    left = [1]

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if request.method != method or not left[0]:
            return None
        left[0] -= 1
        if applied:
            await handler(request)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


def applied(folder: Path, story: Story) -> tuple[Outcome, list[Any]]:
    """The one outcome, and what is live at the end."""
    (outcome,), live = asyncio.run(story.run(folder))
    return outcome, live


def test_a_delete_is_checked_sent_once_and_confirmed(tmp_path: Path) -> None:
    story = Story()
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.reason, live) == ("done", None, [])
    assert story.seen == ["GET", "DELETE", "GET"]


def edited(held: Tenant) -> None:
    """Somebody edits the object after the plan was made."""
    row = held.store.find("extension", OLD)
    assert row is not None
    held.store.change("extension", row, {**row.document, "description": "edited"})


def edited_elsewhere(held: Tenant) -> None:
    """Somebody sets a member that no row of the plan shows."""
    row = held.store.find("extension", OLD)
    assert row is not None
    held.store.change("extension", row, {**row.document, "riskLevel": "high"})


def removed(held: Tenant) -> None:
    """Somebody deletes the object after the plan was made."""
    held.store.remove("extension", OLD)


@pytest.mark.parametrize("edit", [edited, edited_elsewhere])
@pytest.mark.parametrize("declared", [ABSENT, RETYPED], ids=["delete", "replace"])
def test_what_was_edited_since_the_plan_is_not_deleted(
    tmp_path: Path, declared: Any, edit: Callable[[Tenant], None]
) -> None:
    story = Story([declared], between=edit)
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.stale) == ("failed", True)
    assert "changed after the plan was made" in explained(outcome)
    assert [each["id"] for each in live] == [OLD]
    assert set(story.seen) == {"GET"}


@pytest.mark.parametrize("edit", [edited, edited_elsewhere])
def test_what_was_edited_since_the_new_object_was_created_is_not_deleted(
    tmp_path: Path, edit: Callable[[Tenant], None]
) -> None:
    held_by: list[Tenant] = []

    async def after_the_create(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        answer = await handler(request)
        edit(held_by[0])
        return answer

    story = Story([RETYPED], answer=after_the_create, between=held_by.append)
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.written, outcome.stale) == ("failed", True, False)
    assert OLD in explained(outcome)
    assert "changed after the plan was made" in explained(outcome)
    assert (len(live), story.seen.count("DELETE")) == (2, 0)


def test_what_is_gone_already_is_done(tmp_path: Path) -> None:
    story = Story(between=removed)
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, explained(outcome), live) == ("done", "it no longer existed", [])
    assert story.seen == ["GET", "GET"]


def hidden_once(held: Tenant) -> None:
    """One read does not show the object yet, as if it had just been created."""
    row = held.store.find("extension", OLD)
    assert row is not None
    held.store.remove("extension", OLD)
    held.store.add("extension", row.document, MARKETING, lag=Lag(0, 1))


def test_one_read_that_lags_does_not_mean_that_it_is_gone(tmp_path: Path) -> None:
    story = Story(between=hidden_once)
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.reason, live) == ("done", None, [])
    assert story.seen.count("DELETE") == 1


@pytest.mark.parametrize("lagging", [False, True])
@pytest.mark.parametrize("status", [404, 409, 500])
def test_one_read_that_lags_does_not_confirm_a_delete_that_was_not_made(
    tmp_path: Path, status: int, lagging: bool
) -> None:
    held_by: list[Tenant] = []
    answer = refused("DELETE", status, times=3)

    async def hiding(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        if lagging and request.method == "DELETE":
            hidden_once(held_by[0])
        answered: web.StreamResponse | None = await answer(request, handler)
        return answered

    outcome, live = applied(tmp_path, Story(answer=hiding, between=held_by.append))
    assert (outcome.status, len(live)) == ("failed" if status == 409 else "unknown", 1)


def test_http_404_for_the_delete_is_done(tmp_path: Path) -> None:
    async def meanwhile(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        await handler(request)  # somebody else's delete
        return None

    story = Story(answer=meanwhile)
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, explained(outcome), live) == ("done", "it no longer existed", [])
    assert story.seen.count("DELETE") == 1


@pytest.mark.parametrize("status", [400, 403, 405, 409, 412])
def test_a_refused_delete_failed_and_is_not_repeated(tmp_path: Path, status: int) -> None:
    story = Story(answer=refused("DELETE", status))
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.written) == ("failed", False)
    assert f"failed with HTTP {status} (Planned: as planned;" in explained(outcome)
    assert ("Catalog owner" in explained(outcome)) is (status == 403)
    assert (len(live), story.seen.count("DELETE")) == (1, 1)


def test_a_conflict_may_hide_a_delete_that_was_applied(tmp_path: Path) -> None:
    async def hidden(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        await handler(request)
        return web.json_response({"error": {"code": "Busy", "message": "x"}}, status=409)

    story = Story(answer=hidden)
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, live) == ("done", [])
    assert "HTTP 409 (Busy: x" in explained(outcome)
    assert story.seen == ["GET", "DELETE", "GET", "GET"]


def test_a_conflict_that_cannot_be_read_back_is_unknown(tmp_path: Path) -> None:
    held_back: list[str] = []

    @web.middleware
    async def unreadable(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "DELETE":
            held_back.append(request.path)
            return web.json_response({"error": {"code": "InUse", "message": "x"}}, status=409)
        return web.Response(status=403) if held_back else await handler(request)

    async def story() -> Outcome:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [ABSENT]})
        async with tenant(tmp_path, catalog(extensions=[LIVE]), faults=[unreadable]) as held:
            (outcome,) = await held.apply(await held.plan(tmp_path / "desired"))
            return outcome

    outcome = asyncio.run(story())
    assert (outcome.status, len(held_back)) == ("unknown", 1)
    assert "HTTP 409 (InUse: x" in explained(outcome)
    assert "Reading it back failed too" in explained(outcome)
    assert OLD in explained(outcome)


@pytest.mark.parametrize(("was_applied", "deletes"), [(True, 1), (False, 2)])
def test_a_lost_answer_is_settled_by_reading(
    tmp_path: Path, was_applied: bool, deletes: int
) -> None:
    story = Story(answer=lost("DELETE", applied=was_applied))
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, live) == ("done", [])
    assert ("no usable answer to the delete" in explained(outcome)) is was_applied
    assert story.seen.count("DELETE") == deletes


@pytest.mark.parametrize("status", [500, 503, 408])
def test_an_unclear_refusal_is_repeated_while_the_object_is_unchanged(
    tmp_path: Path, status: int
) -> None:
    story = Story(answer=refused("DELETE", status))
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, live) == ("done", [])
    assert story.seen == ["GET", "DELETE", "GET", "DELETE", "GET"]


def test_a_delete_is_not_repeated_once_the_object_was_edited(tmp_path: Path) -> None:
    held_by: list[Tenant] = []
    lose = lost("DELETE", applied=False)

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse | None:
        edited(held_by[0])
        answered: web.StreamResponse | None = await lose(request, handler)
        return answered

    story = Story(answer=answer, between=held_by.append)
    outcome, live = applied(tmp_path, story)
    assert outcome.status == "unknown"
    assert "Before the retry" in explained(outcome)
    assert [each["description"] for each in live] == ["edited"]
    assert story.seen.count("DELETE") == 1


def test_a_delete_that_is_never_clear_is_unknown(tmp_path: Path) -> None:
    story = Story(answer=refused("DELETE", 500, times=99))
    outcome, live = applied(tmp_path, story)
    assert outcome.status == "unknown"
    assert OLD in explained(outcome)
    assert (len(live), story.seen.count("DELETE")) == (1, 3)


@pytest.mark.parametrize(("lag", "status"), [(3, "done"), (100, "unknown")])
def test_a_delete_that_shows_late_is_waited_for(tmp_path: Path, lag: int, status: str) -> None:
    story = Story(switches=[f"lag_reads={lag}"])
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, live) == (status, [])
    assert ("reads still return the extension" in explained(outcome)) is (status == "unknown")
    assert story.seen.count("DELETE") == 1


def test_deletes_come_after_all_other_writes_of_the_catalog(tmp_path: Path) -> None:
    other = {"id": MARKETING[:-1] + "1", **extension("z")}
    declared = [ABSENT, extension("b"), extension("z", description="new")]
    story = Story(declared, live=[LIVE, other])
    outcomes, live = asyncio.run(story.run(tmp_path))
    planned = [(outcome.change.action, outcome.status) for outcome in outcomes]
    assert planned == [("create", "done"), ("update", "done"), ("delete", "done")]
    assert [method for method in story.seen if method != "GET"] == ["POST", "PUT", "DELETE"]
    assert sorted(each["displayName"] for each in live) == ["b", "z"]


def test_a_replacement_creates_first_and_then_deletes(tmp_path: Path) -> None:
    story = Story([RETYPED])
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.reason) == ("done", None)
    assert [method for method in story.seen if method != "GET"] == ["POST", "DELETE"]
    (new,) = live
    assert (new["@odata.type"], new["description"]) == (ASSIGNMENT, "live")
    assert (outcome.change.object.id, new["id"] != OLD) == (new["id"], True)


@pytest.mark.parametrize("status", [400, 403])
def test_without_the_new_object_the_old_one_is_not_deleted(tmp_path: Path, status: int) -> None:
    story = Story([RETYPED], answer=refused("POST", status, times=9))
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.written) == ("failed", False)
    assert [each["id"] for each in live] == [OLD]
    assert "DELETE" not in story.seen


def test_while_the_new_object_does_not_show_the_old_one_is_not_deleted(tmp_path: Path) -> None:
    story = Story([RETYPED], switches=["lag_reads=100"])
    outcome, live = applied(tmp_path, story)
    (new,) = (each["id"] for each in live if each["id"] != OLD)
    assert outcome.status == "unknown"
    assert f"gave the id {new}, but reads do not return it yet" in explained(outcome)
    assert (len(live), "DELETE" in story.seen) == (2, False)


@pytest.mark.parametrize(
    ("story", "status", "words"),
    [
        (Story([RETYPED], answer=refused("DELETE", 400)), "failed", "HTTP 400"),
        (Story([RETYPED], stop_after="POST"), "failed", "interrupted"),
        (Story([RETYPED], answer=refused("DELETE", 500, times=9)), "unknown", "HTTP 500"),
    ],
    ids=["refused", "interrupted", "unclear"],
)
def test_a_replacement_that_stops_half_way_names_both_and_how_to_finish(
    tmp_path: Path, story: Story, status: str, words: str
) -> None:
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.written) == (status, True)
    new = next(each["id"] for each in live if each["id"] != OLD)
    said = explained(outcome)
    assert f"has the id {new}, but the old one, {OLD}, was not deleted" in said
    assert words in said

    async def again() -> Any:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [RETYPED]})
        folder = tmp_path / "again"
        folder.mkdir()
        async with tenant(folder, catalog(extensions=live)) as held:
            (unfinished,) = (await held.plan(tmp_path / "desired")).changes
            finish = [{"id": new, **RETYPED}, {"id": OLD, "ensure": "absent"}]
            declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": finish})
            await held.apply(await held.plan(tmp_path / "desired"))
            return unfinished, held.store.extensions()

    unfinished, finished = asyncio.run(again())
    assert unfinished.reason.code == "replace_unfinished"
    assert unfinished.reason.parameters["old_id"] == OLD
    assert [each["id"] for each in finished] == [new]


@pytest.mark.parametrize("was_applied", [True, False])
def test_a_lost_create_of_a_replacement_is_told_from_the_old_object(
    tmp_path: Path, was_applied: bool
) -> None:
    story = Story([RETYPED], answer=lost("POST", applied=was_applied))
    outcome, live = applied(tmp_path, story)
    assert outcome.status == "done", explained(outcome)
    assert [(each["@odata.type"], each["id"] == OLD) for each in live] == [(ASSIGNMENT, False)]
    assert story.seen.count("POST") == (1 if was_applied else 2)


def test_a_replacement_is_stale_once_another_has_the_name(tmp_path: Path) -> None:
    def twin(held: Tenant) -> None:
        held.store.add("extension", {"id": MARKETING[:-1] + "2", **RETYPED}, MARKETING)

    story = Story([RETYPED], between=twin)
    outcome, live = applied(tmp_path, story)
    assert (outcome.status, outcome.stale, len(live)) == ("failed", True, 2)
    assert set(story.seen) == {"GET"}


@pytest.mark.parametrize(
    ("declared", "between", "stale"),
    [
        (ABSENT, edited, True),
        (ABSENT, removed, False),
        (RETYPED, edited, True),
        (RETYPED, removed, False),
    ],
)
def test_a_saved_plan_is_checked_for_what_it_deletes(
    tmp_path: Path, declared: Any, between: Callable[[Tenant], None], stale: bool
) -> None:
    async def story() -> None:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [declared]})
        async with tenant(tmp_path, catalog(extensions=[LIVE])) as held:
            plan = await held.plan(tmp_path / "desired")
            await refuse_if_stale(plan, held.graph, KINDS)
            between(held)
            await refuse_if_stale(plan, held.graph, KINDS)

    if stale:
        with pytest.raises(StalePlanError, match="changed after the plan was made"):
            asyncio.run(story())
    else:
        asyncio.run(story())
