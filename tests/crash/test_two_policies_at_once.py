"""Two applies in processes of their own that change one policy: the later one finds it changed."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from bindings import (
    APPROVED,
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    binding,
    calls,
    document,
    employees,
    marketing,
    stored,
)
from harness import CommandLine, declare
from test_two_at_once import apply_both

STATES = (Path("first_state"), Path("second_state"))
BOTH = {CREATED: "notify"}, {APPROVED: "notify"}


@pytest.fixture
def both(reconciler: CommandLine) -> CommandLine:
    """Two states for one policy, with other stages."""
    reconciler.seed(marketing(), policies=[employees()])
    for folder, stages in zip(STATES, BOTH, strict=True):
        declare(folder, document(policies=[binding(stages)]))
    return reconciler


def test_the_later_run_finds_the_policy_changed(both: CommandLine) -> None:
    """Both have planned before either writes; the second one reads again after the first one's PUT,
    ends with exit 5, and its next plan has the stage that is missing.
    """
    second_planned, first_committed = asyncio.Event(), asyncio.Event()
    looks: list[str] = []

    @web.middleware
    async def first(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "PUT":
            return await handler(request)
        await second_planned.wait()
        answer = await handler(request)
        first_committed.set()
        return answer

    @web.middleware
    async def second(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/beta"):
            looks.append(request.path)
            if len(looks) == 2:
                second_planned.set()
                await first_committed.wait()
        return await handler(request)

    one, other = apply_both(first, second, STATES)
    assert (one.code, other.code) == (0, 5), (one.err, other.err)
    [outcome] = other.document["outcomes"]
    assert (outcome["status"], outcome["reason"]["code"]) == ("failed", "changed_since")
    with both.store() as store:
        assert calls(stored(store)) == [(CREATED, NOTIFY), (GRANTED, AUDIT)]
        again = both("apply", STATES[1], "--sandbox", "--auto-approve")
        assert again.code == 0
        assert [stage for stage, _ in calls(stored(store))] == [APPROVED, CREATED, GRANTED]
