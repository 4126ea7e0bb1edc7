"""The loader knows no kind: documents declare whatever kinds the format has."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kinds.catalog import CATALOG
from reconciler.loader import (
    DocumentFormat,
    DocumentSchema,
    LoadedState,
    desired_object,
    load_texts,
)
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.environment import Environment
from reconciler.model.fault import Fault, fault_at
from reconciler.model.fields import Field, Fields, as_written
from reconciler.model.graph import Graph, Request
from reconciler.model.kind import Api, Body, Declaration, Kind, Kinds
from reconciler.model.nodes import Scalar, data_of, member
from reconciler.model.objects import Desired, DesiredScope, ObjectRef, Parents

TEAM_FIELDS = Fields(
    {("displayName",): Field(as_written, own=True), ("purpose",): Field(nullable=True)}
)
CHANNEL_FIELDS = Fields(
    {
        ("displayName",): Field(as_written, own=True),
        ("topic",): Field(nullable=True),
        ("size",): Field(number=True),
        ("private",): Field(boolean=True),
        ("settings",): Field(types={"plain": ("color",), "rich": ("color", "font")}, chosen=True),
        ("settings", "color"): Field(aliases=("colour",)),
        ("settings", "font"): Field(),
    },
    types=("standardChannel",),
)
TAB_FIELDS = Fields({("displayName",): Field(as_written, own=True), ("link",): Field()})


def create(_graph: Graph, _parents: Parents, body: Body) -> Request:
    return Request("POST", "https://graph.example/", body=body.members)


def in_channel(declaration: Declaration) -> Desired:
    """A tab, with the channel that contains it inside of the team."""
    channel = ObjectRef("chat_channel", None, str(data_of(member(declaration.merged, "channel"))))  # type: ignore[arg-type]
    desired = desired_object(declaration, TAB_FIELDS)
    return Desired(desired.ref, (*desired.parents, channel), desired.properties, desired.source)


def code_in_link(name: str, value: Scalar) -> Fault | None:
    if name != "link" or "code=" not in value.text:
        return None
    return fault_at(value, "R205", "`link` contains a code, which is a secret.", "Remove it.")


def kind(name: str, plural: str, parents: tuple[str, ...], fields: Fields, **others: Any) -> Kind:
    """A kind that is declared, and neither read nor written here."""
    return Kind(
        name=name,
        plural=plural,
        parents=parents,
        fields=fields,
        api=others.pop("api", CREATED),
        observe=CATALOG.observe,
        bodies=CATALOG.bodies,
        content=CATALOG.content,
        permission=CATALOG.permission,
        declare=others.pop("declare", lambda declaration: desired_object(declaration, fields)),
        **others,
    )


FOUND = Api(CATALOG.api.list, CATALOG.api.get)
CREATED = Api(CATALOG.api.list, CATALOG.api.get, create=create)
KINDS = Kinds(
    (
        kind("catalog", "catalogs", (), CATALOG.fields, api=FOUND),
        kind("team", "teams", (), TEAM_FIELDS, api=CREATED),
        kind("chat_channel", "channels", ("team",), CHANNEL_FIELDS),
        kind(
            "tab",
            "tabs",
            ("team", "chat_channel"),
            TAB_FIELDS,
            declare=in_channel,
            secret_rule=code_in_link,
            lists_unmanaged=False,
        ),
        kind("label", "labels", ("catalog",), TEAM_FIELDS),
        kind("hidden", "hiddens", ("catalog",), TEAM_FIELDS),
    )
)
TEXT = {"type": ["string", "number", "boolean"]}
NAME = {**TEXT, "pattern": "^(?=\\s*\\S)[^\\n]*(?![\\s\\S])"}
NULLABLE = {"type": ["string", "null"]}
ID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"id": ID, "displayName": NAME, **properties},
        "required": ["displayName"],
        "additionalProperties": False,
    }


CHANNEL = an_object(
    **{
        "topic": NULLABLE,
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "private": {"type": "boolean"},
        "@odata.type": TEXT,
        "settings": {
            "type": "object",
            "properties": dict.fromkeys(("@odata.type", "color", "colour", "font"), TEXT),
            "additionalProperties": False,
        },
    }
)
SCHEMA = {
    "type": "object",
    "properties": {
        "catalog": NAME,
        "team": {
            "if": {"type": "object"},
            "then": {
                "type": "object",
                "properties": {"id": ID, "displayName": NAME, "purpose": NULLABLE},
                "additionalProperties": False,
            },
            "else": NAME,
        },
        "defaults": {"type": "object"},
        "notSecret": {"type": "array", "items": TEXT},
        "labels": {"type": "array", "items": an_object(purpose=NULLABLE)},
        "channels": {"type": "array", "items": CHANNEL},
        "tabs": {"type": "array", "items": an_object(link=TEXT, channel=TEXT)},
    },
    "additionalProperties": False,
}
FORMAT = DocumentFormat(KINDS, DocumentSchema(SCHEMA))
GUID = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
PIN, OTHER_PIN = f"id: {GUID}, ", f"id: {GUID.replace('3', '4')}, "
SALES = ObjectRef("team", None, "Sales")


def load_text(*texts: str) -> LoadedState:
    return load_texts([(f"{number}.yaml", text) for number, text in enumerate(texts)], FORMAT)


def scopes(*texts: str) -> tuple[DesiredScope, ...]:
    state = load_text(*texts)
    assert state.diagnostics == ()
    return state.scopes


def faults(*texts: str) -> list[tuple[str, int | None, str]]:
    diagnostics = load_text(*texts).diagnostics
    return [(each.code, each.place and each.place.line, each.message) for each in diagnostics]


def test_a_header_names_the_parent_of_the_lists_below_it() -> None:
    text = (
        "team: Sales\nchannels:\n  - {displayName: a, size: 3}\n"
        "  - {displayName: '3', topic: null}\n"
    )
    [scope] = scopes(text)
    assert scope == DesiredScope(
        SALES,
        (
            Desired(
                ObjectRef("chat_channel", None, "a"),
                (SALES,),
                {("displayName",): "a", ("size",): 3},
                SourceLocation("0.yaml", 3, 6),
            ),
            Desired(
                ObjectRef("chat_channel", None, "3"),
                (SALES,),
                {("displayName",): "3", ("topic",): None},
                SourceLocation("0.yaml", 4, 6),
            ),
        ),
        SourceLocation("0.yaml", 1, 1),
    )


def test_a_mapping_with_a_name_declares_the_parent_itself() -> None:
    text = "team: {displayName: Sales, purpose: to sell}\nchannels: [{displayName: a}]\n"
    tenant, inside = scopes(text, "team: Sales\nchannels: [{displayName: b}]\n")
    assert tenant.parent is None
    [team] = tenant.objects
    assert (team.ref, team.parents, team.source) == (SALES, (), SourceLocation("0.yaml", 1, 8))
    assert team.properties == {("displayName",): "Sales", ("purpose",): "to sell"}
    assert (inside.parent, [str(each.ref) for each in inside.objects]) == (SALES, ["a", "b"])
    assert load_text(text).declared == {"teams": 1, "channels": 1, "tabs": 0, "labels": 0}


def test_a_parent_can_be_declared_by_its_id_and_another_name() -> None:
    text = f"team: {{id: {GUID}, displayName: Sales}}\n---\nteam: {{id: {GUID}}}\nchannels: []\n"
    state = load_text(text)
    assert [each.code for each in state.diagnostics] == ["R312"]
    tenant, inside = state.scopes
    assert tenant.objects[0].ref == inside.parent == ObjectRef("team", GUID, "Sales")


def test_documents_declare_one_parent_together() -> None:
    texts = (
        "team: {displayName: Sales, purpose: to sell}\n",
        "team: Sales\nchannels: [{displayName: a}]\n",
        f"team: {{{PIN}displayName: Sales}}\nchannels: [{{displayName: b}}]\n",
        f"team: {{id: {GUID}}}\nchannels: [{{displayName: c}}]\n",
    )
    whole = ObjectRef("team", GUID, "Sales")
    for order in (texts, texts[::-1]):
        tenant, inside = scopes(*order)
        [team] = tenant.objects
        assert team.ref == inside.parent == whole
        assert team.properties == {("displayName",): "Sales", ("purpose",): "to sell"}
        assert {str(each.ref) for each in inside.objects} == {"a", "b", "c"}
        assert {each.parents for each in inside.objects} == {(whole,)}
        assert load_text(*order).declared["teams"] == 1


def test_what_is_declared_twice_is_seen_by_any_name_of_the_parent() -> None:
    pinned = f"team: {{{PIN}displayName: Sales}}\nchannels: [{{displayName: a}}]\n"
    assert faults(pinned, "team: sales\nchannels: [{displayName: A}]\n") == [
        ("R207", 2, 'The chat channel "A" is declared twice in its team, first at 0.yaml:2.')
    ]


def test_the_scopes_of_several_kinds_are_sorted_by_id_and_name() -> None:
    texts = ["team: b\nchannels: [{displayName: x}]\n", "catalog: B\nlabels: [{displayName: x}]\n"]
    texts.append(f"team: {{id: {GUID}}}\nchannels: [{{displayName: x}}]\n")
    texts.append("team: a\nchannels: [{displayName: x}]\n")
    parents = [each.parent for each in scopes(*texts) if each.parent]
    assert [(each.kind, str(each)) for each in parents] == [
        ("team", "a"),
        ("catalog", "B"),
        ("team", "b"),
        ("team", GUID),
    ]


def test_the_declaration_of_a_kind_adds_the_parents_inside_of_the_outermost() -> None:
    text = (
        "team: Sales\ntabs:\n  - {displayName: a, channel: one}\n"
        "  - {displayName: a, channel: two}\n"
    )
    [scope] = scopes(text)
    parents = [tuple(map(str, each.parents)) for each in scope.objects]
    assert parents == [("Sales", "one"), ("Sales", "two")]
    assert faults(text.replace("two", "ONE")) == [
        ("R207", 4, 'The tab "a" is declared twice in its chat channel, first at 0.yaml:3.')
    ]
    assert load_text(text.replace("two", "ONE")).scopes == ()


def test_objects_of_two_kinds_or_two_parents_may_share_a_name() -> None:
    channel = "channels: [{displayName: x}]\n"
    tab = "tabs: [{displayName: x, channel: x}]\n"
    assert len(scopes(f"team: A\n{channel}{tab}", f"team: B\n{channel}")) == 2


def test_what_is_declared_twice_is_named_by_its_kind() -> None:
    twice = "team: Sales\nchannels: [{displayName: a}]\n"
    assert faults(twice, twice.replace("Sales", "SALES")) == [
        ("R207", 2, 'The chat channel "a" is declared twice in its team, first at 0.yaml:2.')
    ]
    one, other, itself = (f"team: {{{pin}displayName: Sales}}\n" for pin in (PIN, OTHER_PIN, ""))
    assert faults(one, other) == []
    assert faults(one, other, itself) == [
        ("R207", 1, 'The team "Sales" is declared twice, first at 0.yaml:1.')
    ]


def test_names_that_look_alike_are_named_by_their_kind() -> None:
    assert faults(
        'team: Sales\nchannels: [{displayName: a}, {displayName: "a\\u200b"}]\n',
        'team: "Sales\\u200b"\nchannels: [{displayName: c}]\n',
    ) == [
        (
            "R216",
            2,
            'The chat channel "a\\u200b" looks like "a" at 0.yaml:2; the names differ only in'
            " invisible characters.",
        ),
        (
            "R216",
            1,
            'The team "Sales\\u200b" looks like "Sales" at 0.yaml:1; the names differ only in'
            " invisible characters.",
        ),
    ]


def test_defaults_go_to_the_kinds_that_have_the_member() -> None:
    [scope] = scopes(
        "team: Sales\ndefaults: {link: x, topic: t, displayName: no}\n"
        "channels: [{displayName: a}]\n"
        "tabs: [{displayName: b, channel: a}]\n"
    )
    channel, tab = scope.objects
    assert channel.properties == {("displayName",): "a", ("topic",): "t"}
    assert tab.properties == {("displayName",): "b", ("link",): "x"}
    assert channel.inherited is not None and channel.inherited.paths == {("topic",)}


@pytest.mark.parametrize(
    ("default", "own", "merged"),
    [
        ("topic: a", "topic: b", {("topic",): "b"}),
        ("topic: a", "topic: null", {("topic",): None}),
        (
            "settings: {'@odata.type': rich, colour: red, font: f}",
            "settings: {color: blue}",
            {
                ("settings", "@odata.type"): "rich",
                ("settings", "color"): "blue",
                ("settings", "font"): "f",
            },
        ),
        (
            "settings: {'@odata.type': rich, colour: red, font: f}",
            "settings: {'@odata.type': '#microsoft.graph.PLAIN'}",
            {("settings", "@odata.type"): "plain"},
        ),
    ],
)
def test_merging_follows_the_aliases_and_types_of_the_table(
    default: str, own: str, merged: dict[Any, Any]
) -> None:
    text = f"team: Sales\ndefaults: {{{default}}}\nchannels: [{{displayName: a, {own}}}]\n"
    [scope] = scopes(text)
    assert scope.objects[0].properties == {("displayName",): "a"} | merged


WORDS = {
    "channels: [{displayName: a}]\n": (
        ("R103", 1, "`catalog` or `team` is missing in the document."),
        "Add one of them.",
    ),
    "team: a\ncatalog: b\nchannels: [{displayName: a}]\n": (
        ("R101", 2, "`catalog` is not allowed in a document with `team`."),
        "Write two documents, with `---` between them.",
    ),
    "team: a\nlabels: []\nchannels: [{displayName: a}]\n": (
        ("R101", 2, "`labels` is not allowed in a document with `team`."),
        "Move it to a document with `catalog`.",
    ),
    "catalog: a\nhiddens: []\nlabels: [{displayName: a}]\n": (
        ("R101", 2, '"hiddens" is not a property of the document.'),
        "Remove it. The properties of the document are `catalog`, `team`, `defaults`, `notSecret`,"
        " `labels`, `channels` and `tabs`.",
    ),
    "catalog: a\nid: b\nlabels: [{displayName: a}]\n": (
        ("R101", 2, '"id" is not a property of the document.'),
        "Move `id` to a chat channel, a tab or a label; it is not allowed here.",
    ),
    'team: "\\u200b"\nchannels: [{displayName: a}]\n': (
        ("R105", 1, '`team` is blank: no character of "\\u200b" is visible.'),
        "Write a name.",
    ),
    "team: a\nchannels: [1]\n": (
        ("R102", 2, 'A chat channel must be a mapping, but is the text "1".'),
        "Write properties, beginning with `displayName: …`.",
    ),
    "team: a\nchannels: [{}]\n": (
        ("R103", 2, "`displayName` is missing in a chat channel."),
        "Add `displayName`.",
    ),
    "team: a\nchannels: [{displayName: a, size: '3'}]\n": (
        ("R102", 2, '`size` must be a whole number, but is the text "3".'),
        "Write a whole number without quotes, a fraction or leading zeros, or `null`.",
    ),
    "team: a\nchannels: [{value: {displayName: a}}]\n": (
        (
            "R106",
            2,
            "The chat channel is wrapped in `value`, as in an example of Graph's documentation;"
            " Graph rejects it.",
        ),
        "Remove the `value` wrapper and indent its content one level less.",
    ),
    "team: a\ntabs: [{displayName: a, link: 'https://x/?code=1'}]\n": (
        ("R205", 2, "`link` contains a code, which is a secret."),
        "Remove it.",
    ),
    "team: a\nchannels: [{displayName: a, topic: 'sig=aB3dE5gH7jK9mN1p'}]\n": (
        ("R208", 2, '"topic" contains a secret: a signature, a token or a key.'),
        "Remove the secret. If the file has been shared, renew the secret. If it is not a secret,"
        " add the exact value to `notSecret` in the document.",
    ),
    "team: a\nchannels: []\n": (
        ("R312", 1, "The document declares nothing: `channels` is empty."),
        "Declare a team, a chat channel or a tab, or remove the document. Teams and channels that"
        " it declared before stay live, unmanaged; declare `ensure: absent` to delete them.",
    ),
    "catalog: a\nlabels: []\n": (
        ("R312", 1, "The document declares nothing: `labels` is empty."),
        "Declare a label, or remove the document. Labels that it declared before stay live,"
        " unmanaged; declare `ensure: absent` to delete them.",
    ),
    "catalog: a\n": (
        ("R103", 1, "`labels` is missing in the document."),
        "Add `labels`.",
    ),
    f"team: {{id: {GUID}}}\n": (
        ("R103", 1, "`channels` or `tabs` is missing in the document."),
        "Add `channels` or `tabs`, or declare the team itself: `team: {displayName: …}`.",
    ),
    f"team: {{id: {GUID}, purpose: to sell}}\n": (
        ("R103", 1, "`displayName` is missing in `team`."),
        "Add it; or write `team: {id: <guid>}` for one that exists.",
    ),
    "team: {displayName: a, purpose: b}\n---\nteam: {displayName: a, purpose: c}\n": (
        ("R215", 3, '`purpose` of the team "a" has another value at 0.yaml:1.'),
        "Write the same value in both places, or remove one of them.",
    ),
}
"""Text → its only fault, and the hint."""


@pytest.mark.parametrize("text", WORDS)
def test_a_fault_is_told_in_the_words_of_its_kind(text: str) -> None:
    [diagnostic] = load_text(text).diagnostics
    line = diagnostic.place and diagnostic.place.line
    assert ((diagnostic.code, line, diagnostic.message), diagnostic.hint) == WORDS[text]


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("FALSE", False), ("false", False), ("${yes}", True)],
)
def test_a_boolean_is_one_in_every_yaml_version(text: str, value: bool) -> None:
    environment = Environment("one", variables={"yes": "true"})
    document = f"team: a\nchannels: [{{displayName: a, private: {text}}}]\n"
    state = load_texts([("0.yaml", document.replace("${yes}", '"${yes}"'))], FORMAT, environment)
    assert state.diagnostics == ()
    assert state.scopes[0].objects[0].properties[("private",)] is value


@pytest.mark.parametrize("text", ["no", "on", "'true'", "1", "tRue"])
def test_what_only_some_read_as_a_boolean_is_refused(text: str) -> None:
    state = load_text(f"team: a\nchannels: [{{displayName: a, private: {text}}}]\n")
    [diagnostic] = state.diagnostics
    shown = text.strip("'")
    assert diagnostic.code == "R102"
    assert diagnostic.message == f'`private` must be true or false, but is the text "{shown}".'
    assert diagnostic.hint == "Write true or false, without quotes."


def test_a_value_that_is_missing_gets_the_hint_of_its_member() -> None:
    state = load_text("team: a\nchannels:\n  - displayName:\n    topic:\n")
    assert [each.hint for each in state.diagnostics] == [
        "Write a value after the colon, or remove the line.",
        "Write `null` to clear it, or remove the line.",
    ]
