"""Runs of the product against the server of raw policies: what a declaration of stages comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Tenant, declare

from reconciler.model.plan import Outcome, Plan
from tests.graph.graph_clients import graph_at
from tests.policies.generated import CATALOG, POLICY, SETTINGS, Policy
from tests.policies.json_text import parsed, written
from tests.policies.raw_graph import raw_graph

Stages = Mapping[str, Any]
"""What is declared of stages: the name of an extension, or None."""


@dataclass(frozen=True)
class Round:
    """One plan that was applied: the text of the policy after it, and the bodies of its PUTs."""

    plan: Plan
    outcomes: Sequence[Outcome]
    after: str
    puts: Sequence[bytes]

    @property
    def statuses(self) -> list[str]:
        """How the changes ended."""
        return [outcome.status for outcome in self.outcomes]


def rounds(folder: Path, policy: Policy, *wanted: Stages) -> list[Round]:
    """Each declaration of stages planned and applied, one after another."""
    return asyncio.run(_rounds(folder, policy, wanted))


async def _rounds(folder: Path, policy: Policy, wanted: Sequence[Stages]) -> list[Round]:
    done: list[Round] = []
    async with raw_graph(policy.text) as served, graph_at(served.base) as graph:
        tenant = Tenant(graph, None, [])  # type: ignore[arg-type]
        for stages in wanted:
            declare(folder, _document(stages))
            sent = len(served.puts)
            plan = await tenant.plan_whole(folder)
            outcomes = await tenant.apply(plan)
            after = served.store.policies[POLICY]
            done.append(Round(plan, outcomes, after, served.puts[sent:]))
    return done


def _document(stages: Stages) -> dict[str, Any]:
    declared = {"accessPackage": "Campaign tools", "id": POLICY, SETTINGS: dict(stages)}
    return {"catalog": {"id": CATALOG}, "policies": [declared]}


def without(text: str | bytes, stages: Mapping[str, Any]) -> str:
    """The policy without what it calls at these stages."""
    policy = parsed(text)
    policy[SETTINGS] = [each for each in policy[SETTINGS] if each["stage"] not in stages]
    return written(policy)
