"""Which changes an unsettled write of an earlier run blocks: those of its object and its name."""

from dataclasses import replace

import pytest
from objects import catalog_ref

from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.plan import Change, UnsettledWrite
from reconciler.model.reason import reason
from reconciler.plan.unsettled import blocked_if_unsettled

MARKETING, FINANCE = catalog_ref("c-1", "Marketing"), catalog_ref("c-2", "Finance")
SENT = ObjectRef("extension", "e-1", "Café")
WRITE = UnsettledWrite(SENT, (MARKETING,), reason("unsettled_write", write="rename"))
BY_ID = replace(SENT, display_name="its former name")
BY_NAME = replace(SENT, id=None, display_name=" CAFE\u0301 ")


@pytest.mark.parametrize(
    ("ref", "parents", "is_blocked"),
    [
        (SENT, (MARKETING,), True),
        (BY_ID, (MARKETING,), True),
        (BY_NAME, (MARKETING,), True),
        (replace(BY_NAME, id="e-2"), (MARKETING,), True),
        (replace(SENT, id=None, display_name="another"), (MARKETING,), False),
        (replace(SENT, kind="gate"), (MARKETING,), False),
        (SENT, (FINANCE,), False),
        (SENT, (replace(MARKETING, id="c-3"),), False),
        (SENT, (replace(MARKETING, id=None),), True),
        (SENT, (replace(FINANCE, id=None),), False),
        (SENT, (), False),
        (SENT, (MARKETING, ObjectRef("package", "p-1", "Sales")), False),
    ],
    ids=str,
)
def test_what_is_about_the_same_object_or_name_in_the_same_parents_is_blocked(
    ref: ObjectRef, parents: Parents, is_blocked: bool
) -> None:
    change = Change("update", ref, parents, reason("properties_differ"))
    (after,) = blocked_if_unsettled([change], [WRITE])
    assert (after.action, after.reason) == (
        ("blocked", WRITE.reason) if is_blocked else ("update", change.reason)
    )


def test_the_reason_of_a_change_that_is_blocked_already_stays() -> None:
    change = Change("blocked", SENT, (MARKETING,), reason("name_ambiguous"))
    assert blocked_if_unsettled([change], [WRITE]) == [change]
