"""What a finding says to do closes it: each hint, followed to the letter, until nothing is left."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from harness import Json

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.logic_app import Caller
from reconciler.settings import CLOUDS
from tests.preflight.test_one_fault_each import FAULTS
from tests.preflight.workflows import (
    GLOBAL_CLAIMS,
    URL,
    calling,
    found,
    policy,
    request_trigger,
    spoiled,
)

Spoil = Callable[[Any], Any]
MOST_HINTS = 8
"""More than the faults of one Logic App here."""


def has_usable_address(spoil: Spoil) -> bool:
    """Whether Azure still shows the address: otherwise no finding can say what to write."""
    changed = spoiled(spoil)["properties"].get("accessEndpoint")
    return isinstance(changed, str) and bool(re.fullmatch(r"https://[\w.-]+:443/\w+/\w+", changed))


def access_control(access: Any) -> Spoil:
    return lambda of: of.update(accessControl=access)


def policies(given: Any) -> Spoil:
    """Other policies, with shared access off."""
    return lambda of: of["accessControl"]["triggers"].update(openAuthenticationPolicies=given)


def everything(properties: Any) -> None:
    """A Logic App that was made by hand, and that nothing is right in."""
    properties.update(state="Suspended", accessControl=None)
    properties["definition"]["triggers"] = {"timer": {"type": "Recurrence"}}


def renamed(properties: Any) -> None:
    """The name that the designer of the portal gives."""
    name = "When_a_HTTP_request_is_received"
    properties["definition"]["triggers"] = {name: request_trigger()}


SPOILT: dict[str, Spoil] = {
    **{name: spoil for name, (spoil, _) in FAULTS.items() if has_usable_address(spoil)},
    "access control null": access_control(None),
    "access control empty": access_control({"triggers": None}),
    "policies null": policies(None),
    "policies of null": policies({"policies": None}),
    "no claims": policies({"policies": {"x": {"type": "AADPOP", "claims": None}}}),
    "no type": policies({"policies": {"x": {"claims": policy()["claims"]}}}),
    "the older template": policies({"policies": {"x": policy("AAD")}}),
    "a claim twice": policies(
        {"policies": {"x": {"type": "AADPOP", "claims": [{"name": "m", "value": "GET"}] * 2}}}
    ),
    "a slash": policies({"policies": {"x": policy(**{**GLOBAL_CLAIMS, "u": "u/"})}}),
    "everything": everything,
    "the name of the designer": renamed,
    "nothing": lambda _properties: None,
}
URLS = {
    "right": URL,
    "missing": None,
    "of another workflow": URL.replace("0123", "3210"),
    "of another trigger": URL.replace("manual", "other"),
    "of another case": URL.replace("manual", "Manual"),
    "of no date": URL.replace("2016-10-01", "1"),
    "without version": URL.partition("?")[0],
    "not one": "https://example.logic.azure.com",
}
CASES = [(name, "right") for name in SPOILT] + [
    (name, url) for name in ("nothing", "everything", "the name of the designer") for url in URLS
]


def followed(finding: Diagnostic, answer: Json, callers: Sequence[Caller]) -> list[Caller]:
    """The callers after somebody did what the hint says; the answer is changed in place."""
    hint = finding.hint
    if match := re.match(r"Set (\S+) to (\w+), and keep the rest", hint):
        put(answer, match[1], match[2])
    elif match := re.search(r"Set it in (\S+), and keep .*The policy to have: (.*)", hint):
        for name, value in json.loads(f"{{{match[2]}}}").items():
            put(answer, f"{match[1]}.{name}", value)
    elif match := re.match(r"Add a trigger of type (\w+), kind (\w+), named (\w+)\.", hint):
        trigger = {"type": match[1], "kind": match[2]}
        put(answer, f"properties.definition.triggers.{match[3]}", trigger)
    elif match := re.search(r"name the trigger (\w+); `url` must contain its name", hint):
        put(answer, "properties.definition.triggers", {match[1]: request_trigger()})
        return [calling_trigger(caller, match[1]) for caller in callers]
    elif match := re.match(r"Write `url: (.*)`", hint):
        named = finding.parameters["extensions"]
        return [replace(each, url=match[1]) if [each.name] == named else each for each in callers]
    else:
        assert hint == "Enable the Logic App."
        put(answer, "properties.state", "Enabled")
    return [*callers]


def calling_trigger(caller: Caller, name: str) -> Caller:
    """The caller with the trigger of this name in its url, if it has one."""
    url = caller.url and re.sub("(?<=/triggers/)[^/]+", name, caller.url)
    return replace(caller, url=url)


def put(answer: Json, path: str, value: Any) -> None:
    """Sets the member at a path with dots; what is no object on the way becomes one."""
    *outer, last = path.split(".")
    for name in outer:
        if not isinstance(answer.get(name), dict):
            answer[name] = {}
        answer = answer[name]
    answer[last] = value


@pytest.mark.parametrize("cloud", ["global", "china"])
@pytest.mark.parametrize(("fault", "url"), CASES)
def test_each_hint_closes_its_finding_until_none_is_left(fault: str, url: str, cloud: str) -> None:
    arm = CLOUDS[cloud].arm
    answer = spoiled(SPOILT[fault])
    callers = [calling(URLS[url]), calling(URL, name="other")]
    for _ in range(MOST_HINTS):
        left = found(answer, *callers, cloud=arm)
        if not left:
            return
        callers = followed(left[0], answer, callers)
        assert left[0] not in found(answer, *callers, cloud=arm)
    pytest.fail(f"{MOST_HINTS} hints were followed, and there are findings still")
