"""A saved plan whose digests match may still have what no plan contains; it is refused, with the
place.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.app.kinds import KINDS
from reconciler.errors import StalePlanError
from reconciler.kinds.policy.fields import SETTINGS, STAGES
from reconciler.model.digest import digest
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Change, FieldChange, Plan, PlannedScope, Precondition
from reconciler.model.plan_document import plan_document
from reconciler.model.reason import reason
from reconciler.plan.saved import read_plan

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text("utf-8"))
STAGE = "assignmentRequestCreated"
REQUEST, ASSIGNMENT = STAGES[STAGE], STAGES["assignmentOneDayBeforeExpiration"]
CATALOG = ObjectRef("catalog", "32efb28c-0a1b-4c3d-8e4f-000000000001", "Marketing")
PACKAGE = ObjectRef("access_package", "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e06", "Campaign tools")
LIVE = ObjectRef("extension", "90a31e24-0000-4000-8000-000000000001", "notify", REQUEST)
NEW = replace(LIVE, id=None)
ROW = FieldChange((SETTINGS, STAGE), None, LIVE)
UPDATE = Change(
    "update",
    ObjectRef("policy", "4c1f0a52-7e0b-4d55-9b9e-0f6f2f6f7a21", "Initial policy"),
    (CATALOG, PACKAGE),
    reason("properties_differ", differ=1, declared=1),
    (ROW,),
    Precondition(True, "sha256:" + "0a" * 32),
)
NAMED = FieldChange(("displayName",), None, "notify")
CREATE = Change(
    "create", NEW, (CATALOG,), reason("not_in_catalog"), (NAMED,), Precondition(exists=False)
)
REPLACE = Change("replace", LIVE, (CATALOG,), reason("type_changed"), (NAMED,), UPDATE.precondition)
NEW_CATALOG = Change(
    "create",
    replace(CATALOG, id=None),
    (),
    reason("not_in_tenant"),
    (replace(NAMED, after="Marketing"),),
    Precondition(exists=False),
)


def read(*changes: Change) -> tuple[Change, ...]:
    """The changes of a saved plan that has these, with the digests that match."""
    fitting = digest("tenant", "http://127.0.0.1/v1.0", changes)
    plan = Plan(
        tool_version="1",
        tenant_id="tenant",
        graph_url="http://127.0.0.1/v1.0",
        digest=fitting,
        scopes=(PlannedScope(CATALOG, "complete"),),
        changes=changes,
        unmanaged=(),
        diagnostics=(),
        unchanged={},
    )
    return read_plan(json.dumps(plan_document(plan)), "plan.json", SCHEMA, KINDS).changes


def calling(after: object, before: object = None) -> Change:
    """The update of the policy, which calls this at the stage."""
    return replace(UPDATE, fields=(replace(ROW, before=before, after=after),))


@pytest.mark.parametrize(
    "changes",
    [
        (UPDATE,),
        (calling(None, LIVE),),
        (calling(LIVE, replace(LIVE, id="other", type=ASSIGNMENT)),),
        (CREATE, calling(NEW)),
        (CREATE, calling(replace(NEW, display_name="NOTIFY"))),
        (REPLACE, calling(LIVE)),
        (NEW_CATALOG, replace(CREATE, parents=(NEW_CATALOG.object,))),
    ],
)
def test_what_plans_contain_is_read(changes: tuple[Change, ...]) -> None:
    assert read(*changes) == changes


OTHER_KIND = "$.changes[0].fields[0] does not refer to an object of kind extension"
OTHER_TYPE = f"fields[0] does not refer to an object of type {REQUEST}"
WITHOUT_ID = "fields[0] refers to an object without an id that the plan does not create"
NOT_CREATED = "has no id, and the plan does not create it"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ([calling("notify")], OTHER_KIND),
        ([calling({"id": LIVE.id})], OTHER_KIND),
        ([calling(replace(LIVE, kind="catalog"))], OTHER_KIND),
        ([calling(None, replace(LIVE, kind="catalog"))], OTHER_KIND),
        ([calling(None, "notify")], OTHER_KIND),
        ([calling(replace(LIVE, type=ASSIGNMENT))], f"$.changes[0].{OTHER_TYPE}"),
        ([calling(replace(LIVE, type='evil"x'))], f"$.changes[0].{OTHER_TYPE}"),
        ([calling(replace(LIVE, type=None))], f"$.changes[0].{OTHER_TYPE}"),
        (
            [replace(CREATE, object=replace(NEW, type=ASSIGNMENT)), calling(NEW)],
            f"$.changes[1].{OTHER_TYPE}",
        ),
        ([calling(NEW)], f"$.changes[0].{WITHOUT_ID}"),
        ([calling(replace(LIVE, id=""))], f"$.changes[0].{WITHOUT_ID}"),
        ([REPLACE, calling(NEW)], f"$.changes[1].{WITHOUT_ID}"),
        ([CREATE, calling(replace(NEW, display_name="other"))], f"$.changes[1].{WITHOUT_ID}"),
        (
            [replace(CREATE, parents=(replace(CATALOG, id="other"),)), calling(NEW)],
            f"$.changes[1].{WITHOUT_ID}",
        ),
        (
            [replace(UPDATE, parents=(CATALOG, replace(PACKAGE, id=None)))],
            f"$.changes[0].parents[1] {NOT_CREATED}",
        ),
        (
            [replace(CREATE, parents=(replace(CATALOG, id=None),))],
            f"$.changes[0].parents[0] {NOT_CREATED}",
        ),
        ([replace(UPDATE, fields=())], "$.changes[0] changes no property"),
        (
            [replace(UPDATE, fields=(replace(ROW, computed=True),))],
            "$.changes[0].fields[0] is known after apply only, and has a value",
        ),
        (
            [replace(CREATE, fields=(replace(NAMED, after=LIVE),))],
            "$.changes[0].fields[0] must not be a reference",
        ),
        (
            [replace(UPDATE, action="rename", object=LIVE, parents=(CATALOG,), fields=())],
            "$.changes[0] changes no property",
        ),
    ],
)
def test_what_no_plan_contains_is_refused_with_its_place(changes: list[Change], why: str) -> None:
    with pytest.raises(StalePlanError) as refusal:
        read(*changes)
    assert str(refusal.value) == f"plan.json was altered: {why}."
