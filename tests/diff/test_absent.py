"""What is declared absent is deleted, needs nothing, or is blocked; and what is replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from harness import ASSIGNMENT, FINANCE, REQUEST, extension
from objects import (
    KINDS,
    absent_extension,
    because,
    catalog_ref,
    desired_extension,
    diff_of,
    observed_extension,
)

from reconciler.diff.changes import Diff
from reconciler.kinds.extension import EXTENSION
from reconciler.model.fields import value_at
from reconciler.model.kind import Kinds
from reconciler.model.objects import Desired, ObservedScope
from reconciler.model.plan import Change, FieldChange

ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
CATALOG = catalog_ref(FINANCE, "Finance")
desired, absent = desired_extension, absent_extension


def live(extension_id: str, name: str, type_name: str = REQUEST, **properties: Any) -> Any:
    body = {"id": extension_id, **extension(name, type_name, **properties)}
    return observed_extension(body, CATALOG)


def diff(wanted: list[Desired], present: list[Any], kinds: Kinds = KINDS) -> Diff:
    return diff_of(CATALOG, wanted, ObservedScope(CATALOG, "complete", tuple(present)), kinds)


@pytest.mark.parametrize(
    "wanted",
    [
        absent("A "),
        absent(pinned=ONE),
        absent("A", pinned=ONE.upper()),
        absent("a", type_name=REQUEST),
        absent(pinned=ONE, type_name=REQUEST),
    ],
)
def test_what_is_live_and_declared_absent_is_deleted(wanted: Desired) -> None:
    present = live(ONE, "a", description="theirs")
    result = diff([wanted], [present, live(TWO, "other")])
    (change,) = result.changes
    assert (change.action, change.object) == ("delete", present.ref)
    assert because(change) == "it is declared with ensure: absent"
    assert {row.path: row.before for row in change.fields} == present.properties
    assert {row.after for row in change.fields} == {None}
    assert change.precondition is not None
    assert change.precondition.fingerprint is not None
    assert [unmanaged.object.id for unmanaged in result.unmanaged] == [TWO]


@pytest.mark.parametrize("wanted", [absent("b"), absent(pinned=TWO), absent("a", pinned=TWO)])
def test_what_is_not_live_and_declared_absent_is_unchanged(wanted: Desired) -> None:
    result = diff([wanted], [live(ONE, "a")])
    assert (result.changes, len(result.unchanged)) == ([], 1)
    assert [unmanaged.object.id for unmanaged in result.unmanaged] == [ONE]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (absent("b", pinned=ONE), f'the live extension {ONE} is named "a"'),
        (absent("a", type_name=ASSIGNMENT), "is of type accessPackageAssignmentRequest"),
        (absent(pinned=ONE, type_name=ASSIGNMENT), "correct @odata.type, or remove it"),
    ],
)
def test_another_name_or_type_than_declared_is_not_deleted(wanted: Desired, words: str) -> None:
    result = diff([wanted], [live(ONE, "a")])
    (change,) = result.changes
    assert (change.action, change.object.id) == ("blocked", ONE)
    assert words in because(change)
    assert result.unmanaged == []


@pytest.mark.parametrize("wanted", [absent("a"), absent(pinned=ONE)])
def test_one_of_an_unknown_type_is_never_deleted(wanted: Desired) -> None:
    result = diff([wanted], [live(ONE, "a", "#microsoft.graph.newer")])
    (change,) = result.changes
    assert change.action == "blocked"
    assert 'of the unknown type "newer"' in because(change)
    assert [unmanaged.object.id for unmanaged in result.unmanaged] == [ONE]


def test_of_two_with_the_name_neither_is_deleted() -> None:
    result = diff([absent("a")], [live(ONE, "a"), live(TWO, "A", ASSIGNMENT)])
    (change,) = result.changes
    assert (change.action, f"({ONE}, {TWO})" in because(change)) == ("blocked", True)


def test_of_two_with_the_name_the_one_that_is_pinned_is_deleted() -> None:
    wanted = [desired("a", pinned=ONE), absent("a", pinned=TWO, line=2)]
    result = diff(wanted, [live(ONE, "a"), live(TWO, "a")])
    assert [(change.action, change.object.id) for change in result.changes] == [("delete", TWO)]
    assert len(result.unchanged) == 1


@pytest.mark.parametrize(
    "taker", [desired("a", line=2), desired("a", pinned=TWO, line=2)], ids=["create", "rename"]
)
def test_a_name_that_a_deletion_frees_cannot_be_taken_in_the_same_run(taker: Desired) -> None:
    result = diff([absent(pinned=ONE, line=7), taker], [live(ONE, "a"), live(TWO, "b")])
    delete, blocked = result.changes
    assert (delete.action, blocked.action) == ("delete", "blocked")
    assert "declared absent at f.yaml:7; apply the deletion first" in because(blocked)


@pytest.mark.parametrize(
    ("pinned", "words"),
    [
        (desired("b", pinned=TWO, line=7), "pinned at f.yaml:7; apply that declaration first"),
        (absent(pinned=TWO, line=7), "declared absent at f.yaml:7; apply the deletion first"),
    ],
)
def test_nothing_is_replaced_while_another_has_its_name(pinned: Desired, words: str) -> None:
    wanted = [desired("a", type_name=ASSIGNMENT, line=2), pinned]
    changes = diff(wanted, [live(ONE, "a"), live(TWO, "A")]).changes
    (blocked,) = [change for change in changes if change.source and change.source.line == 2]
    assert (blocked.action, words in because(blocked)) == ("blocked", True)


def test_a_kind_that_is_not_deleted_is_blocked() -> None:
    kept = replace(EXTENSION, api=replace(EXTENSION.api, delete=None))
    kinds = Kinds(tuple(kept if kind is EXTENSION else kind for kind in KINDS))
    for wanted, words in (
        (absent("a"), "extensions are not deleted by reconciler"),
        (desired("a", type_name=ASSIGNMENT), "cannot be changed to"),
    ):
        (change,) = diff([wanted], [live(ONE, "a")], kinds).changes
        assert (change.action, words in because(change)) == ("blocked", True)


def replacement(present: Any, **declared: Any) -> Change:
    """The one change for a live object whose declared type is another."""
    body = extension("a", ASSIGNMENT, **declared)
    (change,) = diff([desired("a", type_name=ASSIGNMENT, body=body)], [present]).changes
    assert (change.action, change.object.id) == ("replace", ONE)
    return change


def test_a_replacement_shows_what_is_carried_over_what_is_declared_and_what_is_lost() -> None:
    callback = {"timeoutDuration": "PT1H"}
    client = {"timeoutInMilliseconds": 500, "maximumRetries": 1}
    present = live(
        ONE, "A", description="old", callbackConfiguration=callback, clientConfiguration=client
    )
    change = replacement(present, clientConfiguration={"maximumRetries": 0})
    rows = {row.path: row for row in change.fields}
    assert rows[("displayName",)] == FieldChange(("displayName",), "A", "a")
    assert rows[("description",)].after == "old"
    assert rows[("callbackConfiguration", "timeoutDuration")].after is None
    assert rows[("clientConfiguration", "timeoutInMilliseconds")].after == 500
    assert rows[("clientConfiguration", "maximumRetries")] == FieldChange(
        ("clientConfiguration", "maximumRetries"), 1, 0
    )
    assert {path: row.before for path, row in rows.items()} == {
        path: value_at(present.properties, path) for path in rows
    }


def test_a_replacement_with_another_logic_app_gets_another_address() -> None:
    endpoint = extension("a")["endpointConfiguration"]
    url = "https://prod-1.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke"
    present = live(ONE, "a", endpointConfiguration={**endpoint, "url": url})
    path = ("endpointConfiguration", "url")
    same = replacement(present)
    assert FieldChange(path, url, url) in same.fields
    other = replacement(
        present, endpointConfiguration={**endpoint, "logicAppWorkflowName": "another"}
    )
    assert FieldChange(path, url, None, computed=True) in other.fields
