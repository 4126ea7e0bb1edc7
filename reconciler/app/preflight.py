"""The use case preflight: whether the declared Logic Apps will accept the calls of Graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from reconciler.app.counting import counting
from reconciler.app.runs import Progress
from reconciler.app.selection import select_declared, select_planned
from reconciler.errors import ReconcilerError, ServiceError, ServiceRefusalError
from reconciler.kinds.extension.target import caller as caller_of
from reconciler.loader import LoadedState
from reconciler.loader.scopes import in_order
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.logic_app import Caller, LogicApp, Observation, StandardApp, Workflow
from reconciler.model.objects import DesiredScope
from reconciler.model.plan import Plan
from reconciler.model.preflight import Preflight
from reconciler.preflight.address import fitting_url, right_url
from reconciler.preflight.checked import Checked
from reconciler.preflight.claims import Claims
from reconciler.preflight.findings import findings, undetermined
from reconciler.settings import Settings

KIND = "extension"


async def preflight(
    settings: Settings, variables: Mapping[str, str], declared: LoadedState, progress: Progress
) -> Preflight:
    """The findings about every declared Logic App; reads Azure Resource Manager alone, and writes
    nothing.

    Raises:
        AuthenticationError: no token could be obtained, or it is rejected.
        ServiceError: not one request was answered.
        UsageError: no file declares a catalog that --catalog names.
    """
    callers = declared_callers(select_declared(declared.scopes, settings.catalogs))
    return await _checked_callers(settings, variables, callers, progress)


async def _checked_callers(
    settings: Settings, variables: Mapping[str, str], callers: Sequence[Caller], progress: Progress
) -> Preflight:
    read = await read_logic_apps(settings, variables, callers, progress)
    return result(callers, checked(callers, read))


def urls_of(checked: Checked) -> Iterator[tuple[Caller, str]]:
    """Each caller whose `url` is missing or wrong, with the right one."""
    if isinstance(checked.observation, Workflow):
        for caller in checked.callers:
            url = fitting_url(checked.observation, caller.url)
            if url is not None and url != caller.url:
                yield caller, url


async def plan_findings(
    settings: Settings,
    variables: Mapping[str, str],
    declared: LoadedState,
    plan: Plan,
    progress: Progress,
) -> Sequence[Diagnostic]:
    """The findings about what this plan is for, as its diagnostics. That the check itself failed is
    one too: a plan does not depend on it.
    """
    parents = [planned.parent for planned in plan.scopes]
    callers = declared_callers(select_planned(declared.scopes, parents))
    try:
        return (await _checked_callers(settings, variables, callers, progress)).diagnostics
    except ReconcilerError as error:
        message = f"The Logic Apps were not checked: {error}"
        return [Diagnostic("R401", "error", message, error.hint or "Run `reconciler preflight`.")]


@dataclass(frozen=True, slots=True)
class TriggerUrl:
    """The address of a trigger; if it is None, the reason why it is not known."""

    url: str | None
    reason: str = ""


async def trigger_url(
    settings: Settings, variables: Mapping[str, str], logic_app: LogicApp, progress: Progress
) -> TriggerUrl:
    """The address of the trigger of this Logic App, if the identity can read it."""
    from reconciler.app.arm_connection import connect_arm
    from reconciler.arm.workflows import observe

    try:
        async with connect_arm(settings, variables, progress.remark) as connection:
            observation = await observe(connection.arm, logic_app)
    except ReconcilerError as error:  # it is only one way to know the address
        return TriggerUrl(None, _unreadable(error))
    if isinstance(observation, Workflow):
        return TriggerUrl(right_url(observation), "has not one trigger of the type Request")
    return TriggerUrl(None, _unread(observation))


def _unread(observation: StandardApp | ServiceError) -> str:
    """Why no workflow was read."""
    if isinstance(observation, StandardApp):
        return "is on the Standard plan, and entitlement management calls only Consumption ones"
    if isinstance(observation, ServiceRefusalError) and observation.status in (403, 404):
        status = f"HTTP {observation.status} {observation.code or ''}".rstrip()
        return f"was not found, or this identity cannot read it ({status})"
    return _unreadable(observation)


def _unreadable(error: ReconcilerError) -> str:
    return f"could not be read: {str(error).rstrip('.')}"


@dataclass(frozen=True, slots=True)
class ReadLogicApp:
    """What was read of one Logic App, and the claims that its policy must have."""

    logic_app: LogicApp
    observation: Observation
    claims: Claims


def declared_callers(scopes: Sequence[DesiredScope]) -> list[Caller]:
    """Every declared extension that is to exist, in these catalogs."""
    return [
        caller_of(each)
        for scope in scopes
        for each in scope.objects
        if each.ref.kind == KIND and not each.absent
    ]


async def read_logic_apps(
    settings: Settings, variables: Mapping[str, str], callers: Sequence[Caller], progress: Progress
) -> Mapping[str, ReadLogicApp]:
    """What was read of each Logic App, by its key; nothing is signed in to if there is none.

    Raises: as for `preflight`.
    """
    from reconciler.app.arm_connection import connect_arm
    from reconciler.arm.workflows import observe
    from reconciler.network.concurrent import concurrently

    logic_apps: dict[str, LogicApp] = {}
    for caller in callers:
        if caller.logic_app is not None:  # in the spelling of the first one that calls it
            logic_apps.setdefault(caller.logic_app.key, caller.logic_app)
    if not logic_apps:
        return {}
    count = counting("reading Logic Apps", len(logic_apps), progress)
    async with connect_arm(settings, variables, progress.remark) as connection:

        async def read(logic_app: LogicApp) -> ReadLogicApp:
            """What was read of this one; the first error while nothing was answered ends all."""
            observation = await observe(connection.arm, logic_app)
            if isinstance(observation, ServiceError) and not connection.arm.answered:
                raise observation
            count()
            claims = Claims.of(logic_app, settings.arm_cloud, connection.tenant_id)
            return ReadLogicApp(logic_app, observation, claims)

        observed = await concurrently(map(read, logic_apps.values()))
    return dict(zip(logic_apps, observed, strict=True))


def checked(callers: Sequence[Caller], read: Mapping[str, ReadLogicApp]) -> Iterator[Checked]:
    """Each Logic App that was read, with all its callers."""
    by_key: dict[str, list[Caller]] = {key: [] for key in read}
    for caller in callers:
        if caller.logic_app is not None:
            by_key[caller.logic_app.key].append(caller)
    for key, own in by_key.items():
        each = read[key]
        yield Checked(each.logic_app, tuple(own), each.observation, each.claims)


def result(callers: Sequence[Caller], logic_apps: Iterator[Checked]) -> Preflight:
    """The findings about these Logic Apps, and about the extensions that call none of them."""
    every = list(logic_apps)
    unknown = [undetermined(each) for each in callers if each.logic_app is None]
    known = chain.from_iterable(map(findings, every))
    return Preflight(
        {each.logic_app: each.names for each in every},
        len(unknown),
        tuple(sorted((*unknown, *known), key=lambda finding: in_order(finding.place))),
        to_fix=sum(len(list(urls_of(each))) for each in every),
    )
