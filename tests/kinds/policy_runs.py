"""Runs over a sandbox with policies: what they hold, what is declared of them, what is requested.

The catalog Finance has the packages Ledger and Travel, and extensions of both types.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from harness import ASSIGNMENT, FINANCE, Json, Tenant, catalog, declare, extension, tenant

from reconciler.model.plan import Change, Plan
from tests.sandbox.policies import AUDIT, NOTIFY, PACKAGE, POLICY, rich_policy

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TRAVEL = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e16"
OTHER_POLICY = "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e17"
REMIND = "2a7c3b5e-6f10-4d8c-9c2b-3e4d5f607b13"
CREATED, APPROVED = "assignmentRequestCreated", "assignmentRequestApproved"
GRANTED, EXPIRES = "assignmentRequestGranted", "assignmentOneDayBeforeExpiration"
SETTINGS = "customExtensionStageSettings"
LIVE = (
    extension("notify", id=NOTIFY),
    extension("audit", id=AUDIT),
    extension("remind", ASSIGNMENT, id=REMIND),
)


def finance(*extensions: Json, packages: Sequence[Json] = ()) -> Json:
    """The catalog of a seed; without arguments with the extensions and packages of all tests."""
    both = ({"id": PACKAGE, "displayName": "Ledger"}, {"id": TRAVEL, "displayName": "Travel"})
    held = catalog("Finance", FINANCE, extensions or LIVE)
    return {**held, "accessPackages": list(packages or both)}


def policy(*settings: Json, **changes: Any) -> Json:
    """A policy of a seed: Employees in Ledger, which calls audit when access is granted."""
    called = {SETTINGS: list(settings)} if settings else {}
    return rich_policy(**called, **changes)


def stages(*, package: Any = "Ledger", name: str | None = "Employees", **wanted: Any) -> Json:
    """What is declared of a policy: an extension, or None, for each stage."""
    ref = {} if name is None else {"displayName": name}
    own = {"id": wanted.pop("id")} if "id" in wanted else {}
    return {"accessPackage": package, **ref, **own, SETTINGS: wanted}


def document(*policies: Json, of: Any = "Finance", extensions: Sequence[Json] = ()) -> Json:
    """A document that declares policies of the catalog, and perhaps extensions."""
    declared = {"extensions": list(extensions)} if extensions else {}
    return {"catalog": of, **declared, "policies": list(policies)}


class Requests:
    """Every request that arrived, and the bodies of writes, read and as bytes.

    A request is its method, its path below entitlement management, and the names of its options.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.bodies: list[Json] = []
        self.sent: list[bytes] = []

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Remembers the request and passes it on."""
        version, _, path = request.path.partition("/identityGovernance/entitlementManagement")
        options = "".join(f" {name}" for name in sorted(request.query))
        beta = " of beta" if version == "/beta" else ""
        self.seen.append(f"{request.method} {path}{options}{beta}")
        if request.can_read_body:
            self.bodies.append(await request.json())
            self.sent.append(await request.read())
        return await handler(request)

    @property
    def writes(self) -> list[str]:
        """The requests that are no reads."""
        return [each for each in self.seen if not each.startswith("GET ")]

    @property
    def of_beta(self) -> list[str]:
        """The requests to beta."""
        return [each for each in self.seen if each.endswith(" of beta")]


def run(
    folder: Path,
    story: Callable[[Tenant], Awaitable[T]],
    *policies: Json,
    held: Sequence[Json] = (),
    **more: Any,
) -> T:
    """What the story comes to in a tenant with the catalogs `held`, else Finance, and policies."""

    async def whole() -> T:
        async with tenant(folder, *(held or [finance()]), policies=policies, **more) as served:
            return await story(served)

    return asyncio.run(whole())


def planned(
    folder: Path, documents: Sequence[Json], *policies: Json, second_looks: bool = True, **more: Any
) -> Plan:
    """The plan for the documents in a tenant with these policies."""
    declare(folder / "desired", *documents)
    story = lambda held: held.plan_whole(folder / "desired", second_looks=second_looks)  # noqa: E731
    return run(folder, story, *(policies or [policy()]), **more)


def only(plan: Plan) -> Change:
    """The only change of the plan."""
    (change,) = plan.changes
    return change


def blocked(plan: Plan) -> tuple[str, Json]:
    """Code and parameters of the only change, which is blocked."""
    change = only(plan)
    assert change.action == "blocked", change
    return change.reason.code, dict(change.reason.parameters)


def rows(change: Change) -> dict[str, tuple[str | None, str | None]]:
    """Stage → the names called before and after."""
    return {row.path[-1]: (_name(row.before), _name(row.after)) for row in change.fields}


def _name(value: Any) -> str | None:
    return None if value is None else str(value)


def calls(held: Tenant, policy_id: str = POLICY) -> dict[str, str]:
    """Stage → the id of the extension that the policy calls there."""
    stored = next(each for each in held.store.policies() if each["id"] == policy_id)
    return {each["stage"]: each["customExtension"]["id"] for each in stored[SETTINGS]}
