"""`reconciler.yaml` and what it does to the files: variables in values, and every environment
checked.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import FORMAT
from hypothesis import given
from hypothesis import strategies as st

from reconciler.loader import LoadedState, load, load_environments, load_for_each, load_texts
from reconciler.loader.variables import SUGGESTIONS, escaped, substituted
from reconciler.model.environment import Environment
from reconciler.model.nodes import Scalar, Sequence
from reconciler.model.objects import ObjectRef

GUID = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
STATE = """\
catalog: ${department} Team
defaults:
  "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
  endpointConfiguration:
    subscriptionId: ${subscription}
    resourceGroupName: rg-${stage}-${stage}
    logicAppWorkflowName: la
  authenticationConfiguration: {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}
extensions:
  - displayName: mail
    description: ${nothing}
    callbackConfiguration: {timeoutDuration: "${timeout}"}
"""
TEST = {
    "department": "HR",
    "subscription": GUID,
    "stage": "test",
    "nothing": "null",
    "timeout": "PT60M",
}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def told(text: str) -> list[tuple[str, int | None, int | None]]:
    """Code, line and column of every fault in a `reconciler.yaml` of this text."""
    Path("reconciler.yaml").write_text(text, "utf-8")
    loaded = load_environments()
    assert not (loaded.diagnostics and loaded.environments)
    return [(one.code, one.place.line, one.place.column) for one in loaded.diagnostics if one.place]


def test_the_file_names_environments_in_its_order() -> None:
    assert (
        told(
            f"environments:\n  prod: {{tenant_id: {GUID.upper()}, cloud: china, client_id:"
            f" {GUID}}}\n  a-1: {{variables: {{x: 1e3, _y-2: 'null', z: yes}}}}\n"
        )
        == []
    )
    assert load_environments().environments == (
        Environment("prod", GUID, "china", GUID, {}),
        Environment("a-1", variables={"x": "1e3", "_y-2": "null", "z": "yes"}),
    )


def test_without_the_file_there_are_none() -> None:
    assert not load_environments().exists
    assert load_environments().environments == load_environments().diagnostics == ()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [("R103", None, None)]),
        ("# no environment yet\n", [("R103", None, None)]),
        ("environments: {}\n---\nenvironments: {}\n", [("R101", 3, 1)]),
        ("environment: {}\n", [("R101", 1, 1)]),
        ("environments: [prod]\n", [("R102", 1, 15)]),
        ("environments:\n  prod:\n", [("R107", 2, 3)]),
        ("environments:\n  prod: {tenant: x}\n", [("R101", 2, 10)]),
        ("environments:\n  prod: {tenant_id: contoso.example}\n", [("R204", 2, 21)]),
        ("environments:\n  prod: {client_id: null}\n", [("R102", 2, 21)]),
        ("environments:\n  prod: {cloud: mars}\n", [("R104", 2, 17)]),
        ("environments:\n  prod: {variables: {x: null}}\n", [("R102", 2, 25)]),
        ("environments:\n  prod: {variables: {x: " + "y" * 1025 + "}}\n", [("R105", 2, 25)]),
        ("environments:\n  prod: {variables: {x: " + "y" * 1024 + "}}\n", []),
        ("environments:\n  prod: {variables: {x: {y: z}}}\n", [("R102", 2, 26)]),
        (
            "environments:\n  a b: {}\n  c: {variables: {'1': x, 'a.b': y}}\n",
            [("R105", 2, 3), ("R105", 3, 19), ("R105", 3, 27)],
        ),
        ("environments:\n  'a -->': {}\n", [("R105", 2, 3)]),
        ("environments:\n  a: {}\n  a: {}\n", [("R007", 3, 3)]),
        ("environments: {\n", [("R006", 2, 1)]),
        ("environments: {e: {variables: {a: x, b: '${a}'}}}\n", [("R210", 1, 41)]),
        (
            "environments: {p: {variables: {u: 'https://x/?sig=aB3dE5gH7jK9mN1p'}}}\n",
            [("R208", 1, 35)],
        ),
        ("environments: {p: {tenant_id: 'sig=aB3dE5gH7jK9mN1p'}}\n", [("R208", 1, 31)]),
    ],
)
def test_every_fault_of_the_file_has_its_place(
    text: str, faults: list[tuple[str, int | None, int | None]]
) -> None:
    assert told(text) == faults


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.yaml"
    outside.write_text("environments: {}\n")
    Path("inside.yaml").write_text("environments: {}\n")
    Path("reconciler.yaml").symlink_to(outside)
    assert [one.code for one in load_environments().diagnostics] == ["R003"]
    Path("reconciler.yaml").unlink()
    Path("reconciler.yaml").symlink_to("inside.yaml")
    assert load_environments().diagnostics == ()


def test_variables_are_put_into_values_of_every_kind_and_are_text_there() -> None:
    state = load_texts([("a.yaml", STATE)], FORMAT, Environment("test", variables=TEST))
    assert state.diagnostics == ()
    [catalog] = state.scopes
    [extension] = catalog.objects
    assert catalog.parent == ObjectRef("catalog", None, "HR Team")
    assert extension.properties[("description",)] == "null"
    assert extension.properties["callbackConfiguration", "timeoutDuration"] == "PT1H"
    assert extension.properties["endpointConfiguration", "subscriptionId"] == GUID
    assert extension.properties["endpointConfiguration", "resourceGroupName"] == "rg-test-test"


def test_names_of_properties_are_left_alone() -> None:
    state = load_texts(
        [("a.yaml", STATE.replace("description:", '"${stage}":'))],
        FORMAT,
        Environment("t", variables=TEST),
    )
    assert [(one.code, one.place and one.place.line) for one in state.diagnostics] == [("R101", 11)]


@pytest.mark.parametrize(
    ("form", "told"), [("x: &a ${stage}\ny: *a", 2), ("x: [&a ['${stage}'], *a, *a]", 1)]
)
def test_an_alias_of_a_value_with_a_variable_has_it_too(form: str, told: int) -> None:
    state = load_texts([("a.yaml", f"catalog: *missing\n{form}\n")], FORMAT, None)
    assert [one.code for one in state.diagnostics].count("R209") == told


def test_a_value_put_in_is_checked_like_any_other() -> None:
    values = TEST | {
        "subscription": "none",
        "timeout": "PT1M",
        "stage": "https://x/?sig=aB3dE5gH7jK9mN1p",
    }
    state = load_texts([("a.yaml", STATE)], FORMAT, Environment("t", variables=values))
    assert {(one.code, one.place.line) for one in state.diagnostics if one.place} == {
        ("R204", 5),
        ("R202", 12),
        ("R208", 6),
    }
    assert "aB3dE5gH7jK9mN1p" not in "".join(one.message + one.hint for one in state.diagnostics)


CLIENT = (
    "\n    clientConfiguration:\n      timeoutInMilliseconds: %s\n      maximumRetries:"
    " '${retries}'"
)
NUMBERS = {"ms": "500", "retries": "0"}


def with_numbers(written: str = "${ms}", **values: str) -> LoadedState:
    """The state with a number in a variable, and a variable in quotes, as JSON has to write it."""
    text = STATE.replace("description: ${nothing}", f"description: x{CLIENT % written}")
    return load_texts(
        [("a.yaml", text)], FORMAT, Environment("t", variables=TEST | NUMBERS | values)
    )


def test_a_variable_alone_may_give_a_number() -> None:
    state = with_numbers()
    assert state.diagnostics == ()
    properties = state.scopes[0].objects[0].properties
    assert properties["clientConfiguration", "timeoutInMilliseconds"] == 500
    assert properties["clientConfiguration", "maximumRetries"] == 0


@pytest.mark.parametrize(
    ("written", "value", "code", "said"),
    [
        ("${ms}", "soon", "R102", 'must be a whole number or null, but is the text "soon"'),
        ("${ms}", "null", "R102", "a variable cannot be `null`"),
        ("${ms}", "0500", "R102", "without a fraction or leading zeros"),
        ("${ms}", "5", "R105", "must be between 200 and 2000, but is 5."),
    ],
)
def test_a_wrong_number_names_its_variable(written: str, value: str, code: str, said: str) -> None:
    [diagnostic] = with_numbers(written, ms=value).diagnostics
    assert (diagnostic.code, diagnostic.place and diagnostic.place.line) == (code, 13)
    assert said in f"{diagnostic.message} {diagnostic.hint}"
    assert diagnostic.message.endswith("The value comes from the variable `ms` of environment t.")
    assert diagnostic.hint.startswith("Correct the variable in reconciler.yaml. ")
    assert "without quotes" not in diagnostic.hint


@pytest.mark.parametrize("written", ["1${ms}", "${ms}${retries}", "'500'", "$${ms}", "'$${'"])
def test_a_number_is_given_by_one_variable_alone(written: str) -> None:
    [diagnostic] = with_numbers(written).diagnostics
    assert (diagnostic.code, "The value comes from" in diagnostic.message) == ("R102", False)


def test_of_a_wrong_guid_the_variable_is_named_too() -> None:
    state = load_texts(
        [("a.yaml", STATE)], FORMAT, Environment("t", variables=TEST | {"subscription": "none"})
    )
    [diagnostic] = state.diagnostics
    assert (
        diagnostic.message == '`subscriptionId` is "none", which is not a GUID. '
        "The value comes from the variable `subscription` of environment t."
    )
    escaped_text = STATE.replace("${subscription}", "$${subscription}")
    [diagnostic] = load_texts(
        [("a.yaml", escaped_text)], FORMAT, Environment("t", variables=TEST)
    ).diagnostics
    assert (diagnostic.code, diagnostic.message) == (
        "R204",
        '`subscriptionId` is "${subscription}", which is not a GUID.',
    )


def test_a_number_that_is_wrong_in_one_environment_names_that() -> None:
    Path("a.yaml").write_text(
        STATE.replace("description: ${nothing}", f"description: x{CLIENT % '${ms}'}")
    )
    good = Environment("good", variables=TEST | NUMBERS)
    state = load_for_each(
        [Path("a.yaml")], FORMAT, [good, Environment("bad", variables=TEST | NUMBERS | {"ms": "1"})]
    )
    [diagnostic] = state.diagnostics
    assert diagnostic.message.endswith("of environment bad.")


def test_a_variable_that_is_spelled_with_an_escape_is_one_too() -> None:
    document = STATE.replace("${nothing}", r'"\x24{nothing}"')
    for name, value in TEST.items():
        document = document.replace("${" + name + "}", value)
    assert "$" not in document
    [catalog] = load_texts([("a.yaml", document)], FORMAT, Environment("t", variables=TEST)).scopes
    assert catalog.objects[0].properties[("description",)] == "null"


def test_a_small_file_cannot_make_much_of_long_variables() -> None:
    document = "catalog: Marketing\nextensions:\n" + f"  - {'${x}' * 500}\n" * 400
    state = load_texts(
        [("a.yaml", document)], FORMAT, Environment("t", variables={"x": "y" * 1024})
    )
    found = [one for one in state.diagnostics if one.code == "R009"]
    assert [one.place and one.place.line for one in found] == [4]
    assert sum(len(one.message) for one in state.diagnostics) < 100_000


def test_an_undefined_variable_is_told_with_the_nearest_name() -> None:
    state = load_texts(
        [("a.yaml", STATE)], FORMAT, Environment("t", variables={"departement": "HR"})
    )
    first = state.diagnostics[0]
    assert (first.code, first.place and first.place.line, first.place and first.place.column) == (
        "R209",
        1,
        10,
    )
    assert "environment t" in first.message
    assert "Did you mean `departement`?" in first.hint


def test_all_environments_are_checked_and_what_some_lack_is_told_with_their_names() -> None:
    Path("a.yaml").write_text(STATE, "utf-8")
    wrong = TEST | {"timeout": "PT1M"}
    environments = [
        Environment("a", variables=TEST),
        Environment("b", variables=wrong),
        Environment("c", variables=wrong),
    ]
    state = load_for_each([Path("a.yaml")], FORMAT, environments)
    assert [one.code for one in state.diagnostics] == ["R202"]
    assert "(in environments b, c)" in state.diagnostics[0].message
    assert state.scopes == ()
    state = load_for_each([Path("a.yaml")], FORMAT, environments[1:])
    assert "in environment" not in state.diagnostics[0].message


def test_the_file_is_no_desired_state() -> None:
    Path("reconciler.yaml").write_text("environments: {}\n")
    Path("a.yaml").write_text(
        STATE.replace("${", "$${").replace("$${subscription}", GUID).replace("$${timeout}", "PT1H")
    )
    Path("inner").mkdir()
    Path("inner/reconciler.yaml").write_text("catalog: x\nextensions: []\n")
    state = load([Path()], FORMAT)
    assert [(one.code, one.place and one.place.file) for one in state.diagnostics] == [
        ("R312", "inner/reconciler.yaml")
    ]
    assert state.files == 2


@given(st.text(alphabet="${}a- _", max_size=12))
def test_an_escaped_text_reads_as_itself(text: str) -> None:
    document = STATE.replace("${nothing}", repr(escaped(text)))
    state = load_texts(
        [("a.yaml", document)],
        FORMAT,
        Environment("t", variables=TEST | {"a": "wrong", "_": "wrong"}),
    )
    assert state.diagnostics == ()
    assert (state.scopes[0].objects[0].properties[("description",)] or "") == text


@pytest.mark.parametrize("text", ["a: {b: ${x}}\n", "a: [a-${x}, b]\n"])
def test_a_variable_between_brackets_must_be_quoted(text: str) -> None:
    [diagnostic] = load_texts(
        [("a.yaml", text)], FORMAT, Environment("t", variables={"x": "y"})
    ).diagnostics
    assert (diagnostic.code, "must be quoted" in diagnostic.message) == ("R006", True)


def test_only_as_many_misspelled_variables_are_compared_as_can_be_shown() -> None:
    environment = Environment("test", variables={"timeout": "PT1H"})
    texts = [
        Scalar(line, 1, f"${{timeou{line}}}", plain=True) for line in range(1, SUGGESTIONS + 2)
    ]
    _, faults = substituted(Sequence(1, 1, tuple(texts)), environment)
    suggested = ["Did you mean `timeout`?" in fault.hint for fault in faults]
    assert suggested == [True] * SUGGESTIONS + [False]
