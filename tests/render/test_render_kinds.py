"""A plan of several kinds: objects of the tenant, references, two levels of parents."""

from dataclasses import replace

import pytest
from render_samples import EMPTY, MARKETING, ref

from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Change, FieldChange, Plan, PlannedScope, Unmanaged
from reconciler.model.reason import reason
from reconciler.render.github import plan_github
from reconciler.render.markdown import plan_markdown, summary_markdown
from reconciler.render.page import SMALLEST_BYTES, Page
from reconciler.render.text import plan_text, summary_text
from reconciler.render.wording import Wording

NEW = ObjectRef("catalog", None, "Sales")
PACKAGE = ObjectRef("access_package", "b1", "Onboarding")
POLICY = ObjectRef("policy", "c1", "all users")
STAGE = ("customExtensionStageSettings", "assignmentRequestCreated")
OLD, NOTIFY = replace(ref("old", 1)), replace(ref("notify"))
DRIFT = Wording(drift=True)


def create(name: str, parent: ObjectRef = NEW) -> Change:
    rows = (FieldChange(("displayName",), None, name), FieldChange(("description",), None, "same"))
    return Change("create", ref(name), (parent,), reason("not_live"), rows)


CATALOG = Change("create", NEW, (), reason("not_live"), (FieldChange(("state",), None, "on"),))
UPDATE = Change(
    "update",
    POLICY,
    (MARKETING, PACKAGE),
    reason("properties_differ", differ=1, declared=1),
    (FieldChange(STAGE, OLD, NOTIFY), FieldChange(("other",), None, OLD)),
)
BLOCKED = Change("blocked", ref("late"), (MARKETING,), reason("pinned_id_absent", id="7"))
KEPT = Change("blocked", POLICY, (MARKETING, PACKAGE), reason("parent_blocked"))
PLAN = replace(
    EMPTY,
    scopes=(PlannedScope(MARKETING, "complete"), PlannedScope(NEW, "to_create")),
    changes=(CATALOG, create("a"), UPDATE, BLOCKED, KEPT),
    unmanaged=(
        Unmanaged(ref("by-hand", 7), (MARKETING,)),
        Unmanaged(POLICY, (MARKETING, PACKAGE)),
        Unmanaged(ObjectRef("catalog", "d1", "Legal"), ()),
    ),
    unchanged={"catalog": 1, "extension": 2, "policy": 0},
)


def test_an_object_of_the_tenant_stands_with_what_it_contains() -> None:
    lines = plan_text(PLAN).split("\n")
    assert "Catalog Sales: 2 create" in lines
    heading = lines.index("Catalog Sales: 2 create")
    assert lines[heading + 1 : heading + 4] == [
        "+ create Sales (catalog)",
        "    because no catalog of this tenant has this name",
        '+   state: "on"',
    ]
    assert "+ create a (accessPackageAssignmentRequestWorkflowExtension)" in lines[heading:]
    assert f"Catalog Marketing ({MARKETING.id}): 1 update, 2 blocked" in lines
    assert "This plan is incomplete" not in plan_text(PLAN)
    assert "= 3 unchanged" in lines
    assert lines[-2].startswith("Plan: 2 create, 1 update,")


def test_a_scope_without_a_catalog_has_a_heading_of_its_kind() -> None:
    organization = ObjectRef("connected_organization", "e1", "Contoso")
    change = Change("update", organization, (), reason("properties_differ"))
    plan = replace(PLAN, scopes=(), changes=(change,))
    assert "\nConnected organization Contoso (e1): 1 update\n" in plan_text(plan)
    assert "**Connected organization** `Contoso (e1): 1 update`" in summary_markdown(plan)
    assert "\nConnected organization Contoso (e1): 1 update\n" in summary_text(plan)


def test_a_renamed_catalog_and_its_objects_stand_together() -> None:
    renamed = Change("rename", replace(MARKETING, display_name="New"), (), reason("renamed_by_id"))
    plan = replace(PLAN, changes=(renamed, create("a", MARKETING)))
    assert plan_text(plan).count("\nCatalog ") == 1
    assert f"\nCatalog Marketing ({MARKETING.id}): 1 create, 1 rename\n" in plan_text(plan)


def test_a_reference_is_shown_by_its_name() -> None:
    path = "/".join(STAGE)
    assert (
        f'\n~   {path}: "old" -> "notify" (id known after apply)\n~   other: null -> "old"\n'
        in plan_text(PLAN)
    )
    assert f'\n~   {path}: declared "notify", live "old"\n' in plan_text(PLAN, DRIFT)
    assert f'\n-   {path}: "old"\n+   {path}: "notify" (id known after apply)\n' in plan_markdown(
        PLAN
    )
    assert f"%0A~ {path}" in plan_github(PLAN)
    created = replace(create("a"), fields=(FieldChange(STAGE, None, NOTIFY),))
    assert f'\n+   {path}: "notify"\n' in plan_text(replace(PLAN, changes=(created,)))


def test_references_of_one_name_are_told_apart_by_their_ids() -> None:
    path = "/".join(STAGE)
    row = FieldChange(STAGE, OLD, replace(NOTIFY, id="e9", display_name="old"))
    plan = replace(PLAN, changes=(replace(UPDATE, fields=(row,)),))
    before, after = f'"old" (id {OLD.id})', '"old" (id e9)'
    assert f"\n~   {path}: {before} -> {after}\n" in plan_text(plan)
    assert f"\n~   {path}: declared {after}, live {before}\n" in plan_text(plan, DRIFT)
    assert f"\n-   {path}: {before}\n+   {path}: {after}\n" in plan_markdown(plan)


def test_a_create_shows_what_the_service_will_compute() -> None:
    created = replace(create("a"), fields=(FieldChange(("url",), None, None, computed=True),))
    plan = replace(PLAN, changes=(created,))
    assert "\n+   url: (known after apply)\n" in plan_text(plan)
    assert "\n+   url: (known after apply)\n" in plan_markdown(plan)


def test_what_all_creates_of_one_kind_set_is_shown_once_for_this_kind() -> None:
    mixed = replace(PLAN, changes=(CATALOG, create("a"), create("b"), create("c")))
    for output in (plan_text(mixed), plan_markdown(mixed)):
        assert output.count('+   description: "same"\n') == 1
        assert "\n+ the same in all 3 creates of extensions below:\n" in output
        assert output.count('+   state: "on"\n') == 1
    alike = replace(CATALOG, fields=create("a").fields[1:])
    both = replace(mixed, changes=(alike, *mixed.changes[1:]))
    assert plan_text(both).count('+   description: "same"\n') == 2, "of another kind"


def test_totals_say_object_where_there_are_several_kinds() -> None:
    markdown = plan_markdown(PLAN)
    assert "| Object | Catalog | Because | Declared at |\n" in markdown
    assert "| `all users (policy, id c1)` | `Marketing / Onboarding` |" in markdown
    for output in (plan_text(PLAN), markdown):
        assert "does not delete the object in the tenant; it becomes unmanaged." in output
        assert "To delete unmanaged objects, declare each with `ensure: absent`." in output
        assert "To add unmanaged objects to the files, run: " in output
    assert "the declarations of missing objects: remove them" in plan_text(PLAN, DRIFT)
    many = replace(PLAN, changes=(), unmanaged=PLAN.unmanaged * 200)
    assert " unmanaged objects omitted to fit" in plan_markdown(many, Page(SMALLEST_BYTES))
    policies = replace(PLAN, unmanaged=PLAN.unmanaged[1:2])
    assert "To add unmanaged policies to the files" in plan_text(policies)


def test_where_unmanaged_objects_are() -> None:
    text, markdown = plan_text(PLAN), plan_markdown(PLAN)
    assert "\n    * all users (policy, id c1) in Marketing / Onboarding\n" in text
    assert "\n    * Legal (catalog, id d1)\n" in text
    assert "\n* `all users (policy, id c1)` in `Marketing / Onboarding`\n" in markdown
    assert "\n* `Legal (catalog, id d1)`\n" in markdown


@pytest.mark.parametrize(
    ("scopes", "line"),
    [
        ((PlannedScope(MARKETING, "absent"),), "No changes in the catalogs that could be read."),
        (
            (PlannedScope(MARKETING, "absent"), PlannedScope(PACKAGE, "complete")),
            "No changes in the objects that could be read.",
        ),
        ((PlannedScope(NEW, "to_create"),), "No changes. What is live matches what is declared."),
    ],
)
def test_without_changes_only_what_was_read_is_said_to_match(
    scopes: tuple[PlannedScope, ...], line: str
) -> None:
    plan: Plan = replace(PLAN, scopes=scopes, changes=())
    assert f"\n{line}\n" in plan_text(plan)


def test_the_live_object_that_was_changed_is_named_by_its_kind() -> None:
    edited = replace(UPDATE, last_modified_by="someone")
    assert "the live policy was last changed by someone" in plan_text(
        replace(PLAN, changes=(edited,)), DRIFT
    )
