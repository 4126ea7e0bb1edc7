"""Three made-up kinds: what the engine needs to know of them, and nothing of the engine.

A depot is in nothing else; crates are in a depot; a gate is part of a depot that somebody else
builds: only where it leads to is ours, and that is a depot by name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.errors import ServiceRefusalError
from reconciler.loader import DocumentFormat, DocumentSchema, desired_object
from reconciler.model.answers import identifier, text_or_none
from reconciler.model.fields import Field, Fields, as_written
from reconciler.model.graph import Graph, Request
from reconciler.model.json_values import JsonObject
from reconciler.model.kind import Api, Body, Declaration, Kind, Kinds, Permission, Surroundings
from reconciler.model.names import folded
from reconciler.model.objects import Desired, ObjectRef, Observed, Parents, Path, Properties, Value
from reconciler.model.plan import Change
from reconciler.model.reason import Reason, reason

Observe = Callable[[Parents, Mapping[str, Any]], Observed]
PERMISSION = Permission("Depots.Write", "Foreman")
DEPOT_FIELDS = Fields(
    {("displayName",): Field(as_written, own=True), ("note",): Field(nullable=True)}
)
CRATE_FIELDS = Fields(
    {
        ("displayName",): Field(as_written, own=True),
        ("weight",): Field(number=True),
        ("colour",): Field(ignore_case=True, nullable=True),
    }
)
GATE_FIELDS = Fields({("leadsTo",): Field(refers_to="depot", nullable=True)})


def routes(observed: Observe, below: str, *, creates: bool) -> Api:
    """The plain routes of a kind: a list, and in it each object."""

    def address(parents: Parents, object_id: str = "") -> str:
        inside = f"/depots/{parents[0].id}" if parents else ""
        return f"{{+baseurl}}{inside}/{below}" + (f"/{object_id}" if object_id else "")

    async def listed(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
        bodies = await graph.pages(Request("GET", address(parents)))
        return tuple(observed(parents, body) for body in bodies)

    async def one(graph: Graph, parents: Parents, object_id: str) -> Observed | None:
        try:
            answer = await graph.read(Request("GET", address(parents, object_id)))
        except ServiceRefusalError as error:
            if error.status == 404:
                return None
            raise
        return observed(parents, answer.body)

    async def matches(graph: Graph, refs: Sequence[ObjectRef]) -> dict[ObjectRef, list[Observed]]:
        live = await listed(graph, ())
        return {ref: [each for each in live if names(ref, each.ref)] for ref in refs}

    return Api(
        list=listed,
        get=one,
        find=matches,
        create=(lambda _graph, parents, body: Request("POST", address(parents), body=body.members))
        if creates
        else None,
        update=lambda _graph, parents, ref, body: Request(
            "PUT", address(parents, str(ref.id)), body=body.members
        ),
    )


def names(ref: ObjectRef, live: ObjectRef) -> bool:
    """True if the reference names this depot."""
    if ref.id is not None:
        return ref.id == live.id
    return folded(ref.display_name) == folded(live.display_name)


def observe(kind: str, fields: Fields, parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The object in an answer."""
    ref = ObjectRef(kind, identifier(body, f"a {kind}"), text_or_none(body.get("displayName")))
    return Observed(ref, parents, fields.observed(body), body, unknown=())


def observe_depot(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The depot in an answer."""
    return observe("depot", DEPOT_FIELDS, parents, body)


def observe_crate(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The crate in an answer."""
    return observe("crate", CRATE_FIELDS, parents, body)


def observe_gate(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The gate in an answer; it leads to a depot by id."""
    ref = ObjectRef("gate", identifier(body, "a gate"), text_or_none(body.get("displayName")))
    target = body.get("leadsTo")
    leads_to = ObjectRef("depot", target["id"], target.get("name")) if target else None
    return Observed(ref, parents, {("leadsTo",): leads_to}, body)


def gate_bodies(
    _ref: ObjectRef, before: Observed | None, after: Mapping[Path, Value]
) -> Sequence[Body]:
    """The whole gate as it was read, with the one member that is ours."""
    target = after[("leadsTo",)]
    leads_to: JsonObject | None = {"id": target.id} if isinstance(target, ObjectRef) else None
    return (Body({**(before.raw if before else {}), "leadsTo": leads_to}),)


def declare_gate(declaration: Declaration) -> Desired:
    """A gate that leads to a depot by name."""
    gate = desired_object(declaration, GATE_FIELDS)
    properties: Properties = {}
    for path, name in gate.properties.items():
        properties[path] = ObjectRef("depot", None, name) if isinstance(name, str) else None
    return replace(gate, properties=properties)


def guard_gate(_change: Change, around: Surroundings) -> Iterator[Reason]:
    """A locked gate stays as it is."""
    if around.before is not None and around.before.raw.get("locked"):
        yield reason("gate_locked", by=str(around.before.raw.get("lockedBy")))


DEPOT = Kind(
    name="depot",
    plural="depots",
    parents=(),
    fields=DEPOT_FIELDS,
    api=routes(observe_depot, "depots", creates=True),
    observe=observe_depot,
    bodies=lambda _ref, _before, after: (Body(DEPOT_FIELDS.body(after)),),
    content=lambda observed: {
        name: value for name, value in observed.raw.items() if name != "changed"
    },
    permission=PERMISSION,
    declare=lambda declaration: desired_object(declaration, DEPOT_FIELDS),
    lists_unmanaged=False,
)
CRATE = Kind(
    name="crate",
    plural="crates",
    parents=("depot",),
    fields=CRATE_FIELDS,
    api=routes(observe_crate, "crates", creates=True),
    observe=observe_crate,
    bodies=lambda _ref, _before, after: (Body(CRATE_FIELDS.body(after)),),
    content=lambda observed: {
        name: value for name, value in observed.raw.items() if name != "changed"
    },
    permission=PERMISSION,
    declare=lambda declaration: desired_object(declaration, CRATE_FIELDS),
)
GATE = Kind(
    name="gate",
    plural="gates",
    parents=("depot",),
    fields=GATE_FIELDS,
    api=routes(observe_gate, "gates", creates=False),
    observe=observe_gate,
    bodies=gate_bodies,
    content=lambda observed: {
        name: value for name, value in observed.raw.items() if name != "changed"
    },
    permission=PERMISSION,
    declare=declare_gate,
    guard=guard_gate,
    reasons={"gate_locked": "the gate is locked by {by}; unlock it first"},
    lists_unmanaged=False,
)
STRANGERS = Kinds((DEPOT, CRATE, GATE))

TEXT = {"type": ["string", "number"]}
NAMED = {"displayName": TEXT}


def _objects(**members: Any) -> JsonObject:
    item = {"type": "object", "properties": {**NAMED, **members}, "required": ["displayName"]}
    return {"type": "array", "items": item}


FORMAT = DocumentFormat(
    STRANGERS,
    DocumentSchema(
        {
            "type": "object",
            "properties": {
                "depot": {
                    "type": ["string", "object"],
                    "properties": {**NAMED, "note": {"type": ["string", "null"]}},
                },
                "defaults": {"type": "object"},
                "crates": _objects(weight={"type": "integer"}, colour={"type": ["string", "null"]}),
                "gates": _objects(leadsTo={"type": ["string", "null"]}),
            },
            "required": ["depot"],
        }
    ),
)
