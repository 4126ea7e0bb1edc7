"""A create that may be a rename of what is live: the plan suggests the line that makes it one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    REQUEST,
    SUBSCRIPTION,
    CommandLine,
    Json,
    catalog,
    declare,
    extension,
)
from objects import KINDS, PLACE, catalog_ref, desired_extension, observed_scope

from reconciler.kinds.extension.guard import CANDIDATES_LISTED
from reconciler.model.objects import DesiredScope
from reconciler.plan.build import PlanContext, build_plan

ENDPOINT = extension("a")["endpointConfiguration"]


def live_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def live(name: str, number: int = 1, type_name: str = REQUEST, **endpoint: Any) -> Json:
    return {
        "id": live_id(number),
        **extension(name, type_name, endpointConfiguration=ENDPOINT | endpoint),
    }


def hints(
    reconciler: CommandLine, wanted: list[Json], *held: Json, elsewhere: Json | None = None
) -> list[str]:
    """The hint of each R313, after checking that it stands where the create is declared."""
    reconciler.seed(
        catalog(extensions=held), catalog("Finance", FINANCE, [elsewhere] if elsewhere else [])
    )
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": wanted})
    document = reconciler("plan", "--sandbox", "--format", "json").document
    creates = {one["object"]["display_name"]: one["source"] for one in document["changes"]}
    found = [one for one in document["diagnostics"] if one["code"] == "R313"]
    for one in found:
        name = one["message"].split('"')[1]
        assert (one["severity"], one["line"]) == ("warning", creates[name]["line"])
    return [one["hint"] for one in found]


@pytest.mark.parametrize(
    "declared",
    [ENDPOINT, {**ENDPOINT, "resourceGroupName": "RG", "subscriptionId": SUBSCRIPTION.upper()}],
    ids=["as it is live", "as Azure compares it"],
)
def test_the_line_to_add_makes_it_a_rename(declared: Json, reconciler: CommandLine) -> None:
    wanted = extension("new", endpointConfiguration=declared)
    [hint] = hints(reconciler, [wanted], live("old", logicAppWorkflowName="LA"))
    line = f"id: {live_id(1)}"
    assert hint == f"If it was renamed, add this line to the declaration: {line}"
    declare(
        Path("desired_state"),
        {"catalog": "Marketing", "extensions": [wanted | {"id": line.split()[1]}]},
    )
    assert (
        reconciler("plan", "--sandbox", "--format", "json").document["changes"][0]["action"]
        == "rename"
    )


@pytest.mark.parametrize(
    "held",
    [
        [live("old", type_name=ASSIGNMENT)],
        [live("old", logicAppWorkflowName="other")],
        [live("old", resourceGroupName="other")],
        [live("old", subscriptionId=FINANCE)],
        [live("kept")],
        [],
    ],
    ids=[
        "another type",
        "another Logic App",
        "another group",
        "another subscription",
        "declared",
        "nothing",
    ],
)
def test_what_cannot_be_the_former_one_is_not_suggested(
    held: list[Json], reconciler: CommandLine
) -> None:
    wanted = [
        extension("new"),
        *([extension("kept")] if held and held[0]["displayName"] == "kept" else []),
    ]
    assert hints(reconciler, wanted, *held) == []


@pytest.mark.parametrize(
    "endpoint",
    [
        {"subscriptionId": SUBSCRIPTION},
        {**ENDPOINT, "logicAppWorkflowName": ""},
        {**ENDPOINT, "logicAppWorkflowName": {"a": [1]}},
        {**ENDPOINT, "subscriptionId": 5},
    ],
)
def test_what_names_no_logic_app_is_not_compared(endpoint: Json) -> None:
    """The loader admits none of these, but Graph may answer any."""
    body = extension("old", endpointConfiguration=endpoint)
    marketing = catalog_ref(MARKETING, "Marketing")
    new = replace(
        desired_extension("new", body=body | {"displayName": "new"}), parents=(marketing,)
    )
    planned = build_plan(
        [
            (
                DesiredScope(marketing, (new,), PLACE),
                observed_scope(marketing, {"id": live_id(1), **body}),
            )
        ],
        KINDS,
        PlanContext("0", "", "", app_only=False),
    )
    assert ([one.action for one in planned.changes], planned.diagnostics) == (["create"], ())


def test_one_of_another_catalog_is_not_suggested(reconciler: CommandLine) -> None:
    declare(Path("desired_state"), {"catalog": "Finance", "extensions": []}, name="finance.yaml")
    assert hints(reconciler, [extension("new")], elsewhere=live("old")) == []


def test_an_update_suggests_nothing(reconciler: CommandLine) -> None:
    """Not even one to the Logic App of an unmanaged one: what it changes is known by its name."""
    other = {
        "subscriptionId": FINANCE,
        "resourceGroupName": "other",
        "logicAppWorkflowName": "other",
    }
    assert hints(reconciler, [extension("a")], live("a", **other), live("old", 2)) == []


def test_several_candidates_are_listed_by_name(reconciler: CommandLine) -> None:
    held = [live("B", 1), live("a", 2)]
    [hint] = hints(reconciler, [extension("new")], *held)
    assert hint.endswith(
        f'add its id to the declaration: id: {live_id(2)} ("a"), id: {live_id(1)} ("B")'
    )


def test_no_more_candidates_are_listed_than_can_be_read(reconciler: CommandLine) -> None:
    held = [live(f"e{number}", number) for number in range(1, CANDIDATES_LISTED + 3)]
    [hint] = hints(reconciler, [extension("new")], *held)
    assert (hint.count("id: "), hint.endswith(", 2 more")) == (CANDIDATES_LISTED, True)


def test_it_shows_before_an_apply_is_approved(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[live("old")]))
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [extension("new")]})
    refused = reconciler("apply", "--sandbox")
    assert (refused.code, 'R313 warning: "new"' in refused.out) == (4, True)
