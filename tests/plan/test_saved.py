"""A saved plan is a file that anybody may have written: it is read back whole, or refused with the
right exit code.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import examples

from reconciler.errors import InvalidFilesError, RefusedError, StalePlanError
from reconciler.kinds.extension.fields import FIELDS
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.digest import digest, document_digest
from reconciler.model.fields import Field, Fields
from reconciler.model.kind import Api, Kind, Kinds, Permission
from reconciler.model.learned import forget_learned
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import (
    Change,
    FieldChange,
    Plan,
    PlannedScope,
    Precondition,
    Unmanaged,
)
from reconciler.model.plan_document import Document, plan_document, plan_members
from reconciler.model.reason import reason
from reconciler.model.secrets import mask
from reconciler.plan.saved import MAX_BYTES, begins_like_a_plan, read_plan, saved_text
from reconciler.render.json_document import to_json

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text("utf-8"))


def kind(name: str, parents: tuple[str, ...], fields: Fields, *offered: str) -> Kind:
    """A kind of which only the table and the writes that are offered count: nothing is read or
    written here.
    """

    def unused(*_arguments: Any) -> Any:
        raise AssertionError

    return Kind(
        name=name,
        plural=f"{name}s",
        parents=parents,
        fields=fields,
        api=replace(Api(list=unused, get=unused), **dict.fromkeys(offered, unused)),
        observe=unused,
        bodies=unused,
        content=unused,
        permission=Permission("", ""),
        declare=unused,
    )


KINDS = Kinds(
    (
        kind("catalog", (), Fields({("displayName",): Field()}), "create", "update"),
        kind("extension", ("catalog",), FIELDS, "create", "update", "delete"),
    )
)
CATALOG = ObjectRef("catalog", "32efb28c-0a1b-4c3d-8e4f-000000000001", "Marketing")
UNSIGNED = Plan(
    tool_version="0.1.0",
    tenant_id="00000000-0000-0000-0000-000000000000",
    graph_url="https://graph.microsoft.com/v1.0",
    digest="",
    scopes=(PlannedScope(CATALOG, "complete"),),
    changes=(
        Change(
            "update",
            ObjectRef(
                "extension",
                "90a31e24-0000-0000-0000-000000000001",
                "notify",
                "accessPackageAssignmentWorkflowExtension",
            ),
            (CATALOG,),
            reason("properties_differ", differ=1, declared=1),
            (FieldChange(("description",), "before", "after"),),
            Precondition(True, "sha256:" + "0a" * 32),
            SourceLocation("desired_state/a.yaml", 3),
        ),
    ),
    unmanaged=(Unmanaged(ObjectRef("extension", "7", "by-hand", "t"), (CATALOG,)),),
    diagnostics=(Diagnostic("R301", "warning", "message", "hint", parameters={"name": "a"}),),
    unchanged={"catalog": 0, "extension": 2},
)
PLAN = replace(UNSIGNED, digest=digest(UNSIGNED.tenant_id, UNSIGNED.graph_url, UNSIGNED.changes))
TEXT = json.dumps(plan_document(PLAN))
JUNK = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=5)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(text: str) -> Plan:
    return read_plan(text, "plan.json", SCHEMA, KINDS)


def test_what_was_saved_is_read_back() -> None:
    assert read(TEXT) == PLAN
    assert read(saved_text(PLAN)) == PLAN


def altered(alter: Callable[[Document], object]) -> str:
    """The text of the plan after an edit of its document."""
    document = json.loads(TEXT)
    alter(document)
    return json.dumps(document)


EDITS: dict[str, Callable[[Document], object]] = {
    "name of a catalog": lambda plan: plan["catalogs"][0].update(display_name="Other"),
    "reason": lambda plan: plan["changes"][0]["reason"].update(differ=7),
    "source": lambda plan: plan["changes"][0]["source"].update(line=99),
    "already_pending": lambda plan: plan["changes"][0].update(already_pending=True),
    "name of a parent": lambda plan: plan["changes"][0]["parents"][0].update(display_name="Other"),
    "author": lambda plan: plan["changes"][0].update(last_modified_by="somebody"),
    "unmanaged": lambda plan: plan["unmanaged"][0]["object"].update(display_name="other"),
    "message": lambda plan: plan["diagnostics"][0].update(message="nothing to see"),
    "parameters": lambda plan: plan["diagnostics"][0]["parameters"].update(name="b"),
    "tool_version": lambda plan: plan.update(tool_version="9.9.9"),
    "graph_url": lambda plan: plan.update(graph_url="https://graph.microsoft.com/beta"),
    "document_digest": lambda plan: plan.update(document_digest="sha256:" + "0" * 64),
    "fingerprint": lambda plan: plan["changes"][0]["precondition"].update(fingerprint="sha256:0"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_anything_that_is_shown_is_refused(name: str) -> None:
    with pytest.raises(StalePlanError) as refusal:
        read(altered(EDITS[name]))
    assert str(refusal.value) == (
        "plan.json was altered: the document digest does not match its contents."
    )


def test_the_unchanged_objects_are_counted_under_the_document_digest() -> None:
    def other_count(document: Document) -> None:
        document["summary"]["unchanged"] = 5
        document["summary"]["by_kind"]["extension"]["unchanged"] = 5

    with pytest.raises(StalePlanError, match="the document digest does not match"):
        read(altered(other_count))


def test_the_order_of_changes_is_under_the_document_digest() -> None:
    other = replace(UNSIGNED.changes[0], object=replace(UNSIGNED.changes[0].object, id="8"))
    changes = (*UNSIGNED.changes, other)
    made = replace(PLAN, changes=changes, digest=digest(PLAN.tenant_id, PLAN.graph_url, changes))
    document = plan_document(made)
    assert read(json.dumps(document)) == made
    document["changes"].reverse()
    with pytest.raises(StalePlanError, match="the document digest does not match"):
        read(json.dumps(document))


CHANGE_EDITS: dict[str, Callable[[Document], object]] = {
    "value": lambda change: change["fields"][0].update(after="other"),
    "computed": lambda change: change["fields"][0].update(computed=True),
    "name": lambda change: change["object"].update(display_name="other"),
    "id": lambda change: change["object"].update(id="8"),
    "parent": lambda change: change["parents"][0].update(id="8"),
}


@pytest.mark.parametrize("name", CHANGE_EDITS)
def test_an_edit_of_a_change_is_refused_though_the_document_digest_fits(name: str) -> None:
    document = json.loads(TEXT)
    CHANGE_EDITS[name](document["changes"][0])
    document["document_digest"] = document_digest(document)
    with pytest.raises(StalePlanError) as refusal:
        read(json.dumps(document))
    assert str(refusal.value) == "plan.json was altered: the digest does not match the changes."


def with_changes(*changes: Change) -> str:
    """The text of a plan of these changes, with the digests that fit."""
    fitting = digest(PLAN.tenant_id, PLAN.graph_url, changes)
    return json.dumps(plan_document(replace(PLAN, changes=changes, digest=fitting)))


FIRST = PLAN.changes[0]
ROW = FIRST.fields[0]


@pytest.mark.parametrize(
    "change",
    [
        replace(FIRST, fields=(replace(ROW, path=("id",)),)),
        replace(FIRST, fields=(replace(ROW, path=("description", "x")),)),
        replace(FIRST, fields=(replace(ROW, path=("endpointConfiguration", "url", "x")),)),
        replace(FIRST, object=replace(FIRST.object, kind="policy")),
        replace(FIRST, object=replace(FIRST.object, kind="catalog")),
        replace(FIRST, parents=()),
        replace(FIRST, precondition=None),
        replace(FIRST, action="create", precondition=Precondition(exists=False)),
        replace(FIRST, object=replace(FIRST.object, id=None)),
        replace(FIRST, action="create"),
    ],
)
def test_a_change_that_no_plan_contains_is_refused(change: Change) -> None:
    with pytest.raises(StalePlanError):
        read(with_changes(change))


CREATE = replace(
    FIRST,
    action="create",
    object=replace(FIRST.object, id=None),
    precondition=Precondition(exists=False),
)
ACTIONS: dict[tuple[str, ...], list[Change]] = {
    ("create",): [CREATE],
    ("update",): [FIRST, replace(FIRST, action="rename")],
    ("delete",): [replace(FIRST, action="delete")],
    ("create", "delete"): [replace(FIRST, action="replace")],
}


@pytest.mark.parametrize(
    ("needed", "change"),
    [(needed, each) for needed, planned in ACTIONS.items() for each in planned],
)
def test_a_write_that_its_kind_does_not_offer_is_refused(
    needed: tuple[str, ...], change: Change
) -> None:
    """A later version may offer more."""
    text = with_changes(change)
    whole, catalogs = KINDS.named("extension"), KINDS.named("catalog")
    for missing in needed:
        lacking = replace(whole, api=replace(whole.api, **{missing: None}))
        with pytest.raises(StalePlanError):
            read_plan(text, "plan.json", SCHEMA, Kinds((catalogs, lacking)))
    assert read(text).changes == (change,)


def test_every_member_of_the_table_can_be_planned() -> None:
    rows = [replace(ROW, path=path) for path in FIELDS.members]
    rows.append(replace(ROW, path=("authenticationConfiguration", "@odata.type")))
    assert read(with_changes(replace(FIRST, fields=tuple(rows)))).changes[0].fields == tuple(rows)


def test_another_format_version_is_refused_by_its_name() -> None:
    for version in ("1", "3"):
        with pytest.raises(InvalidFilesError) as refusal:
            read(json.dumps({"format_version": version, "because": "members of that version"}))
        assert str(refusal.value) == (
            f"plan.json is a saved plan of format version {version}, which this version of"
            " reconciler does not read."
        )
        assert refusal.value.hint == "Make a new one with `reconciler plan --out FILE`."
    for version in ("", "x" * 50, "1\n", None):
        with pytest.raises(InvalidFilesError, match="does not match the plan schema"):
            read(json.dumps({"format_version": version}))


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        (TEXT.replace('"tool_version"', '"tool_version": "9", "tool_version"'), '"tool_version"'),
        (TEXT.replace('"after": ', '"after": "harmless", "after": '), '"after"'),
    ],
)
def test_a_member_that_stands_twice_is_refused(text: str, twice: str) -> None:
    with pytest.raises(InvalidFilesError, match=f"it has the member {twice} twice"):
        read(text)


def test_what_is_saved_is_read_back_though_secrets_were_masked() -> None:
    name = "see https://x.logic.azure.com/?sig=vN3kQ8Zt5Rw1Lx7Yb2Mc9Pd4Fg6Hj0Ks5Ua8Ei3O"
    unmanaged = Unmanaged(ObjectRef("extension", "7", name, "t"), (CATALOG,))
    text = saved_text(replace(PLAN, unmanaged=(unmanaged,)))
    assert "vN3" not in text
    assert "sig=***" in str(read(text).unmanaged[0].object.display_name)


@pytest.mark.thorough
def test_a_plan_of_many_changes_is_read_back() -> None:
    text = with_changes(*[replace(FIRST, object=replace(FIRST.object, id=str(n))) for n in MANY])
    assert len(read(to_json(json.loads(text))).changes) == len(MANY)


MANY = range(20_000)
"""More than the 16 MiB that a saved plan was once limited to."""


def test_a_plan_that_would_be_too_large_to_be_read_is_not_saved() -> None:
    size_bytes = len(saved_text(PLAN).encode())
    assert MAX_BYTES > 500 * 1024 * 1024
    assert saved_text(PLAN, size_bytes) == saved_text(PLAN)
    with pytest.raises(RefusedError, match="has 1 changes and is too large to be saved"):
        saved_text(PLAN, size_bytes - 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_plan_is_known_by_its_beginning(encoding: str) -> None:
    assert begins_like_a_plan(f"\n {TEXT}".encode(encoding)) or encoding == "utf-16"
    assert begins_like_a_plan(TEXT.encode(encoding))
    for content in (b"", b"\0" * 5_000, b"catalog: Marketing", b"[]"):
        assert not begins_like_a_plan(content)


@given(junk=JUNK, data=st.data())
@settings(max_examples=examples(150))
def test_a_plan_with_other_values_is_refused_or_the_same(junk: object, data: st.DataObject) -> None:
    document = json.loads(TEXT)
    holder, place = data.draw(st.sampled_from(_places(document)), "place")
    holder[place] = junk
    with suppress(InvalidFilesError, StalePlanError):
        assert plan_document(read(json.dumps(document))) == document


KEY = "vN3/kQ8+Zt5Rw1Lx7Yb2Mc9Pd4Fg6Hj0Ks5Ua8Ei3O="


def with_value(name: str, value: str, **more: Any) -> str:
    """The document of a plan whose one change has this name and writes this value, with the digest
    that fits.
    """
    (change,) = UNSIGNED.changes
    changed = replace(
        change,
        object=replace(change.object, display_name=name),
        fields=(FieldChange(("description",), "before", value),),
    )
    made = replace(UNSIGNED, changes=(changed,), **more)
    fitting = digest(made.tenant_id, made.graph_url, made.changes)
    # Not `plan_document`, which masks: a declared value is not masked in the run that declares it.
    members = plan_members(replace(made, digest=fitting))
    return json.dumps(members | {"document_digest": document_digest(members)})


def test_what_a_plan_writes_is_shown_as_it_is_and_a_secret_in_its_names_is_not() -> None:
    read(with_value(f"the {KEY} x", "Mail sig=short"))
    assert mask(f"Mail sig=short, sig=other and {KEY}") == "Mail sig=short, sig=*** and ***="


def test_a_plan_writes_what_looks_like_a_key_only_where_it_says_that_it_is_none() -> None:
    plan = read(with_value("a", f"see {KEY}", not_secret=(KEY,)))
    assert (plan.not_secret, mask(f"see {KEY}")) == ((KEY,), f"see {KEY}")
    for not_secret in ((), ("another-value",)):
        forget_learned()
        with pytest.raises(StalePlanError):
            read(with_value("a", f"see {KEY}", not_secret=not_secret))
    with pytest.raises(StalePlanError):
        read(with_value("a", f"sig=x Bearer {KEY}", not_secret=(KEY, f"Bearer {KEY}")))


def test_what_stands_behind_a_sign_anywhere_in_a_plan_is_known_by_its_value_from_then_on() -> None:
    with pytest.raises(InvalidFilesError):
        read("{ not JSON ?sig=short-Value-1x }")
    assert mask("the short-Value-1x alone") == "the *** alone"


def _places(holder: Any) -> list[tuple[Any, Any]]:
    found = []
    for place, value in enumerate(holder) if isinstance(holder, list) else holder.items():
        found.append((holder, place))
        if isinstance(value, list | dict):
            found += _places(value)
    return found


@given(content=st.one_of(st.text(), st.binary().map(lambda content: content.decode("latin-1"))))
def test_any_text_is_refused(content: str) -> None:
    with pytest.raises(InvalidFilesError):
        read(content)


@given(
    start=st.integers(0, len(TEXT)),
    removed=st.integers(0, 9),
    put_in=st.text('{}[]",:\\u0dnultrue-e', max_size=5),
)
@settings(max_examples=examples(150))
def test_a_text_with_other_text_spliced_in_is_refused_or_read(
    start: int, removed: int, put_in: str
) -> None:
    with suppress(InvalidFilesError, StalePlanError):
        read(TEXT[:start] + put_in + TEXT[start + removed :])


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_no_nesting_is_too_deep_to_be_refused(opened: str) -> None:
    closed = {"[": "]", '{"a":': "}"}[opened]
    for depth in (60, *range(900, 1001), 100_000):
        nested = opened * depth + "0" + closed * depth
        with pytest.raises(InvalidFilesError):
            read(TEXT.replace('"after": "after"', f'"after": {nested}'))


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "9" * 5_000, "1e999"])
def test_a_number_that_is_not_finite_is_not_json(value: str) -> None:
    with pytest.raises(
        InvalidFilesError,
        match=r"not a saved plan: it (is not JSON|holds a number that is too large)",
    ):
        read(TEXT.replace('"after": "after"', f'"after": {value}'))


@pytest.mark.parametrize(
    "value", ["NaN", "-Infinity", "9" * 5_000, "1e999", '"\\ud800"', '{"a": 1, "a": 2}']
)
def test_odd_values_are_refused(value: str) -> None:
    with pytest.raises((InvalidFilesError, StalePlanError)):
        read(TEXT.replace('"after": "after"', f'"after": {value}'))


def test_a_long_path_is_refused_soon() -> None:
    with pytest.raises((InvalidFilesError, StalePlanError)):
        read(TEXT.replace("/description", "/a~0" * 200_000 + "~"))
