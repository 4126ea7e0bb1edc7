"""Whatever Azure Resource Manager answers: findings, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from harness import Json
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiers import examples

from reconciler.arm.workflows import workflow_of
from reconciler.errors import GarbledAnswerError, ServiceRefusalError
from reconciler.model.diagnostic import CODES, Diagnostic
from reconciler.model.preflight import Preflight
from reconciler.preflight.address import fitting_url
from reconciler.render.formats import rendered_preflight
from tests.preflight.workflows import (
    GLOBAL_CLAIMS,
    LA,
    TENANT,
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

FORMATS = ("text", "markdown", "json", "github", "sarif")
R40X = {code for code in CODES if code.startswith("R40")}
MAX_BYTES = 12_000
"""Of all output about one Logic App, in each format; SARIF lists every code too."""

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all members of the value."""
    members: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    return [path, *(below for key, each in members for below in paths(each, (*path, key)))]


PLACES = [path for path in paths(body()) if path]


@settings(max_examples=examples(400))
@given(st.dictionaries(st.sampled_from(PLACES), ANYTHING, min_size=1, max_size=4))
@example({("properties",): []})
@example({("properties", "accessEndpoint"): "https://[bad/workflows/x"})
@example({("properties", "accessEndpoint"): "https://h:x/workflows/x"})
@example({("properties", "definition", "triggers"): {"\ud800": request_trigger()}})
def test_members_of_any_form_are_findings_or_a_garbled_answer(changes: dict[Any, Any]) -> None:
    check_answer(changes)


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "", "x", [], [7], ["x"], {}, {"x": 7}])
def test_a_member_of_another_form_is_a_finding_or_a_garbled_answer(value: Any) -> None:
    for place in PLACES:
        check_answer({place: value})


def check_answer(changes: dict[Any, Any]) -> None:
    """The sound answer with these changes has findings only, unless it has no properties."""
    answer: Any = body()
    for path, value in changes.items():
        put(answer, path, value)
    try:
        workflow = workflow_of(answer)
    except GarbledAnswerError:
        assert not isinstance(answer["properties"], dict)
        return
    for caller in (calling(), calling(None), calling(f"{URL}&x=1", bearer=True)):
        diagnostics = found_in(workflow, caller)
        assert {finding.code for finding in diagnostics} <= R40X - {"R401", "R402", "R408", "R409"}
        assert all(finding.message and finding.hint for finding in diagnostics)
        fitting_url(workflow, caller.url)


def put(answer: Any, path: tuple[Any, ...], value: Any) -> None:
    """Replaces the member at the path, if an earlier change has left something there."""
    for key in path[:-1]:
        if not isinstance(answer, dict | list) or not has(answer, key):
            return
        answer = answer[key]
    if isinstance(answer, dict) or (isinstance(answer, list) and has(answer, path[-1])):
        answer[path[-1]] = value


def has(holder: Any, key: Any) -> bool:
    """Whether the object or the list has this member."""
    if isinstance(holder, list):
        return isinstance(key, int) and key < len(holder)
    return key in holder


@given(ANYTHING)
def test_an_answer_without_properties_is_garbled(properties: Any) -> None:
    if not isinstance(properties, dict):
        with pytest.raises(GarbledAnswerError):
            workflow_of({"properties": properties})
    with pytest.raises(GarbledAnswerError):
        workflow_of({})


def hostile_in(place: str, text: str) -> list[Diagnostic]:
    """The findings where this text is at this place of an answer."""
    make: dict[str, Callable[[], Json]] = {
        "claim value": lambda: body(x=policy(**{**GLOBAL_CLAIMS, "m": text})),
        "claim name": lambda: body(x=policy(**{text: "POST"})),
        "policy": lambda: body(**{text: policy(m="GET")}),
        "policy type": lambda: body(x=policy(text)),
        "state": lambda: spoiled(lambda of: of.update(state=text)),
        "shared access": lambda: spoiled(
            lambda of: of["accessControl"]["triggers"].update(
                sasAuthenticationPolicy={"state": text}
            )
        ),
        "endpoint": lambda: spoiled(lambda of: of.update(accessEndpoint=text)),
        "trigger": lambda: triggered(**{text: request_trigger()}),
        "other trigger": lambda: triggered(**{text: {"type": "Recurrence"}}),
        "trigger type": lambda: triggered(manual={"type": text}),
    }
    return [*found(make[place]()), *found(make[place](), calling(None, name="other"))]


def triggered(**by_name: Any) -> Json:
    return spoiled(lambda of: of["definition"].update(triggers=by_name))


PLACES_OF_TEXT = (
    "claim value",
    "claim name",
    "policy",
    "policy type",
    "state",
    "shared access",
    "endpoint",
    "trigger",
    "other trigger",
    "trigger type",
)
HOSTILE = {
    "command": "\n::error::pwned",
    "legacy command": "##[error]pwned",
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "carriage return": "a\r::stop-commands::x",
    "bidi": "\u202etxet\u2066",
    "surrogate": "\ud800",
    "markdown": "`x` [a](https://evil.example) <img src=x> @team #1 | cell |\n# head",
    "ticks": "```\n```` `",
    "html": "</code></summary><script>",
    "nul": "\x00",
    "long": "x" * 100_000,
    "long and hostile": "\x1b`|" * 30_000,
}


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("place", PLACES_OF_TEXT)
def test_hostile_text_of_an_answer_does_nothing(place: str, format_name: str) -> None:
    for name, text in HOSTILE.items():
        diagnostics = hostile_in(place, text)
        assert diagnostics, name
        check(rendered(diagnostics, format_name), format_name)


@pytest.mark.parametrize("format_name", FORMATS)
def test_hostile_text_of_an_error_does_nothing(format_name: str) -> None:
    for text in HOSTILE.values():
        error = ServiceRefusalError(f"GET x failed ({text[:400]}).", status=403)
        check(rendered(found_in(error), format_name), format_name)


def rendered(diagnostics: list[Diagnostic], format_name: str) -> str:
    """The output about one Logic App with these findings."""
    preflight = Preflight({LA: ("notify",)}, 0, tuple(diagnostics))
    return rendered_preflight(preflight, format_name, tool_version="1")


def check(shown: str, format_name: str) -> None:
    """The output is bounded, shows every character, and has no more lines than findings need."""
    assert all(character.isprintable() for character in shown.replace("\n", ""))
    assert "##[" not in shown
    if format_name == "sarif":
        shown = json.dumps(json.loads(shown)["runs"][0]["results"])
    assert len(shown.encode()) < MAX_BYTES
    if format_name == "github":
        commands = [line for line in shown.splitlines() if re.match(r"\s*::", line)]
        assert all(re.match(r"::(error|warning) file=state.yaml,", line) for line in commands)
    if format_name == "markdown":
        rows = [line for line in shown.splitlines() if line.startswith("|")]
        assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
        assert not re.search(r"<(img|script)", re.sub(r"(`+).*?(?<!`)\1(?!`)", "", shown))


def test_many_triggers_policies_and_claims_are_bounded() -> None:
    names = [f"{'t' * 290}{number}" for number in range(2_000)]
    many = {
        "timers": triggered(**{name: {"type": "Recurrence"} for name in names}),
        "requests": triggered(**{name: request_trigger() for name in names}),
        "policies": body(**{name: policy(m="GET") for name in names}),
        "claims": body(x=policy(**dict.fromkeys(names, "v"))),
    }
    for answer in many.values():
        diagnostics = [*found(answer), *found(answer, calling(None))]
        assert diagnostics
        for format_name in FORMATS:
            check(rendered(diagnostics, format_name), format_name)


def test_a_policy_of_many_claims_of_one_name_is_read() -> None:
    answer = body(x={"type": "AADPOP", "claims": [{"name": "iss", "value": "x"}] * 5_000})
    assert said(found(answer)) == [("R406", "error")]
    assert f"https://sts.windows.net/{TENANT}/" in found(answer)[0].message
