"""Plans as data: order, merging of catalogs, warnings, digest."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from harness import ASSIGNMENT, FINANCE, MARKETING, extension
from hypothesis import given
from hypothesis import strategies as st
from objects import (
    KINDS,
    PLACE,
    because,
    catalog_ref,
    desired_extension,
    observed_scope,
)
from objects import desired_scope as wanted

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.digest import digest
from reconciler.model.objects import Desired, DesiredScope, ObservedScope
from reconciler.model.plan import Plan
from reconciler.model.reason import reason
from reconciler.model.secrets import learn, learn_value
from reconciler.plan.build import PlanContext, build_plan

CONTEXT = PlanContext("0", "tenant", "http://127.0.0.1:8484/v1.0", app_only=False)


def found(catalog_id: str, name: str, *live: dict[str, Any]) -> ObservedScope:
    return observed_scope(catalog_ref(catalog_id, name), *live)


def plan(*pairs: tuple[DesiredScope, ObservedScope], context: PlanContext = CONTEXT) -> Plan:
    return build_plan(pairs, KINDS, context)


def test_changes_are_sorted_by_catalog_and_name_whatever_comes_first() -> None:
    pairs = [
        (
            wanted(catalog_ref(None, "Marketing"), "b", "A"),
            found(MARKETING, "Marketing", extension("x")),
        ),
        (
            wanted(catalog_ref(FINANCE, None), "c"),
            found(FINANCE, "Finance", extension("z"), extension("y")),
        ),
        (wanted(catalog_ref(MARKETING, None), "d"), found(MARKETING, "Marketing", extension("x"))),
    ]
    plans = [plan(*order) for order in itertools.permutations(pairs)]
    assert len({one.digest for one in plans}) == 1
    assert all(one.changes == plans[0].changes for one in plans)
    first = plans[0]
    assert [(str(one.parents[0]), one.object.display_name) for one in first.changes] == [
        ("Finance", "c"),
        ("Marketing", "A"),
        ("Marketing", "b"),
        ("Marketing", "d"),
    ]
    assert [str(one.parent) for one in first.scopes] == ["Finance", "Marketing"]
    assert [one.object.display_name for one in first.unmanaged] == ["y", "z", "x"]
    assert first.summary["create"] == 4


FIRST, SECOND = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


def two_of_one_name(first: list[Desired], second: list[Desired], live: list[Any]) -> list[Plan]:
    """The plans for two catalogs of one name, whatever comes first; the first catalog holds what is
    live.
    """
    pairs = []
    for catalog_id, declared, held in ((FIRST, first, live), (SECOND, second, [])):
        observed = observed_scope(catalog_ref(catalog_id, "Sales"), *held)
        pairs.append(
            [
                (DesiredScope(catalog_ref(catalog_id, None), (one,), PLACE), observed)
                for one in declared
            ]
        )
    return [
        plan(*order)
        for order in itertools.permutations(pair for pairs_of in pairs for pair in pairs_of)
    ]


def ordered(plans: list[Plan]) -> list[tuple[str | None, str, str | None]]:
    """Catalog id, name and id of the changes, which are the same in all plans."""
    changes, *others = (
        [(one.parents[0].id, one.object.display_name, one.object.id) for one in each.changes]
        for each in plans
    )
    assert all(other == changes for other in others)
    return changes


def test_changes_are_ordered_by_catalog_then_by_name_ignoring_case() -> None:
    first, second = (
        wanted(catalog_ref(FINANCE, None), *names).objects for names in (("B", "a"), ("aa",))
    )
    plans = two_of_one_name(list(first), list(second), [])
    assert ordered(plans) == [(FIRST, "a", None), (FIRST, "B", None), (SECOND, "aa", None)]
    assert [[one.parent.id for one in each.scopes] for each in plans] == [[FIRST, SECOND]] * len(
        plans
    )


def test_changes_of_names_that_differ_in_case_alone_are_ordered_too() -> None:
    """Both are blocked: the catalog is addressed in two ways, and the extension declared
    in each.
    """
    names = wanted(catalog_ref(FINANCE, None), "a", "A").objects
    assert ordered(two_of_one_name(list(names), [], [])) == [(FIRST, "A", None), (FIRST, "a", None)]


def test_changes_of_one_name_are_ordered_by_id() -> None:
    new = wanted(catalog_ref(FINANCE, None), "new").objects[0]
    pinned = [replace(new, ref=replace(new.ref, id=live_id)) for live_id in (SECOND, FIRST)]
    live = [{"id": live_id, **extension(f"old {live_id}")} for live_id in (SECOND, FIRST)]
    assert ordered(two_of_one_name(pinned, [], live)) == [
        (FIRST, "new", FIRST),
        (FIRST, "new", SECOND),
    ]


def test_the_unmanaged_are_ordered_by_catalog_then_by_name_ignoring_case_then_by_id() -> None:
    catalogs = [
        (FIRST, [("4", "B"), ("3", "a"), ("2", "A"), ("1", "b")]),
        (SECOND, [("0", "aa")]),
    ]
    pairs = []
    for catalog_id, held in catalogs:
        live = ({"id": live_id, **extension(name)} for live_id, name in held)
        observed = observed_scope(catalog_ref(catalog_id, "Sales"), *live)
        pairs.append((DesiredScope(catalog_ref(catalog_id, None), (), PLACE), observed))
    for order in (pairs, pairs[::-1]):
        assert [one.object.id for one in plan(*order).unmanaged] == ["2", "3", "1", "4", "0"]


def test_one_reading_that_failed_is_enough_to_block_a_catalog() -> None:
    why = reason("parent_unreadable", error="why")
    unread = replace(found(MARKETING, "Marketing"), read="unreadable", reason=why)
    one = plan(
        (wanted(catalog_ref(None, "Marketing"), "a"), found(MARKETING, "Marketing")),
        (wanted(catalog_ref(MARKETING, None), "b"), unread),
    )
    assert [(change.action, change.reason) for change in one.changes] == [("blocked", why)] * 2
    assert not one.complete


def test_a_catalog_named_by_the_id_of_another_does_not_block_that_one() -> None:
    # Somebody wrote `catalog: ID` instead of `catalog: {id: ID}` in one of two files.
    mistaken = catalog_ref(None, MARKETING)
    absent = ObservedScope(mistaken, "absent", reason=reason("parent_absent", by="name"))
    made = plan(
        (wanted(mistaken, "a"), absent),
        (wanted(catalog_ref(MARKETING, None), "b"), found(MARKETING, "Marketing")),
    )
    actions = {change.object.display_name: change.action for change in made.changes}
    assert actions == {"a": "blocked", "b": "create"}
    assert {scope.read for scope in made.scopes} == {"absent", "complete"}


def test_unknown_types_are_told_and_left_alone() -> None:
    live = found(FINANCE, "Finance", {"@odata.type": "#microsoft.graph.newer", "displayName": "n"})
    one = plan((wanted(catalog_ref(FINANCE, None)), live))
    assert [item.object.type for item in one.unmanaged] == ["newer"]
    assert [finding.code for finding in one.diagnostics] == ["R302"]
    assert one.changes == ()


@pytest.mark.parametrize(
    ("declared", "action", "warned"),
    [
        (extension("a", description="new"), "update", "An update does not send them."),
        (extension("a", ASSIGNMENT), "replace", "The new one is created without them."),
        (extension("a"), None, None),
    ],
)
def test_undocumented_properties_are_told_before_a_write_can_lose_them(
    declared: dict[str, Any], action: str | None, warned: str | None
) -> None:
    marketing = catalog_ref(MARKETING, "Marketing")
    desired = desired_extension("a", type_name=declared["@odata.type"], body=declared)
    scope = DesiredScope(marketing, (replace(desired, parents=(marketing,)),), PLACE)
    made = plan((scope, observed_scope(marketing, extension("a", newer=1))))
    assert [change.action for change in made.changes] == ([action] if action else [])
    texts = [each.message for each in made.diagnostics if each.code == "R304"]
    assert texts == ([f'"a" (0) has undocumented properties: newer. {warned}'] if warned else [])


def test_the_digest_is_of_tenant_host_and_changes_alone() -> None:
    pair = (
        wanted(catalog_ref(None, "Marketing"), "a"),
        found(MARKETING, "Marketing", extension("x")),
    )
    moved = replace(pair[0].objects[0], source=SourceLocation("other.yaml", 7))
    same = [
        plan(pair, context=replace(CONTEXT, tool_version="9")),
        plan(pair, context=replace(CONTEXT, graph_url="http://127.0.0.1:1/v1.0")),
        plan((replace(pair[0], objects=(moved,)), pair[1])),
        plan((pair[0], found(MARKETING, "Marketing", extension("x", description="changed")))),
    ]
    assert {one.digest for one in same} == {plan(pair).digest}
    other = [
        plan(pair, context=replace(CONTEXT, tenant_id="another")),
        plan(pair, context=replace(CONTEXT, graph_url="https://graph.microsoft.com/v1.0")),
        plan((wanted(catalog_ref(None, "Marketing"), "b"), pair[1])),
        plan((pair[0], found(FINANCE, "Marketing"))),
        plan((pair[0], found(MARKETING, "Marketing", extension("a", description="live")))),
        plan((wanted(catalog_ref(None, "Marketing"), "a", "b"), pair[1])),
    ]
    assert len({one.digest for one in [*other, plan(pair)]}) == 7


def test_the_digest_covers_with_whom_a_name_is_shared() -> None:
    first, second, third = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
    live = ({"id": live_id, **extension("old")} for live_id in (first, second, third))
    observed = observed_scope(catalog_ref(MARKETING, "Marketing"), *live)
    renamed, *_ = wanted(catalog_ref(None, "Marketing"), "new").objects
    pinned = [replace(renamed, ref=replace(renamed.ref, id=live_id)) for live_id in (first, second)]
    old, *_ = wanted(catalog_ref(None, "Marketing"), "old").objects
    kept = replace(old, ref=replace(old.ref, id=third))
    alone = plan((DesiredScope(catalog_ref(None, "Marketing"), (pinned[0], kept), PLACE), observed))
    (change,) = alone.changes
    assert change.precondition is not None
    shared = replace(change, precondition=replace(change.precondition, namesakes=(second,)))
    assert digest("tenant", CONTEXT.graph_url, [change]) == alone.digest
    assert digest("tenant", CONTEXT.graph_url, [shared]) != alone.digest


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.lists(st.sampled_from("abcdefgh"), unique=True),
)
def test_every_extension_is_counted_once(declared: list[str], live: list[str]) -> None:
    one = plan(
        (
            wanted(catalog_ref(FINANCE, None), *declared),
            found(FINANCE, "F", *(extension(name) for name in live)),
        )
    )
    assert one.summary["create"] == len(set(declared) - set(live))
    assert one.unchanged["extension"] == len(set(declared) & set(live))
    assert one.summary["unmanaged"] == len(set(live) - set(declared))


def test_a_credential_that_became_known_after_the_files_were_read_blocks_its_change_alone() -> None:
    desired = wanted(catalog_ref(None, "Marketing"), "a", "the-token-of-the-sign-in")
    learn("sig=the-token-of-the-sign-in-1 sig=the-token-of-the-sign-in")
    assert plan((desired, found(MARKETING, "Marketing"))).blocked == ()
    learn_value("the-token-of-the-sign-in")
    made = plan((desired, found(MARKETING, "Marketing")))
    assert [(one.action, one.fields == ()) for one in made.changes] == [
        ("create", False),
        ("blocked", True),
    ]
    assert (
        because(made.blocked[0])
        == "displayName contains a secret (a signature, a token or a key); remove it from the file"
    )


def test_no_guard_warns_about_a_change_that_is_blocked_because_it_writes_a_secret() -> None:
    learn_value("the-token-of-the-application")
    desired = wanted(catalog_ref(None, "Marketing"), "a", "the-token-of-the-application")
    context = replace(CONTEXT, app_only=True)
    made = plan((desired, found(MARKETING, "Marketing")), context=context)
    (warning,) = made.diagnostics
    assert (warning.code, '"a"' in warning.message) == ("R301", True)


def test_an_application_is_warned_of_what_it_would_write_and_of_no_blocked_change() -> None:
    desired = wanted(catalog_ref(MARKETING, None), "a", "b")
    live = found(MARKETING, "Marketing", extension("b"), extension("B"))
    made = plan((desired, live), context=replace(CONTEXT, app_only=True))
    assert [(one.action, one.object.display_name) for one in made.changes] == [
        ("create", "a"),
        ("blocked", "b"),
    ]
    assert [each.code for each in made.diagnostics].count("R301") == 1
    signed_in = plan((desired, live))
    assert "R301" not in [each.code for each in signed_in.diagnostics]
