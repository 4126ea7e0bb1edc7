"""How policies are read: those of an access package, all of a catalog, and one by its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.errors import GraphAnswerError, GraphRefusalError
from reconciler.kinds.policy.wire import SETTINGS, observe
from reconciler.model.answers import expanded_list, expanded_object, identifier, text_or_none
from reconciler.model.graph import Answer, Graph, Request, read_or_none
from reconciler.model.kind import Api
from reconciler.model.objects import ObjectRef, Observed, Parents

WHOLE = {
    SETTINGS: f"{SETTINGS}($expand=customExtension)",
    "accessPackage": "accessPackage",
}
"""The members that a policy is read with, and how each is expanded. Each alone is documented, all
together are not (docs/graph.md §7.2).
"""


async def list_policies(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
    """Every policy of the access package, each read whole, as the package itself lists them.

    Source: docs/graph.md §7.2.
    """
    from reconciler.graph.concurrent import concurrently  # asyncio, which `validate` needs not

    package = parents[-1]
    builder = graph.entitlement.access_packages.by_access_package_id(str(package.id))
    answer = await graph.read(Request.to(builder, expand="assignmentPolicies"))
    of = f"access package {package}"
    answered = identifier(answer.body, of)
    if answered != package.id:
        raise GraphAnswerError(
            f"Graph returned access package {answered} instead of {package.id}.",
            request_id=answer.request_id,
        )
    listed = expanded_list(answer.body, "assignmentPolicies", of)
    ids = dict.fromkeys(identifier(body, "a policy") for body in listed)
    return tuple(await concurrently(_listed(graph, parents, policy_id) for policy_id in ids))


async def locate_policies(graph: Graph) -> list[tuple[Parents, ObjectRef]]:
    """Every policy of the tenant with its parents, as the list of all policies shows them.

    Source: docs/graph.md §7.2.
    """
    builder = graph.entitlement.assignment_policies
    request = Request.to(builder, expand="accessPackage($expand=catalog)")
    return [_located(body) for body in await graph.pages(request)]


async def get_policy(graph: Graph, parents: Parents, policy_id: str) -> Observed | None:
    """One policy, whole; None if Graph answers 404.

    Raises:
        GraphError: the answer is not that policy, not whole, or is of another access package.
    """
    policies = graph.entitlement.assignment_policies
    builder = policies.by_access_package_assignment_policy_id(policy_id)
    answer = await _whole(graph, builder)
    if answer is None:
        return None
    policy, of = observe(parents, answer.body), f"policy {policy_id}"
    package = identifier(expanded_object(answer.body, "accessPackage", of), "an access package")
    if (policy.id.lower(), package) != (policy_id.lower(), parents[-1].id):
        raise GraphAnswerError(
            f"Graph returned policy {policy.id} of access package {package} instead of policy"
            f" {policy_id} of access package {parents[-1].id}.",
            request_id=answer.request_id,
        )
    return policy


async def _whole(graph: Graph, builder: Any) -> Answer | None:
    """The policy with every member of WHOLE: in one request, and those that are missing in it each
    in one of its own.
    """
    answer = await _together(graph, builder)
    if answer is None:
        return None
    missing = [expand for member, expand in WHOLE.items() if member not in answer.body]
    body = dict(answer.body)
    for expand in missing:
        alone = await read_or_none(graph, Request.to(builder, expand=expand))
        if alone is None:
            return None
        body |= alone.body
    return replace(answer, body=body)


async def _together(graph: Graph, builder: Any) -> Answer | None:
    """The answer with everything that Graph expands in one request: nothing after HTTP 400."""
    try:
        return await read_or_none(graph, Request.to(builder, expand=",".join(WHOLE.values())))
    except GraphRefusalError as error:
        if error.status == 400:
            return Answer({}, error.request_id, 0)
        raise


async def _listed(graph: Graph, parents: Parents, policy_id: str) -> Observed:
    policy = await get_policy(graph, parents, policy_id)
    if policy is None:
        raise GraphAnswerError(
            f"Graph lists a policy of {parents[-1]} ({policy_id}), but answers 404 for it alone."
        )
    return policy


def _located(body: Mapping[str, Any]) -> tuple[Parents, ObjectRef]:
    """The parents of a policy in the list of all, and the policy."""
    package = expanded_object(body, "accessPackage", "a policy")
    outer = expanded_object(package, "catalog", "an access package")
    parents = (
        ObjectRef("catalog", identifier(outer, "a catalog"), _name(outer)),
        ObjectRef("access_package", identifier(package, "an access package"), _name(package)),
    )
    return parents, ObjectRef("policy", identifier(body, "a policy"), _name(body))


def _name(body: Mapping[str, Any]) -> str | None:
    return text_or_none(body.get("displayName"))


API = Api(list=list_policies, get=get_policy, locate=locate_policies)
