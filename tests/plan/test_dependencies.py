"""What depends on a blocked change is blocked too, and nothing else."""

from dataclasses import replace

from harness import FINANCE, MARKETING
from objects import PLACE

from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.plan import Change, FieldChange, Precondition
from reconciler.model.reason import reason
from reconciler.plan.dependencies import blocked, blocked_with_others

NORTH = ObjectRef("depot", MARKETING, "North")
SOUTH = ObjectRef("depot", None, "South")


def change(ref: ObjectRef, *refers_to: ObjectRef, parents: Parents = ()) -> Change:
    """An update, or the creation of what has no id, that refers to these."""
    return Change(
        action="update" if ref.id else "create",
        object=ref,
        parents=parents,
        reason=reason("not_live"),
        fields=tuple(FieldChange((f"to{n}",), None, other) for n, other in enumerate(refers_to)),
        precondition=Precondition(exists=ref.id is not None),
        source=PLACE,
    )


def codes(*changes: Change) -> list[str]:
    """The codes of the blocked ones; "" for every other."""
    settled = blocked_with_others(changes)
    assert all(not each.fields and not each.precondition for each in settled if is_blocked(each))
    return [each.reason.code if is_blocked(each) else "" for each in settled]


def is_blocked(each: Change) -> bool:
    return each.action == "blocked"


def test_what_is_in_a_blocked_parent_is_blocked() -> None:
    why = blocked(change(SOUTH), reason("writes_secret"))
    inside = change(
        ObjectRef("crate", None, "tea"), parents=(replace(SOUTH, display_name="SOUTH"),)
    )
    beside = change(ObjectRef("crate", None, "tea"), parents=(NORTH,))
    assert codes(inside, beside, why) == ["parent_blocked", "", "writes_secret"]


def test_what_is_in_a_parent_that_exists_does_not_wait_for_the_change_of_that() -> None:
    why = blocked(change(NORTH), reason("update_not_offered"))
    inside = change(ObjectRef("crate", None, "tea"), parents=(NORTH,))
    assert codes(why, inside) == ["update_not_offered", ""]


def test_what_refers_to_a_blocked_one_is_blocked_however_long_the_chain_and_in_any_order() -> None:
    why = blocked(change(SOUTH), reason("writes_secret"))
    gates = [ObjectRef("gate", f"id-{name}", name) for name in "abc"]
    first = change(gates[0], SOUTH, parents=(NORTH,))
    second = change(gates[1], gates[0], parents=(NORTH,))
    third = change(gates[2], gates[1], parents=(NORTH,))
    for order in ((why, first, second, third), (third, second, first, why)):
        assert sorted(codes(*order)) == ["depends_on_blocked"] * 3 + ["writes_secret"]


def test_of_two_new_ones_of_a_kind_the_one_that_refers_to_the_other_is_blocked_with_it() -> None:
    why = blocked(change(SOUTH), reason("writes_secret"))
    west = ObjectRef("depot", None, "West")
    assert codes(why, change(west, SOUTH)) == ["writes_secret", "depends_on_blocked"]


def test_one_of_the_name_in_other_parents_is_another() -> None:
    gate = ObjectRef("gate", None, "a")
    elsewhere = (ObjectRef("depot", FINANCE, "North"),)
    why = blocked(change(gate, parents=elsewhere), reason("gate_locked"))
    assert codes(why, change(ObjectRef("gate", None, "b"), gate, parents=(NORTH,)))[1] == ""


def test_a_rename_waits_for_the_one_that_frees_its_name_along_the_whole_chain() -> None:
    first, second = (
        replace(
            change(ObjectRef("gate", own, own), parents=(NORTH,)),
            precondition=Precondition(exists=True, freed_by=(holder,)),
        )
        for own, holder in (("a", "b"), ("b", "c"))
    )
    holder = change(ObjectRef("gate", "c", "c"), parents=(NORTH,))
    assert codes(first, second, holder) == ["", "", ""]
    why = blocked(holder, reason("writes_secret"))
    assert codes(first, second, why) == ["name_not_freed", "name_not_freed", "writes_secret"]
