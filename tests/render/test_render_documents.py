"""The JSON documents conform to their schema, and a plan comes back from its own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from render_samples import (
    BASED,
    EMPTY,
    FINDINGS,
    MARKETING,
    OUTCOMES,
    PLANS,
    RICH,
    plan_with,
)
from tiers import examples

from reconciler.model.diagnostic import Diagnostic, of_path
from reconciler.model.digest import document_digest
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import FieldChange, Outcome, Plan, PlannedScope, Unmanaged
from reconciler.model.plan_document import ERROR_CHARACTERS, plan_document, plan_from_document
from reconciler.model.reason import reason
from reconciler.render.findings import verdict
from reconciler.render.github import diagnostics_github
from reconciler.render.json_document import apply_document, diagnostics_document, to_json
from reconciler.render.markdown_tables import diagnostics_markdown
from reconciler.render.sarif import diagnostics_sarif
from reconciler.render.text import diagnostics_text

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


@settings(max_examples=examples(150))
@given(PLANS)
def test_a_plan_comes_back_from_its_document(plan: Plan) -> None:
    document = plan_document(plan)
    VALIDATOR.validate(document)
    assert plan_from_document(document) == plan
    saved = json.loads(to_json(document))
    assert plan_from_document(saved) == plan
    assert document_digest(saved) == saved["document_digest"]


@pytest.mark.parametrize("path", [(), ("",), ("a/b", "~"), ("~1", "~01", "/0~")])
def test_a_path_comes_back_from_its_json_pointer(path: tuple[str, ...]) -> None:
    change = replace(RICH.changes[0], fields=(FieldChange(path, 1, 2),))
    document = plan_document(replace(RICH, changes=(change,)))
    VALIDATOR.validate(document)
    assert plan_from_document(document).changes[0].fields[0].path == path


@pytest.mark.parametrize("plan", [RICH, BASED, EMPTY, plan_with("x")])
def test_the_samples_conform_to_the_schema(plan: Plan) -> None:
    VALIDATOR.validate(json.loads(to_json(plan_document(plan))))


def test_the_document_has_the_members_that_scripts_rely_on() -> None:
    document = plan_document(RICH)
    assert (
        " ".join(document)
        == "format_version tool_version tenant_id graph_url digest document_digest complete summary"
        " catalogs changes unmanaged diagnostics"
    )
    assert document["complete"] is False
    counts = {
        "create": 1,
        "update": 2,
        "rename": 1,
        "replace": 0,
        "delete": 0,
        "blocked": 2,
        "unchanged": 3,
        "unmanaged": 2,
    }
    by_kind = {"catalog": dict.fromkeys(counts, 0), "extension": counts}
    assert document["summary"] == {**counts, "by_kind": by_kind}
    change = document["changes"][2]
    assert (
        " ".join(change)
        == "kind action parents object reason source fields precondition last_modified_at"
        " last_modified_by already_pending"
    )
    assert change["kind"] == "extension"
    assert change["parents"] == [
        {"kind": "catalog", "id": MARKETING.id, "display_name": "Marketing"}
    ]
    assert change["object"] == {
        "id": "90a31e24-0000-0000-0000-000000000002",
        "display_name": "notify-approvers",
        "type": "accessPackageAssignmentRequestWorkflowExtension",
    }
    assert change["reason"] == {
        "code": "quoted",
        "text": "the live values differ from the declared ones",
    }
    assert change["already_pending"] is False
    assert document["catalogs"][3] == {"id": None, "display_name": "Sales", "read": "absent"}
    assert list(document["unmanaged"][0]) == ["kind", "parents", "object"]
    assert document["diagnostics"][0]["parameters"] == {}
    assert document["changes"][2]["fields"][0] == {
        "path": "/callbackConfiguration/timeoutDuration",
        "before": "PT30M",
        "after": "PT1H",
        "computed": False,
    }
    assert document["changes"][3]["fields"][1]["path"] == "/a~1b~0c"


def test_apply_adds_the_outcomes_to_the_plan() -> None:
    document = apply_document(RICH, OUTCOMES)
    assert {name: value for name, value in document.items() if name != "outcomes"} == plan_document(
        RICH
    )
    first = document["outcomes"][0]
    assert list(first) == [
        "kind",
        "parents",
        "object",
        "action",
        "status",
        "reason",
        "request_id",
        "error",
    ]
    assert (first["action"], first["status"], first["request_id"]) == (
        "create",
        "done",
        "11111111-2222",
    )
    assert first["reason"] == {"code": "quoted", "text": "Graph took durationBeforeTimeout"}
    assert [outcome["reason"] is None for outcome in document["outcomes"]] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_what_graph_said_is_masked_and_bounded() -> None:
    key = "sig=vN3kQ8Zt5Rw1Lx7Yb2Mc9Pd4Fg6Hj0Ks5Ua8Ei3O"
    said = "x" * (ERROR_CHARACTERS - 20) + f" &{key} " + "y" * 100
    outcome = Outcome(RICH.changes[1], "failed", reason=reason("refused"), error=said)
    error = apply_document(RICH, [outcome])["outcomes"][0]["error"]
    assert len(error) == ERROR_CHARACTERS
    assert error.endswith("yyy…")
    assert "vN3" not in error


def test_a_value_that_refers_to_an_object_is_its_name_with_id_and_type_beside() -> None:
    old = ObjectRef("extension", "90a31e24-0000-0000-0000-000000000001", "old", "t")
    new = ObjectRef("extension", None, "new", "t")
    path = ("customExtensionStageSettings", "assignmentRequestCreated")
    rows = (FieldChange(path, old, new), FieldChange(path, None, new), FieldChange(path, old, None))
    plan = replace(RICH, changes=(replace(RICH.changes[0], fields=rows),))
    document = plan_document(plan)
    VALIDATOR.validate(document)
    shown = document["changes"][0]["fields"]
    assert [(row["before"], row["after"]) for row in shown] == [
        ("old", "new"),
        (None, "new"),
        ("old", None),
    ]
    before, after = {"id": old.id, "type": "t"}, {"id": None, "type": "t"}
    assert [row["refers_to"] for row in shown] == [
        {"kind": "extension", "before": before, "after": after},
        {"kind": "extension", "before": None, "after": after},
        {"kind": "extension", "before": before, "after": None},
    ]
    assert plan_from_document(document) == plan


def test_a_scope_that_is_no_catalog_names_its_kind() -> None:
    scope = PlannedScope(ObjectRef("organization", None, "Contoso"), "to_create")
    document = plan_document(replace(EMPTY, scopes=(scope,)))
    VALIDATOR.validate(document)
    assert document["catalogs"] == [
        {"kind": "organization", "id": None, "display_name": "Contoso", "read": "to_create"}
    ]
    assert document["complete"] is True
    assert plan_from_document(document).scopes == (scope,)


def test_the_document_digest_is_of_what_is_shown_with_secrets_masked() -> None:
    key = "sig=vN3kQ8Zt5Rw1Lx7Yb2Mc9Pd4Fg6Hj0Ks5Ua8Ei3O"
    unmanaged = Unmanaged(replace(RICH.unmanaged[0].object, display_name=f"&{key}"), (MARKETING,))
    text = to_json(plan_document(replace(RICH, unmanaged=(unmanaged,))))
    assert "vN3" not in text
    document = json.loads(text)
    assert document_digest(document) == document["document_digest"]


def test_findings_are_complete_without_errors_only() -> None:
    warning = Diagnostic("R208", "warning", "m", "h")
    assert diagnostics_document(FINDINGS)["complete"] is False
    assert diagnostics_document([warning]) == {
        "complete": True,
        "diagnostics": [
            {
                "code": "R208",
                "severity": "warning",
                "file": None,
                "line": None,
                "column": None,
                "message": "m",
                "hint": "h",
            }
        ],
    }


def objects(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for item in schema for found in objects(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [found for value in schema.values() for found in objects(value)]


OPEN = (
    "Why a change is planned",
    "The same numbers for each kind",
    "The names, ids and numbers in the message",
    "One place that refers to it",
)
"""How the objects begin whose members the schema does not list: parameters, and counts by kind."""


def test_the_schema_describes_every_property_and_allows_no_other() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for found in objects(SCHEMA):
        if found["description"].startswith(OPEN):
            continue
        assert found["additionalProperties"] is False
        optional = set(found["properties"]) - set(found["required"])
        assert optional <= {
            "environment",
            "not_secret",
            "namesakes",
            "freed_by",
            "kind",
            "refers_to",
            "used_by",
        }
        assert all(member.get("description") for member in found["properties"].values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format_version", "1"),
        ("environment", "production\n"),
        ("document_digest", "sha256:" + "0" * 64 + "\n"),
        ("digest", "sha256:0"),
        ("extra", 1),
        ("catalogs", None),
        ("complete", "yes"),
    ],
)
def test_a_document_that_is_no_plan_is_refused(name: str, value: object) -> None:
    assert not VALIDATOR.is_valid(plan_document(EMPTY) | {name: value})


def test_a_place_is_whole_or_absent() -> None:
    document = plan_document(RICH)
    finding = document["diagnostics"][0]
    places = [(finding["file"], 3, 7), (finding["file"], None, None), (None, None, None)]
    halves = [(finding["file"], None, 7), (finding["file"], 3, None), (None, 3, 7), (None, None, 7)]
    for valid, cases in ((True, places), (False, halves)):
        for file, line, column in cases:
            finding |= {"file": file, "line": line, "column": column}
            assert VALIDATOR.is_valid(document) is valid


def test_a_finding_about_a_whole_file_has_no_line_in_any_format() -> None:
    finding = Diagnostic(
        "R312", "warning", "The file declares nothing.", "Remove it.", of_path("state/a.yaml")
    )
    assert diagnostics_text([finding], verdict([finding], files=1, extensions=0)).startswith(
        "state/a.yaml: R312 warning: The file"
    )
    conclusion = verdict([finding], files=1, extensions=0)
    assert "::warning file=state/a.yaml,title=R312::" in diagnostics_github([finding], conclusion)
    assert "| `state/a.yaml` |" in diagnostics_markdown([finding], conclusion)
    [location] = json.loads(diagnostics_sarif([finding], "0"))["runs"][0]["results"][0]["locations"]
    assert list(location["physicalLocation"]) == ["artifactLocation"]
    plan = replace(RICH, diagnostics=(finding,))
    assert plan_from_document(plan_document(plan)).diagnostics == (finding,)
    [member] = plan_document(plan)["diagnostics"]
    assert (member["file"], member["line"], member["column"]) == ("state/a.yaml", None, None)
