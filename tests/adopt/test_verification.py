"""Edited files must plan as before but for the edits, even where they declare what was reported."""

from __future__ import annotations

from other_kinds import FORMAT, TEAM, account, declared, observed, planned

from reconciler.adopt.adoption import Adoption, NewObject, with_refusals
from reconciler.adopt.files import Files
from reconciler.adopt.sources import documents_of
from reconciler.adopt.splices import Splice
from reconciler.adopt.verification import Before, objection
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit
from reconciler.model.objects import ObjectRef, Observed

TEXT = "team: Sales\naccounts:\n  - displayName: first\n    size: 3\n"
PLACE = SourceLocation("a.yaml", 3, 5)
SECOND = account(2, "second")
UNSAFE = "the edited file would not declare the live value"


def before(*objects: Observed) -> Before:
    scopes = declared(TEXT)
    pairs = [(scope, observed(*objects)) for scope in scopes]
    return Before(Files({"a.yaml": TEXT}, FORMAT, None, planned), pairs, scopes, planned(pairs))


def sized(value: int, live: Observed) -> Adoption:
    """The size becomes this value, and is reported to."""
    at = TEXT.index("3\n")
    edit = Edit(PLACE, live.ref, (TEAM,), ("size",), 3, value)
    return Adoption("a.yaml", (edit,), (Splice(at, at + 1, str(value)),))


def added(live: ObjectRef) -> Adoption:
    """The second account, reported as this one."""
    [document] = documents_of({"a.yaml": TEXT}, FORMAT, None)
    kind = FORMAT.kinds.named("account")
    name = {("displayName",): "second"}
    new = NewObject(document, kind, SECOND.id, {**name}, {"displayName": "second"})
    return Adoption("a.yaml", (Edit(PLACE, live, (TEAM,)),), new=new)


def test_the_live_value_is_accepted_and_no_other() -> None:
    live = account(1, "first", size=5)
    assert objection([sized(5, live)], before(live)) == ""
    assert objection([sized(6, live)], before(live)) == UNSAFE


def test_what_was_added_is_no_longer_unmanaged_and_all_else_still_is() -> None:
    live = account(1, "first", size=3)
    assert objection([added(SECOND.ref)], before(live, SECOND)) == ""
    assert objection([added(account(9, "second").ref)], before(live, SECOND)) == UNSAFE


def test_edits_of_one_place_are_refused_together_and_kept_alone() -> None:
    live = account(1, "first", size=5)
    twice = [sized(5, live), sized(5, live)]
    start = before(live)
    decided = with_refusals(twice, lambda adopted: objection(adopted, start))
    assert [adoption.refusal for adoption in decided] == ["", UNSAFE]
