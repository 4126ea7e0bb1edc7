"""The plan document, format version 2: written from a plan, and read back as one.

`schemas/plan.schema.json` describes it. Nothing else knows its members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.digest import document_digest
from reconciler.model.json_pointer import path_of, pointer
from reconciler.model.json_values import JsonValue
from reconciler.model.objects import ObjectRef, Parents, Value
from reconciler.model.plan import (
    FORMAT_VERSION,
    Change,
    FieldChange,
    Outcome,
    Plan,
    PlannedScope,
    Precondition,
    Unmanaged,
    Use,
)
from reconciler.model.reason import Reason
from reconciler.model.secrets import mask, masked

Document = dict[str, Any]

SCOPE_KIND = "catalog"
"""The kind of the objects in `catalogs[]` that do not name theirs."""
ERROR_CHARACTERS = 2_000
"""The maximum length of what Graph said in an outcome."""


def plan_document(plan: Plan) -> Document:
    """The plan document, secrets masked; `plan_from_document` reads it back."""
    document = cast("Document", masked(plan_members(plan)))
    return document | {"document_digest": document_digest(document)}


def plan_members(plan: Plan) -> Document:
    """The members of the document in their order; `document_digest` is not computed yet."""
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": plan.tool_version,
        "tenant_id": plan.tenant_id,
        "graph_url": plan.graph_url,
        **({"environment": plan.environment} if plan.environment else {}),
        **({"not_secret": list(plan.not_secret)} if plan.not_secret else {}),
        "digest": plan.digest,
        "document_digest": "",
        "complete": plan.complete,
        "summary": {**plan.summary, "by_kind": plan.by_kind},
        "catalogs": [_scope(planned) for planned in plan.scopes],
        "changes": [_change(change) for change in plan.changes],
        "unmanaged": [_unmanaged(unmanaged) for unmanaged in plan.unmanaged],
        "diagnostics": [_plan_diagnostic(diagnostic) for diagnostic in plan.diagnostics],
    }


def outcomes_document(outcomes: Sequence[Outcome]) -> list[Document]:
    """What came of each change: `outcomes[]` beside the plan."""
    return [_outcome(outcome) for outcome in outcomes]


def diagnostic_document(diagnostic: Diagnostic) -> Document:
    """One finding, as `validate` reports it."""
    place = diagnostic.place
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "file": place and place.file,
        "line": place and place.line,
        "column": place and place.column,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
    }


def plan_from_document(document: Document) -> Plan:
    """The plan that a document describes; it must conform to `schemas/plan.schema.json`.

    Everything comes back but the column of a change's source, which the document does not hold.
    """
    by_kind = document["summary"]["by_kind"]
    return Plan(
        tool_version=document["tool_version"],
        tenant_id=document["tenant_id"],
        graph_url=document["graph_url"],
        digest=document["digest"],
        scopes=tuple(_read_scope(scope) for scope in document["catalogs"]),
        changes=tuple(_read_change(change) for change in document["changes"]),
        unmanaged=tuple(_read_unmanaged(unmanaged) for unmanaged in document["unmanaged"]),
        diagnostics=tuple(_read_diagnostic(finding) for finding in document["diagnostics"]),
        unchanged={kind: counts["unchanged"] for kind, counts in by_kind.items()},
        environment=document.get("environment"),
        not_secret=tuple(document.get("not_secret", ())),
    )


def _scope(planned: PlannedScope) -> Document:
    parent = planned.parent
    kind = {} if parent.kind == SCOPE_KIND else {"kind": parent.kind}
    return {**kind, "id": parent.id, "display_name": parent.display_name, "read": planned.read}


def _read_scope(document: Document) -> PlannedScope:
    kind = document.get("kind", SCOPE_KIND)
    parent = ObjectRef(kind, document["id"], document["display_name"])
    return PlannedScope(parent, document["read"])


def _parents(parents: Parents) -> list[Document]:
    return [
        {"kind": parent.kind, "id": parent.id, "display_name": parent.display_name}
        for parent in parents
    ]


def _read_parents(documents: Sequence[Document]) -> Parents:
    return tuple(
        ObjectRef(document["kind"], document["id"], document["display_name"])
        for document in documents
    )


def _object(ref: ObjectRef) -> Document:
    return {"id": ref.id, "display_name": ref.display_name, "type": ref.type}


def _read_object(kind: str, document: Document) -> ObjectRef:
    return ObjectRef(kind, document["id"], document["display_name"], document["type"])


def _reason(reason: Reason) -> Document:
    return {"code": reason.code, **reason.parameters}


def _read_reason(document: Document) -> Reason:
    parameters = {name: value for name, value in document.items() if name != "code"}
    return Reason(document["code"], parameters)


def _change(change: Change) -> Document:
    source, precondition = change.source, change.precondition
    return {
        "kind": change.kind,
        "action": change.action,
        "parents": _parents(change.parents),
        "object": _object(change.object),
        "reason": _reason(change.reason),
        "source": source and {"file": source.file, "line": source.line},
        "fields": [_row(row) for row in change.fields],
        "precondition": precondition and _precondition(precondition),
        "last_modified_at": change.last_modified_at,
        "last_modified_by": change.last_modified_by,
        "already_pending": change.already_pending,
        **({"used_by": _uses(change)} if change.removes else {}),
    }


def use_document(use: Use, change: Change) -> dict[str, JsonValue]:
    """One place that refers to the object of a change, by names: what contains both is left out."""
    common = {parent.kind for parent in change.parents}
    refs = [ref for ref in (*use.parents, use.object) if ref.kind not in common]
    return {**{ref.kind: str(ref) for ref in refs}, "stage": use.stage}


def _uses(change: Change) -> list[Document] | None:
    if change.used_by is None:
        return None
    return [use_document(use, change) for use in change.used_by]


def _read_uses(documents: Sequence[Document] | None) -> tuple[Use, ...] | None:
    return None if documents is None else tuple(map(_read_use, documents))


def _read_use(document: Document) -> Use:
    """The place, as far as its names tell: outermost first."""
    named = [ObjectRef(kind, None, name) for kind, name in document.items() if kind != "stage"]
    return Use(named[-1], tuple(named[:-1]), (document["stage"],))


def _read_change(document: Document) -> Change:
    source, precondition = document["source"], document["precondition"]
    return Change(
        action=document["action"],
        object=_read_object(document["kind"], document["object"]),
        parents=_read_parents(document["parents"]),
        reason=_read_reason(document["reason"]),
        fields=tuple(_read_row(row) for row in document["fields"]),
        precondition=precondition and _read_precondition(precondition),
        source=source and SourceLocation(source["file"], source["line"]),
        last_modified_at=document["last_modified_at"],
        last_modified_by=document["last_modified_by"],
        already_pending=document["already_pending"],
        used_by=_read_uses(document.get("used_by")),
    )


def _row(row: FieldChange) -> Document:
    """One row; a value that refers to an object is its name here, with id and type beside."""
    members = {
        "path": pointer(row.path),
        "before": _shown(row.before),
        "after": _shown(row.after),
        "computed": row.computed,
    }
    refs = [value for value in (row.before, row.after) if isinstance(value, ObjectRef)]
    if not refs:
        return members
    before, after = _identity(row.before), _identity(row.after)
    return members | {"refers_to": {"kind": refs[0].kind, "before": before, "after": after}}


def _shown(value: Value) -> JsonValue:
    return value.display_name if isinstance(value, ObjectRef) else value


def _identity(value: Value) -> Document | None:
    return {"id": value.id, "type": value.type} if isinstance(value, ObjectRef) else None


def _read_row(document: Document) -> FieldChange:
    return FieldChange(
        path_of(document["path"]),
        _read_value(document, "before"),
        _read_value(document, "after"),
        document["computed"],
    )


def _read_value(row: Document, name: str) -> Value:
    refers_to = row.get("refers_to")
    if refers_to is None or refers_to[name] is None:
        return cast("JsonValue", row[name])
    identity = refers_to[name]
    return ObjectRef(refers_to["kind"], identity["id"], row[name], identity["type"])


def _precondition(precondition: Precondition) -> Document:
    return {
        "exists": precondition.exists,
        "fingerprint": precondition.fingerprint,
        **({"namesakes": list(precondition.namesakes)} if precondition.namesakes else {}),
        **({"freed_by": list(precondition.freed_by)} if precondition.freed_by else {}),
    }


def _read_precondition(document: Document) -> Precondition:
    namesakes, freed_by = (tuple(document.get(name, ())) for name in ("namesakes", "freed_by"))
    return Precondition(document["exists"], document["fingerprint"], namesakes, freed_by)


def _unmanaged(unmanaged: Unmanaged) -> Document:
    return {
        "kind": unmanaged.object.kind,
        "parents": _parents(unmanaged.parents),
        "object": _object(unmanaged.object),
    }


def _read_unmanaged(document: Document) -> Unmanaged:
    ref = _read_object(document["kind"], document["object"])
    return Unmanaged(ref, _read_parents(document["parents"]))


def _plan_diagnostic(diagnostic: Diagnostic) -> Document:
    return diagnostic_document(diagnostic) | {"parameters": dict(diagnostic.parameters)}


def _read_diagnostic(document: Document) -> Diagnostic:
    file = document["file"]
    return Diagnostic(
        code=document["code"],
        severity=document["severity"],
        message=document["message"],
        hint=document["hint"],
        place=None if file is None else SourceLocation(file, document["line"], document["column"]),
        parameters=document["parameters"],
    )


def _outcome(outcome: Outcome) -> Document:
    change, reason = outcome.change, outcome.reason
    return {
        "kind": change.kind,
        "parents": _parents(change.parents),
        "object": _object(change.object),
        "action": change.action,
        "status": outcome.status,
        "reason": reason and _reason(reason),
        "request_id": outcome.request_id,
        "error": outcome.error and _bounded(outcome.error),
    }


def _bounded(text: str) -> str:
    """The text masked, then truncated: half of a secret would not be recognised."""
    text = mask(text)
    if len(text) <= ERROR_CHARACTERS:
        return text
    return f"{text[: ERROR_CHARACTERS - 1]}…"
