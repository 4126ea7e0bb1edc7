"""What a plan's digest depends on, and what it does not."""

from dataclasses import replace

import pytest

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.digest import digest, document_digest, entry
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Change, FieldChange, Precondition
from reconciler.model.reason import reason
from reconciler.model.target import graph_host

CATALOG = ObjectRef("catalog", "32efb28c-0a1b-4c3d-8e4f-000000000001", "Marketing")
NAMED = ObjectRef("catalog", None, "Marketing")
ROW = FieldChange(("description",), "before", "after")
CHANGE = Change(
    "update",
    ObjectRef("extension", "1", "notify", "t"),
    (CATALOG,),
    reason("properties_differ", differ=1, declared=1),
    (ROW,),
    Precondition(True, "sha256:0"),
)
TARGET = ObjectRef("extension", "2", "target", "t")


def of(*changes: Change) -> str:
    return digest("tenant", "sandbox", changes)


def with_value(value: ObjectRef) -> str:
    return of(replace(CHANGE, fields=(replace(ROW, after=value),)))


@pytest.mark.parametrize(
    "other",
    [
        replace(CHANGE, action="rename"),
        replace(CHANGE, object=replace(CHANGE.object, kind="policy")),
        replace(CHANGE, object=replace(CHANGE.object, id="2")),
        replace(CHANGE, object=replace(CHANGE.object, display_name="other")),
        replace(CHANGE, object=replace(CHANGE.object, type="u")),
        replace(CHANGE, parents=(replace(CATALOG, id="2"),)),
        replace(CHANGE, parents=(CATALOG, CATALOG)),
        replace(CHANGE, parents=()),
        replace(CHANGE, fields=()),
        replace(CHANGE, fields=(replace(ROW, after=None),)),
        replace(CHANGE, fields=(replace(ROW, after=TARGET),)),
        replace(CHANGE, precondition=Precondition(True, "sha256:0", ("2",))),
    ],
)
def test_another_change_has_another_digest(other: Change) -> None:
    assert of(other) != of(CHANGE)
    assert entry(other) != entry(CHANGE)


@pytest.mark.parametrize(
    "same",
    [
        replace(CHANGE, reason=reason("not_live")),
        replace(CHANGE, source=SourceLocation("a.yaml", 3)),
        replace(CHANGE, last_modified_by="somebody", already_pending=True),
        replace(CHANGE, parents=(replace(CATALOG, display_name="other spelling"),)),
        replace(CHANGE, precondition=Precondition(True, "sha256:1")),
    ],
)
def test_what_is_only_shown_is_not_in_the_digest(same: Change) -> None:
    assert of(same) == of(CHANGE)


def test_a_parent_without_an_id_counts_by_its_folded_name() -> None:
    by_name = replace(CHANGE, parents=(NAMED,))
    respelled = replace(CHANGE, parents=(replace(NAMED, display_name=" MARKETING "),))
    assert of(by_name) == of(respelled)
    named_like_an_id = replace(CHANGE, parents=(replace(NAMED, display_name=CATALOG.id),))
    assert of(named_like_an_id) != of(CHANGE)


def test_a_computed_value_is_not_a_cleared_one() -> None:
    cleared = replace(CHANGE, fields=(replace(ROW, after=None),))
    computed = replace(CHANGE, fields=(replace(ROW, after=None, computed=True),))
    assert of(cleared) != of(computed)


def test_a_reference_counts_by_its_id_and_by_its_name() -> None:
    values = [TARGET, replace(TARGET, id="3"), replace(TARGET, id=None)]
    values.append(replace(TARGET, display_name="other"))
    assert len({with_value(value) for value in values}) == len(values)


def test_the_order_of_changes_and_the_port_are_not_in_the_digest() -> None:
    other = replace(CHANGE, object=replace(CHANGE.object, id="2"))
    assert of(CHANGE, other) == of(other, CHANGE)
    ports = [digest("t", f"http://127.0.0.1:{port}/v1.0", (CHANGE,)) for port in (80, 8484)]
    assert ports[0] == ports[1]
    assert digest("t", "sandbox", (), "staging") != digest("t", "sandbox", ())
    assert [graph_host(url) for url in ("sandbox", "https://[::1/", "https://a.b/v1.0")] == [
        "sandbox",
        "",
        "a.b",
    ]


def test_the_document_digest_is_of_everything_but_the_two_digests() -> None:
    document = {"digest": "a", "document_digest": "b", "tool_version": "1", "changes": [1, 2]}
    assert document_digest(document) == document_digest({**document, "digest": "c"})
    assert document_digest(document) == document_digest({"changes": [1, 2], "tool_version": "1"})
    assert document_digest(document) != document_digest({**document, "changes": [2, 1]})
    assert document_digest(document) != document_digest({**document, "tool_version": "2"})
