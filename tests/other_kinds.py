"""Kinds of nobody: a team that its header declares, accounts in it, and rules that are found and
refer to accounts. With a format for them, and objects as they are live.
"""

from __future__ import annotations

from typing import Any

from reconciler.kinds.catalog import CATALOG
from reconciler.loader import DocumentFormat, DocumentSchema, desired_object, load_texts
from reconciler.model.fields import Field, Fields, as_written, canonical_scalar
from reconciler.model.graph import Graph, Request
from reconciler.model.json_values import JsonValue
from reconciler.model.kind import Api, Body, Kind, Kinds
from reconciler.model.objects import (
    DesiredScope,
    ObjectRef,
    Observed,
    ObservedScope,
    Parents,
    Properties,
    Value,
)
from reconciler.model.plan import Plan
from reconciler.plan.build import PlanContext, build_plan

TEAM_ID = "00000000-0000-4000-8000-000000000001"
TEAM = ObjectRef("team", TEAM_ID, "Sales")


def account_reference(value: JsonValue) -> Value:
    """An account by its name, or by `{id: …}`."""
    if isinstance(value, dict):
        return ObjectRef("account", str(value["id"]), None)
    return None if value is None else ObjectRef("account", None, str(value))


def create(_graph: Graph, _parents: Parents, body: Body) -> Request:
    return Request("POST", "https://graph.example/", body=body.members)


def update(_graph: Graph, _parents: Parents, _ref: ObjectRef, body: Body) -> Request:
    return Request("PATCH", "https://graph.example/", body=body.members)


def kind(name: str, plural: str, parents: tuple[str, ...], fields: Fields, api: Api) -> Kind:
    return Kind(
        name=name,
        plural=plural,
        parents=parents,
        fields=fields,
        api=api,
        observe=CATALOG.observe,
        bodies=CATALOG.bodies,
        content=lambda live: repr(live.properties),
        permission=CATALOG.permission,
        declare=lambda declaration: desired_object(declaration, fields),
        lists_unmanaged=api.create is not None,
    )


CREATED = Api(CATALOG.api.list, CATALOG.api.get, create=create, update=update)
FOUND = Api(CATALOG.api.list, CATALOG.api.get, update=update)
TEAM_FIELDS = Fields(
    {("displayName",): Field(as_written, own=True), ("purpose",): Field(nullable=True)}
)
ACCOUNT_FIELDS = Fields(
    {
        ("displayName",): Field(as_written, own=True),
        ("size",): Field(canonical_scalar, nullable=True, optional=True, number=True),
        ("settings",): Field(
            types={"plain": ("color",), "rich": ("font", "color")},
            default_type="plain",
            chosen=True,
        ),
        ("settings", "font"): Field(),
        ("settings", "color"): Field(aliases=("colour",)),
        ("alarm",): Field(
            types={"alarm": ("after",)},
            default_type="alarm",
            presence=True,
            nullable=True,
            optional=True,
        ),
        ("alarm", "after"): Field(),
    }
)
RULE_FIELDS = Fields(
    {
        ("stages",): Field(types={"stages": ("created", "removed")}, default_type="stages"),
        ("stages", "created"): Field(account_reference, refers_to="account", nullable=True),
        ("stages", "removed"): Field(account_reference, refers_to="account", nullable=True),
    }
)
KINDS = Kinds(
    (
        kind("team", "teams", (), TEAM_FIELDS, CREATED),
        kind("account", "accounts", ("team",), ACCOUNT_FIELDS, CREATED),
        kind("rule", "rules", ("team",), RULE_FIELDS, FOUND),
    )
)
TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}
NAMED: dict[str, Any] = {"id": {"type": "string"}, "displayName": {**TEXT, "pattern": "\\S"}}


def closed(**properties: Any) -> dict[str, Any]:
    """An object with these properties alone."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def text_or(schema: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"type": "object"}, "then": schema, "else": TEXT}


STAGE = {
    "if": {"type": "object"},
    "then": closed(id=TEXT),
    "else": {"type": ["string", "number", "boolean", "null"]},
}
ACCOUNT = closed(
    **NAMED,
    size={"type": ["integer", "null"], "minimum": 1, "maximum": 9},
    settings=closed(**dict.fromkeys(("@odata.type", "font", "color", "colour"), TEXT)),
    alarm={"type": ["object", "null"], "properties": {"after": {**TEXT, "pattern": "^PT"}}},
)
SCHEMA = closed(
    team=text_or(closed(**NAMED, purpose={"type": ["string", "number", "boolean", "null"]})),
    defaults={"type": "object"},
    accounts={"type": "array", "items": ACCOUNT},
    rules={"type": "array", "items": closed(**NAMED, stages=closed(created=STAGE, removed=STAGE))},
)
FORMAT = DocumentFormat(KINDS, DocumentSchema(SCHEMA))


def account(number: int, name: str, **properties: JsonValue) -> Observed:
    """A live account of the team."""
    live_id = f"00000000-0000-4000-8000-0000000001{number:02}"
    body = {"displayName": name, **properties}
    ref = ObjectRef("account", live_id, name)
    return Observed(ref, (TEAM,), ACCOUNT_FIELDS.observed(body), body)


def rule(number: int, name: str, **stages: Observed | None) -> Observed:
    """A live rule of the team, with the account of each stage."""
    ref = ObjectRef("rule", f"00000000-0000-4000-8000-0000000002{number:02}", name)
    properties: Properties = {
        ("stages", stage): live.ref if live else None for stage, live in stages.items()
    }
    return Observed(ref, (TEAM,), properties)


def observed(*objects: Observed) -> ObservedScope:
    """All that is live in the team."""
    return ObservedScope(TEAM, "complete", objects)


def declared(text: str) -> tuple[DesiredScope, ...]:
    loaded = load_texts([("a.yaml", text)], FORMAT)
    assert loaded.errors == (), loaded.errors
    return loaded.scopes


def planned(pairs: Any) -> Plan:
    context = PlanContext("1", "tenant", "http://127.0.0.1/v1.0", app_only=False)
    return build_plan(pairs, KINDS, context)
