"""Which live objects refer to one object."""

from dataclasses import replace

import pytest
from objects import PLACE

from reconciler.model.objects import ObjectRef, Observed, Referring
from reconciler.model.plan import Change, Use
from reconciler.model.plan_document import _change, _read_change
from reconciler.model.reason import reason
from reconciler.plan.uses import Uses, place_of, used_by, with_uses

DEPOT = ObjectRef("depot", "AB-1", "North")


def gate(own_name: str, **leads_to: ObjectRef | str | None) -> Observed:
    """A gate with these members."""
    ref = ObjectRef("gate", f"id-{own_name}", own_name)
    return Observed(ref, (), {(member,): value for member, value in leads_to.items()})


def test_each_place_that_refers_to_the_object_is_a_use() -> None:
    south = gate("south", back=ObjectRef("depot", "ab-1", None), front=DEPOT)
    main = gate("main", front=ObjectRef("depot", "AB-1", "its former name"))
    uses = used_by([south, main], DEPOT)
    assert uses == (
        Use(main.ref, (), ("front",)),
        Use(south.ref, (), ("back",)),
        Use(south.ref, (), ("front",)),
    )


def test_a_reference_without_an_id_may_be_to_any_object_of_its_name() -> None:
    by_name = gate("main", front=ObjectRef("depot", None, "NORTH "))
    assert len(used_by([by_name], DEPOT)) == 1


def test_nothing_else_is_a_use() -> None:
    others = gate(
        "main",
        id=ObjectRef("depot", "AB-2", "North"),
        kind=ObjectRef("crate", "AB-1", "North"),
        name=ObjectRef("depot", None, "South"),
        text="AB-1",
        nothing=None,
    )
    assert used_by([others], DEPOT) == ()


CATALOG = ObjectRef("catalog", "c-1", "Marketing")
PACKAGE = ObjectRef("access_package", "p-1", "Tools")
EXTENSION = ObjectRef("extension", "e-1", "notify", "t")
POLICY = Observed(
    ObjectRef("policy", "q-1", "Everybody"),
    (CATALOG, PACKAGE),
    {("customExtensionStageSettings", "assignmentRequestCreated"): EXTENSION},
)
DELETE = Change("delete", EXTENSION, (CATALOG,), reason("declared_absent"), source=PLACE)
REPLACE = replace(DELETE, action="replace", reason=reason("type_replaced"))
UPDATE = replace(DELETE, action="update", reason=reason("properties_differ"))


def shown(change: Change, referring: Referring | None) -> tuple[Change, list[str]]:
    """The change with what refers to its object, and the codes of the warnings."""
    places = {place_of(change): referring} if referring else {}
    (result,), warnings = with_uses([change], Uses(places))
    return result, [warning.code for warning in warnings]


@pytest.mark.parametrize("change", [DELETE, REPLACE])
@pytest.mark.parametrize("incomplete", [None, "HTTP 403."])
def test_what_is_in_use_is_blocked_with_each_place(change: Change, incomplete: str | None) -> None:
    result, warnings = shown(change, Referring((POLICY,), incomplete))
    assert (result.action, result.reason.code, warnings) == ("blocked", "in_use", [])
    assert result.reason.parameters["used_by"] == [
        {"access_package": "Tools", "policy": "Everybody", "stage": "assignmentRequestCreated"}
    ]


@pytest.mark.parametrize("change", [DELETE, REPLACE])
def test_what_nothing_uses_says_so(change: Change) -> None:
    assert shown(change, Referring(())) == (replace(change, used_by=()), [])


def test_a_delete_of_unknown_use_is_a_warning_and_a_replacement_is_blocked() -> None:
    unknown = Referring((), "HTTP 403.")
    assert shown(DELETE, unknown) == (DELETE, ["R315"])
    result, warnings = shown(REPLACE, unknown)
    assert (result.action, result.reason.code, warnings) == ("blocked", "use_unknown", [])


def test_before_it_was_read_nothing_is_known_and_other_changes_are_not_asked_about() -> None:
    assert shown(DELETE, None) == (DELETE, [])
    assert shown(UPDATE, Referring((POLICY,))) == (UPDATE, [])


def test_one_warning_stands_for_all_deletes_of_a_scope() -> None:
    others = [replace(DELETE, object=replace(EXTENSION, id=f"e-{number}")) for number in (2, 3)]
    uses = Uses({place_of(DELETE): Referring((), "HTTP 403.")})
    _, warnings = with_uses([DELETE, *others], uses)
    (warning,) = warnings
    assert "the extensions to be deleted in catalog Marketing" in warning.message


def test_uses_survive_a_saved_plan() -> None:
    use = Use(POLICY.ref, POLICY.parents, ("customExtensionStageSettings", "created"))
    for used in (None, (), (use,)):
        document = _change(replace(DELETE, used_by=used))
        assert _change(_read_change(document)) == document
        assert "used_by" not in _change(UPDATE)
