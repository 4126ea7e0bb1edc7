"""Warnings about planned changes of extensions: R301 and R313."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kinds.extension import EXTENSION
from reconciler.kinds.extension.fields import (
    ASSIGNMENT_TYPE,
    LOGIC_APP_PATHS,
    REQUEST_TYPE,
    URL_PATH,
)
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.kind import Surroundings
from reconciler.model.objects import ObjectRef, Observed
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.reason import reason

MARKETING = ObjectRef("catalog", "32efb28c-9a7a-446c-986b-ca6528c6669d", "Marketing")
PLACE = SourceLocation("a.yaml", 3, 5)
LOGIC_APP = ("38ab2ccc-3747-4567-b36b-9478f5602f0d", "rg", "la")


def change(action: Action = "create", *, url: str | None = None, rows: int = 3) -> Change:
    """A change of the Logic App: with as many of its three names as `rows`, and perhaps a url."""
    fields = [
        FieldChange(path, None, name)
        for path, name in list(zip(LOGIC_APP_PATHS, LOGIC_APP, strict=True))[:rows]
    ]
    if url is not None:
        fields.append(FieldChange(URL_PATH, None, url))
    fields.append(FieldChange(("description",), None, "x"))
    return Change(
        action=action,
        object=ObjectRef("extension", None, "mail", REQUEST_TYPE),
        parents=(MARKETING,),
        reason=reason("not_live"),
        fields=tuple(fields),
        source=PLACE,
    )


def live(
    name: str | None, type_name: str = REQUEST_TYPE, number: int = 1, **names: Any
) -> Observed:
    values = dict(zip(("subscription", "group", "workflow"), LOGIC_APP, strict=True)) | names
    properties = dict(zip(LOGIC_APP_PATHS, values.values(), strict=True))
    ref = ObjectRef("extension", f"00000000-0000-0000-0000-00000000000{number}", name, type_name)
    return Observed(ref, (MARKETING,), properties)


def warnings(
    planned: Change, *unmanaged: Observed, app_only: bool = False
) -> list[tuple[str, str, str]]:
    surroundings = Surroundings(None, unmanaged, (), app_only)
    diagnostics = list(EXTENSION.guard(planned, surroundings))
    for each in diagnostics:
        assert isinstance(each, Diagnostic) and each.place == PLACE and each.severity == "warning"
    return [(each.code, each.message, each.hint) for each in diagnostics]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("planned", "codes"),
    [
        (change(), ["R301"]),
        (change("update", rows=1), ["R301"]),
        (change("update", rows=0), []),
        (change(url="https://prod-31.westeurope.logic.azure.com/"), []),
        (change("blocked"), []),
    ],
)
def test_an_application_is_warned_of_a_new_logic_app_without_url(
    planned: Change, codes: list[str]
) -> None:
    assert [code for code, _, _ in warnings(planned, app_only=True)] == codes
    assert warnings(planned) == []


def test_a_url_that_the_service_is_to_compute_is_none() -> None:
    planned = change("update", rows=1)
    computed = FieldChange(URL_PATH, "https://old/", None, computed=True)
    fields = (*planned.fields, computed)
    with_row = Change(
        "update", planned.object, planned.parents, planned.reason, fields, source=PLACE
    )
    assert [code for code, _, _ in warnings(with_row, app_only=True)] == ["R301"]


def test_a_create_that_calls_the_logic_app_of_an_unmanaged_one_may_be_a_rename() -> None:
    assert warnings(change(), live("old", group="RG")) == [
        (
            "R313",
            '"mail" in catalog Marketing will be created, but the unmanaged extension "old" of the'
            " same type calls the same Logic App. A rename without `id` creates a second extension"
            " and keeps the old one.",
            "If it was renamed, add this line to the declaration: id:"
            " 00000000-0000-0000-0000-000000000001",
        )
    ]


@pytest.mark.parametrize(
    "other",
    [
        live("old", ASSIGNMENT_TYPE),
        live("old", workflow="another"),
        live("old", workflow=None),
        live("old", workflow=""),
    ],
)
def test_another_type_or_another_logic_app_is_no_rename(other: Observed) -> None:
    assert warnings(change(), other) == []


def test_only_a_create_with_a_whole_logic_app_may_be_a_rename() -> None:
    assert warnings(change("update"), live("old")) == []
    assert warnings(change("blocked"), live("old")) == []
    assert warnings(change(rows=2), live("old")) == []


def test_of_several_candidates_the_first_are_listed_by_name() -> None:
    names = ["g", "f", "E", "d", "c", None, "a"]
    unmanaged = [live(name, number=number) for number, name in enumerate(names)]
    [(code, message, hint)] = warnings(change(), *unmanaged)
    assert code == "R313" and "7 unmanaged extensions of the same type call the same" in message
    ids = "id: 00000000-0000-0000-0000-00000000000"
    assert hint == (
        "If one of them was renamed, add its id to the declaration: "
        f'{ids}5 (""), {ids}6 ("a"), {ids}4 ("c"), {ids}3 ("d"), {ids}2 ("E"), 2 more'
    )
