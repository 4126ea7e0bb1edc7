"""Each finding about a Logic App that has exactly that fault and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from harness import SUBSCRIPTION

from reconciler.arm.workflows import workflow_of
from reconciler.errors import (
    GarbledAnswerError,
    ServiceError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.model.logic_app import LogicApp, StandardApp
from reconciler.preflight.findings import undetermined
from tests.preflight.workflows import (
    ENDPOINT,
    GLOBAL_CLAIMS,
    LA,
    URL,
    body,
    calling,
    found,
    found_in,
    policy,
    request_trigger,
    said,
    spoiled,
)


def triggers(properties: Any, **by_name: Any) -> None:
    properties["definition"]["triggers"] = by_name


def shared_access(properties: Any, state: Any) -> None:
    properties["accessControl"]["triggers"]["sasAuthenticationPolicy"] = state


FAULTS: dict[str, tuple[Any, tuple[str, str]]] = {
    "no trigger": (triggers, ("R403", "error")),
    "no definition": (lambda of: of.pop("definition"), ("R403", "error")),
    "a timer": (lambda of: triggers(of, manual={"type": "Recurrence"}), ("R403", "error")),
    "a path of its own": (
        lambda of: triggers(of, manual=request_trigger(relativePath="/{id}")),
        ("R403", "error"),
    ),
    "disabled": (lambda of: of.update(state="Disabled"), ("R404", "error")),
    "suspended": (lambda of: of.update(state="Suspended"), ("R404", "error")),
    "not specified": (lambda of: of.update(state="NotSpecified"), ("R404", "error")),
    "sas on": (lambda of: shared_access(of, {"state": "Enabled"}), ("R405", "warning")),
    "sas of an unknown state": (
        lambda of: shared_access(of, {"state": "NotSpecified"}),
        ("R405", "warning"),
    ),
    "sas of no state": (lambda of: shared_access(of, {}), ("R405", "warning")),
    "sas null": (lambda of: shared_access(of, None), ("R405", "warning")),
    "sas of another form": (lambda of: shared_access(of, "Disabled"), ("R405", "warning")),
    "sas state of another form": (
        lambda of: shared_access(of, {"state": ["Disabled"]}),
        ("R405", "warning"),
    ),
    "no endpoint": (lambda of: of.pop("accessEndpoint"), ("R407", "warning")),
    "endpoint null": (lambda of: of.update(accessEndpoint=None), ("R407", "warning")),
    "endpoint without https": (
        lambda of: of.update(accessEndpoint=ENDPOINT.replace("https", "http")),
        ("R407", "warning"),
    ),
    "endpoint with a user": (
        lambda of: of.update(accessEndpoint=ENDPOINT.replace("//", "//me@")),
        ("R407", "warning"),
    ),
    "endpoint with a query": (
        lambda of: of.update(accessEndpoint=f"{ENDPOINT}?x=1"),
        ("R407", "warning"),
    ),
    "endpoint with a tab": (
        lambda of: of.update(accessEndpoint=ENDPOINT.replace("/workflows", "/\tworkflows")),
        ("R407", "warning"),
    ),
    "another endpoint": (lambda of: of.update(accessEndpoint=f"{ENDPOINT}f"), ("R407", "error")),
    "another host": (
        lambda of: of.update(accessEndpoint=ENDPOINT.replace("prod-31", "prod-32")),
        ("R407", "error"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_one_finding(fault: str) -> None:
    spoil, expected = FAULTS[fault]
    assert said(found(spoiled(spoil))) == [expected]


@pytest.mark.parametrize(
    "harmless",
    [
        lambda of: of.update(state="enabled"),
        lambda of: of.update(sku={"name": "Standard"}),
        lambda of: of.update(accessEndpoint=ENDPOINT.replace(":443", "")),
        lambda of: of.update(accessEndpoint=ENDPOINT.replace("prod", "PROD")),
        lambda of: of.update(accessEndpoint=f"{ENDPOINT}/"),
        lambda of: shared_access(of, {"state": "DISABLED"}),
        lambda of: triggers(of, manual=request_trigger(), other={"type": "Recurrence"}),
        lambda of: triggers(of, manual=request_trigger(relativePath="")),
        lambda of: triggers(of, manual={"type": "request"}),
        lambda of: of["accessControl"]["triggers"].update(allowedCallerIpAddresses=None),
    ],
)
def test_what_is_no_fault_is_silent(harmless: Any) -> None:
    assert found(spoiled(harmless)) == []


@pytest.mark.parametrize("access", [None, {}, [], {"triggers": None}, {"triggers": {}}])
def test_without_access_control_there_is_no_policy_and_shared_access_may_be_on(access: Any) -> None:
    diagnostics = found(spoiled(lambda of: of.update(accessControl=access)))
    assert said(diagnostics) == [("R405", "warning"), ("R406", "error")]
    assert "may be on" in diagnostics[0].message


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("Enabled", "is on for"),
        ("enabled", "is on for"),
        ("NotSpecified", 'may be on (the state that Azure shows is "NotSpecified") for'),
        (None, "may be on (Azure does not show it) for"),
    ],
)
def test_of_shared_access_no_more_is_said_than_is_known(state: Any, words: str) -> None:
    [finding] = found(spoiled(lambda of: shared_access(of, {"state": state})))
    assert words in finding.message


def test_a_state_that_is_not_shown_is_not_a_finding() -> None:
    assert found(spoiled(lambda of: of.pop("state"))) == []


@pytest.mark.parametrize(("name", "length"), [("n" * 26, 150), ("n" * 27, 151)])
def test_the_length_of_the_resource_id(name: str, length: int) -> None:
    logic_app = LogicApp(SUBSCRIPTION, "g" * 20, name)
    assert len(logic_app.path) == length
    sound = workflow_of(body(x=policy(**{**GLOBAL_CLAIMS, "p": logic_app.path})))
    caller = replace(calling(), logic_app=logic_app)
    expected = [] if length == 150 else [("R408", "error")]
    diagnostics = found_in(sound, caller, logic_app=logic_app)
    assert said(diagnostics) == expected
    assert all(f"has {length} characters" in finding.message for finding in diagnostics)


def test_a_standard_app_is_one_finding() -> None:
    [finding] = found_in(StandardApp())
    assert (finding.code, finding.severity) == ("R402", "error")
    assert "Microsoft.Web/sites" in finding.message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ServiceRefusalError("E.", status=404), "cannot always be distinguished): E."),
        (
            ServiceRefusalError("E.", status=403),
            "or it does not exist (this answer does not show which)",
        ),
        (ServiceRefusalError("E.", status=400), "could not be read: E."),
        (ServiceRefusalError("E.", status=500), "could not be read: E."),
        (ServiceRefusalError("E.", status=429), "could not be read: E."),
        (GarbledAnswerError("E."), "could not be read: E."),
        (ServiceUnansweredError("E.", not_sent=False), "could not be read: E."),
    ],
)
def test_what_could_not_be_read_is_one_finding(error: ServiceError, words: str) -> None:
    [finding] = found_in(error)
    assert (finding.code, finding.severity) == ("R401", "error")
    assert words in finding.message
    assert finding.hint


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_says_which_names_and_which_role_to_check(status: int) -> None:
    [finding] = found_in(ServiceRefusalError("E.", status=status, hint="Retry."))
    for word in ("subscriptionId", "resourceGroupName", "logicAppWorkflowName", "--cloud"):
        assert word in finding.hint
    assert ("Reader" in finding.hint) == (status != 400)


def test_an_extension_of_no_logic_app_is_a_warning() -> None:
    finding = undetermined(replace(calling(), logic_app=None))
    assert (finding.code, finding.severity, finding.place) == ("R409", "warning", calling().source)


def test_findings_are_at_the_first_caller_and_name_them_all() -> None:
    callers = [calling(name=f"e{number}", line=number) for number in range(1, 6)]
    [finding] = found(spoiled(lambda of: of.update(state="Disabled")), *callers)
    assert finding.place == callers[0].source
    assert 'called by "e1", "e2", "e3" and 2 more' in finding.message
    assert finding.parameters["extensions"] == ["e1", "e2", "e3", "e4", "e5"]
    assert finding.parameters["logic_app"] == LA.path


def test_each_wrong_url_is_at_its_own_caller() -> None:
    wrong = URL.replace("0123", "3210")
    callers = [calling(), calling(wrong, name="b", line=9), calling(None, name="c", line=11)]
    [finding] = found(body(), *callers)
    assert (finding.code, finding.place) == ("R407", callers[1].source)
    assert f"`url: {URL}`" in finding.hint


@pytest.mark.parametrize("url", [URL, None])
def test_with_a_bearer_token_the_policy_is_a_warning_of_its_own(url: str | None) -> None:
    [finding] = found(body(), calling(url, bearer=True))
    assert (finding.code, finding.severity) == ("R406", "warning")
    assert "was not checked" in finding.message
    assert found(body(), calling(bearer=True), calling()) == []


def test_a_bearer_caller_does_not_hide_a_wrong_policy_of_another() -> None:
    answer = body(x=policy("AAD"))
    assert said(found(answer, calling(bearer=True), calling())) == [("R406", "error")]
