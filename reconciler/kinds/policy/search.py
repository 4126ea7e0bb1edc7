"""The policies of an access package that files name, found in two ways.

Each way can show nothing without an error, so that a policy is only absent if both show the same
others (docs/graph.md §7.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from reconciler.errors import ServiceAnswerError, ServiceError
from reconciler.kinds.policy.api import in_package, listed_policy, of_package
from reconciler.model.graph import Graph, tried
from reconciler.model.kind import Found
from reconciler.model.objects import ObjectRef, Observed, Parents


async def search_policies(graph: Graph, parents: Parents, refs: Sequence[ObjectRef]) -> Found:
    """What the references name in the access package, each read whole; what either way shows is
    there.
    """
    from reconciler.network.concurrent import concurrently  # asyncio, which `validate` needs not

    ways = (in_package(graph, parents), of_package(graph, parents))
    shown = await concurrently(map(tried, ways))
    policies = {ref.id: ref for ref in chain.from_iterable(map(_shown, shown))}.values()
    matches = {ref: list(filter(ref.names, policies)) for ref in refs}
    wanted = list(dict.fromkeys(chain.from_iterable(matches.values())))
    readings = (tried(listed_policy(graph, parents, policy)) for policy in wanted)
    read = dict(zip(wanted, await concurrently(readings), strict=True))
    doubt = _doubt(shown, parents)
    errors: dict[ObjectRef, ServiceError] = {}
    for ref, named in matches.items():
        error = _error([read[policy] for policy in named], doubt)
        if error is not None:
            errors[ref] = error
    whole = tuple(policy for policy in read.values() if not isinstance(policy, ServiceError))
    return Found(whole, tuple(policies), errors)


def _shown(way: Sequence[ObjectRef] | ServiceError) -> Sequence[ObjectRef]:
    return () if isinstance(way, ServiceError) else way


def _ids(policies: Sequence[ObjectRef]) -> set[str | None]:
    return {policy.id for policy in policies}


def _doubt(
    shown: Sequence[Sequence[ObjectRef] | ServiceError], parents: Parents
) -> ServiceError | None:
    """Why there may be more policies than either way shows."""
    for way in shown:
        if isinstance(way, ServiceError):
            return way
    listed, located = map(_ids, map(_shown, shown))
    if listed == located:
        return None
    return ServiceAnswerError(
        f"Two ways of reading the policies of access package {parents[-1]} differ: the access"
        f" package shows {len(listed)}, the list of all policies {len(located)}. Grant the identity"
        " EntitlementManagement.Read.All; if it has that permission, retry."
    )


def _error(
    matches: Sequence[Observed | ServiceError], doubt: ServiceError | None
) -> ServiceError | None:
    """Why it is not certain what a reference with these matches names."""
    if not matches:
        return doubt
    return next((each for each in matches if isinstance(each, ServiceError)), None)
