"""How policies are read and written: those of an access package, all of the tenant, and one by its
id. `search` finds those that files declare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.errors import ServiceAnswerError, ServiceRefusalError
from reconciler.kinds.policy.fields import PACKAGE, QUESTIONS, SETTINGS
from reconciler.kinds.policy.wire import observe
from reconciler.model.answers import (
    expanded_list,
    expanded_object,
    identifier,
    refuse_parts,
    text_or_none,
)
from reconciler.model.graph import Answer, Graph, Request, read_or_none
from reconciler.model.json_values import JsonObject
from reconciler.model.kind import Body
from reconciler.model.objects import ObjectRef, Observed, Parents

WHOLE = {
    SETTINGS: f"{SETTINGS}($expand=customExtension)",
    PACKAGE: PACKAGE,
    QUESTIONS: QUESTIONS,
}
"""The members that a policy is read with, and how each is expanded. Each alone is documented, all
together are not (docs/graph.md §7.2).
"""
ALL_ENUM_VALUES = "include-unknown-enum-members"
"""Without it, newer enum values come as `unknownFutureValue` (docs/graph.md §7.3)."""
MAX_READS = 3
"""Of a policy in parts, until nobody changes it between them."""


async def list_policies(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
    """Every policy of the access package, each read whole, as the package itself lists them.

    Source: docs/graph.md §7.2.
    """
    from reconciler.network.concurrent import concurrently  # asyncio, which `validate` needs not

    refs = await in_package(graph, parents)
    return tuple(await concurrently(listed_policy(graph, parents, ref) for ref in refs))


async def in_package(graph: Graph, parents: Parents) -> list[ObjectRef]:
    """The policies of the access package, as the package itself lists them.

    Source: docs/graph.md §7.2.
    """
    package = parents[-1]
    builder = graph.entitlement.access_packages.by_access_package_id(str(package.id))
    answer = await graph.read(Request.to(builder, expand="assignmentPolicies"))
    of = f"access package {package}"
    answered = identifier(answer.body, of)
    if answered != package.id:
        raise ServiceAnswerError(
            f"Graph returned access package {answered} instead of {package.id}.",
            request_id=answer.request_id,
        )
    refs = [_ref(body) for body in expanded_list(answer.body, "assignmentPolicies", of)]
    return list({ref.id: ref for ref in refs}.values())


async def of_package(graph: Graph, parents: Parents) -> list[ObjectRef]:
    """The same, as the list of all policies shows them. Where Graph refuses to filter it, all are
    listed, which `app` reads once for all packages; those of others are dropped in either case.

    Source: docs/graph.md §7.2.
    """
    builder, package = graph.entitlement.assignment_policies, parents[-1]
    try:
        ours = f"accessPackage/id eq '{package.id}'"
        bodies = await graph.pages(Request.to(builder, filter=ours, expand=PACKAGE))
    except ServiceRefusalError as error:
        if error.status != 400:
            raise
        bodies = await graph.pages(Request.to(builder, expand=PACKAGE))
    return [_ref(body) for body in bodies if _package_id(body) == package.id]


async def locate_policies(graph: Graph) -> list[tuple[Parents, ObjectRef]]:
    """Every policy of the tenant with its parents, as the list of all policies shows them.

    Source: docs/graph.md §7.2.
    """
    builder = graph.entitlement.assignment_policies
    request = Request.to(builder, expand="accessPackage($expand=catalog)")
    return [_located(body) for body in await graph.pages(request)]


async def listed_policy(graph: Graph, parents: Parents, ref: ObjectRef) -> Observed:
    """One policy, whole, that a listing has shown.

    Raises:
        ServiceError: it could not be read.
    """
    policy = await get_policy(graph, parents, str(ref.id))
    if policy is None:
        raise ServiceAnswerError(
            f"Graph lists a policy of {parents[-1]} ({ref.id}), but answers 404 for it alone."
        )
    return policy


async def get_policy(graph: Graph, parents: Parents, policy_id: str) -> Observed | None:
    """One policy, whole; None if Graph answers 404. Its questions, and its access package, are
    missing in the answer if Graph does not expand them.

    Raises:
        ServiceError: the answer is not that policy, is of another access package, or does not show
            the stage settings.
    """
    policies = graph.entitlement.assignment_policies
    builder = policies.by_access_package_assignment_policy_id(policy_id)
    answer = await _whole(graph, builder)
    if answer is None:
        return None
    policy = observe(parents, answer.body)
    package = _package_id(answer.body) if PACKAGE in answer.body else parents[-1].id
    if (policy.id.lower(), package) != (policy_id.lower(), parents[-1].id):
        raise ServiceAnswerError(
            f"Graph returned policy {policy.id} of access package {package} instead of policy"
            f" {policy_id} of access package {parents[-1].id}.",
            request_id=answer.request_id,
        )
    return policy


def update(graph: Graph, _parents: Parents, ref: ObjectRef, body: Body) -> Request:
    """The PUT of a whole policy; Graph has no PATCH for policies.

    Source: docs/graph.md §7.3.
    """
    policies = graph.entitlement.assignment_policies
    builder = policies.by_access_package_assignment_policy_id(str(ref.id))
    return Request.to(builder, "PUT", body.members)


async def _whole(graph: Graph, builder: Any) -> Answer | None:
    """The policy with every member of WHOLE: in one request, or in several between which nobody
    has changed it.
    """
    for _ in range(MAX_READS):
        parts = await _parts(graph, builder)
        if parts is None:
            return None
        times = {text_or_none(part.body.get("modifiedDateTime")) for part in parts.values()}
        if len(times) == 1:
            return replace(parts[SETTINGS], body=_merged(parts))
    raise ServiceAnswerError("The policy was changed each time while it was read.")


def _merged(parts: Mapping[str, Answer]) -> JsonObject:
    """The policy with each member of WHOLE as the request for it shows it, or without it: in the
    answer to another request the member is not expanded, and may be an empty list.
    """
    own = {member: part.body[member] for member, part in parts.items() if member in part.body}
    others = parts[SETTINGS].body.items()
    kept = {name: value for name, value in others if name not in WHOLE or name in own}
    return kept | own


async def _parts(graph: Graph, builder: Any) -> Mapping[str, Answer] | None:
    """For each member of WHOLE the answer to the request for it: one for all that Graph expands
    together, and one more for each that is missing in it; None if Graph answers 404.
    """
    together = await _together(graph, builder)
    if together is None:
        return None
    parts: dict[str, Answer] = {}
    for member, expand in WHOLE.items():
        shown = member in together.body
        answer = together if shown else await _read(graph, builder, expand)
        if answer is None:
            return None
        parts[member] = answer
    return parts


async def _together(graph: Graph, builder: Any) -> Answer | None:
    """The answer to the request for everything: nothing after HTTP 400."""
    try:
        return await _read(graph, builder, ",".join(WHOLE.values()))
    except ServiceRefusalError as error:
        if error.status == 400:
            return Answer({}, error.request_id, 0)
        raise


async def _read(graph: Graph, builder: Any, expand: str) -> Answer | None:
    request = replace(Request.to(builder, expand=expand), prefer=ALL_ENUM_VALUES)
    answer = await read_or_none(graph, request)
    if answer is not None:
        refuse_parts(answer.body, "a policy")
    return answer


def _located(body: Mapping[str, Any]) -> tuple[Parents, ObjectRef]:
    """The parents of a policy in the list of all, and the policy."""
    package = expanded_object(body, PACKAGE, "a policy")
    outer = expanded_object(package, "catalog", "an access package")
    parents = (
        ObjectRef("catalog", identifier(outer, "a catalog"), _name(outer)),
        ObjectRef("access_package", identifier(package, "an access package"), _name(package)),
    )
    return parents, _ref(body)


def _package_id(body: Mapping[str, Any]) -> str:
    return identifier(expanded_object(body, PACKAGE, "a policy"), "an access package")


def _ref(body: Mapping[str, Any]) -> ObjectRef:
    return ObjectRef("policy", identifier(body, "a policy"), _name(body))


def _name(body: Mapping[str, Any]) -> str | None:
    return text_or_none(body.get("displayName"))
