"""A saved plan is a file that anybody may have written: it is read back whole, or refused with the
right exit code.
"""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import examples

from reconciler.errors import InvalidFilesError, StalePlanError
from reconciler.loader import schema_text
from reconciler.model.extension import Catalog, ExtensionRef
from reconciler.model.learned import forget_learned
from reconciler.model.plan import Change, FieldChange, Plan, PlannedCatalog, Precondition
from reconciler.model.secrets import mask
from reconciler.plan.digest import digest
from reconciler.plan.saved import read_plan
from reconciler.render.json_document import plan_document

SCHEMA = json.loads(schema_text("plan"))
CATALOG = Catalog("32efb28c-0a1b-4c3d-8e4f-000000000001", "Marketing")
UNSIGNED = Plan(
    tool_version="0.1.0",
    tenant_id="00000000-0000-0000-0000-000000000000",
    graph_url="https://graph.microsoft.com/v1.0",
    digest="",
    catalogs=(PlannedCatalog(CATALOG, "complete"),),
    changes=(
        Change(
            "update",
            CATALOG,
            ExtensionRef(
                "90a31e24-0000-0000-0000-000000000001",
                "notify",
                "accessPackageAssignmentWorkflowExtension",
            ),
            "the live value differs",
            (FieldChange(("description",), "before", "after"),),
            Precondition(True, "sha256:" + "0a" * 32),
        ),
    ),
    unmanaged=(),
    diagnostics=(),
    unchanged=0,
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
    return read_plan(text, "plan.json", SCHEMA)


def test_what_was_saved_is_read_back() -> None:
    assert read(TEXT) == PLAN


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
        extension=replace(change.extension, display_name=name),
        fields=(FieldChange(("description",), "before", value),),
    )
    made = replace(UNSIGNED, changes=(changed,), **more)
    return json.dumps(
        plan_document(replace(made, digest=digest(made.tenant_id, made.graph_url, made.changes)))
    )


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
