"""Adoption knows no kind: drifted members, references, headers and new objects of any kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from other_kinds import (
    FORMAT,
    TEAM,
    TEAM_ID,
    account,
    declared,
    observed,
    planned,
    rule,
)

from reconciler.adopt.files import Files
from reconciler.adopt.sources import documents_of
from reconciler.adopt.update import update
from reconciler.model.export import Update
from reconciler.model.objects import Observed, ObservedScope

FIRST, SECOND = account(1, "first"), account(2, "second")
HEAD = "team: Sales\naccounts:\n  - displayName: first # kept\n"
ACCOUNTS = f"{HEAD}  - displayName: second\n"


def updated(text: str, *objects: Observed, tenant: ObservedScope | None = None) -> Update:
    pairs = [
        (scope, observed(*objects) if scope.parent else tenant or observed())
        for scope in declared(text)
    ]
    return update(Files({"a.yaml": text}, FORMAT, None, planned), pairs)


@pytest.mark.parametrize(
    ("before", "after", "live"),
    [
        ("created: first # why", "created: second # why", {"created": SECOND}),
        ("created: 'first'", "created: 'second'", {"created": SECOND}),
        ("created: first # why", "created: null # why", {"created": None}),
        ("created: null # why", "created: first # why", {"created": FIRST}),
        (f"created: {{id: {FIRST.id}}} # why", "created: second # why", {"created": SECOND}),
        (
            "created: first\n      removed: first",
            "created: second\n      removed: null",
            {"created": SECOND, "removed": None},
        ),
    ],
)
def test_a_reference_gets_the_live_name(
    before: str, after: str, live: dict[str, Observed | None]
) -> None:
    text = f"{ACCOUNTS}rules:\n  - displayName: on call\n    stages:\n      {before}\n"
    result = updated(text, FIRST, SECOND, rule(1, "on call", **live))
    assert result.diagnostics == ()
    assert result.texts == {"a.yaml": text.replace(before, after)}


def test_an_edit_reports_names() -> None:
    text = f"{ACCOUNTS}rules:\n  - displayName: on call\n    stages: {{created: first}}\n"
    [edit] = updated(text, FIRST, SECOND, rule(1, "on call", created=SECOND)).edits
    assert (edit.path, edit.before, edit.after) == (("stages", "created"), "first", "second")
    assert (edit.object.kind, edit.parents, edit.place.line) == ("rule", (TEAM,), 7)


@pytest.mark.parametrize(
    ("declaration", "edited"),
    [
        ("settings: {colour: red}", "settings: {colour: blue}"),
        ("settings: {color: red}", "settings: {color: blue}"),
        ("settings:\n      colour: red # why", "settings:\n      colour: blue # why"),
    ],
)
def test_a_member_keeps_the_name_that_the_file_uses(declaration: str, edited: str) -> None:
    text = f"{HEAD}    {declaration}\n"
    result = updated(text, account(1, "first", settings={"color": "blue"}))
    assert (result.texts, result.diagnostics) == ({"a.yaml": text.replace(declaration, edited)}, ())


def test_a_number_can_be_cleared_and_a_member_that_cannot_goes() -> None:
    text = f"{HEAD}    size: 3\n    settings: {{color: red, font: x}}\n"
    plain = text.replace("color: red, font: x", '"@odata.type": rich, color: red, font: x')
    live = account(1, "first", settings={"@odata.type": "rich", "color": "red"})
    [new_text] = updated(plain, live).texts.values()
    assert new_text == plain.replace("size: 3", "size: null").replace(", font: x", "")


def test_a_header_that_declares_its_object_is_edited() -> None:
    text = f"team:\n  id: {TEAM_ID}\n  displayName: Sales\n  purpose: old # why\naccounts: []\n"
    live = Observed(TEAM, (), {("displayName",): "Sales", ("purpose",): "new"})
    result = updated(text, tenant=ObservedScope(None, "complete", (live,)))
    assert (result.texts, result.diagnostics) == ({"a.yaml": text.replace("old", "new")}, ())
    assert [(edit.object.kind, edit.parents) for edit in result.edits] == [("team", ())]


def test_a_new_object_goes_to_the_list_of_its_kind() -> None:
    rules = "---\nteam: Sales\nrules: []\n"
    result = updated(f"{HEAD}{rules}", FIRST, SECOND)
    [new_text] = result.texts.values()
    assert new_text == f"{HEAD}\n  # id {SECOND.id}\n  - displayName: second\n{rules}"
    assert [edit.object for edit in result.edits] == [SECOND.ref]


def test_a_new_object_needs_a_list_of_its_kind() -> None:
    result = updated("team: Sales\nrules: []\n", FIRST)
    assert result.texts == {}
    assert [(finding.code, finding.message) for finding in result.diagnostics] == [
        (
            "R308",
            f'"first" ({FIRST.id}) is not added to the file, because no document of its team has'
            " `accounts`.",
        )
    ]


def test_a_name_in_the_defaults_is_not_inherited() -> None:
    text = f"team: Sales\ndefaults: {{displayName: second, size: 3}}\n{HEAD.partition(chr(10))[2]}"
    result = updated(text, account(1, "first", size=3), account(2, "second", size=3))
    [new_text] = result.texts.values()
    assert new_text == f"{text}\n  # id {SECOND.id}\n  - displayName: second\n"


def test_a_header_of_another_kind_names_another_object() -> None:
    [document] = documents_of({"a.yaml": HEAD}, FORMAT, None)
    assert document.names(TEAM)
    assert not document.names(replace(TEAM, kind="catalog"))


def test_an_empty_object_that_means_something_is_adopted() -> None:
    text = f"{HEAD}    alarm: null\n"
    result = updated(text, account(1, "first", alarm={}))
    assert (result.texts, result.diagnostics) == (
        {"a.yaml": text.replace("alarm: null", "alarm: {}")},
        (),
    )
