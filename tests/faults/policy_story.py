"""One cell of the matrix for policies, run for real: a plan and an apply with one fault, and a
second run without it.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from bindings import (
    AUDIT,
    CREATED,
    GRANTED,
    GREET,
    KEPT_POLICY,
    NOTIFY,
    OTHER_POLICY,
    PACKAGE,
    POLICY,
    binding,
    document,
    employees,
    finance,
    marketing,
    others,
    partners,
    setting,
    stored,
)
from fault_kinds import ELSEWHERE, Handler
from fault_plots import EVERY_TIME, SWITCHES
from fault_story import Seen, answered, foreign_server
from harness import MARKETING, Json, Tenant, declare, tenant
from policy_plot import ANY, BETA, CHECK, PUT, READ_BACK

from reconciler.errors import AuthenticationError
from reconciler.model.plan import Outcome, Plan

Policies = dict[str, Json]
BOUND = [(CREATED, NOTIFY), (GRANTED, AUDIT)]
"""What the policy calls in the end."""


@dataclass
class PolicyStory:
    """Everything about one cell. `met` is the policy as Graph held it when a PUT reached it."""

    times: str
    fault: str
    step: str
    before: Policies = field(default_factory=dict)
    first: Plan | None = None
    ended: AuthenticationError | None = None
    outcomes: tuple[Outcome, ...] = ()
    after: Policies = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    met: list[Json] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    foreign_connections: int = 0
    second: Plan | None = None
    outcomes_again: tuple[Outcome, ...] = ()
    at_the_end: Policies = field(default_factory=dict)

    def outcome_of(self, policy_id: str) -> Outcome:
        """The outcome of the change of the policy."""
        (outcome,) = (each for each in self.outcomes if each.change.object.id == policy_id)
        return outcome

    @property
    def own(self) -> Outcome | None:
        """The outcome of the change that the fault affects; None if the run has ended before."""
        own = (each for each in self.outcomes if each.change.scope.id == MARKETING)
        return next(own, None)

    @property
    def status(self) -> str:
        """The same, in a word."""
        if self.own is None:
            return "ended"
        return "blocked" if self.own.change.action == "blocked" else self.own.status

    @property
    def puts(self) -> int:
        """How often the PUT was sent."""
        return sum(seen.step == PUT for seen in self.seen)


def step_of(request: web.Request, story: PolicyStory) -> str:
    """The step that a request belongs to; empty for those of the other catalog, and for those that
    every plan sends.
    """
    path, query = request.path, request.query_string
    if path.endswith(f"/assignmentPolicies/{POLICY}"):
        return _of_the_policy(request, story)
    if path.endswith(POLICY):
        return "beta" if story.first is None else BETA
    if path.endswith(PACKAGE):
        return "package"
    if path.endswith("/assignmentPolicies") and PACKAGE in query:
        return "list policies"
    return "list packages" if path.endswith("/accessPackages") and MARKETING in query else ""


def _of_the_policy(request: web.Request, story: PolicyStory) -> str:
    """The read through beta comes right before the pre-check, and never before a read-back."""
    if story.first is None:
        return "policy"
    if request.method == "PUT":
        return PUT
    steps = [seen.step for seen in story.seen if seen.step in (BETA, PUT)]
    return READ_BACK if steps and steps[-1] == PUT else CHECK


def trouble(story: PolicyStory, held: Callable[[], Tenant], url: str) -> Any:
    """The fault, if the story is at its step; records the requests that can meet it."""

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        async def met(arrived: web.Request) -> web.StreamResponse:
            if step == PUT:
                story.met.append(deepcopy(stored(held().store)))
            return await answered(arrived, handler)

        step = "" if story.after else step_of(request, story)
        if not step:
            return await handler(request)
        repeated = story.times == EVERY_TIME or not any(seen.faulty for seen in story.seen)
        faulty = step == story.step and repeated
        story.seen.append(Seen(step, request.method, request.path_qs, len(story.waits), faulty))
        request[ELSEWHERE] = url
        return await (ANY[story.fault](request, met) if faulty else met(request))

    return around


async def happen(story: PolicyStory, folder: Path) -> PolicyStory:
    """Runs the story to the end and records it."""
    desired = folder / "desired"
    own = binding({CREATED: "notify"})
    other = binding({CREATED: "greet"}, "Others", "Ledger")
    declare(desired, document(policies=[own]), document("Finance", [other]))
    policies = (employees(), partners(setting(GRANTED, AUDIT)), others())
    holder: list[Tenant] = []
    with foreign_server(story) as foreign_url:
        async with tenant(
            folder,
            marketing(),
            finance(),
            policies=policies,
            switches=SWITCHES.get(story.times, []),
            faults=[trouble(story, lambda: holder[0], foreign_url)],
        ) as held:
            holder.append(held)
            story.waits, story.before = held.waits, live(held)
            await run_first(story, held, desired)
            story.after = live(held)
            held.store.end_lag()
            story.second = await held.plan_whole(desired)
            story.outcomes_again, story.at_the_end = await held.apply(story.second), live(held)
    return story


async def run_first(story: PolicyStory, held: Tenant, desired: Path) -> None:
    """The run with the fault, which a rejected token can end before there is a plan."""
    try:
        story.first = await held.plan_whole(desired)
    except AuthenticationError as error:
        story.ended = error
        return
    story.outcomes = await held.apply(story.first)


def live(held: Tenant) -> Policies:
    """The policies as Graph holds them."""
    return {
        each: deepcopy(stored(held.store, each)) for each in (POLICY, KEPT_POLICY, OTHER_POLICY)
    }


OTHER_BOUND = [(CREATED, GREET)]
