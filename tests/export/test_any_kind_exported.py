"""An export knows no kind: its documents have a list for each kind that has objects."""

from __future__ import annotations

from dataclasses import replace

import pytest
from other_kinds import (
    ACCOUNT_FIELDS,
    FORMAT,
    TEAM,
    TEAM_ID,
    account,
    declared,
    observed,
    planned,
    rule,
)

from reconciler.declarable.live import declarables
from reconciler.declarable.written import as_mapping
from reconciler.export.documents import export
from reconciler.export.files import file_names
from reconciler.loader import DocumentFormat, desired_object
from reconciler.model.export import ExportedDocument
from reconciler.model.kind import Declaration, Kinds
from reconciler.model.objects import Desired, ObjectRef, Observed, ObservedScope

RED, BLUE = ({"@odata.type": "rich", "color": color} for color in ("red", "blue"))
FIRST, SECOND = account(1, "first", settings=RED, size=3), account(2, "second", settings=BLUE)


def exported(*objects: Observed) -> ExportedDocument:
    [document] = export([observed(*objects)], [TEAM], FORMAT, named=False).documents
    return document


def test_each_kind_has_its_list_and_references_are_names() -> None:
    document = exported(rule(1, "on call", created=FIRST, removed=None), SECOND, FIRST)
    assert document.text == (
        f"team: Sales # id {TEAM_ID}\n"
        "\n"
        "defaults:\n"
        "  settings:\n"
        '    "@odata.type": "#microsoft.graph.rich"\n'
        "\n"
        "accounts:\n"
        f"  # id {FIRST.id}\n"
        "  - displayName: first\n"
        "    size: 3\n"
        "    settings:\n"
        "      color: red\n"
        "\n"
        f"  # id {SECOND.id}\n"
        "  - displayName: second\n"
        "    settings:\n"
        "      color: blue\n"
        "\n"
        "rules:\n"
        "  # id 00000000-0000-4000-8000-000000000201\n"
        "  - displayName: on call\n"
        "    stages:\n"
        "      created: first\n"
    )
    assert document.counts == {"account": 2, "rule": 1}


@pytest.mark.parametrize(
    "objects",
    [
        (FIRST, SECOND, rule(1, "on call", created=FIRST, removed=SECOND)),
        (account(1, "a", settings={"colour": "red"}), account(2, "b", alarm={})),
        (account(1, "a", alarm={"after": "PT5M"}), account(2, "A", settings=RED)),
    ],
)
def test_planning_an_export_changes_nothing(objects: tuple[Observed, ...]) -> None:
    plan = planned([(scope, observed(*objects)) for scope in declared(exported(*objects).text)])
    assert (plan.changes, plan.unmanaged) == ((), ())


def test_members_are_in_the_order_of_the_table() -> None:
    """Whatever the order of the answer: the type, then the members of the table."""
    settings = {"color": "red", "font": "x", "@odata.type": "rich"}
    lines = exported(account(1, "a", settings=settings, size=3)).text.splitlines()
    names = [line.split(":")[0].strip(" -") for line in lines[4:]]
    assert names == ["displayName", "size", "settings", '"@odata.type"', "font", "color"]


def test_an_object_that_is_found_is_exported_only_with_members_of_ours() -> None:
    document = exported(FIRST, rule(1, "empty", created=None))
    assert "rules" not in document.content


def test_a_name_that_two_share_is_referred_to_by_id() -> None:
    other = account(3, "First")
    document = exported(FIRST, other, rule(1, "on call", created=other, removed=SECOND))
    [declaration] = document.content["rules"]  # type: ignore[misc]
    assert declaration["stages"] == {"created": {"id": other.id}, "removed": "second"}  # type: ignore[index,call-overload]


def test_the_smallest_optional_part_is_left_out() -> None:
    live = account(1, "a", size=99, alarm={"after": "never"}, settings={"color": "red"})
    result = export([observed(live)], [TEAM], FORMAT, named=False)
    assert result.documents[0].content["accounts"] == [
        {"displayName": "a", "settings": {"color": "red"}}
    ]
    assert [finding.message.split(" is omitted")[0] for finding in result.diagnostics] == [
        f'"a" ({live.id}) in team Sales: size',
        f'"a" ({live.id}) in team Sales: alarm',
    ]


def test_a_text_that_is_masked_elsewhere_is_left_out() -> None:
    """A file might declare it; shown in a plan, it would be `***`."""
    result = export([observed(account(1, "see sig=abc"))], [TEAM], FORMAT, named=True)
    assert "sig" not in result.documents[0].text
    assert "which is a secret" in result.diagnostics[0].message


def test_what_a_kind_adds_to_every_declaration_is_left_unmanaged() -> None:
    """The size is not in the candidate, so that nothing can be taken out of it."""
    adding = replace(FORMAT.kinds.named("account"), declare=with_size)
    kinds = Kinds(tuple(adding if kind.name == "account" else kind for kind in FORMAT.kinds))
    result = export(
        [observed(account(1, "a"))], [TEAM], DocumentFormat(kinds, FORMAT.schema), named=True
    )
    assert result.documents[0].content["accounts"] == []
    assert "it is omitted, because a file would declare another" in result.diagnostics[0].message


def with_size(declaration: Declaration) -> Desired:
    desired = desired_object(declaration, ACCOUNT_FIELDS)
    return replace(desired, properties={**desired.properties, ("size",): 1})


def test_an_inner_parent_is_a_member() -> None:
    package = ObjectRef("access_package", "p1", "Campaign tools")
    live = rule(1, "on call", created=FIRST)
    inside = replace(live, parents=(TEAM, package))
    [_, declarable] = declarables(observed(FIRST, inside), FORMAT)
    assert [part.because for part in declarable.left_out] == [
        '"accessPackage" is not a property of a rule.'
    ]


def test_objects_of_the_tenant_are_the_headers_of_documents() -> None:
    tenant = ObservedScope(None, "complete", (Observed(TEAM, (), {("displayName",): "Sales"}),))
    result = export([tenant, observed()], [TEAM], FORMAT, named=True)
    assert [document.content for document in result.documents] == [
        {"team": "Sales", "accounts": []}
    ]
    assert (result.documents[0].counts, result.empty) == ({"account": 0}, 0)


def test_a_file_is_named_for_its_parent() -> None:
    documents = [
        ExportedDocument(ObjectRef(kind, TEAM_ID, "con"), {}, "", {}) for kind in ("team", "a_b")
    ]
    assert file_names(documents) == ["team-con.yaml", "a-b-con.yaml"]


def test_a_reference_by_name_or_id_is_written_as_text_or_mapping() -> None:
    named, by_id = ObjectRef("account", None, "a"), ObjectRef("account", "i", None)
    assert as_mapping({("stages", "created"): named, ("stages", "removed"): by_id}) == {
        "stages": {"created": "a", "removed": {"id": "i"}}
    }
