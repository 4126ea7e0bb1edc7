"""`unmanaged: delete`: what is deleted, and everything that is a reason not to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from harness import ASSIGNMENT, FINANCE, REQUEST, extension
from objects import (
    KINDS,
    PLACE,
    absent_extension,
    because,
    catalog_ref,
    desired_extension,
    observed_extension,
)

from reconciler.kinds.catalog import CATALOG as CATALOG_KIND
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.objects import Desired, DesiredScope, ObservedScope, Referring
from reconciler.model.plan import Change, Plan, UnsettledWrite
from reconciler.model.reason import reason
from reconciler.plan.build import NOT_READ, PlanContext, build_plan
from reconciler.plan.reads import Reads
from reconciler.plan.uses import Uses, place_of

CATALOG = catalog_ref(FINANCE, "Finance")
CONTEXT = PlanContext("0", "tenant", "sandbox", app_only=False)
HERE = SourceLocation("f.yaml", 2)
UNKNOWN = "#microsoft.graph.newer"
KEPT = desired_extension("kept")


def live(extension_id: str, name: str, type_name: str = REQUEST, **properties: Any) -> Any:
    body = {"id": extension_id, **extension(name, type_name, **properties)}
    return observed_extension(body, CATALOG)


def calling(logic_app: str) -> dict[str, Any]:
    """The members of an extension that calls this Logic App."""
    endpoint = extension("x")["endpointConfiguration"]
    return {"endpointConfiguration": {**endpoint, "logicAppWorkflowName": logic_app}}


def scope(*wanted: Desired, deletes: bool = True, **members: Any) -> DesiredScope:
    objects = tuple(replace(each, parents=(CATALOG,)) for each in wanted)
    return DesiredScope(
        CATALOG, objects, PLACE, deletes_unmanaged=HERE if deletes else None, **members
    )


def plan(*scopes: DesiredScope, present: Sequence[Any], reads: Reads = NOT_READ) -> Plan:
    observed = ObservedScope(CATALOG, "complete", tuple(present))
    return build_plan([(each, observed) for each in scopes], KINDS, CONTEXT, reads)


def deletes(planned: Plan) -> list[str | None]:
    return [each.object.id for each in planned.changes if each.action == "delete"]


def blocked(planned: Plan, code: str) -> list[Change]:
    return [each for each in planned.changes if each.reason.code == code]


PRESENT = [live("1", "kept"), live("2", "old", **calling("b")), live("3", "older", **calling("c"))]


def test_what_no_declaration_names_is_deleted_and_no_longer_listed() -> None:
    planned = plan(scope(KEPT), present=PRESENT)
    assert (deletes(planned), planned.unmanaged) == (["2", "3"], ())
    change = planned.changes[0]
    assert change.source == HERE
    assert because(change) == (
        "no declaration names it, and the document of its catalog has unmanaged: delete"
    )
    assert change.precondition is not None and change.precondition.fingerprint
    assert {row.after for row in change.fields} == {None}


def test_without_it_nothing_is_deleted() -> None:
    planned = plan(scope(KEPT, deletes=False), present=PRESENT)
    assert planned.changes == ()
    assert [each.object.id for each in planned.unmanaged] == ["2", "3"]


def test_one_of_an_unknown_type_stays_unmanaged() -> None:
    planned = plan(scope(KEPT), present=[*PRESENT, live("4", "new", UNKNOWN)])
    assert deletes(planned) == ["2", "3"]
    assert [each.object.id for each in planned.unmanaged] == ["4"]


@pytest.mark.parametrize(
    "declared",
    [
        desired_extension("OLD ", pinned="9"),
        desired_extension("x", pinned="2"),
        absent_extension("old", pinned="9"),
        desired_extension("old", type_name=ASSIGNMENT),
    ],
)
def test_what_any_declaration_names_is_not_deleted_as_unmanaged(declared: Desired) -> None:
    planned = plan(scope(KEPT, declared), present=PRESENT)
    assert "2" not in [
        change.object.id for change in planned.changes if change.reason.code == "unmanaged"
    ]


def test_two_documents_of_one_catalog_block_it() -> None:
    other = replace(
        scope(desired_extension("x"), deletes=False), source=SourceLocation("g.yaml", 7)
    )
    planned = plan(other, scope(KEPT), present=PRESENT)
    assert deletes(planned) == []
    assert [each.object.id for each in blocked(planned, "two_documents")] == ["2", "3"]
    assert ", g.yaml:7); move all" in because(blocked(planned, "two_documents")[0])


def test_a_single_file_as_path_blocks_it() -> None:
    planned = plan(scope(KEPT, partial=True), present=PRESENT)
    assert deletes(planned) == []
    assert [each.object.id for each in blocked(planned, "partial_path")] == ["2", "3"]


def test_any_other_blocked_change_of_the_catalog_blocks_it() -> None:
    stray = desired_extension("stray", pinned="9")
    planned = plan(scope(KEPT, stray), present=PRESENT)
    assert deletes(planned) == []
    assert [each.object.id for each in blocked(planned, "catalog_not_settled")] == ["2", "3"]


def test_one_that_looks_renamed_is_blocked_with_the_line_to_add_and_the_others_are_not() -> None:
    new = desired_extension("new", body=extension("new", **calling("B")))
    planned = plan(scope(KEPT, new), present=PRESENT)
    (renamed,) = blocked(planned, "looks_renamed")
    assert (renamed.action, renamed.object.id) == ("blocked", "2")
    assert renamed.reason.parameters == {"name": "new", "id": "2"}
    assert deletes(planned) == ["3"]


def test_one_declared_absent_is_deleted_although_it_looks_renamed() -> None:
    new = desired_extension("new", body=extension("new", **calling("b")))
    planned = plan(scope(KEPT, new, absent_extension("old")), present=PRESENT)
    assert sorted(map(str, deletes(planned))) == ["2", "3"]


def test_what_may_be_in_use_is_blocked_where_ensure_absent_only_warns() -> None:
    wanted = scope(KEPT, absent_extension("old"))
    first = plan(wanted, present=PRESENT)
    referring = {place_of(change): Referring((), "HTTP 403.") for change in first.pending}
    planned = plan(wanted, present=PRESENT, reads=Reads(Uses(referring)))
    assert deletes(planned) == ["2"]
    assert [each.object.id for each in blocked(planned, "use_unknown")] == ["3"]


def test_in_an_unreadable_catalog_nothing_is_deleted() -> None:
    observed = ObservedScope(CATALOG, "unreadable")
    planned = build_plan([(scope(KEPT), observed)], KINDS, CONTEXT)
    assert [change.action for change in planned.changes] == ["blocked"]


def test_a_catalog_with_an_unsettled_write_blocks_it() -> None:
    """Although the catalog itself is declared by its name, and is as declared."""
    live_catalog = CATALOG_KIND.observe((), {"id": FINANCE, "displayName": "Finance"})
    ref = catalog_ref(None, "Finance")
    declared = DesiredScope(None, (Desired(ref, (), live_catalog.properties, PLACE),), PLACE)
    tenant = ObservedScope(None, "complete", (live_catalog,))
    observed = ObservedScope(CATALOG, "complete", tuple(PRESENT))
    why = reason("unsettled_write", write="update", sent_at="", search_error="")
    context = replace(CONTEXT, unsettled=(UnsettledWrite(live_catalog.ref, (), why),))
    planned = build_plan([(declared, tenant), (scope(KEPT), observed)], KINDS, context)
    assert deletes(planned) == []
    assert [each.object for each in blocked(planned, "unsettled_write")] == [live_catalog.ref]
    assert [each.object.id for each in blocked(planned, "catalog_not_settled")] == ["2", "3"]
