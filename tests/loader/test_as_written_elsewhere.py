"""Files as other programs and people leave them: JSON's escapes, joined files, conflicts, templates
not rendered.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from documents import FORMAT
from hypothesis import given
from hypothesis import strategies as st

from reconciler.loader import LoadedState, load_texts
from reconciler.model.nodes import data_of
from reconciler.yaml import events as events_of_yaml
from reconciler.yaml.events import events
from reconciler.yaml.tree import read_documents

BOM = "\ufeff"
EXTENSION = {
    "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
    "displayName": "\U0001f680 launch",
    "description": (
        'tab\t, quote ", backslash \\, \\ud83d, slash /, ünïcode, \U0001f468\u200d\U0001f469,'
        " \U0010fffd"
    ),
    "endpointConfiguration": {
        "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
        "resourceGroupName": "rg",
        "logicAppWorkflowName": "la",
    },
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
    },
}
DOCUMENT = {"catalog": "Marketing", "extensions": [EXTENSION]}
SHORT = f"extensions: [{json.dumps(EXTENSION)}]\n"


def codes(state: LoadedState) -> list[tuple[str, int | None, int | None]]:
    return [(d.code, d.place.line, d.place.column) for d in state.diagnostics if d.place]


def faults_of(text: str) -> list[tuple[str, int | None, int | None]]:
    return codes(load_texts([("a.yaml", text)], FORMAT))


def values(text: str) -> list[str]:
    """The values of a mapping, as the loader reads them."""
    documents, faults = read_documents(text)
    assert faults == []
    data = data_of(documents[0])
    assert isinstance(data, dict)
    return [str(value) for value in data.values()]


@pytest.fixture(params=["libyaml", "PyYAML"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "PyYAML":
        monkeypatch.setattr(events_of_yaml, "LOADER", yaml.SafeLoader)


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    "as_written", [json.dumps, lambda data: json.dumps(data, indent=4).replace("/", "\\/")]
)
def test_json_is_read_as_every_json_writer_makes_it(as_written: object) -> None:
    text = as_written(DOCUMENT)  # type: ignore[operator]
    assert "\\ud83d\\ude80" in text
    state = load_texts([("a.json", text)], FORMAT)
    assert state.diagnostics == ()
    [extension] = state.scopes[0].objects
    assert extension.properties[("displayName",)] == EXTENSION["displayName"]
    assert extension.properties[("description",)] == EXTENSION["description"]


@pytest.mark.usefixtures("_parser")
def test_an_escape_is_one_in_double_quotes_only() -> None:
    text = (
        "a: \\ud83d\\ude80\nb: '\\ud83d\\ude80'\nc: \"\\\\ud83d\\ude00\\\\\\uD83D\\uDE80\"\nd: |-\n"
        "  \\ud83d\n"
    )
    with pytest.raises(AssertionError):
        values(text)  # in c, a lone half follows what is escaped
    text = text.replace("\\ude00", "")
    assert values(text) == ["\\ud83d\\ude80", "\\ud83d\\ude80", "\\ud83d\\\U0001f680", "\\ud83d"]
    assert values('a: "\\ud83d\\ude80"\nb: \ue000\ue000d83d\n') == [
        "\U0001f680",
        "\ue000\ue000d83d",
    ]


def test_json_may_be_indented_with_tabs() -> None:
    assert faults_of(json.dumps(DOCUMENT, indent="\t")) == []


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=20), plain=st.text("\\ud83eab", max_size=12)
)
def test_what_json_spells_is_what_is_read(text: str, plain: str) -> None:
    assert values(f"a: {json.dumps(text)}\nb: '{plain}'\nc: x{plain}\n") == [
        text,
        plain,
        f"x{plain}",
    ]


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    "half", ["\\ud83d", "\\uDE80", "\\ud83d \\ude80", "\\ude80\\ud83d", "\\ud83dx"]
)
def test_half_a_pair_is_a_fault_that_says_so_at_its_value(half: str) -> None:
    documents, faults = read_documents(f'a: 1\nb: ["x", "{half}"]\nc:\n')
    assert [(fault.code, fault.line, fault.column) for fault in faults] == [
        ("R006", 2, 10),
        ("R107", 3, 1),
    ]
    assert f"`{half[:6].lower()}`, half of a surrogate pair" in faults[0].message
    assert len(documents) == 1


def test_a_later_fault_on_the_line_keeps_its_place() -> None:
    text = f'{{"catalog": "\\ud83d\\ude80", "other": 1, {json.dumps(DOCUMENT)[1:]}'
    assert faults_of(text) == [("R101", 1, 29), ("R007", 1, 41)]


def test_where_no_character_is_free_to_stand_in_the_escapes_are_refused() -> None:
    private = "".join(map(chr, range(0xE000, 0xF900)))
    assert faults_of(f'# {private}\na: "\\ud83d\\ude80"\n') == [("R006", 2, 7)]


JOINED = {
    "both begin with a marker": f"---\ncatalog: A\n{SHORT}{BOM}---\ncatalog: B\n{SHORT}",
    "after the end of a document": f"catalog: A\n{SHORT}...\n{BOM}# two\n--- \ncatalog: B\n{SHORT}",
    "after a marker": f"catalog: A\n{SHORT}---\n{BOM}catalog: B\n{SHORT}",
    "after a marker and comments": (
        f"catalog: A\n{SHORT}--- # next\n\n# two\n{BOM}catalog: B\n{SHORT}"
    ),
    "before comments and a marker": f"catalog: A\n{SHORT}{BOM}# two\n\n---\ncatalog: B\n{SHORT}",
    "a file of comments between": (
        f"catalog: A\n{SHORT}{BOM}# nothing\n{BOM}--- # two\ncatalog: B\n{SHORT}"
    ),
    "a file of comments first": f"# nothing\n{BOM}catalog: A\n{SHORT}---\ncatalog: B\n{SHORT}",
    "with carriage returns": f"---\ncatalog: A\n{SHORT}{BOM}---\ncatalog: B\n{SHORT}".replace(
        "\n", "\r\n"
    ),
}


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize("name", JOINED)
def test_a_byte_order_mark_begins_a_later_document(name: str, tmp_path: Path) -> None:
    text = JOINED[name]
    state = load_texts([("a.yaml", text)], FORMAT)
    assert state.diagnostics == ()
    plain = load_texts([("a.yaml", text.replace(BOM, ""))], FORMAT)
    assert state == plain, "it shifts no line and no column"
    starts = [
        event.start_mark.index for event in events(text) if isinstance(event, yaml.ScalarEvent)
    ]
    assert [
        text[start:].startswith(("catalog", '"', "A", "B", "extensions")) for start in starts
    ] == [True] * len(starts)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"catalog: A\n{BOM}{SHORT}", (2, 1)),
        (f"catalog: A{BOM}\n{SHORT}", (1, 11)),
        (f"--- {BOM}\ncatalog: A\n{SHORT}", (1, 5)),
        (f"---\n {BOM}catalog: A\n{SHORT}", (2, 2)),
        (f"--- !!map\n{BOM}catalog: A\n{SHORT}", (2, 1)),
        (f"{BOM}catalog: A\n{SHORT}", (1, 1)),
        (f"catalog: A\n{SHORT}{BOM}---x: 1\n", (3, 1)),
        (f"---\ncatalog: A\n{SHORT}---\n{BOM}catalog: B{BOM}\n{SHORT}", (5, 11)),
    ],
)
def test_elsewhere_a_byte_order_mark_is_refused_and_named(
    text: str, place: tuple[int, int]
) -> None:
    [diagnostic] = load_texts([("a.yaml", text)], FORMAT).diagnostics
    assert codes(load_texts([("a.yaml", text)], FORMAT)) == [("R006", *place)]
    assert (
        "A byte order mark (U+FEFF) is only allowed at the beginning of a document."
        in diagnostic.message
    )


CONFLICTS = {
    "in block style": (
        "catalog: A\n<<<<<<< HEAD\nextensions: []\n=======\nextensions: [1]\n>>>>>>> theirs\n"
    ),
    "at the top": "<<<<<<< ours\ncatalog: A\n=======\ncatalog: B\n>>>>>>> theirs\nextensions: []\n",
    "in JSON": (
        '{\n<<<<<<< HEAD\n"catalog": "A",\n=======\n"catalog": "B",\n>>>>>>> b\n"extensions": []}\n'
    ),
    "with its base": "catalog: A\n||||||| 01ab\nextensions: []\n",
    "its middle is left": "catalog: A\n=======\nextensions: []\n",
    "its end is left": "catalog: A\n>>>>>>> theirs\nextensions: []\n",
    "of a list, read as text": "catalog: [\n<<<<<<< HEAD\n a\n=======\n b\n]\n",
    "with carriage returns": "catalog: A\r\n=======\r\nextensions: []\r\n",
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_merge_conflict_is_named(name: str) -> None:
    [diagnostic] = load_texts([("a.yaml", CONFLICTS[name])], FORMAT).diagnostics
    assert diagnostic.place is not None
    assert (diagnostic.code, diagnostic.place.line) == ("R006", 1 if name == "at the top" else 2)
    assert "unresolved merge conflict" in diagnostic.message
    assert "Resolve the conflict" in diagnostic.hint


@pytest.mark.parametrize(
    "text",
    [
        "catalog: A # <<<<<<< \n",
        'catalog: "a\n======== b"\n',
        'catalog: "a\n=======\n  b"\n',
        'catalog: "a\n<<<<<<<< b"\n',
        "catalog: |-\n  <<<<<<< a\n  =======\n",
        "#======\n# =======\ncatalog: A\n",
        "catalog: A\n#\n########\n",
    ],
)
def test_what_only_looks_like_a_conflict_is_read(text: str) -> None:
    assert {code for code, *_ in faults_of(text + "extensions: []\n")} <= {"R312", "R105"}


TEMPLATES = {
    "catalog: {{ .Values.catalog }}\nextensions: []\n": (1, 10),
    "catalog: {{ x }}-team\nextensions: []\n": (1, 10),
    '{{ include "head" . }}\ncatalog: A\nextensions: []\n': (1, 1),
    "catalog: A\n{{- if .x }}\nextensions: []\n{{- end }}\n": (2, 1),
    "catalog: A\n{% if x %}\nextensions: []\n{% endif %}\n": (2, 1),
    "catalog: {% x %}\nextensions: []\n": (1, 10),
    'catalog: "{{ a }}" # {{ b }}\nextensions: [{{ c }}]\n': (2, 14),
    "catalog: A\nextensions:\n  {{- toYaml .x | nindent 2 }}\n": (3, 3),
}


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_that_was_not_rendered_is_named(text: str) -> None:
    [diagnostic] = load_texts([("a.yaml", text)], FORMAT).diagnostics
    assert codes(load_texts([("a.yaml", text)], FORMAT)) == [("R006", *TEMPLATES[text])]
    assert "template expression" in diagnostic.message
    assert "Render the template first" in diagnostic.hint


@pytest.mark.parametrize(
    "text", ["catalog: ${{ vars.CATALOG }}\n", "catalog: '${{ vars.CATALOG }}'\n"]
)
def test_an_expression_of_github_is_named(text: str) -> None:
    [diagnostic] = load_texts([("a.yaml", text + SHORT)], FORMAT).diagnostics
    assert (
        diagnostic.code,
        "template expression, as in GitHub workflows" in diagnostic.message,
    ) == ("R210", True)
    assert "`${name}`" in diagnostic.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("catalog: A # {{ x }}\nextensions: [\n", "A value or a closing bracket is missing"),
        ("catalog: |\n  {{ x }}\nextensions: a: b\n", "A text without quotes must not contain"),
        ('catalog: "{{ x }}" y\n', "Text follows a value that has ended"),
    ],
)
def test_another_fault_near_a_template_stays_what_it_is(text: str, message: str) -> None:
    [diagnostic] = load_texts([("a.yaml", text)], FORMAT).diagnostics
    assert diagnostic.message.startswith(message)


def test_a_quoted_template_is_text() -> None:
    assert values("a: '{{ x }}'\nb: rg-{{ x }}\nc: \"{% y %}\"\n") == [
        "{{ x }}",
        "rg-{{ x }}",
        "{% y %}",
    ]


def test_a_bare_document_after_an_end_is_refused_alike_with_a_mark() -> None:
    """libyaml wants a `---` for every document but the first."""
    text = f"catalog: A\n{SHORT}...\ncatalog: B\n{SHORT}"
    [diagnostic] = load_texts([("a.yaml", text)], FORMAT).diagnostics
    assert "add `---`" in diagnostic.hint
    assert load_texts(
        [("a.yaml", text.replace("catalog: B", f"{BOM}catalog: B"))], FORMAT
    ).diagnostics == (diagnostic,)


def test_another_kind_of_fault_in_a_line_with_braces_stays_too() -> None:
    assert faults_of(f"catalog: rg-{{{{ x }}}}\ncatalog: rg-{{{{ x }}}}\n{SHORT}") == [
        ("R007", 2, 1)
    ]
