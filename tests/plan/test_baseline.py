"""What a plan shows against a baseline: what was pending already, and what has become unmanaged
since.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from harness import FINANCE, MARKETING, CommandLine, catalog, declare, extension
from objects import catalog_ref

from reconciler.errors import StalePlanError
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Change, FieldChange, Plan, PlannedScope, Unmanaged
from reconciler.model.reason import reason
from reconciler.plan.baseline import with_baseline

CATALOG = catalog_ref(MARKETING, "Marketing")
LIVE = ObjectRef(
    "extension",
    "00000000-0000-4000-8000-000000000001",
    "notify",
    "accessPackageAssignmentWorkflowExtension",
)
OTHER = Diagnostic("R302", "warning", "unknown type", "nothing to do")
EMPTY = Plan("0", "tenant", "sandbox", "", (PlannedScope(CATALOG, "complete"),), (), (), (OTHER,))
UNMANAGED = replace(EMPTY, unmanaged=(Unmanaged(LIVE, (CATALOG,)),))


def added(plan: Plan, earlier: Plan, **options: Any) -> list[str]:
    """The codes that the baseline adds, which come before what the plan says anyway."""
    *codes, last = [one.code for one in with_baseline(plan, earlier, **options).diagnostics]
    assert last == "R302"
    return codes


def in_catalogs(*catalogs: ObjectRef) -> Plan:
    return replace(EMPTY, scopes=tuple(PlannedScope(one, "complete") for one in catalogs))


@pytest.mark.parametrize("all_catalogs", [True, False])
def test_what_has_become_unmanaged_is_shown_with_the_way_out(all_catalogs: bool) -> None:
    first, _ = with_baseline(UNMANAGED, EMPTY, all_catalogs=all_catalogs).diagnostics
    assert (first.code, first.severity) == ("R309", "warning")
    assert str(LIVE.id) in first.message and "Marketing" in first.message
    assert "It stays live; declare `ensure: absent` to delete it." in first.hint
    assert "declare it again, with its `id`" in first.hint


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(UNMANAGED, id="it was unmanaged before"),
        pytest.param(
            replace(EMPTY, scopes=(PlannedScope(CATALOG, "unreadable"),)), id="nobody knows"
        ),
    ],
)
def test_what_was_unmanaged_before_or_may_have_been_is_not_reported(earlier: Plan) -> None:
    assert added(UNMANAGED, earlier) == []


def test_nothing_is_concluded_about_a_catalog_that_the_baseline_did_not_read() -> None:
    assert added(UNMANAGED, in_catalogs(catalog_ref(FINANCE, "Finance")), all_catalogs=False) == []


def test_the_same_id_in_another_catalog_is_another_extension() -> None:
    finance = catalog_ref(FINANCE, "Finance")
    both = in_catalogs(CATALOG, finance)
    before = replace(both, unmanaged=(Unmanaged(LIVE, (finance,)),))
    assert added(replace(both, unmanaged=(Unmanaged(LIVE, (CATALOG,)),)), before) == ["R309"]


@pytest.mark.parametrize(
    ("now", "before", "codes"),
    [
        ([], [CATALOG], ["R311"]),
        ([CATALOG], [CATALOG, catalog_ref(FINANCE, "Finance")], ["R311"]),
        ([CATALOG, catalog_ref(FINANCE, "Finance")], [CATALOG], []),
        ([catalog_ref(MARKETING, "Renamed")], [CATALOG], []),
        ([catalog_ref(FINANCE, "Marketing")], [CATALOG], ["R311"]),
        ([catalog_ref(None, "MARKETING")], [CATALOG], []),
        ([CATALOG], [catalog_ref(None, "marketing")], []),
        ([catalog_ref(MARKETING, None)], [CATALOG], []),
        ([catalog_ref(None, "Finance")], [catalog_ref(None, "Marketing")], ["R311"]),
    ],
)
def test_a_catalog_that_is_no_longer_declared_is_shown(
    now: list[ObjectRef], before: list[ObjectRef], codes: list[str]
) -> None:
    assert added(in_catalogs(*now), in_catalogs(*before)) == codes
    assert added(in_catalogs(*now), in_catalogs(*before), all_catalogs=False) == []


def test_a_removed_declaration_shows_in_every_format(reconciler: CommandLine) -> None:
    """Whatever the format: the reviewer of a pull request sees the Markdown, a bot the JSON."""
    live = [extension("kept"), extension("removed")]
    reconciler.seed(catalog(extensions=live), catalog("Finance", FINANCE, [extension("f")]))
    both = [
        {"catalog": "Marketing", "extensions": live},
        {"catalog": "Finance", "extensions": [extension("f")]},
    ]
    declare(Path("base"), *both)
    declare(Path("head"), {"catalog": "Marketing", "extensions": live[:1]})
    reconciler("plan", "base", "--sandbox", "--out", "base.json")
    arguments = ("plan", "head", "--sandbox", "--baseline", "base.json", "--out", "head.json")
    for form in ("text", "markdown", "github", "json"):
        for shown in (
            reconciler(*arguments, "--format", form),
            reconciler("show", "head.json", "--format", form),
        ):
            assert shown.code == 0
            assert (
                "R309" in shown.out
                and '"removed" (' in shown.out.replace('\\"', '"')
                and "R311" in shown.out
            )
    assert [one["code"] for one in shown.document["diagnostics"]] == ["R309", "R311"]
    alone = reconciler("plan", "head", "--sandbox", "--format", "json").document
    assert (alone["digest"], alone["diagnostics"]) == (shown.document["digest"], [])


def test_catalogs_that_were_not_chosen_are_not_missing(reconciler: CommandLine) -> None:
    documents = [
        {"catalog": name, "extensions": [extension("a")]} for name in ("Marketing", "Finance")
    ]
    reconciler.seed(catalog(), catalog("Finance", FINANCE))
    declare(Path("desired_state"), *documents)
    reconciler("plan", "--sandbox", "--out", "both.json")
    reconciler("plan", "--sandbox", "--catalog", "Finance", "--out", "finance.json")
    for arguments in (
        ("--baseline", "both.json", "--catalog", "Marketing"),
        ("--baseline", "finance.json"),
    ):
        planned = reconciler("plan", "--sandbox", *arguments, "--format", "json")
        assert planned.document["diagnostics"] == []


@pytest.mark.parametrize(
    "other",
    [{"tenant_id": "other"}, {"graph_url": "https://graph.example/v1.0"}, {"environment": "prod"}],
    ids=lambda other: next(iter(other)),
)
def test_a_baseline_of_another_target_is_refused(other: dict[str, str]) -> None:
    with pytest.raises(StalePlanError, match="The baseline was made for"):
        with_baseline(EMPTY, replace(EMPTY, **other))


def test_only_a_change_with_the_same_rows_is_already_pending() -> None:
    first = Change(
        action="update",
        object=LIVE,
        parents=(CATALOG,),
        reason=reason("properties_differ"),
        fields=(FieldChange(("description",), "a", "b"),),
    )
    second = replace(first, fields=(FieldChange(("description",), "a", "c"),))
    plan = with_baseline(replace(EMPTY, changes=(first, second)), replace(EMPTY, changes=(first,)))
    assert [each.already_pending for each in plan.changes] == [True, False]
