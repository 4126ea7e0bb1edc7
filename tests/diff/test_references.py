"""Which object a reference names: a declared one before a live one, and never one of several."""

from dataclasses import replace

import pytest
from harness import FINANCE, MARKETING, extension
from objects import catalog_ref, desired_extension, observed_extension

from reconciler.diff.match import Match
from reconciler.diff.references import Known, References
from reconciler.model.objects import ObjectRef, Observed, Parents

SALES = catalog_ref(MARKETING, "Sales")
OTHER_SALES = catalog_ref(FINANCE, "Sales")
LOWER = "0000000a-0000-4000-8000-00000000000a"
OTHER = "0000000b-0000-4000-8000-00000000000b"


def live(extension_id: str, name: str) -> Observed:
    return observed_extension({"id": extension_id, **extension(name)}, SALES)


def matched(name: str, observed: Observed | None) -> Match:
    return Match(desired_extension(name), observed)


def resolved(ref: ObjectRef, known: Known, within: Parents = (), at: Parents = ()) -> str | None:
    """The id that the reference gets from these objects, or the code of the problem."""
    references = References()
    references.add("extension", at, known)
    hit, problem = references.resolve(ref, within)
    return problem.code if problem else hit.id


def named(name: str) -> ObjectRef:
    return ObjectRef("extension", None, name)


def test_a_declared_one_comes_before_a_live_one_of_the_same_name() -> None:
    known = Known([matched("a", live(LOWER, "a"))], [live(OTHER, "a")])
    assert resolved(named("a"), known) == LOWER


def test_one_that_is_to_be_created_has_no_id_and_comes_first_too() -> None:
    assert resolved(named("a"), Known([matched("a", None)], [live(OTHER, "a")])) is None


@pytest.mark.parametrize(
    "known",
    [
        Known([], [live(LOWER, "a"), live(OTHER, "A")]),
        Known([matched("a", live(LOWER, "a")), matched("A", live(OTHER, "A"))], []),
    ],
    ids=["live", "declared"],
)
def test_of_several_none_is_chosen(known: Known) -> None:
    assert resolved(named("a"), known) == "reference_ambiguous"


@pytest.mark.parametrize(
    "known",
    [Known([], [live(LOWER, "a")]), Known([matched("a", live(LOWER, "x"))], [])],
    ids=["live", "declared"],
)
@pytest.mark.parametrize(
    "ref", [named("A "), ObjectRef("extension", LOWER.upper(), None)], ids=["name", "id"]
)
def test_names_and_ids_are_compared_whatever_their_case(ref: ObjectRef, known: Known) -> None:
    assert resolved(ref, known) == LOWER
    assert resolved(replace(ref, id=OTHER), known) == "reference_absent"


def test_what_is_not_in_the_same_parents_is_looked_for_further_out_but_not_beside() -> None:
    known = Known([], [live(LOWER, "a")])
    assert resolved(named("a"), known, within=(SALES,), at=()) == LOWER
    assert resolved(named("a"), known, within=(SALES,), at=(SALES,)) == LOWER
    assert resolved(named("a"), known, within=(), at=(SALES,)) == "reference_absent"
    assert resolved(named("a"), known, within=(SALES,), at=(OTHER_SALES,)) == "reference_absent"
