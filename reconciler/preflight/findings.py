"""Findings about one Logic App: R401 to R409, each with its cause and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from reconciler.errors import ServiceError, ServiceRefusalError
from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fault import quoted
from reconciler.model.json_values import JsonValue
from reconciler.model.logic_app import (
    Caller,
    LogicApp,
    Observation,
    StandardApp,
    Workflow,
)
from reconciler.model.wording import enumerated
from reconciler.preflight.address import (
    USUAL_TRIGGER,
    address_of,
    request_triggers,
    right_url,
    workflow_address,
)
from reconciler.preflight.claims import TYPE, Claims, Misfit, nearest

MAX_PATH_LENGTH = 150
"""Characters of the resource id, a limit of the admin center (docs/graph.md §2.6)."""
_SHOWN_CALLERS = 3
_WHERE = "Set it in properties.accessControl.triggers.openAuthenticationPolicies.policies. "
_DERIVED = (
    "Microsoft documents these values for the global cloud only; for this one they are derived from"
    " its host names. "
)
_SHOWN_TRIGGERS = 10
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Checked:
    """One Logic App that was read: the declared extensions that call it, at least one, and the
    claims that its policy must have.
    """

    logic_app: LogicApp
    callers: tuple[Caller, ...]
    observation: Observation
    claims: Claims

    def finding(
        self,
        code: str,
        message: str,
        hint: str,
        *,
        severity: Severity = "error",
        caller: Caller | None = None,
        **parameters: JsonValue,
    ) -> Diagnostic:
        """A finding at the place of one caller, or of the first one for all of them."""
        callers = [caller] if caller else self.callers
        names: list[JsonValue] = [each.name for each in callers]
        return Diagnostic(
            code,
            severity,
            message,
            hint,
            callers[0].source,
            {"logic_app": self.logic_app.path, "extensions": names, **parameters},
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the extensions that call it."""
        return tuple(caller.name for caller in self.callers)

    @property
    def what(self) -> str:
        """`Logic App "la-hr" (called by "notify-hr" and 2 more)`."""
        callers = _first(_SHOWN_CALLERS, self.names)
        return f"Logic App {quoted(self.logic_app.name)} (called by {enumerated(callers)})"


def undetermined(caller: Caller) -> Diagnostic:
    """R409: too little is declared to tell which Logic App the extension calls."""
    return Diagnostic(
        "R409",
        "warning",
        f"Extension {quoted(caller.name)} does not declare which Logic App it calls, so that was"
        " not checked.",
        "Declare subscriptionId, resourceGroupName and logicAppWorkflowName.",
        caller.source,
        {"extensions": [caller.name]},
    )


def findings(checked: Checked) -> Iterator[Diagnostic]:
    """Every finding about one Logic App."""
    yield from _length(checked)
    observation = checked.observation
    if isinstance(observation, ServiceError):
        yield _unread(checked, observation)
    elif isinstance(observation, StandardApp):
        yield checked.finding(
            "R402",
            f"{checked.what} is a Standard one (Microsoft.Web/sites); entitlement management calls"
            " Consumption Logic Apps only.",
            "Create a Logic App of the Consumption plan, and declare its name.",
        )
    else:
        yield from _triggers(checked, observation)
        yield from _state(checked, observation)
        yield from _shared_access(checked, observation)
        yield from _policy(checked, observation)
        yield from _addresses(checked, observation)


def _length(checked: Checked) -> Iterator[Diagnostic]:
    length = len(checked.logic_app.path)
    if length > MAX_PATH_LENGTH:
        yield checked.finding(
            "R408",
            f"The resource id of {checked.what} has {length} characters; entitlement management"
            f" allows {MAX_PATH_LENGTH}.",
            "Move the Logic App to a resource group with a shorter name, or give it a shorter one.",
            length=length,
        )


def _unread(checked: Checked, error: ServiceError) -> Diagnostic:
    """R401: a 403 does not prove that it exists, and a 404 not always that it does not."""
    status = error.status if isinstance(error, ServiceRefusalError) else None
    names = "Check subscriptionId, resourceGroupName, logicAppWorkflowName and --cloud"
    role = "that the identity has the role Reader on the Logic App"
    if status == 404:
        message = (
            f"{checked.what} was not found, or this identity is not allowed to see it (the two"
            f" cannot always be distinguished): {error}"
        )
        return checked.finding("R401", message, f"{names}, and {role}.")
    if status == 403:
        message = (
            f"{checked.what} could not be read: permission is missing, or it does not exist (this"
            f" answer does not show which): {error}"
        )
        hint = f"Check {role} (a new role assignment takes some minutes). {names}."
        return checked.finding("R401", message, hint)
    message = f"{checked.what} could not be read: {error}"
    return checked.finding("R401", message, error.hint or "Run the command again.")


def _triggers(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    """R403 for a workflow that no request can start, or not by the name in `url`."""
    names = request_triggers(workflow.triggers)
    if not names:
        with_path = [name for name, each in workflow.triggers.items() if each.has_relative_path]
        why = " whose address needs no path of its own (relativePath)" if with_path else ""
        yield checked.finding(
            "R403",
            f"{checked.what} has no Request trigger{why}; its triggers: {_listed(workflow)}.",
            f"Add a trigger of type Request, kind Http, named {USUAL_TRIGGER}.",
            triggers=_bounded(workflow.triggers),
        )
        return
    unnamed = [caller for caller in checked.callers if caller.url is None]
    if unnamed and USUAL_TRIGGER not in names:
        yield _unusual(checked, names, unnamed[0])
    for caller in checked.callers:
        address = address_of(caller.url) if caller.url else None
        if address is not None and address.trigger not in names:
            yield checked.finding(
                "R403",
                f"`url` of extension {quoted(caller.name)} calls trigger {quoted(address.trigger)},"
                f" but the Request triggers of {checked.what} are: {_listed(workflow)}.",
                _write_url(workflow, caller),
                caller=caller,
                triggers=_bounded(names),
            )
        elif address is not None and address.trigger != USUAL_TRIGGER:
            yield _unusual(checked, [address.trigger], caller)


def _unusual(checked: Checked, names: Sequence[str], caller: Caller) -> Diagnostic:
    """R403 as a warning: Graph possibly rejects another name (docs/graph.md §9.2)."""
    return checked.finding(
        "R403",
        f"The Request trigger of {checked.what} is {', '.join(_first(_SHOWN_TRIGGERS, names))}."
        f" Microsoft's template names it {USUAL_TRIGGER}; whether Graph accepts another name is not"
        " known.",
        f"If Graph refuses the extension, name the trigger {USUAL_TRIGGER}; `url` must contain its"
        " name.",
        severity="warning",
        caller=caller,
        triggers=_bounded(names),
    )


def _listed(workflow: Workflow) -> str:
    return ", ".join(_first(_SHOWN_TRIGGERS, list(workflow.triggers))) or "none"


def _bounded(names: Iterable[str]) -> list[JsonValue]:
    """The first names as data, each of bounded length: Azure may answer anything."""
    return [name[:_SHOWN_CHARACTERS] for name in islice(names, _SHOWN_TRIGGERS)]


def _first(maximum: int, names: Sequence[str]) -> list[str]:
    """The first names in quotes, and the number of those that are omitted."""
    more = len(names) - maximum
    shown = [quoted(name) for name in names[:maximum]]
    return [*shown, f"{more} more"] if more > 0 else shown


def _state(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    if workflow.state is not None and workflow.state.casefold() != "enabled":
        yield checked.finding(
            "R404",
            f"{checked.what} is not enabled: its state is {quoted(workflow.state)}, and it refuses"
            " every call.",
            "Enable the Logic App.",
            state=workflow.state[:_SHOWN_CHARACTERS],
        )


def _shared_access(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    state = workflow.shared_access
    if state is not None and state.casefold() == "disabled":
        return
    known = "is on for" if state else "may be on (Azure does not show it) for"
    yield checked.finding(
        "R405",
        f"Shared access by signature {known} {checked.what}; users report that a valid signature"
        " bypasses the authorization policy.",
        "Set accessControl.triggers.sasAuthenticationPolicy.state to Disabled.",
        severity="warning",
    )


def _policy(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    """R406: no policy of the right type whose claims fit; a trailing slash is a warning."""
    by_pop = [caller for caller in checked.callers if not caller.bearer]
    if not by_pop:
        yield checked.finding(
            "R406",
            f"The authorization policy of {checked.what} was not checked: it is called with a"
            " bearer token, whose claims Microsoft does not document.",
            "Prefer azureAdPopTokenAuthentication, the default of the admin center.",
            severity="warning",
        )
        return
    fitting = nearest(workflow.policies, checked.claims)
    derived = "" if checked.claims.documented else _DERIVED
    paste = f"{derived}{_WHERE}The policy to have: {checked.claims.policy_text}"
    if fitting is None:
        yield checked.finding(
            "R406",
            f"{checked.what} has no authorization policy of type {TYPE}, so it rejects every call"
            " of entitlement management.",
            paste,
            policy=checked.claims.policy,
        )
    elif fitting.misfits:
        wrong = bool(fitting.wrong)
        what = "do not fit" if wrong else "possibly do not fit"
        yield checked.finding(
            "R406",
            f"The claims of authorization policy {quoted(fitting.name)} of {checked.what} {what}:"
            f" {'; '.join(map(_misfit, fitting.misfits))}.",
            paste,
            severity="error" if wrong else "warning",
            policy=checked.claims.policy,
            claims=[misfit.name for misfit in fitting.misfits],
        )


def _misfit(misfit: Misfit) -> str:
    if misfit.value is None:
        return f'`{misfit.name}` is missing, must be "{misfit.right}"'
    value = f"`{misfit.name}` is {quoted(misfit.value)}"
    if misfit.only_slash:
        return (
            f'{value}, in Microsoft\'s template "{misfit.right}" (whether the trailing slash'
            " matters is not known)"
        )
    return f'{value}, must be "{misfit.right}"'


def _addresses(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    """R407 for each `url` that is not an address of this workflow."""
    right = workflow_address(workflow.access_endpoint)
    for caller in checked.callers:
        if caller.url is None:
            continue
        address = address_of(caller.url)
        if right is None:
            yield checked.finding(
                "R407",
                f"`url` of extension {quoted(caller.name)} was not checked: Azure Resource Manager"
                f" shows no usable address of Logic App {quoted(checked.logic_app.name)}.",
                "Compare it with the address of the trigger in the Azure portal.",
                severity="warning",
                caller=caller,
            )
        elif address is None or address.workflow != right:
            yield checked.finding(
                "R407",
                f"`url` of extension {quoted(caller.name)} is not the address of Logic App"
                f" {quoted(checked.logic_app.name)}.",
                _write_url(workflow, caller),
                caller=caller,
                url=right_url(workflow, caller.url),
            )


def _write_url(workflow: Workflow, caller: Caller) -> str:
    url = right_url(workflow, caller.url)
    if url is None:
        return "Write the address of the Logic App's Request trigger, without sig, sp and sv."
    return f"Write `url: {url}`"
