"""R403 and R407: whether `url` is the address of a Request trigger of this Logic App, and the right
address.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from reconciler.arm.workflows import workflow_of
from reconciler.kinds.extension.value_rules import carries_shared_access
from reconciler.model.logic_app import Workflow
from reconciler.preflight.address import fitting_url, right_url
from tests.preflight.workflows import (
    ENDPOINT,
    URL,
    body,
    calling,
    found,
    request_trigger,
    said,
    spoiled,
)

WRONG, NO_TRIGGER, UNUSUAL = ("R407", "error"), ("R403", "error"), ("R403", "warning")


def with_triggers(**by_name: Any) -> dict[str, Any]:
    return spoiled(lambda of: of["definition"].update(triggers=by_name))


def at(endpoint: Any, **by_name: Any) -> Workflow:
    """A Logic App at this address, unless others are given with the usual trigger."""
    changed = with_triggers(**(by_name or {"manual": request_trigger()}))
    changed["properties"]["accessEndpoint"] = endpoint
    return workflow_of(changed)


def url_of(trigger: str) -> str:
    return URL.replace("/manual/", f"/{quote(trigger, safe='')}/")


@pytest.mark.parametrize(
    "url",
    [
        URL,
        None,
        URL.replace(":443", ""),
        URL.replace("prod-31.westeurope", "PROD-31.WestEurope"),
        URL.replace("https", "HTTPS"),
        URL.replace("0123456789abcdef", "0123456789ABCDEF"),
        URL.replace("/triggers/", "/Triggers/"),
        URL.replace("manual", "%6Danual"),
        URL.replace("2016-10-01", "2019-05-01"),
        URL.replace("2016-10-01", "2018-07-01-preview"),
        URL.replace("api-version", "Api-Version"),
        f"{URL}&x=1",
    ],
)
def test_another_spelling_of_the_right_url_is_silent(url: str | None) -> None:
    assert found(body(), calling(url)) == []


@pytest.mark.parametrize(
    "url",
    [
        URL.replace(":443", ":444"),
        URL.replace(":443", ":0"),
        URL.replace(":443", ":80"),
        URL.replace("prod-31", "prod-3"),
        URL.replace("https", "http"),
        URL.replace("/workflows/", "/workflows/x/"),
        URL.replace("/workflows/0", "/workflows/"),
        URL.replace("/workflows/", "/"),
        URL.replace(".logic.azure.com", ".logic.azure.com.evil.example"),
        ENDPOINT,
        f"{ENDPOINT}?api-version=2016-10-01",
        URL.partition("?")[0],
        URL.replace("api-version=2016-10-01", "api-version="),
        f"{URL}&api-version=2016-10-01",
        URL.replace("/paths/invoke", ""),
        URL.replace("/paths/invoke", "/paths/invoke/x"),
        URL.replace("/manual/", "//"),
        URL.replace("/manual/", "/a/b/"),
        "https://[bad/workflows/x",
        "https://[x]/workflows/x",
        "https://prod:99999/workflows/x/triggers/manual/paths/invoke?api-version=1",
        "not a url",
    ],
)
def test_any_other_url_is_not_the_address(url: str) -> None:
    [finding] = found(body(), calling(url))
    assert (finding.code, finding.severity) == WRONG
    assert f"`url: {URL}`" in finding.hint
    assert finding.parameters["url"] == URL


@pytest.mark.parametrize("version", ["1", "latest", "2016-10", "2016-10-01-x", "2016-10-01%20"])
def test_an_api_version_that_is_not_a_date_is_a_warning(version: str) -> None:
    url = URL.replace("2016-10-01", version)
    [finding] = found(body(), calling(url))
    assert (finding.code, finding.severity) == ("R407", "warning")
    assert f"`url: {URL}`" in finding.hint
    assert fitting_url(at(ENDPOINT), url) == URL


@pytest.mark.parametrize(
    ("query", "times"),
    [("", 0), ("?api-version=", 0), ("?api-version=2016-10-01&API-VERSION=2016-10-01", 2)],
)
def test_an_api_version_must_be_there_once(query: str, times: int) -> None:
    [finding] = found(body(), calling(URL.partition("?")[0] + query))
    assert f"must contain api-version once, and contains it {times} times" in finding.message


@pytest.mark.parametrize("name", ["Manual", "MANUAL"])
def test_a_trigger_whose_name_differs_in_case_is_a_warning(name: str) -> None:
    [finding] = found(body(), calling(url_of(name)))
    assert (finding.code, finding.severity) == UNUSUAL
    assert f'calls trigger "{name}", but the Request trigger' in finding.message
    assert f"`url: {URL}`" in finding.hint
    assert fitting_url(at(ENDPOINT), url_of(name)) == URL


def test_of_triggers_that_differ_in_case_the_exact_one_is_called() -> None:
    answer = with_triggers(manual=request_trigger(), Manual=request_trigger())
    assert found(answer, calling(URL)) == []
    assert said(found(answer, calling(url_of("MANUAL")))) == [NO_TRIGGER]


@pytest.mark.parametrize("name", ["manual", "a b", "a/b", "ä", "%", "?sig=x", "a'b"])
def test_the_name_of_the_trigger_is_percent_encoded_once(name: str) -> None:
    answer = with_triggers(**{name: request_trigger()})
    diagnostics = found(answer, calling(url_of(name)))
    assert said(diagnostics) == ([] if name == "manual" else [UNUSUAL])
    assert right_url(workflow_of(answer)) == url_of(name)
    double = url_of(quote(name, safe=""))
    if double != url_of(name):
        assert said(found(answer, calling(double))) == [NO_TRIGGER]


def test_a_trigger_that_does_not_exist_is_an_error_with_the_right_address() -> None:
    [finding] = found(body(), calling(url_of("other")))
    assert (finding.code, finding.severity) == NO_TRIGGER
    assert 'calls trigger "other"' in finding.message
    assert f"`url: {URL}`" in finding.hint


def test_a_trigger_that_no_request_starts_is_an_error() -> None:
    answer = with_triggers(manual=request_trigger(), timer={"type": "Recurrence"})
    [finding] = found(answer, calling(url_of("timer")))
    assert (finding.code, finding.severity) == NO_TRIGGER
    assert finding.message.endswith('that it can name are: "manual".')
    answer = with_triggers(manual=request_trigger(), deep=request_trigger(relativePath="x"))
    assert said(found(answer, calling(url_of("deep")))) == [NO_TRIGGER]


def test_a_trigger_of_another_name_is_a_warning() -> None:
    answer = with_triggers(manual=request_trigger(), other=request_trigger())
    assert found(answer) == []
    assert said(found(answer, calling(url_of("other")))) == [UNUSUAL]
    assert said(found(with_triggers(other=request_trigger()), calling(None))) == [UNUSUAL]


def test_a_trigger_that_only_a_path_reaches_is_explained() -> None:
    answer = with_triggers(manual=request_trigger(relativePath="{id}"))
    [finding] = found(answer)
    assert "no Request trigger whose address needs no path of its own (relativePath)" in (
        finding.message
    )


@pytest.mark.parametrize(
    ("by_name", "declared", "expected"),
    [
        ({"manual": "Request"}, None, "manual"),
        ({"manual": "Request", "x": "Request"}, None, "manual"),
        ({"manual": "Request", "x": "Request"}, "x", "x"),
        ({"manual": "Request", "x": "Recurrence"}, "x", "manual"),
        ({"x": "Request"}, None, "x"),
        ({"x": "Request"}, "gone", "x"),
        ({"x": "Request", "y": "Request"}, "y", "y"),
        ({"Manual": "Request", "x": "Request"}, None, "Manual"),
        ({"manual": "Request", "x": "Request"}, "X", "x"),
        ({"x": "Request", "X": "Request"}, "X", "X"),
        ({"x": "Request", "y": "Request"}, None, None),
        ({"x": "Request", "y": "Request"}, "gone", None),
        ({}, None, None),
        ({"x": "Recurrence"}, None, None),
    ],
)
def test_which_trigger_the_right_url_calls(
    by_name: dict[str, str], declared: str | None, expected: str | None
) -> None:
    workflow = at(ENDPOINT, **{name: {"type": kind} for name, kind in by_name.items()}, z={})
    url = None if declared is None else url_of(declared).replace("0123", "3210")
    assert right_url(workflow, url) == (None if expected is None else url_of(expected))


@pytest.mark.parametrize(
    ("endpoint", "beginning"),
    [
        (ENDPOINT, ENDPOINT),
        (f"{ENDPOINT}/", ENDPOINT),
        (ENDPOINT.replace(":443", ""), ENDPOINT.replace(":443", "")),
        (ENDPOINT.replace(".com", ".us"), ENDPOINT.replace(".com", ".us")),
        (ENDPOINT.replace(".com", ".cn"), ENDPOINT.replace(".com", ".cn")),
    ],
)
def test_the_right_url_begins_with_the_address_of_the_workflow(
    endpoint: str, beginning: str
) -> None:
    assert right_url(at(endpoint)) == f"{beginning}{URL.removeprefix(ENDPOINT)}"


HOSTILE = [
    None,
    "",
    "x",
    ENDPOINT.replace("https", "http"),
    ENDPOINT.replace("https", "javascript"),
    ENDPOINT.replace("https://", "https://me:secret@"),
    ENDPOINT.replace("https://", "https://logic.azure.com@"),
    f"{ENDPOINT}?sig=abc",
    f"{ENDPOINT}?",
    f"{ENDPOINT}#",
    f"{ENDPOINT}#x",
    f"{ENDPOINT};sig=abc",
    f"{ENDPOINT}%3Fsig=abc",
    f"{ENDPOINT} # comment",
    f" {ENDPOINT}",
    f"{ENDPOINT}\n",
    f"{ENDPOINT}\x00",
    f"{ENDPOINT}\t/x",
    f"{ENDPOINT}\u202e",
    f"{ENDPOINT}\ud800",
    ENDPOINT.replace("/workflows/", "/workflows/`code`"),
    ENDPOINT.replace("/workflows/", "/workflows/../../x/"),
    ENDPOINT.replace("/workflows/", "/"),
    ENDPOINT + "a" * 10_000,
    ENDPOINT.replace("prod-31", "p" * 10_000),
    ENDPOINT.replace(":443", ":8443"),
    ENDPOINT.replace(":443", ":0"),
    ENDPOINT.replace(":443", ":99999"),
    ENDPOINT.replace(":443", ":x"),
    "https://[bad/workflows/0123",
    "https://[x]/workflows/0123",
    "https://[::1]/workflows/0123",
    "https://127.0.0.1/workflows/0123",
    "https://evil.example/workflows/0123",
    "https://logic.azure.com.evil.example/workflows/0123",
    "https://evil.example/.logic.azure.com/workflows/0123",
    "https://evillogic.azure.com/workflows/0123",
    "https://app.azurewebsites.net:443/workflows/0123",
    "https://prod.\u017fogic.azure.com/workflows/0123",
    "https://prod-31.logic.azure.com\\@evil.example/workflows/0123",
]


@pytest.mark.parametrize("endpoint", HOSTILE)
@pytest.mark.parametrize("declared", [None, URL, URL.replace("0123", "3210")])
def test_a_hostile_address_is_never_one_to_write(endpoint: Any, declared: str | None) -> None:
    workflow = at(endpoint)
    assert right_url(workflow, declared) is None
    assert fitting_url(workflow, declared) in (None, declared)
    diagnostics = found(spoiled(lambda of: of.update(accessEndpoint=endpoint)), calling(declared))
    assert {finding.code for finding in diagnostics} <= {"R407"}
    assert not any("`url: " in finding.hint for finding in diagnostics)


@pytest.mark.parametrize("name", ["\ud800", "a\nb", "\x1b[31m", "\u202e", "x" * 81, "x" * 10_000])
def test_a_hostile_name_of_a_trigger_is_never_one_to_write(name: str) -> None:
    workflow = at(ENDPOINT, **{name: request_trigger()})
    assert right_url(workflow) is None
    diagnostics = found(with_triggers(**{name: request_trigger()}), calling(None))
    assert said(diagnostics) == [UNUSUAL]


def test_the_name_of_a_trigger_cannot_become_a_parameter() -> None:
    url = right_url(at(ENDPOINT, **{"x/paths/invoke?y": request_trigger()}))
    assert url == f"{ENDPOINT}/triggers/x%2Fpaths%2Finvoke%3Fy{URL.partition('manual')[2]}"
    assert url is not None
    assert not carries_shared_access(url)


def test_a_right_url_in_another_spelling_stays_as_it_is_declared() -> None:
    for declared in (URL.replace(":443", ""), URL.replace("prod", "PROD"), URL):
        assert fitting_url(at(ENDPOINT), declared) == declared
    assert fitting_url(at(ENDPOINT), URL.replace("0123", "3210")) == URL
    assert fitting_url(at(ENDPOINT), url_of("gone")) == URL
    assert fitting_url(at(ENDPOINT), URL.partition("?")[0]) == URL
