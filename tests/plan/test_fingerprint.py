"""What an object must be the same in, right before it is written."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import Json, catalog, declare, extension, tenant
from objects import explained, observed_extension

from reconciler.diff.changes import fingerprint
from reconciler.kinds.extension import EXTENSION
from reconciler.model.json_values import JsonValue, without_nulls

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NEWER = {"@odata.type": "#microsoft.graph.newer"}


def of(**properties: Any) -> str:
    return fingerprint(EXTENSION, observed_extension({"id": "1", **extension("a"), **properties}))


def test_nulls_vanish_at_every_depth() -> None:
    nested: JsonValue = {"a": None, "b": {"c": None, "d": 0, "e": ""}, "f": [{"g": None}, None]}
    assert without_nulls(nested) == {"b": {"d": 0, "e": ""}, "f": [{}, None]}


@pytest.mark.parametrize(
    ("single", "listed"),
    [
        ({"description": None}, {}),
        ({"clientConfiguration": {"maximumRetries": None}}, {"clientConfiguration": {}}),
        ({"retry": None}, {}),
        ({"retry": {"mode": 1, "limit": None}}, {"retry": {"mode": 1}}),
        ({"retry": {"a": {"b": None}}}, {"retry": {"a": {}}}),
        ({"retries": [{"mode": 1, "limit": None}]}, {"retries": [{"mode": 1}]}),
        (
            {"authenticationConfiguration": {**NEWER, "secret": {"name": "a", "version": None}}},
            {"authenticationConfiguration": {**NEWER, "secret": {"name": "a"}}},
        ),
    ],
)
def test_null_and_absent_are_the_same_at_every_depth(single: Json, listed: Json) -> None:
    assert of(**single) == of(**listed)


def test_any_other_value_is_another_fingerprint() -> None:
    retries: list[Any] = [{}, {"a": 0}, {"a": ""}, {"a": {"b": 1}}, [None], [None, None]]
    assert len({of(retry=value) for value in retries}) == len(retries)


def test_a_listing_without_the_nulls_of_a_single_object_makes_no_plan_stale(
    tmp_path: Path,
) -> None:
    @web.middleware
    async def newer(request: web.Request, handler: Handler) -> web.StreamResponse:
        """A Graph with a member that nobody knows; a listing leaves out its null."""
        answer = await handler(request)
        if request.method != "GET" or "customWorkflowExtensions" not in request.path:
            return answer
        assert isinstance(answer, web.Response) and answer.text is not None
        body = json.loads(answer.text)
        for listed in body.get("value", ()):
            listed["retry"] = {"mode": "fixed"}
        if "value" not in body:
            body["retry"] = {"mode": "fixed", "limit": None}
        return web.json_response(body, status=answer.status)

    async def story() -> tuple[str, str]:
        held = catalog(extensions=[extension("a")])
        async with tenant(tmp_path, held, faults=[newer], switches=["wrap_answers=false"]) as run:
            plan = await run.plan(tmp_path / "desired")
            assert [change.action for change in plan.changes] == ["update"]
            (outcome,) = await run.apply(plan)
            return outcome.status, explained(outcome)

    declare(
        tmp_path / "desired",
        {"catalog": "Marketing", "extensions": [extension("a", description="new")]},
    )
    assert asyncio.run(story()) == ("done", "")
