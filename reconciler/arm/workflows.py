"""What Azure Resource Manager says of one Logic App."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from reconciler.arm.client import ArmClient
from reconciler.errors import (
    GarbledAnswerError,
    ServiceError,
    ServiceRefusalError,
)
from reconciler.model.logic_app import (
    LogicApp,
    Observation,
    Policy,
    StandardApp,
    Trigger,
    Workflow,
)

WORKFLOWS_VERSION = "2019-05-01"
SITES_VERSION = "2022-03-01"
"""The API versions of the two resource types (docs/graph.md §9.1)."""


async def observe(arm: ArmClient, logic_app: LogicApp) -> Observation:
    """The workflow of this name; after a 404, whether an app of the Standard plan has it; or the
    error of the first read, with that of the second one.

    Raises:
        AuthenticationError: the token is rejected.
    """
    try:
        return workflow_of(await arm.read(_encoded(logic_app).path, WORKFLOWS_VERSION))
    except ServiceRefusalError as error:
        return await _not_found(arm, logic_app, error) if error.status == 404 else error
    except ServiceError as error:
        return error


async def _not_found(
    arm: ArmClient, logic_app: LogicApp, error: ServiceRefusalError
) -> StandardApp | ServiceRefusalError:
    """The app of the Standard plan, if the identity can see one of this name; else the error."""
    path = _encoded(logic_app).resource_of("Microsoft.Web/sites")
    try:
        site = await arm.read(path, SITES_VERSION)
    except ServiceError as second:
        is_absent = isinstance(second, ServiceRefusalError) and second.status == 404
        return error if is_absent else _with_second(error, second)
    kind = site.get("kind")
    return StandardApp() if isinstance(kind, str) and "workflowapp" in kind.lower() else error


def _with_second(error: ServiceRefusalError, second: ServiceError) -> ServiceRefusalError:
    """The 404 of the workflow, and that it is not known whether a Standard app has the name."""
    return ServiceRefusalError(
        f"{error} Whether a Standard Logic App has this name is not known: {second}",
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        headers=error.headers,
        hint=error.hint,
    )


def _encoded(logic_app: LogicApp) -> LogicApp:
    """The same with each name percent-encoded: no name can lead to another resource."""
    names = (logic_app.subscription_id, logic_app.resource_group, logic_app.name)
    return LogicApp(*map(_segment, names))


def _segment(name: str) -> str:
    """The name as one segment of a path; `.` and `..` as they are would remove segments."""
    encoded = quote(name, safe="()")
    return encoded if encoded.strip(".") else encoded.replace(".", "%2E")


def workflow_of(body: Mapping[str, Any]) -> Workflow:
    """The parts of an answer that entitlement management depends on; what is missing or of another
    form counts as not said (docs/graph.md §9.1).

    Raises:
        GarbledAnswerError: the answer has no properties at all.
    """
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise GarbledAnswerError("The answer of Azure Resource Manager has no properties.")
    access = _object(_object(properties, "accessControl"), "triggers")
    shared_access = _object(access, "sasAuthenticationPolicy").get("state")
    policies = _object(_object(access, "openAuthenticationPolicies"), "policies")
    triggers = _object(_object(properties, "definition"), "triggers")
    return Workflow(
        state=_text(properties.get("state")),
        access_endpoint=_text(properties.get("accessEndpoint")),
        shared_access=_text(shared_access),
        triggers={name: _trigger(each) for name, each in _objects(triggers)},
        policies={name: _policy(each) for name, each in _objects(policies)},
    )


def _trigger(body: Mapping[str, Any]) -> Trigger:
    relative_path = _object(body, "inputs").get("relativePath")
    return Trigger(_text(body.get("type")) or "", bool(relative_path))


def _policy(body: Mapping[str, Any]) -> Policy:
    claims = body.get("claims")
    listed: Iterable[Any] = claims if isinstance(claims, list) else ()
    values: dict[str, tuple[str, ...]] = {}
    for claim in listed:
        name, value = _text_in(claim, "name"), _text_in(claim, "value")
        if name is not None and value is not None:
            values[name.lower()] = (*values.get(name.lower(), ()), value)
    return Policy(_text(body.get("type")) or "", values)


def _text_in(body: object, name: str) -> str | None:
    """The member of an object, if it is a text."""
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else None


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The member, if it is an object; else an empty one."""
    member = body.get(name)
    return member if isinstance(member, dict) else {}


def _objects(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, member) for name, member in body.items() if isinstance(member, dict))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
