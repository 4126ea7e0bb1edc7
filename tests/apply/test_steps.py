"""The order of writes in one scope, for any kinds: what is inside others is deleted before them."""

from __future__ import annotations

from other_kinds import KINDS, TEAM

from reconciler.apply.steps import steps
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Action, Change
from reconciler.model.reason import reason


def change(action: Action, kind: str, name: str) -> Change:
    ref = ObjectRef(kind, f"id of {name}", name)
    return Change(action, ref, (TEAM,), reason("declared_absent"), source=SourceLocation("f.yaml"))


def test_creates_and_updates_come_first_and_deletes_last_in_the_reverse_order_of_kinds() -> None:
    planned = [
        change("replace", "account", "a"),
        change("update", "account", "b"),
        change("replace", "rule", "c"),
        change("delete", "rule", "d"),
        change("delete", "account", "e"),
    ]
    made = [(step.write.action, step.write.object.display_name) for step in steps(planned, KINDS)]
    assert made == [
        ("create", "a"),
        ("update", "b"),
        ("create", "c"),
        ("delete", "c"),
        ("delete", "d"),
        ("delete", "a"),
        ("delete", "e"),
    ]


def test_only_the_create_of_a_replacement_knows_the_delete_that_follows_it() -> None:
    planned = [change("replace", "account", "a"), change("delete", "account", "b")]
    create, *deletes = steps(planned, KINDS)
    assert create.delete_after is not None
    assert create.delete_after.object.id == "id of a"
    assert create.write.object.id is None
    assert [step.delete_after for step in deletes] == [None, None]
