"""Which live extension a declaration means, and what is blocked because it cannot be known."""

from dataclasses import replace
from typing import Any

import pytest
from harness import ASSIGNMENT, FINANCE, REQUEST, extension
from objects import (
    because,
    canonical,
    catalog_ref,
    desired_extension,
    diff_of,
    observed_extension,
)

from reconciler.diff.changes import Diff
from reconciler.model.objects import Desired, ObservedScope
from reconciler.model.reason import reason

ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
CATALOG = catalog_ref(FINANCE, "Finance")
desired = desired_extension


def live(extension_id: str, name: str, type_name: str = REQUEST, **properties: Any) -> Any:
    body = {"id": extension_id, **extension(name, type_name, **properties)}
    return observed_extension(body, CATALOG)


def diff(wanted: list[Desired], present: list[Any]) -> Diff:
    return diff_of(CATALOG, wanted, ObservedScope(CATALOG, "complete", tuple(present)))


@pytest.mark.parametrize(
    ("wanted", "present", "action", "words"),
    [
        ([desired("a")], [], "create", "no extension of this catalog has this name"),
        ([desired("A")], [live(ONE, "a")], "rename", "differs only in spelling"),
        ([desired("e\u0301 ")], [live(ONE, "\u00e9")], "rename", "differs only in spelling"),
        ([desired("b", pinned=ONE)], [live(ONE, "a")], "rename", 'its live name is "a"'),
        (
            [desired("b", pinned=ONE)],
            [live(ONE, "a"), live(TWO, "B")],
            "blocked",
            f"already used by {TWO}",
        ),
        ([desired("a", pinned=TWO)], [live(ONE, "a")], "blocked", f"pinned id {TWO}"),
        ([desired("a")], [live(ONE, "a"), live(TWO, "A")], "blocked", f"{ONE}, {TWO}"),
        (
            [desired("a")],
            [live(ONE, "a"), live(TWO, "A"), live("3", "a")],
            "blocked",
            "3 live extensions",
        ),
        ([desired("a")], [live(ONE, "a", ASSIGNMENT)], "replace", "its type changes from"),
        ([desired("a", pinned=ONE)], [live(ONE, "a", ASSIGNMENT)], "blocked", "remove the id:"),
        (
            [desired("a")],
            [live(ONE, "a", ASSIGNMENT), live(TWO, "A")],
            "blocked",
            f"add id: {TWO} to this declaration, and declare the old one absent with"
            f" {{id: {ONE}, ensure: absent}}",
        ),
        ([desired("a")], [live(ONE, "a", "#microsoft.graph.other")], "blocked", "type other"),
        ([desired("a", pinned=FINANCE.upper())], [live(FINANCE, "a", description="x")], None, None),
        ([desired("a", pinned=ONE)], [live(ONE, "a"), live(TWO, "a")], None, None),
    ],
)
def test_one_declaration(
    wanted: list[Any], present: list[Any], action: str | None, words: str | None
) -> None:
    result = diff(wanted, present)
    if action is None:
        assert (result.changes, len(result.unchanged)) == ([], 1)
    else:
        (change,) = result.changes
        assert (change.action, str(words) in because(change)) == (action, True), because(change)


def test_a_name_that_another_declaration_pins_is_blocked() -> None:
    result = diff([desired("b", pinned=ONE, line=3), desired("a", line=9)], [live(ONE, "a")])
    assert [(change.action, change.object.display_name) for change in result.changes] == [
        ("rename", "b"),
        ("blocked", "a"),
    ]
    assert "f.yaml:3" in because(result.changes[1])


def test_the_same_extension_twice_is_blocked_on_both_sides() -> None:
    result = diff(
        [desired("a", line=1), desired("A", line=2), desired("c", line=3)], [live(ONE, "a")]
    )
    assert [change.action for change in result.changes] == ["blocked", "blocked", "create"]
    assert "f.yaml:2" in because(result.changes[0])
    assert "f.yaml:1" in because(result.changes[1])


def test_what_nobody_declares_is_unmanaged_and_what_is_blocked_is_not() -> None:
    present = [live(ONE, "a"), live(TWO, "other"), live("3", "x", "#microsoft.graph.unknown")]
    result = diff([desired("a", pinned=ONE, type_name=ASSIGNMENT)], present)
    assert [unmanaged.object.id for unmanaged in result.unmanaged] == [TWO, "3"]


@pytest.mark.parametrize(
    ("wanted", "present", "unmanaged"),
    [
        ([desired("a")], [live(ONE, "a"), live(TWO, "A")], []),
        ([desired("a", line=1), desired("A", line=2)], [live(ONE, "a")], []),
        (
            [desired("b", pinned=ONE), desired("c", pinned=ONE), desired("a")],
            [live(ONE, "a")],
            [],
        ),
        ([desired("a")], [live(ONE, "a", "#microsoft.graph.newer")], [ONE]),
    ],
    ids=["ambiguous", "declared twice", "pinned twice elsewhere", "of an unknown type"],
)
def test_what_a_blocked_declaration_names_is_not_unmanaged_unless_its_type_is_unknown(
    wanted: list[Desired], present: list[Any], unmanaged: list[str]
) -> None:
    result = diff(wanted, present)
    assert {change.action for change in result.changes} == {"blocked"}
    assert [each.object.id for each in result.unmanaged] == unmanaged


@pytest.mark.parametrize("read", ["absent", "unreadable"])
def test_nothing_is_concluded_from_a_catalog_that_was_not_read(read: Any) -> None:
    why = reason("parent_unreadable", error="why")
    scope = ObservedScope(CATALOG, read, reason=why)
    result = diff_of(CATALOG, [desired("a"), desired("b")], scope)
    assert [(change.action, change.reason) for change in result.changes] == [("blocked", why)] * 2
    assert (len(result.unchanged), result.unmanaged) == (0, [])


def test_pinned_ones_may_share_a_name() -> None:
    result = diff(
        [desired("a", pinned=ONE), desired("A", pinned=TWO)], [live(ONE, "a"), live(TWO, "A")]
    )
    assert (result.changes, len(result.unchanged), result.unmanaged) == ([], 2, [])


@pytest.mark.parametrize("second", ["a", "b"], ids=["taken", "free"])
def test_a_pinned_one_may_be_renamed_to_a_name_that_another_is_pinned_under(second: str) -> None:
    present = [live(ONE, "x"), live(TWO, second)]
    result = diff([desired("a", pinned=ONE), desired("a", pinned=TWO)], present)
    renames = {change.object.id: change for change in result.changes}
    assert {change.action for change in result.changes} == {"rename"}
    assert renames[ONE].precondition.namesakes == (TWO,)
    assert set(renames) == ({ONE} if second == "a" else {ONE, TWO})


def test_a_name_is_not_shared_with_one_that_no_declaration_pins_under_it() -> None:
    present = [live(ONE, "x"), live(TWO, "a"), live("3", "a")]
    result = diff([desired("a", pinned=ONE), desired("a", pinned=TWO)], present)
    assert [(change.action, change.object.id) for change in result.changes] == [("blocked", ONE)]
    assert "already used by 3;" in because(result.changes[0])


def test_a_change_that_keeps_its_name_needs_no_namesakes() -> None:
    present = [
        live(ONE, "a", description="x", callbackConfiguration={"timeoutDuration": "PT1H"}),
        live(TWO, "a"),
    ]
    cleared = canonical(extension("a", description=None))
    wanted = [replace(desired("a", pinned=ONE), properties=cleared), desired("a", pinned=TWO)]
    (change,) = diff(wanted, present).changes
    assert (change.action, change.precondition.namesakes) == ("update", ())


@pytest.mark.parametrize(
    ("first", "second", "blocked"),
    [
        (desired("a", pinned=ONE), desired("A", pinned=TWO, line=2), 0),
        (desired("a", pinned=ONE), desired("b", pinned=ONE.upper(), line=2), 2),
        (desired("a", pinned=ONE), desired("A", line=2), 2),
        (desired("a"), desired("A", line=2), 2),
    ],
)
def test_two_ways_to_address_a_catalog_are_compared_by_id_then_by_name(
    first: Desired, second: Desired, blocked: int
) -> None:
    for wanted in ([first, second], [second, first]):
        result = diff(wanted, [live(ONE, "a"), live(TWO, "A")])
        assert ["also declared at f.yaml:" in because(change) for change in result.changes] == [
            True
        ] * blocked


def test_a_twin_that_another_declaration_pins_is_not_meant() -> None:
    result = diff([desired("b", pinned=ONE), desired("a")], [live(ONE, "a"), live(TWO, "a")])
    assert [(change.action, change.object.id) for change in result.changes] == [("rename", ONE)]
    assert (len(result.unchanged), result.unmanaged) == (1, [])


THREE = "00000000-0000-4000-8000-000000000003"


def test_a_chain_of_pinned_renames_is_planned_and_each_knows_what_frees_its_name() -> None:
    wanted = [
        desired("b", pinned=ONE, line=1),
        desired("c", pinned=TWO, line=2),
        desired("d", pinned=THREE, line=3),
    ]
    result = diff(wanted, [live(ONE, "a"), live(TWO, "b"), live(THREE, "c")])
    assert {change.object.id: change.freed_by for change in result.changes} == {
        ONE: (TWO,),
        TWO: (THREE,),
        THREE: (),
    }
    assert {change.action for change in result.changes} == {"rename"}


@pytest.mark.parametrize("names", ["ba", "bca", "bad"])
def test_names_that_are_exchanged_need_a_third_one(names: str) -> None:
    ids = [ONE, TWO, THREE][: len(names)]
    wanted = [desired(name, pinned=each) for name, each in zip(names, ids, strict=True)]
    present = [live(each, name) for each, name in zip(ids, "abc", strict=False)]
    result = diff(wanted, present)
    exchanged = [change for change in result.changes if change.action == "blocked"]
    assert len(exchanged) == (2 if names == "bad" else len(names))
    for change in exchanged:
        assert "give one of them a third name" in because(change)
        assert str(change.object.id) in because(change)


def test_a_name_that_only_one_of_its_holders_gives_up_is_still_taken() -> None:
    wanted = [desired("b", pinned=ONE), desired("c", pinned=TWO)]
    result = diff(wanted, [live(ONE, "a"), live(TWO, "b"), live(THREE, "b")])
    actions = {change.object.id: change.action for change in result.changes}
    assert actions == {ONE: "blocked", TWO: "rename"}
