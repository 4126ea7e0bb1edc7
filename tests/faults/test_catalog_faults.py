"""Every fault at every step of the create and of the update of a catalog, once and every time:
never a duplicate, nothing lost, nothing in a catalog that is not there, and the report is true.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from fault_kinds import ELSEWHERE, FAULTS, Handler, refused
from fault_laws import MAX_REQUESTS, shows
from fault_story import answered
from harness import FINANCE, MARKETING, Json, Tenant, catalog, declare, extension, tenant
from objects import explained
from tiers import sample

from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.model.plan import Outcome, Plan

REFUSALS = {f"{status} before commit": refused(status) for status in (400, 403, 404, 409)}
CHOSEN = {
    **{
        name: FAULTS[name]
        for name in (
            "reset before send",
            "reset after commit",
            "503 before commit",
            "503 after commit",
            "429 with seconds",
            "timeout after commit",
            "empty 201",
            "HTML 200",
            "HTML 200, no commit",
            "truncated JSON",
            "409 after commit",
            "a redirect",
        )
    },
    **REFUSALS,
}
STEPS = (
    "search",
    "list",
    "pre-check, PATCH",
    "PATCH",
    "read-back, PATCH",
    "pre-check, POST",
    "POST",
    "read-back, POST",
)
LATE = "once, and reads lag behind writes"
TIMES = {"once": STEPS, "every time": STEPS, LATE: STEPS[3:]}
MATRIX = [
    (times, fault, step) for times, steps in TIMES.items() for fault in CHOSEN for step in steps
]
NEW = {"displayName": "Campaigns", "description": "new", "state": "unpublished"}
CHANGED = {"displayName": "Marketing", "description": "new"}


@dataclass
class Story:
    """One cell: what was observed of it."""

    times: str
    fault: str
    step: str
    first: Plan | None = None
    seen: list[str] = field(default_factory=list)
    faulty: int = 0
    waited: list[int] = field(default_factory=list)

    def step_of(self, request: web.Request) -> str:
        """The step that a request for a catalog itself belongs to."""
        if "customWorkflowExtensions" in request.path or FINANCE in request.path:
            return ""
        if self.first is None:
            return "search" if request.query or MARKETING in request.path else "list"
        if request.method != "GET":
            return request.method
        verb = "PATCH" if MARKETING in request.path else "POST"
        return f"{'read-back' if verb in self.seen else 'pre-check'}, {verb}"

    @property
    def affected(self) -> set[str]:
        """The objects that the fault affects."""
        if self.step.endswith("PATCH"):
            return {"Marketing"}
        return {"Campaigns", "a"} | (set() if self.step.endswith("POST") else {"Marketing", "b"})


def of_the_diagonal(case: tuple[str, str, str]) -> bool:
    """The quick tier meets each fault and each step."""
    times, fault, step = case
    return list(CHOSEN).index(fault) % len(STEPS) == STEPS.index(step) and times != LATE


@pytest.mark.parametrize(("times", "fault", "step"), sample(MATRIX, of_the_diagonal))
def test_a_fault_of_a_catalog_breaks_no_law(
    times: str, fault: str, step: str, tmp_path: Path
) -> None:
    if fault == "truncated JSON" and step == "PATCH":
        pytest.skip("the answer to a PATCH has no body")
    asyncio.run(happen(Story(times, fault, step), tmp_path))


async def happen(story: Story, folder: Path) -> None:
    """Runs the story, and checks every law."""
    healed = False
    waits: list[float] = []

    @web.middleware
    async def trouble(request: web.Request, handler: Handler) -> web.StreamResponse:
        assert "None" not in request.path
        step = "" if healed else story.step_of(request)
        if not step:
            return await handler(request)
        if request.method == "POST":
            story.waited.append(len(waits))
        faulty = step == story.step and (story.times == "every time" or not story.faulty)
        story.seen.append(step)
        story.faulty += faulty
        if not faulty:
            return await handler(request)
        request[ELSEWHERE] = "http://127.0.0.1:9"
        return await CHOSEN[story.fault](request, lambda passed: answered(passed, handler))

    declare(
        folder / "desired",
        {"catalog": NEW, "extensions": [extension("a")]},
        {"catalog": CHANGED, "extensions": [extension("b")]},
        {"catalog": {"id": FINANCE}, "extensions": []},  # Graph answers at least this
    )
    switches = ["lag_reads=4"] if story.times == LATE else []
    marketing = {**catalog(), "description": "old"}
    async with tenant(
        folder,
        marketing,
        catalog("Finance", FINANCE),
        switches=switches,
        faults=[trouble],
    ) as held:
        waits = held.waits
        before = held.store.catalogs()
        story.first = await held.plan(folder / "desired")
        outcomes = await held.apply(story.first)
        assert story.faulty, "the fault did not happen"
        check(story, outcomes, before, held)
        check_repeats(story, waits)
        healed = True
        end_all_lag(held)
        again = await held.apply(await held.plan(folder / "desired"))
        assert {outcome.status for outcome in again} <= {"done"}, again
        end_all_lag(held)
        assert (await held.plan(folder / "desired")).changes == ()
        names = Counter(each["displayName"] for each in held.store.catalogs())
        assert names == {"Campaigns": 1, "Marketing": 1, "Finance": 1}
        for each in held.store.catalogs():
            inside = [held_in["displayName"] for held_in in held.store.extensions(each["id"])]
            assert inside == {"Campaigns": ["a"], "Marketing": ["b"]}.get(each["displayName"], [])


def check(story: Story, outcomes: Sequence[Outcome], before: list[Json], held: Tenant) -> None:
    """The report is true, and what the fault does not affect is applied."""
    live = {each["displayName"]: each for each in held.store.catalogs()}
    former = {each["displayName"]: each for each in before}
    statuses = {str(each.change.object): each for each in outcomes}
    for name in {"Campaigns", "a", "Marketing", "b"} - story.affected:
        assert statuses[name].status == "done", explained(statuses[name])
    for declared in (NEW, CHANGED):
        name = declared["displayName"]
        outcome = statuses[name]
        said = explained(outcome)
        assert outcome.status == "done" or said
        if outcome.status == "done":
            assert shows(live[name], declared)
        elif outcome.status in ("failed", "skipped"):
            assert live.get(name) == former.get(name), said
        else:
            ref = outcome.change.object
            assert (ref.id or f'the catalog "{name}"') in said
    if statuses["Campaigns"].status != "done":
        assert statuses["a"].status == "skipped"
    if story.fault in REFUSALS and story.step == "POST" and story.fault[:3] != "409":
        assert (statuses["Campaigns"].status, story.seen.count("POST")) == ("failed", 1)
    assert len(story.seen) <= MAX_REQUESTS


def check_repeats(story: Story, waits: list[float]) -> None:
    """A POST that may have been applied is repeated at most once, and only after all polls."""
    if story.fault.startswith("429"):
        return
    assert len(story.waited) <= 2
    for first, second in pairwise(story.waited):
        assert sum(waits[first:second]) >= sum(POLL_WAITS_S)


def end_all_lag(held: Tenant) -> None:
    """Ends the time in which reads lag behind writes."""
    for kind in ("catalog", "extension"):
        for row in held.store.rows(kind):  # type: ignore[arg-type]
            held.store.note_reads([row] * row.lag_left)
