"""Findings about one Logic App: R401 to R409, each with its cause and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import ServiceError, ServiceRefusalError
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fault import quoted
from reconciler.model.logic_app import Caller, StandardApp, Workflow
from reconciler.preflight.calls import address_findings, trigger_findings
from reconciler.preflight.checked import Checked, bounded
from reconciler.preflight.claims import TYPE, Misfit, nearest

MAX_PATH_LENGTH = 150
"""Characters of the resource id, a limit of the admin center (docs/graph.md §2.6)."""
_ACCESS = "properties.accessControl.triggers"
_KEEP = "and keep the rest of accessControl"
_WHERE = f"Set it in {_ACCESS}.openAuthenticationPolicies.policies, {_KEEP}. "
_DERIVED = (
    "Microsoft documents these values for the global cloud only; for this one they are derived from"
    " its host names. "
)


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
        yield from trigger_findings(checked, observation)
        yield from _state(checked, observation)
        yield from _shared_access(checked, observation)
        yield from _policy(checked, observation)
        yield from address_findings(checked, observation)


def _length(checked: Checked) -> Iterator[Diagnostic]:
    length = len(checked.logic_app.path)
    if length > MAX_PATH_LENGTH:
        yield checked.finding(
            "R408",
            f"The resource id of {checked.what} has {length} characters; the Microsoft Entra admin"
            f" center allows {MAX_PATH_LENGTH}.",
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
    if status == 400:  # Azure rejects a name; a retry would not help
        return checked.finding("R401", message, f"{names}.")
    return checked.finding("R401", message, error.hint or "Run the command again.")


def _state(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    if workflow.state is not None and workflow.state.casefold() != "enabled":
        yield checked.finding(
            "R404",
            f"{checked.what} is not enabled: its state is {quoted(workflow.state)}.",
            "Enable the Logic App.",
            state=bounded(workflow.state),
        )


def _shared_access(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    """R405, unless it is certainly off."""
    state = workflow.shared_access
    if state is not None and state.casefold() == "disabled":
        return
    shown = f"the state that Azure shows is {quoted(state)}" if state else "Azure does not show it"
    known = "is on" if state and state.casefold() == "enabled" else f"may be on ({shown})"
    yield checked.finding(
        "R405",
        f"Shared access by signature {known} for {checked.what}; users report that a valid"
        " signature bypasses the authorization policy.",
        f"Set {_ACCESS}.sasAuthenticationPolicy.state to Disabled, {_KEEP}.",
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
            f"{checked.what} has no authorization policy of type {TYPE}, which a Logic App needs to"
            " accept the calls of entitlement management.",
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
