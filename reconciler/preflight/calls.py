"""Findings about what the extensions call: R403, the trigger, and R407, its address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fault import quoted
from reconciler.model.logic_app import Caller, Workflow
from reconciler.model.wording import enumerated
from reconciler.preflight.address import (
    API_VERSION,
    USUAL_TRIGGER,
    Address,
    address_of,
    request_triggers,
    right_url,
    trigger_named,
    workflow_address,
)
from reconciler.preflight.checked import Checked, bounded_names, first_quoted


def trigger_findings(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    """R403 for a workflow that no request can start, or not by the name in `url`."""
    names = request_triggers(workflow.triggers)
    if not names:
        yield _no_trigger(checked, workflow)
        return
    unnamed = [caller for caller in checked.callers if caller.url is None]
    if unnamed and USUAL_TRIGGER not in names:
        yield _unusual(checked, names, unnamed[0])
    for caller in checked.callers:
        address = address_of(caller.url)
        if address is not None:
            yield from _trigger_in_url(checked, workflow, caller, address)


def _no_trigger(checked: Checked, workflow: Workflow) -> Diagnostic:
    with_path = any(trigger.has_relative_path for trigger in workflow.triggers.values())
    why = " whose address needs no path of its own (relativePath)" if with_path else ""
    listed = ", ".join(first_quoted(list(workflow.triggers))) or "none"
    return checked.finding(
        "R403",
        f"{checked.what} has no Request trigger{why}; its triggers: {listed}.",
        f"Add a trigger of type Request, kind Http, named {USUAL_TRIGGER}.",
        triggers=bounded_names(workflow.triggers),
    )


def _trigger_in_url(
    checked: Checked, workflow: Workflow, caller: Caller, address: Address
) -> Iterator[Diagnostic]:
    """The trigger that `url` names: missing, of another case, or of an unusual name."""
    names = request_triggers(workflow.triggers)
    trigger = trigger_named(address.trigger, names)
    calls = f"`url` of extension {quoted(caller.name)} calls trigger {quoted(address.trigger)}"
    if trigger is None:
        listed = ", ".join(first_quoted(names))
        yield checked.finding(
            "R403",
            f"{calls}, but the triggers of {checked.title} that it can name are: {listed}.",
            _write_url(workflow, caller),
            caller=caller,
            triggers=bounded_names(names),
        )
        return
    if trigger != address.trigger:
        yield checked.finding(
            "R403",
            f"{calls}, but the Request trigger of {checked.title} is named {quoted(trigger)}."
            " Whether Azure distinguishes upper and lower case in it is not known.",
            _write_url(workflow, caller),
            severity="warning",
            caller=caller,
            triggers=bounded_names([trigger]),
        )
    if trigger != USUAL_TRIGGER:
        yield _unusual(checked, [trigger], caller)


def _unusual(checked: Checked, names: Sequence[str], caller: Caller) -> Diagnostic:
    """R403 as a warning: Graph possibly rejects another name (docs/graph.md §9.2)."""
    subject, verb = ("trigger", "is") if len(names) == 1 else ("triggers", "are")
    return checked.finding(
        "R403",
        f"Request {subject} {enumerated(first_quoted(names))} of {checked.what} {verb} not named"
        f" {USUAL_TRIGGER} as in Microsoft's template; whether Graph accepts another name is not"
        " known.",
        f"If Graph refuses the extension, name the trigger {USUAL_TRIGGER}; `url` must contain its"
        " name.",
        severity="warning",
        caller=caller,
        triggers=bounded_names(names),
    )


def address_findings(checked: Checked, workflow: Workflow) -> Iterator[Diagnostic]:
    """R407 for each `url` that is not an address of this workflow, or possibly not."""
    for caller in checked.callers:
        if caller.url is None:
            continue
        if workflow_address(workflow.access_endpoint) is None:
            yield _not_compared(checked, caller)
        else:
            yield from _wrong_address(checked, workflow, caller)


def _not_compared(checked: Checked, caller: Caller) -> Diagnostic:
    return checked.finding(
        "R407",
        f"`url` of extension {quoted(caller.name)} was not checked: Azure Resource Manager shows no"
        f" usable address of {checked.title}.",
        "Compare it with the address of the trigger in the Azure portal.",
        severity="warning",
        caller=caller,
    )


def _wrong_address(checked: Checked, workflow: Workflow, caller: Caller) -> Iterator[Diagnostic]:
    address = address_of(caller.url)
    severity: Severity = "error"
    if address is None or address.workflow != workflow_address(workflow.access_endpoint):
        fault = f"is not the address of {checked.title}"
    elif len(address.api_versions) != 1:
        fault = (
            f"must contain {API_VERSION} once, and contains it {len(address.api_versions)} times"
        )
    elif not address.usual_version:
        version = quoted(address.api_versions[0])
        fault = f"has {API_VERSION} {version}, which is not a date; whether it works is not known"
        severity = "warning"
    else:
        return
    yield checked.finding(
        "R407",
        f"`url` of extension {quoted(caller.name)} {fault}.",
        _write_url(workflow, caller),
        severity=severity,
        caller=caller,
        url=right_url(workflow, caller.url),
    )


def _write_url(workflow: Workflow, caller: Caller) -> str:
    url = right_url(workflow, caller.url)
    if url is None:
        return "Write the address of the Logic App's Request trigger, without sig, sp and sv."
    return f"Write `url: {url}`"
