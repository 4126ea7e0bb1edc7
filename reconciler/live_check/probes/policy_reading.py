"""P1, what needs policies: which ways of reading show them, and what can be filtered and expanded.

Two own access packages and two own policies are looked for; of other objects in a listing nothing
is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from reconciler.live_check import policies, requests
from reconciler.live_check.exchange import Result
from reconciler.live_check.judging import note_filter
from reconciler.live_check.notes import Notes
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.policies import EXPANDS
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.live_check.ways import Way, of_expansion, of_listing, settle
from reconciler.model.graph import Request
from reconciler.model.live_facts import OwnKind

_TOGETHER = (EXPANDS["customExtensionStageSettings"], "accessPackage", "questions")
_MEMBERS = ("customExtensionStageSettings", "accessPackage", "questions")


async def ask(trial: Trial, notes: Notes) -> None:
    """Reads two own access packages and policies in every way."""
    packages = [await trial.new_package("p1") for _ in range(2)]
    listed = [await trial.policy("p1", packages[0]) for _ in range(2)]
    ways = _ways(trial, packages, listed)
    await settle(trial, ways)
    for way in ways:
        way.note(notes)
    await _filter_policies(trial, notes, packages[0], listed)
    await _combined_expand(trial, notes, listed[0])


def _ways(
    trial: Trial, packages: Sequence[OwnObject], listed: Sequence[OwnObject]
) -> Sequence[Way]:
    catalog, package = trial.own_catalog, packages[0]
    ids, package_ids = [own.id for own in listed], [own.id for own in packages]
    list_policies = _listing(trial, "policy", f"accessPackage/id eq '{package.id}'")
    list_packages = _listing(trial, "access_package", f"catalog/id eq '{catalog.id}'")
    return (
        Way("policies_listed", "complete", list_policies, of_listing(ids)),
        Way("packages_listed", "complete", list_packages, of_listing(package_ids)),
        Way(
            "policies_of_package",
            "complete",
            _reading(trial, requests.get(trial.graph, package, "assignmentPolicies")),
            of_expansion("assignmentPolicies", ids),
        ),
        Way(
            "packages_of_catalog",
            "complete",
            _reading(trial, requests.get(trial.graph, catalog, "accessPackages")),
            of_expansion("accessPackages", package_ids),
        ),
        Way(
            "beta_policies",
            "shown",
            _reading(trial, requests.get_beta(listed[0])),
            _beta(listed[0]),
        ),
    )


def _reading(trial: Trial, request: Request) -> Callable[[], Awaitable[Result]]:
    return lambda: trial.exchanges.send(request)


def _listing(trial: Trial, kind: OwnKind, own: str) -> Callable[[], Awaitable[Result]]:
    """Lists what the filter says; everything where Graph does not take the filter."""
    builder = requests.collection(trial.graph, kind)

    async def ask_once() -> Result:
        """One listing."""
        filtered = await trial.exchanges.list(Request.to(builder, filter=own))
        if not filtered.refused_input:
            return filtered
        return await trial.exchanges.list(Request.to(builder))

    return ask_once


def _beta(own: OwnObject) -> Callable[[Result], str | None]:
    def judge(result: Result) -> str | None:
        """Shown, if it is this policy, or the status."""
        if result.accepted:
            is_own = str(result.body.get("id")).casefold() == own.id.casefold()
            return "shown" if is_own else None
        status = str(result.status)
        return status if status in ("403", "404", "500") else None

    return judge


async def _filter_policies(
    trial: Trial, notes: Notes, package: OwnObject, listed: Sequence[OwnObject]
) -> None:
    builder = requests.collection(trial.graph, "policy")
    result = await trial.exchanges.list(
        Request.to(builder, filter=f"accessPackage/id eq '{package.id}'")
    )
    own = {each.id.casefold() for each in listed}
    note_filter(
        notes, "filter_policies", result, lambda body: str(body.get("id")).casefold() in own
    )


async def _combined_expand(trial: Trial, notes: Notes, own: OwnObject) -> None:
    """Each member alone is the control."""
    await policies.whole(trial, own)
    await trial.shown(own, lambda body: "accessPackage" in body, "accessPackage")
    result = await trial.exchanges.send(requests.get(trial.graph, own, ",".join(_TOGETHER)))
    shown = [member for member in _MEMBERS if member in result.body]
    if result.refused_input:
        notes.decide("combined_expand", "refuse", result)
    elif not result.accepted:
        notes.leave_unanswered("combined_expand", result)
    elif len(shown) == len(_MEMBERS):
        notes.decide("combined_expand", "accept", result)
    elif shown == list(_MEMBERS[:1]):
        notes.decide("combined_expand", "first", result)
    else:
        reason = f"{len(shown)} of {len(_MEMBERS)} members are answered, not the first alone"
        notes.leave_open("combined_expand", reason, result)


PROBE = Probe(
    "P1",
    "Which ways of reading show access packages and policies?",
    (
        "policies_listed",
        "packages_listed",
        "policies_of_package",
        "packages_of_catalog",
        "beta_policies",
        "filter_policies",
        "combined_expand",
    ),
    ask,
    needs_policy=True,
)
