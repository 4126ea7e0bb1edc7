"""Answers that do not show a member of the policy which was requested: once, that is repaired by
another read; always, nothing is written without it, and nothing is reported as done.
"""

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from bindings import CREATED, GRANTED, POLICY, SETTINGS, binding, document, employees, marketing
from harness import Json
from policy_runs import PolicyRuns

PUT = f"PUT {POLICY}"


@pytest.mark.parametrize("held", [{}, {"questions": []}], ids=["questions", "no questions"])
@pytest.mark.parametrize("times", [1, 100])
@pytest.mark.parametrize("phase", ["pre-check", "read-back"])
@pytest.mark.parametrize("member", ["accessPackage", "questions", SETTINGS])
@pytest.mark.parametrize("stages", [{CREATED: "notify"}, {GRANTED: None}], ids=["bind", "unbind"])
def test_a_member_that_is_not_shown(
    stages: dict[str, str | None], member: str, phase: str, times: int, held: Json, tmp_path: Path
) -> None:
    """That a policy has no questions must be shown, too: the body would remove new ones."""
    documents = [document(policies=[binding(stages)])]
    runs = PolicyRuns(tmp_path, [marketing()], [employees(**held)], documents)
    left = times

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal left
        answer = await handler(request)
        is_now = (PUT in runs.requests) is (phase == "read-back")
        if runs.requests[-1] != f"GET {POLICY}" or not is_now or not left:
            return answer
        left -= 1
        assert isinstance(answer, web.Response)
        shown = json.loads(answer.text or "")
        shown.pop(member, None)
        return web.json_response(shown)

    async def scene() -> None:
        async with runs.served():
            plan = await runs.plan()
            runs.fault = fault
            [outcome] = await runs.apply(plan)
        if times == 1:
            assert (outcome.status, outcome.reason) == ("done", None)
            return
        assert outcome.status in ("failed", "unknown")
        assert outcome.reason is not None
        assert (PUT in runs.requests) is (phase == "read-back")
        assert runs.writes in ([], [PUT])

    asyncio.run(scene())
    assert left < times, "the fault happened"
