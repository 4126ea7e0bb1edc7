"""What comes out: canonical extensions with defaults merged in, catalog by catalog; and all faults
at once.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import FORMAT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.kinds.extension.fields import FIELDS
from reconciler.loader import LoadedState, load, load_for_each, load_texts
from reconciler.loader.merging import merged
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.environment import Environment
from reconciler.model.nodes import Mapping, data_of, member
from reconciler.model.objects import Desired, Inherited, ObjectRef, Value
from reconciler.model.objects import Path as Path_
from reconciler.model.secrets import mask
from reconciler.yaml.tree import read_documents

GUID = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
REQUEST = "accessPackageAssignmentRequestWorkflowExtension"
ASSIGNMENT = "accessPackageAssignmentWorkflowExtension"
HEAD = f"""\
catalog: Marketing
defaults:
  "@odata.type": microsoft.graph.{REQUEST}
  endpointConfiguration: {{subscriptionId: {GUID.upper()}, resourceGroupName: rg, \
logicAppWorkflowName: app}}
  authenticationConfiguration: {{"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}}
  callbackConfiguration: {{timeoutDuration: PT60M}}
  clientConfiguration: {{timeoutInMilliseconds: 500, maximumRetries: 1}}
extensions:
"""
MARKETING = ObjectRef("catalog", None, "Marketing")
ENDPOINT = {
    ("endpointConfiguration", "@odata.type"): "logicAppTriggerEndpointConfiguration",
    ("endpointConfiguration", "subscriptionId"): GUID,
    ("endpointConfiguration", "resourceGroupName"): "rg",
}
AUTHENTICATION_TYPE = ("authenticationConfiguration", "@odata.type")
POP = {AUTHENTICATION_TYPE: "azureAdPopTokenAuthentication"}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load_text(text: str, name: str = "a.yaml") -> LoadedState:
    Path(name).write_text(text, "utf-8")
    return load([Path(name)], FORMAT)


def only(text: str) -> Desired:
    state = load_text(text)
    assert state.diagnostics == ()
    [catalog] = state.scopes
    [extension] = catalog.objects
    return extension


def test_defaults_are_merged_under_an_extension_which_wins() -> None:
    extension = only(
        HEAD
        + f"""\
  - displayName: mail
    id: {GUID.upper()}
    description: null
    endpointConfiguration: {{logicAppWorkflowName: other}}
    callbackConfiguration: {{durationBeforeTimeout: PT90M}}
    clientConfiguration: {{maximumRetries: null}}
"""
    )
    assert extension == Desired(
        ref=ObjectRef("extension", GUID, "mail", REQUEST),
        parents=(MARKETING,),
        properties={
            ("displayName",): "mail",
            ("description",): None,
            **ENDPOINT,
            ("endpointConfiguration", "logicAppWorkflowName"): "other",
            **POP,
            ("clientConfiguration", "timeoutInMilliseconds"): 500,
            ("clientConfiguration", "maximumRetries"): None,
            ("callbackConfiguration", "timeoutDuration"): "PT1H30M",
        },
        source=SourceLocation("a.yaml", 9, 5),
        inherited=Inherited(
            SourceLocation("a.yaml", 2, 1),
            frozenset(
                {
                    ("@odata.type",),
                    ("authenticationConfiguration",),
                    ("clientConfiguration", "timeoutInMilliseconds"),
                    ("endpointConfiguration", "subscriptionId"),
                    ("endpointConfiguration", "resourceGroupName"),
                }
            ),
        ),
    )


def test_a_null_of_the_extension_clears_a_whole_default() -> None:
    properties = only(
        HEAD + "  - {displayName: mail, callbackConfiguration: ~, clientConfiguration: null}\n"
    ).properties
    cleared = {path: value for path, value in properties.items() if value is None}
    assert cleared == {("callbackConfiguration",): None, ("clientConfiguration",): None}


def test_a_null_callback_is_dropped_on_the_assignment_type() -> None:
    extension = only(
        HEAD + f'  - displayName: m\n    "@odata.type": "#microsoft.graph.{ASSIGNMENT}"\n   '
        " callbackConfiguration: null\n"
    )
    assert extension.ref.type == ASSIGNMENT
    assert "callbackConfiguration" not in {path[0] for path in extension.properties}


def test_a_default_of_another_type_is_not_merged() -> None:
    text = HEAD.replace('PopTokenAuthentication"', f'TokenAuthentication", resourceId: {GUID}')
    pop = '{"@odata.type": microsoft.graph.azureAdPopTokenAuthentication}'
    own = f"  - displayName: m\n    authenticationConfiguration: {pop}\n"
    assert authentication(only(text + own)) == POP
    assert authentication(only(text + "  - displayName: m\n")) == {
        AUTHENTICATION_TYPE: "azureAdTokenAuthentication",
        ("authenticationConfiguration", "resourceId"): GUID,
    }


def authentication(extension: Desired) -> dict[Path_, Value]:
    return {
        path: value
        for path, value in extension.properties.items()
        if path[0] == "authenticationConfiguration"
    }


@pytest.mark.parametrize("default", ["timeoutDuration", "durationBeforeTimeout"])
def test_of_two_timeout_names_only_the_extensions_own_is_left(default: str) -> None:
    own = {"timeoutDuration": "durationBeforeTimeout", "durationBeforeTimeout": "timeoutDuration"}[
        default
    ]
    text = (
        f"d: {{callbackConfiguration: {{{default}: PT1H}}}}\ne: {{callbackConfiguration: {{{own}:"
        " PT2H}}\n"
    )
    [document], _ = read_documents(text)
    extension = member(document, "e")
    assert isinstance(extension, Mapping)
    assert data_of(merged(member(document, "d"), extension, FIELDS)) == {
        "callbackConfiguration": {own: "PT2H"}
    }


def test_text_stays_what_the_author_wrote() -> None:
    state = load_text(
        HEAD
        + "".join(
            f"  - displayName: {name}\n"
            for name in ("no", "1e3", "2022-01-01", "123", "0x1F", "1_000")
        )
    )
    names = [extension.ref.display_name for extension in state.scopes[0].objects]
    assert names == ["no", "1e3", "2022-01-01", "123", "0x1F", "1_000"]


def test_documents_and_files_of_one_catalog_are_one() -> None:
    Path("b.yaml").write_text(
        HEAD
        + "  - displayName: two\n---\n"
        + HEAD.replace("Marketing", "Sales")
        + "  - displayName: x\n"
    )
    Path("a.yaml").write_text(HEAD.replace("Marketing", "MARKETING") + "  - displayName: one\n")
    Path("c.yaml").write_text(f"catalog: {{id: {GUID.upper()}}}\nextensions: []\n")
    state = load([Path("b.yaml"), Path("c.yaml"), Path("a.yaml")], FORMAT)
    assert [
        (scope.parent, scope.source, [each.ref.display_name for each in scope.objects])
        for scope in state.scopes
    ] == [
        (ObjectRef("catalog", None, "MARKETING"), SourceLocation("a.yaml"), ["one", "two"]),
        (ObjectRef("catalog", None, "Sales"), SourceLocation("b.yaml", 11), ["x"]),
        (ObjectRef("catalog", GUID, None), SourceLocation("c.yaml"), []),
    ]
    assert (state.files, state.declared) == (3, {"extensions": 3})


def test_a_flow_mapping_stands_where_its_first_key_stands() -> None:
    assert only(HEAD + '  - {\n      "displayName": "mail"\n    }\n').source == SourceLocation(
        "a.yaml", 10, 7
    )


def test_the_same_extension_twice_names_both_places() -> None:
    Path("b.yaml").write_text(HEAD.replace("Marketing", "marketing") + "  - displayName: STRASSE\n")
    state = load_text(HEAD + "  - displayName: straße\n") and load([Path()], FORMAT)
    [diagnostic] = state.diagnostics
    assert (diagnostic.code, diagnostic.place) == ("R207", SourceLocation("b.yaml", 9, 5))
    assert "a.yaml:9" in diagnostic.message


def test_several_faults_in_several_files_are_reported_together() -> None:
    Path("a.yaml").write_text(
        HEAD.replace("timeoutDuration: PT60M", "timeoutDuration: P1W").replace(
            "PopTokenAuth", "PopTokenauth"
        )
        + """\
  - displayName: one
    colour: red
    description:
  - displayName: One
    clientConfiguration: {maximumRetries: 2, timeoutInMilliseconds: "500"}
  - value: {displayName: wrapped}
  - endpointConfiguration: {url: http://example.com/?sig=abcdefgh}
    description: a
    description: b
"""
    )
    Path("b.yaml").write_text(
        "catalog: ''\nextensions:\n  - displayName: x\n    callbackConfiguration:"
        " {timeoutDuration: PT1M}\n  - !what {displayName: y}\n  - displayName: bearer"
        ' abcdefgh1jkl\n    authenticationConfiguration: {"@odata.type":'
        ' "#microsoft.graph.azureAdTokenAuthentication"}\n---\n- no\n---\ncatalog: a: b\n'
    )
    Path("c.yaml").write_bytes(b"\xff")
    Path("d.yaml").write_text(
        f"catalog: M\nextensions:\n  - displayName: x\n    id: {GUID}0\n    id: y\n"
    )
    state = load([Path(), Path("missing")], FORMAT)
    assert [(d.place.file, d.place.line, d.code) for d in state.diagnostics if d.place] == [
        ("a.yaml", 5, "R104"),
        ("a.yaml", 6, "R201"),
        ("a.yaml", 10, "R101"),
        ("a.yaml", 11, "R107"),
        ("a.yaml", 12, "R207"),
        ("a.yaml", 13, "R105"),
        ("a.yaml", 13, "R102"),
        ("a.yaml", 14, "R106"),
        ("a.yaml", 15, "R103"),
        ("a.yaml", 15, "R105"),
        ("a.yaml", 15, "R205"),
        ("a.yaml", 17, "R007"),
        ("b.yaml", 1, "R105"),
        *[("b.yaml", 3, "R103")] * 3,
        ("b.yaml", 4, "R202"),
        ("b.yaml", 5, "R008"),
        *[("b.yaml", 6, "R103")] * 2,
        ("b.yaml", 6, "R208"),
        ("b.yaml", 7, "R206"),
        ("b.yaml", 9, "R102"),
        ("b.yaml", 11, "R006"),
        ("c.yaml", 1, "R005"),
        *[("d.yaml", 3, "R103")] * 3,
        ("d.yaml", 4, "R204"),
        ("d.yaml", 5, "R007"),
        ("missing", None, "R001"),
    ]


def without_places(state: LoadedState) -> list[tuple[object, list[tuple[object, ...]]]]:
    assert state.errors == ()
    return [
        (scope.parent, sorted((str(each.ref), str(each.properties)) for each in scope.objects))
        for scope in state.scopes
    ]


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(order=st.permutations(range(6)), cuts=st.lists(st.booleans(), min_size=6, max_size=6))
def test_the_order_of_files_and_documents_changes_nothing(
    order: list[int], cuts: list[bool], tmp_path: Path
) -> None:
    documents = [
        HEAD.replace("Marketing", ("Marketing", "Sales", f"{{id: {GUID}}}")[i % 3])
        + f"  - displayName: ext{i}\n"
        for i in range(6)
    ]
    plain = load_text("---\n".join(documents), "plain.yaml")
    folder = tmp_path / "shuffled"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    files: list[list[str]] = [[]]
    for index, cut in zip(order, cuts, strict=True):
        files += [[]] if cut else []
        files[-1].append(documents[index])
    paths = []
    for number, content in enumerate(files):
        paths.append(folder / f"{number}.yaml")
        paths[-1].write_text("---\n".join(content))
    assert without_places(load(list(reversed(paths)), FORMAT)) == without_places(plain)


EMPTY = "catalog: Sales\nextensions: []\n"


def test_warnings_leave_the_state_valid() -> None:
    state = load_text(HEAD + "  - displayName: mail\n---\n" + EMPTY + "---\n# nothing\n")
    assert [(d.code, d.severity, d.place and d.place.line) for d in state.diagnostics] == [
        ("R312", "warning", 11)
    ]
    assert (state.faulty, state.errors) == (False, ())
    assert [str(scope.parent) for scope in state.scopes] == ["Marketing", "Sales"]
    assert (
        load_for_each([Path("a.yaml")], FORMAT, [Environment("one"), Environment("two")]) == state
    )


def test_a_warning_that_depends_on_the_environment_leaves_all_of_them_valid() -> None:
    Path("a.yaml").write_text(HEAD + "  - displayName: ${name}\n  - displayName: b\n", "utf-8")
    environments = [
        Environment("one", variables={"name": "a"}),
        Environment("two", variables={"name": "b\u200b"}),
    ]
    state = load_for_each([Path("a.yaml")], FORMAT, environments)
    assert [
        (d.code, d.severity, "(in environment two)" in d.message) for d in state.diagnostics
    ] == [("R216", "warning", True)]
    assert not state.faulty and state.scopes


def test_an_invalid_file_is_not_also_said_to_declare_nothing() -> None:
    assert [d.code for d in load_text(EMPTY + "other: 1\n").diagnostics] == ["R101"]
    assert [d.code for d in load_text("catalog: [\n").diagnostics] == ["R006"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("see vN3/kQ8+Zt5Rw1Lx7Yb2Mc9Pd4Fg6Hj0Ks5Ua8Ei3O=", True),
        (
            "https://contoso.azurewebsites.net/api/f?code=vN3kQ8Zt5Rw1Lx7Yb2Mc9Pd4Fg6Hj0Ks5Ua8Ei3O",
            False,
        ),
        ("https://contoso.azurewebsites.net/api/f?code=mine", False),
    ],
)
def test_the_list_of_what_is_no_secret_is_named_where_it_helps(text: str, named: bool) -> None:
    [diagnostic] = load_texts(
        [("a.yaml", f"catalog: x\nextensions: []\ncatalog2: {text}\n")], FORMAT
    ).diagnostics[1:]
    assert (diagnostic.code, "`notSecret`" in diagnostic.hint) == ("R208", named)


def test_what_stands_behind_a_sign_in_a_comment_is_known_by_its_value_from_then_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.yaml").write_text("# once ?sig=short-Value-1x\ncatalog: x\nextensions: []\n")
    assert load([tmp_path], FORMAT).errors == ()
    assert mask("the short-Value-1x alone") == "the *** alone"


def test_an_entry_that_is_no_text_is_named_by_its_list() -> None:
    [diagnostic] = load_texts(
        [("a.yaml", "catalog: x\nextensions: []\nnotSecret: [{a: b}]\n")], FORMAT
    ).diagnostics
    assert diagnostic.message == "`notSecret` must be text, but is a mapping."


def test_names_of_catalogs_are_compared_like_those_of_extensions() -> None:
    composed, decomposed = "Caf\u00e9", "cafe\u0301"
    padded = HEAD.replace("Marketing", f"' {decomposed}'")
    Path("a.yaml").write_text(HEAD.replace("Marketing", composed) + "  - displayName: a\n", "utf-8")
    Path("b.yaml").write_text(padded + "  - displayName: b\n", "utf-8")
    state = load([Path()], FORMAT)
    assert state.diagnostics == ()
    [scope] = state.scopes
    assert scope.parent == ObjectRef("catalog", None, composed)
    assert [str(each.ref) for each in scope.objects] == ["a", "b"]
    Path("b.yaml").write_text(padded + "  - displayName: A\n", "utf-8")
    assert [each.code for each in load([Path()], FORMAT).diagnostics] == ["R207"]


def test_a_timeout_of_the_defaults_is_inherited_under_its_canonical_name() -> None:
    text = HEAD.replace("timeoutDuration", "durationBeforeTimeout")
    extension = only(text + "  - {displayName: a, callbackConfiguration: {}}\n")
    assert extension.properties["callbackConfiguration", "timeoutDuration"] == "PT1H"
    assert extension.inherited is not None
    assert ("callbackConfiguration", "timeoutDuration") in extension.inherited.paths


def test_an_extension_has_its_own_name_and_id_and_never_those_of_the_defaults() -> None:
    [document], _ = read_documents("d: {id: x, displayName: y, description: z}\ne: {}\n")
    extension = member(document, "e")
    assert isinstance(extension, Mapping)
    assert data_of(merged(member(document, "d"), extension, FIELDS)) == {"description": "z"}
