"""The documents of `--format json` and of saved plans; `schemas/plan.schema.json` describes the
plan's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.extension import Catalog, ExtensionRef
from reconciler.model.plan import (
    FORMAT_VERSION,
    Change,
    FieldChange,
    Outcome,
    Plan,
    PlannedCatalog,
    Precondition,
    Unmanaged,
)
from reconciler.render.escape import json_value
from reconciler.render.view import has_errors, pointer

Document = dict[str, Any]


def to_json(document: Document) -> str:
    """The document as JSON text, two spaces a level; no secret, and nothing invisible or hostile
    unescaped.
    """
    return json_value(document, indent=2) + "\n"


def plan_document(plan: Plan) -> Document:
    """The plan document; `plan_from_document` reads it back."""
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": plan.tool_version,
        "tenant_id": plan.tenant_id,
        "graph_url": plan.graph_url,
        **({"environment": plan.environment} if plan.environment else {}),
        **({"not_secret": list(plan.not_secret)} if plan.not_secret else {}),
        "digest": plan.digest,
        "complete": plan.complete,
        "summary": plan.summary,
        "catalogs": [
            _catalog(planned.catalog) | {"read": planned.read} for planned in plan.catalogs
        ],
        "changes": [_change(change) for change in plan.changes],
        "unmanaged": [
            {"catalog": _catalog(one.catalog), "extension": _extension(one.extension)}
            for one in plan.unmanaged
        ],
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in plan.diagnostics],
    }


def apply_document(plan: Plan, outcomes: Sequence[Outcome]) -> Document:
    """The plan document, and what came of each change."""
    return plan_document(plan) | {"outcomes": [_outcome(outcome) for outcome in outcomes]}


def diagnostics_document(diagnostics: Sequence[Diagnostic]) -> Document:
    """The findings; `complete` is true when no error is among them."""
    return {
        "complete": not has_errors(diagnostics),
        "diagnostics": [_diagnostic(diagnostic) for diagnostic in diagnostics],
    }


def plan_from_document(document: Document) -> Plan:
    """The plan that a document describes; it must conform to `schemas/plan.schema.json`.

    Everything comes back but the column of a change's source, which the document does not hold.
    """
    return Plan(
        tool_version=document["tool_version"],
        tenant_id=document["tenant_id"],
        graph_url=document["graph_url"],
        digest=document["digest"],
        catalogs=tuple(
            PlannedCatalog(_read_catalog(one), one["read"]) for one in document["catalogs"]
        ),
        changes=tuple(_read_change(one) for one in document["changes"]),
        unmanaged=tuple(
            Unmanaged(_read_catalog(one["catalog"]), ExtensionRef(**one["extension"]))
            for one in document["unmanaged"]
        ),
        diagnostics=tuple(_read_diagnostic(one) for one in document["diagnostics"]),
        unchanged=document["summary"]["unchanged"],
        environment=document.get("environment"),
        not_secret=tuple(document.get("not_secret", ())),
    )


def _catalog(catalog: Catalog) -> Document:
    return {"id": catalog.id, "display_name": catalog.display_name}


def _extension(extension: ExtensionRef) -> Document:
    return {"id": extension.id, "display_name": extension.display_name, "type": extension.type}


def _change(change: Change) -> Document:
    source, precondition = change.source, change.precondition
    return {
        "action": change.action,
        "catalog": _catalog(change.catalog),
        "extension": _extension(change.extension),
        "because": change.because,
        "source": source and {"file": source.file, "line": source.line},
        "fields": [
            {"path": pointer(field.path), "before": field.before, "after": field.after}
            for field in change.fields
        ],
        "precondition": precondition and _precondition(precondition),
        "last_modified_at": change.last_modified_at,
        "last_modified_by": change.last_modified_by,
        **({"already_pending": True} if change.already_pending else {}),
    }


def _precondition(precondition: Precondition) -> Document:
    return {
        "exists": precondition.exists,
        "fingerprint": precondition.fingerprint,
        **({"namesakes": list(precondition.namesakes)} if precondition.namesakes else {}),
    }


def _diagnostic(diagnostic: Diagnostic) -> Document:
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


def _outcome(outcome: Outcome) -> Document:
    return {
        "catalog": _catalog(outcome.change.catalog),
        "extension": _extension(outcome.change.extension),
        "action": outcome.change.action,
        "status": outcome.status,
        "request_id": outcome.request_id,
        "error": outcome.error,
        "note": outcome.note,
    }


def _read_catalog(document: Document) -> Catalog:
    return Catalog(document["id"], document["display_name"])


def _read_change(document: Document) -> Change:
    source, precondition = document["source"], document["precondition"]
    return Change(
        action=document["action"],
        catalog=_read_catalog(document["catalog"]),
        extension=ExtensionRef(**document["extension"]),
        because=document["because"],
        fields=tuple(
            FieldChange(_path(one["path"]), one["before"], one["after"])
            for one in document["fields"]
        ),
        precondition=precondition and _read_precondition(precondition),
        source=source and SourceLocation(source["file"], source["line"]),
        last_modified_at=document["last_modified_at"],
        last_modified_by=document["last_modified_by"],
        already_pending=document.get("already_pending", False),
    )


def _read_precondition(document: Document) -> Precondition:
    return Precondition(
        document["exists"], document["fingerprint"], tuple(document.get("namesakes", ()))
    )


def _path(json_pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in json_pointer.split("/")[1:])


def _read_diagnostic(document: Document) -> Diagnostic:
    file = document["file"]
    place = None if file is None else SourceLocation(file, document["line"], document["column"])
    return Diagnostic(
        document["code"], document["severity"], document["message"], document["hint"], place
    )
