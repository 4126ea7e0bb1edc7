"""The words of every reason: for each code of the engine, and for codes that are not known."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from render_samples import JSON, MARKETING, TEXTS, ref
from tiers import examples

from reconciler.model.json_values import JsonValue
from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.plan import Change, Outcome, Status
from reconciler.model.reason import Reason, reason
from reconciler.render.outcomes import AFTER_UNKNOWN, outcome_line, outcome_notes
from reconciler.render.reasons import (
    outcome_sentence,
    parent_sentence,
    sentence,
    stale_clause,
)
from reconciler.render.sentences import SENTENCES, STALE
from reconciler.render.titles import object_title
from reconciler.render.view import details

ID = "90a31e24-0000-0000-0000-000000000001"
UPDATE = Change("update", ref("notify", 1), (MARKETING,), reason("properties_differ"))
CREATE = replace(UPDATE, action="create", object=ref("notify"))
PACKAGE = ObjectRef("access_package", "b1", "Onboarding")
POLICY = replace(
    UPDATE, object=ObjectRef("policy", None, "all users"), parents=(MARKETING, PACKAGE)
)
TENANT_WIDE = replace(UPDATE, object=ObjectRef("catalog", None, "Sales"), parents=())
NOTHING_WRITTEN = "; nothing was written, run plan again"


# fmt: off
WORDS: list[tuple[Reason, str]] = [
    (reason("not_live"), "no extension of this catalog has this name"),
    (reason("properties_differ", differ=1, declared=3), "1 of 3 declared properties differs"),
    (reason("properties_differ", differ=2, declared=3), "2 of 3 declared properties differ"),
    (reason("renamed_by_id", live_name="old", differ=0, declared=3),
     'it is pinned by id and its live name is "old"'),
    (reason("renamed_by_id", live_name="old", differ=2, declared=3),
     'it is pinned by id and its live name is "old"; 2 of 3 declared properties differ'),
    (reason("respelled", live_name="Old", differ=1, declared=3),
     'its name differs only in spelling from the live name "Old"; 1 of 3 declared properties'
     " differs"),
    (reason("parent_absent", by="name", nearest=["Marketing"], looks_like_id=False),
     'no catalog has this name; did you mean "Marketing"?'),
    (reason("parent_absent", by="name", nearest=["A", "B"], looks_like_id=False),
     'no catalog has this name; did you mean "A", "B"?'),
    (reason("parent_absent", by="name", nearest=[], looks_like_id=False),
     "no catalog has this name; create it first, or correct the name"),
    (reason("parent_absent", by="name", nearest=[], looks_like_id=False, can_be_declared=True),
     "no catalog has this name; create it with catalog: {displayName: …}, or correct the name"),
    (reason("parent_absent", by="name", nearest=[], looks_like_id=True),
     "no catalog has this name; it looks like an id: write catalog: {id: …}; create it first, or"
     " correct the name"),
    (reason("parent_absent", by="name", nearest=[], looks_like_id=False, names_unreadable="why"),
     "no catalog has this name; create it first, or correct the name (the existing names could not"
     " be listed: why)"),
    (reason("parent_absent", by="id"),
     "no catalog has this id; correct it, or use the catalog's name"),
    (reason("parent_ambiguous", count=2, ids=["a", "b"]),
     "2 catalogs have this name (a, b); select one with catalog: {id: …}"),
    (reason("parent_unreadable", error="HTTP 403. Reading needs X."),
     "the catalog could not be read: HTTP 403. Reading needs X."),
    (reason("declared_twice", places=["a.yaml:3", "b.yaml:4"]),
     "it is also declared at a.yaml:3, b.yaml:4; keep only one of the declarations"),
    (reason("name_ambiguous", count=2, ids=["a", "b"]),
     "2 live extensions have this name; add the id: of the one to manage (a, b)"),
    (reason("name_pinned_elsewhere", place="a.yaml:3"),
     "the live extension of this name is pinned at a.yaml:3; apply that declaration first, then"
     " plan again"),
    (reason("pinned_id_absent", id=ID),
     f"no extension of this catalog has the pinned id {ID}; correct the id or remove it"),
    (reason("new_name_taken", ids=["a", "b"]),
     "the new name is already used by a, b; choose another name, rename that extension first, or"
     " declare it too, with its id"),
    (reason("former_name_declared", former_name="A", new_name="B", place="a.yaml:3"),
     '"A" is to be renamed to "B", but a.yaml:3 still uses the former name; write the new name or'
     " the id there"),
    (reason("type_changed", id=ID, live_type="unknown", type="t"),
     f"the live extension {ID} is of type unknown, which cannot be changed to t; declare another"
     " name, or delete the live extension in the admin center once no policy uses it"),
    (reason("writes_secret", paths=["description", "endpointConfiguration/url"]),
     "description, endpointConfiguration/url contains a secret (a signature, a token or a key);"
     " remove it from the file"),
    (reason("unsettled_write", write="create", sent_at="12:00", search_error="HTTP 500."),
     "an earlier run sent its create at 12:00, and whether that was applied could not be found out"
     " (HTTP 500.); run apply again: it searches again"),
    (reason("unmanaged"),
     "no declaration names it, and the document of its catalog has unmanaged: delete"),
    (reason("two_documents", places=["a.yaml:1", "b.yaml:2"]),
     "unmanaged: delete needs one document for the catalog, and there are several (a.yaml:1,"
     " b.yaml:2); move all declarations into one"),
    (reason("partial_path"),
     "unmanaged: delete needs all files, and a PATH names a single file; give the folder"),
    (reason("catalog_not_settled"),
     "no unmanaged extension is deleted while another change of the catalog is blocked; resolve"
     " that first"),
    (reason("declared_absent"), "it is declared with ensure: absent"),
    (reason("type_replaced", live_type="a", type="b"),
     "its type changes from a to b: a new extension is created, then the old one is deleted"),
    (reason("absent_under_other_name", id=ID, live_name="new"),
     f'the live extension {ID} is named "new"; correct the name, or remove it to delete the'
     " extension whatever its name is"),
    (reason("absent_of_other_type", id=ID, live_type="t"),
     f"the live extension {ID} is of type t; correct @odata.type, or remove it to delete the"
     " extension whatever its type is"),
    (reason("type_unknown", id=ID, live_type="t"),
     f'the live extension {ID} is of the unknown type "t", which reconciler never changes; delete'
     " it in the Microsoft Entra admin center"),
    (reason("type_changed_pinned", id=ID, live_type="a", type="b"),
     f"the live extension {ID} is of type a, and an extension of type b gets a new id; remove the"
     " id: from the declaration to replace it"),
    (reason("replace_unfinished", new_id="new", old_id="old", name="x"),
     "two extensions have this name, and one is of the declared type: a replacement was not"
     " finished; add id: new to this declaration, and declare the old one absent with"
     " {id: old, ensure: absent}"),
    (reason("name_freed_by_delete", id=ID, place="a.yaml:3"),
     f"the name belongs to the extension {ID}, which is declared absent at a.yaml:3; apply the"
     " deletion first, then plan again"),
    (reason("renames_in_a_circle", ids=["a", "b"]),
     "these extensions exchange their names (a, b), and none can be renamed first; give one of them"
     " a third name, apply, then declare the final names"),
    (reason("reference_to_absent", other_kind="extension", name="A"),
     'it refers to the extension "A", which is declared with ensure: absent'),
    (reason("delete_not_offered"),
     "extensions are not deleted by reconciler; remove the declaration, or delete it in the"
     " Microsoft Entra admin center"),
    (reason("in_use", count=2, used_by=[
        {"access_package": "A", "policy": "B", "stage": "s"}, {"policy": "C", "stage": "t"}]),
     "it is in use: access package A, policy B, stage s; policy C, stage t; remove it there first,"
     " then plan again"),
    (reason("use_unknown", error="HTTP 403."),
     "it may be in use, which could not be read completely: HTTP 403. Plan again with an identity"
     " that can read it, or declare another name"),
    (reason("create_not_offered"),
     "no extension has this name, and reconciler does not create extensions"),
    (reason("update_not_offered"),
     "it differs from the live extension, and reconciler does not change extensions"),
    (reason("object_unreadable", error="HTTP 403. Reading needs X."),
     "the extension could not be read: HTTP 403. Reading needs X."),
    (reason("parent_blocked"), "the change of its catalog is blocked"),
    (reason("depends_on_blocked", other_kind="access_package", name="A"),
     'it refers to the access package "A", whose change is blocked'),
    (reason("reference_absent", other_kind="extension", name="A"),
     'it refers to the extension "A", which is neither declared nor live; correct the name'),
    (reason("reference_absent", other_kind="extension", name="A", nearest=["B", "C"]),
     'it refers to the extension "A", which is neither declared nor live; did you mean "B", "C"?'),
    (reason("reference_by_former_name", other_kind="extension", name="A", new_name="B"),
     'it refers to the extension "A", which is to be renamed to "B"; write the new name'),
    (reason("not_there", other_kind="access_package", name="A", inside_kind="catalog", inside="M",
            nearest=["B"]),
     'the access package "A" does not exist in catalog M; did you mean "B"?'),
    (reason("not_there", other_kind="policy", name="p1", inside_kind="access_package", inside="A",
            nearest=[], by="id"),
     'the policy "p1" does not exist in access package A; correct the id'),
    (reason("reference_absent", other_kind="extension", name=ID, by="id", nearest=[]),
     f'it refers to the extension "{ID}", which is neither declared nor live; correct the id'),
    (reason("reference_absent", other_kind="extension", name=ID, by="name", nearest=[]),
     f'it refers to the extension "{ID}", which is neither declared nor live; it looks like an id:'
     " write {id: …}, or correct the name"),
    (reason("member_declared_twice", members=["a/b"], places=["a.yaml:1", "b.yaml:2"]),
     "a/b must be declared once, not at a.yaml:1, b.yaml:2; keep only one of the declarations"),
    (reason("pinned_under_other_name", id="e", live_name="B"),
     'the live extension e is named "B"; correct the name, or remove it: extensions are not'
     " renamed"),
    (reason("reference_ambiguous", other_kind="extension", name="A", count=2, ids=["a", "b"]),
     'it refers to the extension "A", and 2 have this name (a, b)'),
    (reason("depends_on_failed", other_kind="extension", name="A"),
     'the change of the extension "A", which must come first, is not known to be applied'),
    (reason("parent_failed"),
     "the catalog that contains it is not known to have been created as planned; see its outcome"),
]
OUTCOMES: list[tuple[Status, Reason, str]] = [
    ("skipped", reason("interrupted"), "the run was interrupted before this change"),
    ("skipped", reason("name_not_freed", id=ID),
     f"the extension {ID} may still have the new name: its rename is not known to be applied"),
    ("skipped", reason("token_rejected"), "the access token was rejected earlier in this run"),
    ("skipped", reason("journal_failed"), "the journal could not be written earlier in this run"),
    ("failed", reason("refused", status=409), "Graph said."),
    ("failed", reason("refused_forbidden", permission="Writing needs X."),
     "Graph said. Writing needs X."),
    ("failed", reason("not_sent"), "Graph said."),
    ("failed", reason("conflict"),
     "Graph said. The create was sent twice, and no extension with this name can be read; choose"
     " another name, or find out with what it conflicts"),
    ("failed", reason("conflict_with", ids=["a", "b"]),
     "Graph said. It conflicts with a, b, which has this name and is not as declared; nothing was"
     " written, run plan again"),
    ("failed", reason("parent_not_shown_yet"),
     "Graph said. The catalog was created in this run, and reads do not return it yet (replication"
     " delay); wait a minute, then run apply again."),
    ("failed", reason("check_failed"), "The pre-check before the write failed: Graph said."),
    ("failed", reason("name_taken", id=ID),
     f"an extension with this name already exists ({ID}){NOTHING_WRITTEN}"),
    ("failed", reason("new_name_in_use", id=ID),
     f"the new name is now in use ({ID}){NOTHING_WRITTEN}"),
    ("failed", reason("gone", id=ID), f"the extension {ID} no longer exists{NOTHING_WRITTEN}"),
    ("failed", reason("changed_since", id=ID),
     f"the extension {ID} was changed after the plan was made{NOTHING_WRITTEN}"),
    ("failed", reason("already_applied", id=ID),
     f"already in the desired state ({ID}); the plan may have been applied before"
     f"{NOTHING_WRITTEN}"),
    ("failed", reason("value_dropped", paths=["a/b", "c"]),
     "Graph accepted the request but dropped a/b, c: the stored value differs from the one sent;"
     " run plan to see the difference"),
    ("failed", reason("twin_created", ids=["a", "b"]),
     "Graph accepted the write, but another extension with the same name was created meanwhile"
     " (a, b); keep one and delete the other"),
    ("failed", reason("old_remains", id=ID, old_id="old"),
     f"the new extension has the id {ID}, but the old one, old, was not deleted; run plan: it shows"
     " how to finish the replacement"),
    ("failed", reason("unknown_removed", paths=["x", "y"]),
     "the write removed x, y, which reconciler does not manage; set it again in the Microsoft"
     " Entra admin center"),
    ("failed", reason("altered_by_write", paths=["x", "y"], recorded=True),
     "altered by this write, or by someone at the same moment: x, y; compare it with the extension"
     ' as it was before, which the journal has under "before"'),
    ("failed", reason("altered_by_write", paths=["x"], recorded=False),
     "altered by this write, or by someone at the same moment: x; without a journal the extension"
     " as it was before is not kept: check it with its owner"),
    ("unknown", reason("not_shown_yet", id=ID),
     f"Graph accepted the request and gave the id {ID}, but reads do not return it yet"
     " (replication delay); wait a minute, then run plan before any other change"),
    ("unknown", reason("internal_error", type="KeyError"),
     "internal error (KeyError) while applying this change; please report it"),
]
DOUBTS: list[tuple[Reason, str]] = [
    (reason("answer_lost"), "Graph said."),
    (reason("search_failed", search_error="why"),
     "Graph said. Searching for the extension failed too: why"),
    (reason("others_found", ids=["a", "b"]),
     "Graph said. The extensions found under that name do not match what was sent (a, b)."),
    (reason("never_appeared"),
     "Graph said. The create was sent twice and the extension never appeared in the catalog."),
    (reason("read_back_failed"),
     "Graph accepted the write, but reading it back failed: Graph said."),
    (reason("answer_lost_unreadable", read_error="why"),
     "Graph said. Reading it back failed too: why"),
    (reason("old_values_shown"),
     "Graph accepted the update, but reads still return the old values (replication delay, or the"
     " update was dropped)."),
    (reason("still_shown", id=ID),
     "Graph accepted the delete, but reads still return the extension (replication delay)."),
    (reason("stale_before_retry", why="name_taken", id=ID),
     f"Before the retry: an extension with this name already exists ({ID})."),
    (reason("interrupted_unconfirmed"),
     "The run was interrupted before this change was confirmed."),
    (reason("check_failed"), "The pre-check before the write failed: Graph said."),
    (reason("a_new_code"), "a_new_code"),
]
NOTES: list[tuple[Reason, str]] = [
    (reason("accepted_spelling", member="the timeout", spelling="a", other_spelling="b"),
     "Graph accepted the timeout as a, not as b"),
    (reason("no_spelling_kept", member="the timeout"),
     "Graph dropped the timeout under both of its names"),
    (reason("other_spelling_failed", member="the timeout", spelling="a", error="why"),
     "Graph dropped the timeout; sending it as a failed too: why"),
    (reason("found_after_lost_create", id=ID, error="lost"),
     f"no usable answer to the create (lost); the extension was found in the catalog with id {ID}"),
    (reason("already_gone"), "it no longer existed"),
    (reason("applied_despite_lost_answer", write="update", error="lost"),
     "no usable answer to the update (lost); a read-back shows that Graph applied it"),
]
# fmt: on


@pytest.mark.parametrize(("why", "words"), WORDS)
def test_the_reason_of_a_change_in_words(why: Reason, words: str) -> None:
    assert sentence(why, UPDATE) == words
    assert details(replace(UPDATE, reason=why)) == [f"because {words}"]


@pytest.mark.parametrize(("status", "why", "words"), OUTCOMES)
def test_the_reason_of_an_outcome_in_words(status: Status, why: Reason, words: str) -> None:
    outcome = Outcome(UPDATE, status, reason=why, error="Graph said.")
    assert outcome_sentence(outcome) == words
    assert outcome_line(outcome).endswith(f": {words}")


@pytest.mark.parametrize(("why", "words"), DOUBTS)
def test_an_unknown_outcome_says_what_to_check(why: Reason, words: str) -> None:
    for change, object_to_check in (
        (UPDATE, ID),
        (CREATE, '"notify" in catalog Marketing'),
        (TENANT_WIDE, 'the catalog "Sales"'),
    ):
        outcome = Outcome(change, "unknown", reason=why, error="Graph said.")
        check = f"Check {object_to_check} in the admin center, then run plan."
        said = outcome_sentence(outcome)
        assert said.endswith(f" Could not verify the result. {check}")
        assert change is TENANT_WIDE or said.startswith(f"{words} Could not")
        assert outcome_notes(outcome) == [AFTER_UNKNOWN]


@pytest.mark.parametrize(("why", "words"), NOTES)
def test_a_change_that_was_applied_otherwise_than_planned_has_a_note(
    why: Reason, words: str
) -> None:
    done = Outcome(UPDATE, "done", "request-1", why)
    assert outcome_line(done) == "~ updated notify in Marketing (request ID request-1)"
    assert outcome_notes(done) == [f"note: {words}"]
    note = {"code": why.code, **why.parameters}
    both = Outcome(UPDATE, "done", reason=reason("no_spelling_kept", member="x", note=note))
    assert outcome_notes(both) == [f"note: Graph dropped x under both of its names; {words}"]
    failed = Outcome(UPDATE, "failed", reason=reason("gone", id="a", note=note))
    assert outcome_notes(failed) == [f"note: {words}"]


def test_every_code_has_its_words_tested() -> None:
    tested = [why for why, _ in (*WORDS, *DOUBTS, *NOTES)] + [why for _, why, _ in OUTCOMES]
    assert {why.code for why in tested} - {"a_new_code"} == set(SENTENCES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (POLICY, "no policy of this access package has this name"),
        (TENANT_WIDE, "no catalog of this tenant has this name"),
    ],
)
def test_a_sentence_names_the_kinds_of_the_object_and_its_parents(
    change: Change, words: str
) -> None:
    assert sentence(reason("not_live"), change) == words
    unreadable = reason("parent_unreadable", error="why")
    assert change is TENANT_WIDE or sentence(unreadable, change).startswith("the catalog could")
    assert sentence(reason("create_not_offered"), POLICY).endswith("does not create policies")


def test_the_words_for_a_scope_and_for_a_list_of_stale_changes() -> None:
    absent = reason("parent_absent", by="id")
    assert parent_sentence(absent, "catalog") == (
        "no catalog has this id; correct it, or use the catalog's name"
    )
    assert stale_clause(reason("gone", id="7"), UPDATE) == "the extension 7 no longer exists"
    assert set(STALE) <= set(SENTENCES)


def test_a_kind_brings_sentences_of_its_own() -> None:
    needs_url = {**SENTENCES, "needs_url": "{error} Declare url of this {kind}."}
    outcome = Outcome(UPDATE, "failed", reason=reason("needs_url", status=400), error="HTTP 400.")
    assert outcome_sentence(outcome, needs_url) == "HTTP 400. Declare url of this extension."


def test_an_unknown_code_shows_itself_and_its_parameters() -> None:
    why = Reason("waits_for", {"names": ["a", "b"], "count": 2, "until": None})
    assert sentence(why, UPDATE) == "waits_for (names: a, b, count: 2, until: )"
    assert sentence(reason("waits_for"), UPDATE) == "waits_for"


PARAMETERS: dict[str, JsonValue] = {
    name: None for template in SENTENCES.values() for name in re.findall(r"{(\w+)}", template)
} | dict.fromkeys(("by", "nearest", "names_unreadable", "looks_like_id", "why", "note"))


@settings(max_examples=examples(40))  # each takes every code
@given(JSON, TEXTS)
def test_no_parameter_of_another_form_ends_in_an_error(value: JsonValue, text: str) -> None:
    for code in (*SENTENCES, text):
        for parameters in ({}, dict.fromkeys(PARAMETERS, value), {text: value}):
            why = Reason(code, parameters)
            assert isinstance(sentence(why, UPDATE), str)
            assert isinstance(outcome_sentence(Outcome(UPDATE, "unknown", reason=why)), str)
            assert isinstance(outcome_notes(Outcome(UPDATE, "done", reason=why)), list)


def test_a_skipped_change_without_a_reason_has_the_reason_of_the_change() -> None:
    blocked = replace(UPDATE, action="blocked", reason=reason("pinned_id_absent", id="7"))
    outcome = Outcome(blocked, "skipped")
    assert outcome_sentence(outcome) == sentence(blocked.reason, blocked)
    assert outcome_sentence(Outcome(UPDATE, "failed", error="why")) == "why"


@pytest.mark.parametrize(
    ("object_ref", "parents", "title", "line"),
    [
        (
            ref("a"),
            (MARKETING,),
            "a (accessPackageAssignmentRequestWorkflowExtension)",
            "a in Marketing",
        ),
        (
            replace(ref("a"), type=None, id="7"),
            (MARKETING,),
            "a (extension, id 7)",
            "a in Marketing",
        ),
        (
            POLICY.object,
            POLICY.parents,
            "all users (policy)",
            "all users in Marketing / Onboarding",
        ),
        (TENANT_WIDE.object, (), "Sales (catalog)", "catalog Sales"),
    ],
)
def test_the_title_of_an_object_of_any_kind(
    object_ref: ObjectRef, parents: Parents, title: str, line: str
) -> None:
    assert object_title(object_ref) == title
    change = replace(UPDATE, object=object_ref, parents=parents)
    assert outcome_line(Outcome(change, "done")).startswith(f"~ updated {line}")
