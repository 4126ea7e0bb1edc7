"""A Graph, or a journal, that names foreign objects: nothing of others is written, and what is left
is listed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from bindings import AUDIT, PACKAGE, POLICY, employees, marketing
from checks import NAME, opened, own_names
from harness import MARKETING, Tenant, tenant

from reconciler.live_check.check import Removal, Run, Stop, check, removed, trial_of
from reconciler.live_check.guard import OwnObjects
from reconciler.live_check.journal import open_journal
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probes.catalogs import PROBE as CATALOGS
from reconciler.live_check.probes.names import PROBE as NAMES
from reconciler.sandbox.errors import GraphError

FOREIGN: Mapping[str, OwnObject] = {
    "catalogs": OwnObject("catalog", MARKETING, NAME),
    "customWorkflowExtensions": OwnObject("extension", AUDIT, f"{NAME}-p2-1", MARKETING),
    "accessPackages": OwnObject("access_package", PACKAGE, f"{NAME}-p1-1", MARKETING),
    "assignmentPolicies": OwnObject("policy", POLICY, f"{NAME}-p1-2", PACKAGE),
}
"""By their collections, as if they were own."""
UNUSABLE = [f"{{{MARKETING}}}", f"{MARKETING}/../x", f"{MARKETING}%2f..", f"{MARKETING}?x", None]
Change = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


class Hostile:
    """A Graph that changes some of its answers, and the writes that have reached it."""

    def __init__(self, change: Change | None = None) -> None:
        self._change = change
        self.writes: list[str] = []

    @web.middleware
    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer."""
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.path} {await request.text()}")
        return await (self._change(request, handler) if self._change else handler(request))

    def touched(self) -> list[str]:
        """The writes that name a foreign object."""
        ids = [own.id for own in FOREIGN.values()]
        return [write for write in self.writes if any(each in write for each in ids)]


def answering(method: str, path: str, change: Callable[[Any], Any], status: int = 200) -> Hostile:
    """Changes the bodies of these answers."""

    async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method != method or not request.path.endswith(path):
            return answer
        assert isinstance(answer, web.Response)
        return web.json_response(change(json.loads(answer.text or "{}")), status=status)

    return Hostile(meet)


@asynccontextmanager
async def attacked(folder: Path, hostile: Hostile) -> AsyncIterator[Tenant]:
    """A tenant in which somebody has an object of every kind; afterwards no write has named one of
    these.
    """
    policies = [employees()]
    async with tenant(folder, marketing(), policies=policies, faults=[hostile.meet]) as held:
        yield held
    assert hostile.touched() == []


def check_attacked(folder: Path, hostile: Hostile, **options: Any) -> tuple[Run, list[str]]:
    """A live check there, and what it has left."""

    async def run() -> tuple[Run, list[str]]:
        async with (
            attacked(folder, hostile) as held,
            opened(held, folder / "live-check.jsonl") as trial,
        ):
            run = Run(trial, **options)
            await check(run)
            return run, own_names(held.store)

    return asyncio.run(run())


@pytest.mark.parametrize("collection", FOREIGN)
def test_a_create_that_is_answered_with_a_foreign_id_writes_nothing_foreign(
    collection: str, tmp_path: Path
) -> None:
    """Nor does it create anything in it."""
    claimed = {"id": FOREIGN[collection].id}
    hostile = answering("POST", f"/{collection}", lambda body: {**body, **claimed}, 201)
    run, left_behind = check_attacked(tmp_path, hostile, probes=[NAMES])
    assert set(left_behind) <= {left.name for left in run.left}


@pytest.mark.parametrize("shared", ["accessPackages", "customWorkflowExtensions"])
def test_what_has_the_id_of_another_own_object_is_removed_or_listed(
    shared: str, tmp_path: Path
) -> None:
    ids: list[str] = []

    def repeat(body: Any) -> Any:
        ids.append(body["id"])
        return {**body, "id": ids[0]}

    hostile = answering("POST", f"/{shared}", repeat, 201)
    run, left_behind = check_attacked(tmp_path, hostile, probes=[NAMES])
    assert set(left_behind) <= {left.name for left in run.left}


@pytest.mark.parametrize("probe", [NAMES, CATALOGS], ids=lambda probe: probe.id)
def test_a_second_create_with_the_id_of_the_first_does_not_show_that_names_are_shared(
    probe: Any, tmp_path: Path
) -> None:
    collection = "catalogs" if probe is CATALOGS else "customWorkflowExtensions"
    ids: list[str] = []

    def repeat(body: Any) -> Any:
        ids.append(body["id"])
        return {**body, "id": ids[0] if len(ids) == 2 else body["id"]}

    hostile = answering("POST", f"/{collection}", repeat, 201)
    run, _ = check_attacked(tmp_path, hostile, probes=[probe])
    fact = run.results[0].facts[0]
    reason = "the second create was answered without a new object"
    assert (fact.value, fact.reason) == (None, reason)


@pytest.mark.parametrize("status", [202, 204])
def test_a_catalog_that_is_still_shown_after_its_deletion_is_left(
    status: int, tmp_path: Path
) -> None:
    """And answers nothing; `--clean` tries again, even though a DELETE was accepted."""

    async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
        parts = request.path.partition("/catalogs/")[2].split("/")
        if request.method == "DELETE" and parts[0] and len(parts) == 1:
            return web.Response(status=status)
        return await handler(request)

    run, left_behind = check_attacked(tmp_path, Hostile(meet), probes=[CATALOGS])
    assert sorted(left.name for left in run.left if left.kind == "catalog") == [
        name for name in left_behind if "p12" not in name
    ]
    assert {left.reason for left in run.left} == {
        "the deletion of a catalog does not show: HTTP 200"
    }
    reasons = {fact.switch: fact.reason for fact in run.results[0].facts}
    assert reasons["delete_catalog_with_extensions"] == (
        "the deletion of a catalog does not show: HTTP 200"
    )
    with open_journal(tmp_path / "live-check.jsonl") as kept:
        assert len(kept.runs[NAME].objects) == len(run.left)
    assert run.trial.removed == 3, "the extension, the access package and the policy"


def cleaned(folder: Path, hostile: Hostile, *objects: OwnObject, creating: str = "") -> Removal:
    """What `--clean` comes to with a journal that names these."""

    async def clean() -> Removal:
        async with attacked(folder, hostile) as held:
            async with opened(held, folder / "live-check.jsonl") as trial:
                for own in objects:
                    trial.journal.created(NAME, own)
                if creating:
                    trial.journal.creating(NAME, "catalog", creating)
            with open_journal(folder / "live-check.jsonl") as kept:
                trial = trial_of(held.graph, kept, kept.runs[NAME])
                with held.graph.writes_guarded(OwnObjects(trial.owned)):
                    return await removed(trial, Stop(), of_earlier_run=True)

    return asyncio.run(clean())


@pytest.mark.parametrize("own", FOREIGN.values(), ids=lambda own: own.kind)
def test_a_journal_with_foreign_ids_removes_nothing(own: OwnObject, tmp_path: Path) -> None:
    """Whoever can edit the journal must not choose what is deleted."""
    hostile = Hostile()
    removal = cleaned(tmp_path, hostile, own)
    assert hostile.writes == []
    why = "reads show its id under another name, so it may be somebody's"
    assert [(left.id, left.reason) for left in removal.left] == [(own.id, why)]


def test_a_journal_with_all_of_somebody_removes_nothing(tmp_path: Path) -> None:
    hostile = Hostile()
    removal = cleaned(tmp_path, hostile, *FOREIGN.values())
    assert (hostile.writes, len(removal.left)) == ([], 4)


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_a_catalog_with_an_unusable_id_is_left(unusable: str | None, tmp_path: Path) -> None:
    """It was found by its name, so it is not absent."""
    shown = {"value": [{"id": unusable, "displayName": NAME}]}
    hostile = answering("GET", "/catalogs", lambda _body: shown)
    removal = cleaned(tmp_path, hostile, creating=NAME)
    assert hostile.writes == []
    assert [(left.name, left.id) for left in removal.left] == [(NAME, None)]


@pytest.mark.parametrize("name", [None, f"{NAME[:-1]}2"])
def test_a_catalog_that_reads_show_without_its_name_stays(name: str | None, tmp_path: Path) -> None:
    hostile = answering("GET", MARKETING, lambda body: {**body, "displayName": name})
    removal = cleaned(tmp_path, hostile, FOREIGN["catalogs"])
    assert [left.id for left in removal.left] == [MARKETING]


def test_what_only_one_read_shows_of_others_is_read_again(tmp_path: Path) -> None:
    """Somebody may just be removing it, or the read was stale."""
    theirs = [{"id": AUDIT, "displayName": "theirs"}]

    def once(body: Any) -> Any:
        return {"value": body["value"] + [theirs.pop()] if theirs else body["value"]}

    run, left_behind = check_attacked(
        tmp_path, answering("GET", "/customWorkflowExtensions", once), probes=[]
    )
    assert (run.left, left_behind) == ((), [])


@pytest.mark.parametrize("answers", [[(404, 403)], [(404, 404), (403, 403)]])
def test_what_reads_hide_and_graph_does_not_delete_is_left(
    answers: list[tuple[int, int]], tmp_path: Path
) -> None:
    """The answers to a read and to a DELETE: always the same, or alternating."""
    turns: list[str] = []

    async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
        of_package = "/accessPackages/" in request.path and "$expand" not in request.query
        if request.method == "DELETE" and "/assignmentPolicies/" in request.path:
            turns.append("begin")
        if not (of_package and turns):
            return await handler(request)
        turns.extend(["next"] if request.method == "GET" else [])
        read, delete = answers[len(turns) % len(answers)]
        raise GraphError(read if request.method == "GET" else delete, "Injected", "Refused.")

    run, left_behind = check_attacked(tmp_path, Hostile(meet), probes=[])
    assert "access_package" in {left.kind for left in run.left}
    assert {left.name for left in run.left} == set(left_behind)


def test_a_search_that_ignores_its_filter_adopts_no_other_name(tmp_path: Path) -> None:
    shown = {"id": MARKETING, "displayName": f"{NAME}-of-somebody"}
    hostile = answering("GET", "", lambda _body: {**shown, "value": [shown]})
    assert cleaned(tmp_path, hostile, creating=NAME).left == ()
    assert hostile.writes == []
