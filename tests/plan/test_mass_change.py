"""Most of what is managed would change: the plan says so on top, and what the changes have in
common.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness import FINANCE, CommandLine, Json, catalog, declare, extension

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Plan
from reconciler.render.github import plan_github
from reconciler.render.markdown import plan_markdown
from reconciler.render.page import COMMENT

ENDPOINT = extension("a")["endpointConfiguration"]
EMPTY = Plan("0", "tenant", "sandbox", "", (), (), (), ())


def planned(reconciler: CommandLine, live: list[Json], *documents: Json, form: str = "json") -> Any:
    reconciler.seed(catalog(extensions=live), catalog("Finance", FINANCE))
    declare(Path("desired_state"), *documents)
    shown = reconciler("plan", "--sandbox", "--format", form)
    assert shown.code == 0
    return shown.document if form == "json" else shown.out


def warnings(reconciler: CommandLine, live: list[Json], *documents: Json) -> list[Json]:
    diagnostics = planned(reconciler, live, *documents)["diagnostics"]
    return [one for one in diagnostics if one["code"] == "R314"]


def named(count: int, **properties: Any) -> list[Json]:
    return [extension(f"e{number}", **properties) for number in range(count)]


@pytest.mark.parametrize(
    ("managed", "changed", "created", "shown"),
    [
        (10, 4, 0, True),
        (10, 3, 0, False),
        (9, 9, 0, False),
        (10, 10, 0, True),
        (10, 0, 20, False),
        (10, 3, 20, False),
    ],
)
def test_a_large_share_of_what_is_managed_is_a_warning(
    managed: int, changed: int, created: int, shown: bool, reconciler: CommandLine
) -> None:
    wanted = [*named(changed, description="x"), *named(managed)[changed:]]
    wanted += [extension(f"new{number}") for number in range(created)]
    found = warnings(reconciler, named(managed), {"catalog": "Marketing", "extensions": wanted})
    assert len(found) == shown
    if shown:
        percent = f"{changed * 100 // managed}%"
        assert (
            found[0]["message"]
            == f"{changed} of {managed} managed extensions would change ({percent})."
        )
        assert (found[0]["severity"], found[0]["file"]) == ("warning", None)


def test_a_rename_counts_as_a_change(reconciler: CommandLine) -> None:
    wanted = [extension(f"E{number}") for number in range(12)]
    [found] = warnings(reconciler, named(12), {"catalog": "Marketing", "extensions": wanted})
    assert "12 of 12 managed extensions would change (100%)" in found["message"]


def with_defaults(count: int, first: int = 0, **endpoint: Any) -> Json:
    """A document whose extensions have all but the type and the name from its defaults."""
    body = extension("")
    shared = {"endpointConfiguration": {**ENDPOINT, **endpoint}}
    own = {name: body[name] for name in ("@odata.type", "authenticationConfiguration")}
    return {
        "catalog": "Marketing",
        "defaults": shared,
        "extensions": [
            own | {"displayName": f"e{number}"} for number in range(first, first + count)
        ],
    }


def test_one_value_in_the_defaults_is_named_as_the_cause(reconciler: CommandLine) -> None:
    [found] = warnings(reconciler, named(12), with_defaults(12, resourceGroupName="typo"))
    assert (
        found["message"]
        == "12 of 12 managed extensions would change (100%), all through `defaults` at"
        " desired_state/state.yaml:2."
    )
    assert (found["file"], found["line"]) == ("desired_state/state.yaml", 2)


def test_several_causes_are_counted(reconciler: CommandLine) -> None:
    own = with_defaults(1, 11)
    own["extensions"][0]["description"] = "x"
    documents = [
        with_defaults(8, resourceGroupName="typo"),
        with_defaults(3, 8, logicAppWorkflowName="typo"),
        own,
    ]
    [found] = warnings(reconciler, named(12), *documents)
    assert found["message"].endswith(
        "(100%): 8 through `defaults` at desired_state/state.yaml:2, "
        "3 through `defaults` at desired_state/state.yaml:4, 1 otherwise."
    )
    assert found["line"] == 2


def test_what_an_extension_says_itself_is_no_matter_of_its_defaults(
    reconciler: CommandLine,
) -> None:
    """Every value that differs must come from the defaults; one that restates a default
    does not.
    """
    document = with_defaults(12, resourceGroupName="typo")
    for one in document["extensions"][:11]:
        one["endpointConfiguration"] = {"resourceGroupName": "typo"}
    document["extensions"][11]["description"] = "x"
    [found] = warnings(reconciler, named(12), document)
    assert found["message"] == "12 of 12 managed extensions would change (100%)."


@pytest.mark.parametrize("name", ["timeoutDuration", "durationBeforeTimeout"])
def test_a_timeout_in_the_defaults_is_found_under_either_name(
    name: str, reconciler: CommandLine
) -> None:
    document = {
        "catalog": "Marketing",
        "defaults": {"callbackConfiguration": {name: "PT1H"}},
        "extensions": named(12),
    }
    for one in document["extensions"]:
        one["callbackConfiguration"] = {}
    [found] = warnings(
        reconciler, named(12, callbackConfiguration={"timeoutDuration": "PT2H"}), document
    )
    assert "all through `defaults` at" in found["message"]


def test_a_new_logic_app_moves_the_url_along(reconciler: CommandLine) -> None:
    """The url that leads to the former Logic App is a row of its own, and no second cause."""
    wanted = with_defaults(12, logicAppWorkflowName="typo")
    for one in wanted["extensions"]:
        one["endpointConfiguration"] = {"resourceGroupName": "rg"}
    document = planned(reconciler, named(12), wanted)
    assert any(
        row["path"] == "/endpointConfiguration/url" for row in document["changes"][0]["fields"]
    )
    assert "all through `defaults`" in document["diagnostics"][0]["message"]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_it_stands_before_the_changes_and_only_there(form: str, reconciler: CommandLine) -> None:
    shown = planned(reconciler, named(12), with_defaults(12, resourceGroupName="typo"), form=form)
    assert shown.count("R314") == 1
    assert shown.index("R314") < shown.index("Marketing (")


def test_a_plan_of_others_cannot_fill_the_page_with_them() -> None:
    many = [Diagnostic("R314", "warning", f"{number} " * 100, "check") for number in range(500)]
    assert len(plan_markdown(replace(EMPTY, diagnostics=tuple(many))).encode()) <= COMMENT.max_bytes


def test_no_other_warning_keeps_it_from_being_annotated() -> None:
    """GitHub shows ten warnings of a step."""
    lost = [
        Diagnostic("R309", "warning", f"e{number} is unmanaged now", "declare it")
        for number in range(12)
    ]
    plan = replace(
        EMPTY, diagnostics=(*lost, Diagnostic("R314", "warning", "12 of 12 would change", "check"))
    )
    assert plan_github(plan).startswith("::warning title=R314::")
