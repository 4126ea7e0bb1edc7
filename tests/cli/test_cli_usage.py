"""What `usage` shows: who calls which extension, which are called by nobody, what is unknown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    CommandLine,
    Json,
    catalog,
    declare,
    extension,
    write_seed,
)

from reconciler.sandbox.store import reset
from reconciler.sandbox.switches import parse_switches

STATE = Path("desired_state")
CREATED, GRANTED = "assignmentRequestCreated", "assignmentRequestGranted"
FORMATS = ("text", "markdown", "json", "mermaid")


def guid(number: int) -> str:
    """A GUID for each number: extensions from 1, access packages from 10, policies from 20."""
    return f"0000abcd-0000-4000-8000-{number:012}"


def package(number: int, name: str = "Tools") -> Json:
    return {"id": guid(number), "displayName": name}


def policy(number: int, inside: int, *calls: tuple[str, int], **more: Any) -> Json:
    """A policy of the package that calls an extension at each of the stages."""
    settings = [
        {"stage": stage, "customExtension": {"id": guid(called)}} for stage, called in calls
    ]
    return {
        "id": guid(number),
        "displayName": f"policy {number}",
        "accessPackage": {"id": guid(inside)},
        "customExtensionStageSettings": settings,
        **more,
    }


def live(number: int, name: str, type_name: str = ASSIGNMENT, app: str = "la") -> Json:
    body = extension(name, type_name) | {"id": guid(number)}
    body["endpointConfiguration"]["logicAppWorkflowName"] = app
    return body


def seed(reconciler: CommandLine, policies: Sequence[Json], *switches: str) -> None:
    """Marketing with two extensions and a package, Finance with one of each; both are declared."""
    extensions = [live(1, "notify", app="la-notify"), live(2, "remind")]
    marketing = catalog(extensions=extensions) | {"accessPackages": [package(10)]}
    finance = catalog("Finance", FINANCE, [live(3, "audit")]) | {"accessPackages": [package(11)]}
    seed_catalogs(reconciler, [marketing, finance], policies, *switches)
    declared("Marketing", "Finance")


def seed_catalogs(
    reconciler: CommandLine, catalogs: Sequence[Json], policies: Sequence[Json], *switches: str
) -> None:
    database = reconciler.folder / ".reconciler" / "sandbox.sqlite3"
    database.parent.mkdir(exist_ok=True)
    file = write_seed(reconciler.folder / "seed.json", *catalogs, policies=policies)
    reset(database, seed=file, switches=parse_switches(switches))


def declared(*catalogs: str | Json, folder: Path = STATE) -> Path:
    """Files that declare an extension, which is not live, in each of these catalogs."""
    extensions = [extension("planned")]
    return declare(folder, *({"catalog": each, "extensions": extensions} for each in catalogs))


CALLS = [policy(20, 10, (GRANTED, 1), (CREATED, 1)), policy(21, 11, (GRANTED, 3))]


def uses(document: Json) -> dict[str, Any]:
    """The stages at which each extension is called; None for unknown."""
    return {
        used["display_name"]: used["used_by"] and [use["stage"] for use in used["used_by"]]
        for scope in document["catalogs"]
        for used in scope["extensions"]
    }


def test_the_tree_shows_callers_logic_apps_and_what_nobody_calls(reconciler: CommandLine) -> None:
    seed(reconciler, CALLS)
    shown = reconciler("usage", "--sandbox")
    assert (shown.code, shown.err) == (0, "")
    calling = "called by access package Tools, policy policy 20, stage"
    assert shown.out == (
        f"Catalog Finance ({FINANCE})\n"
        f"  extension audit (accessPackageAssignmentWorkflowExtension, id {guid(3)})\n"
        "    calls rg/la\n"
        f"    called by access package Tools, policy policy 21, stage {GRANTED}\n"
        "\n"
        f"Catalog Marketing ({MARKETING})\n"
        f"  extension notify (accessPackageAssignmentWorkflowExtension, id {guid(1)})\n"
        "    calls rg/la-notify\n"
        f"    {calling} {CREATED}\n"
        f"    {calling} {GRANTED}\n"
        f"  extension remind (accessPackageAssignmentWorkflowExtension, id {guid(2)})\n"
        "    calls rg/la\n"
        "    called by nobody\n"
        "\n"
        "Usage: 2 catalogs, 0 incomplete, 3 extensions, 2 called, 1 called by nobody, 0 unknown.\n"
    )


def test_json_has_the_whole_chain(reconciler: CommandLine) -> None:
    seed(reconciler, CALLS)
    document = reconciler("usage", "--sandbox", "--format", "json", "--catalog", "Finance").document
    calling = {
        "access_package": {"id": guid(11), "display_name": "Tools"},
        "policy": {"id": guid(21), "display_name": "policy 21"},
        "stage": GRANTED,
    }
    called = {
        "id": guid(3),
        "display_name": "audit",
        "type": "accessPackageAssignmentWorkflowExtension",
        "target": "rg/la",
        "listed": True,
        "used_by": [calling],
    }
    scope = {
        "id": FINANCE,
        "display_name": "Finance",
        "read": "complete",
        "uses": "complete",
        "reason": None,
        "extensions": [called],
    }
    assert document == {"format_version": "1", "complete": True, "catalogs": [scope]}


def test_markdown_has_a_table_and_the_picture_that_mermaid_prints(reconciler: CommandLine) -> None:
    seed(reconciler, CALLS)
    shown = reconciler("usage", "--sandbox", "--format", "markdown").out
    assert shown.startswith("### Usage: 2 catalogs, 0 incomplete, 3 extensions")
    assert "| `remind` | `rg/la` | **nobody** |" in shown
    picture = reconciler("usage", "--sandbox", "--format", "mermaid").out
    assert shown.endswith(f"\n```mermaid\n{picture}```\n")


def test_the_picture_has_each_package_and_policy_once(reconciler: CommandLine) -> None:
    seed(reconciler, CALLS)
    drawn = reconciler("usage", "--sandbox", "--format", "mermaid", "--catalog", "Marketing").out
    assert drawn == (
        "flowchart LR\n"
        '  subgraph s1["Catalog Marketing"]\n'
        '    n2["notify"]\n'
        '    n3[["rg/la-notify"]]\n'
        "    n2 --> n3\n"
        '    n4("Tools")\n'
        '    n5("policy 20")\n'
        "    n4 --> n5\n"
        f'    n5 -->|"{CREATED}"| n2\n'
        f'    n5 -->|"{GRANTED}"| n2\n'
        '    n6["remind"]\n'
        '    n7[["rg/la"]]\n'
        "    n6 --> n7\n"
        '    n8(["nobody"])\n'
        "    n8 -.-> n6\n"
        "  end\n"
    )


UNREAD = [
    "policies_listed=empty",
    "policies_listed=403",
    "policies_of_package=empty",
    "policies_of_package=absent",
    "policies_of_package=404",
    "packages_listed=empty",
    "packages_of_catalog=403",
]


@pytest.mark.parametrize("switch", UNREAD)
def test_what_was_not_read_completely_is_unknown_and_never_nobody(
    reconciler: CommandLine, switch: str
) -> None:
    seed(reconciler, CALLS, switch)
    if switch == "packages_of_catalog=403":  # that way is only asked if the other one has none
        bare = [catalog(extensions=[live(1, "notify"), live(2, "remind")])]
        seed_catalogs(reconciler, bare, [], switch)
        declared("Marketing")
    shown = reconciler("usage", "--sandbox")
    assert (shown.code, shown.err) == (4, "")
    assert "nobody" not in shown.out.replace("called by nobody, ", "")
    assert "called by unknown" in shown.out
    assert "\n! What uses the extensions could not be read completely: " in shown.out
    assert ", 0 called by nobody, " in shown.last and ", 0 unknown." not in shown.last
    assert re.search(r", [12] incomplete, ", shown.last)


@pytest.mark.parametrize("switch", ["policies_listed=empty", "policies_of_package=empty"])
def test_a_use_that_either_way_shows_is_known(reconciler: CommandLine, switch: str) -> None:
    seed(reconciler, CALLS, switch)
    shown = reconciler("usage", "--sandbox", "--format", "json")
    assert shown.code == 4
    assert uses(shown.document) == {
        "notify": [CREATED, GRANTED],
        "remind": None,
        "audit": [GRANTED],
    }
    _, marketing = shown.document["catalogs"]
    assert (marketing["read"], marketing["uses"]) == ("complete", "unknown")
    assert "grant it EntitlementManagement.Read.All" in marketing["reason"]
    assert shown.document["complete"] is False
    text = reconciler("usage", "--sandbox").out
    assert text.count("called by possibly others, because not everything could be read\n") == 2
    assert (
        f"\n? extension remind (accessPackageAssignmentWorkflowExtension, id {guid(2)})\n" in text
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_what_is_unknown_and_why(reconciler: CommandLine, form: str) -> None:
    seed(reconciler, CALLS, "policies_listed=403")
    shown = reconciler("usage", "--sandbox", "--format", form)
    assert shown.code == 4
    assert "unknown" in shown.out
    assert "HTTP 403" in (shown.err if form == "mermaid" else shown.out)
    assert shown.err == "" or form == "mermaid"


def test_a_catalog_that_does_not_exist_is_shown_so(reconciler: CommandLine) -> None:
    seed(reconciler, CALLS)
    declared("Sales", "Finance")
    shown = reconciler("usage", "--sandbox")
    assert shown.code == 4
    assert "Catalog Sales: does not exist\n! No catalog has this name; " in shown.out
    assert shown.last.startswith("Usage: 2 catalogs, 1 incomplete, 1 extension, 1 called, ")
    document = reconciler("usage", "--sandbox", "--format", "json").document
    absent = next(scope for scope in document["catalogs"] if scope["display_name"] == "Sales")
    assert (absent["read"], absent["uses"], absent["extensions"]) == ("absent", "unknown", [])
    drawn = reconciler("usage", "--sandbox", "--format", "mermaid")
    assert '["Catalog Sales#58; does not exist"]' in drawn.out
    assert drawn.err.startswith("Catalog Sales: does not exist: No catalog has this name; ")


def test_an_id_that_no_catalog_has_is_shown_beside_the_others(reconciler: CommandLine) -> None:
    seed(reconciler, CALLS)
    declared({"id": guid(99)}, "Finance")
    shown = reconciler("usage", "--sandbox", "--format", "json")
    assert (shown.code, uses(shown.document)) == (4, {"audit": [GRANTED]})
    absent = [scope for scope in shown.document["catalogs"] if scope["read"] == "absent"]
    assert [(scope["id"], scope["uses"]) for scope in absent] == [(guid(99), "unknown")]


def test_catalog_narrows_what_is_read_and_what_decides_the_exit_code(
    reconciler: CommandLine,
) -> None:
    seed(reconciler, CALLS)
    declared("Sales", "Finance")
    shown = reconciler("usage", "--sandbox", "--catalog", "finance")
    assert (shown.code, "Sales" in shown.out) == (0, False)
    refused = reconciler("usage", "--sandbox", "--catalog", "Nowhere")
    assert (refused.code, refused.out) == (1, "")
    assert "No file declares a catalog named Nowhere." in refused.err


def test_a_catalog_that_files_address_by_name_and_by_id_is_shown_once(
    reconciler: CommandLine,
) -> None:
    seed(reconciler, CALLS)
    declared("Finance")
    (STATE / "state.yaml").rename(STATE / "by-name.yaml")
    other = {"catalog": {"id": FINANCE}, "extensions": [extension("other")]}
    declare(STATE, other)
    shown = reconciler("usage", "--sandbox")
    assert (shown.code, shown.out.count("Catalog Finance")) == (0, 1)


def test_path_chooses_the_catalogs_and_what_is_shown_is_live(reconciler: CommandLine) -> None:
    seed(reconciler, CALLS)
    file = declared("Finance", folder=Path("other"))
    document = reconciler("usage", file, "--sandbox", "--format", "json").document
    assert uses(document) == {"audit": [GRANTED]}


def test_a_stage_outside_the_six_and_a_deciding_approver_are_uses(reconciler: CommandLine) -> None:
    approval = {"stages": [{}, {"customExtension": {"id": guid(2)}}]}
    calling = policy(20, 10, ("unknownFutureValue", 1), requestApprovalSettings=approval)
    seed(reconciler, [calling])
    shown = reconciler("usage", "--sandbox", "--catalog", "Marketing")
    assert "policy policy 20, stage unknownFutureValue\n" in shown.out
    assert "policy policy 20, stage requestApprovalSettings/stages/2\n" in shown.out
    assert shown.last.endswith("2 extensions, 2 called, 0 called by nobody, 0 unknown.")


def test_two_extensions_at_one_stage_are_both_called_there(reconciler: CommandLine) -> None:
    seed(reconciler, [policy(20, 10, (GRANTED, 1), (GRANTED, 2))])
    document = reconciler("usage", "--sandbox", "--format", "json").document
    assert uses(document) == {"notify": [GRANTED], "remind": [GRANTED], "audit": []}


def test_a_called_extension_that_its_catalog_does_not_list_is_shown(
    reconciler: CommandLine,
) -> None:
    seed(reconciler, [policy(20, 10, (GRANTED, 3), (CREATED, 1))])
    shown = reconciler("usage", "--sandbox", "--catalog", "Marketing")
    assert f"id {guid(3)}), not in the list of its catalog\n    calls unknown\n" in shown.out
    assert shown.last.startswith("Usage: 1 catalog, 0 incomplete, 3 extensions, 2 called, ")
    chosen = ("--catalog", "Marketing", "--format", "json")
    document = reconciler("usage", "--sandbox", *chosen).document
    listed = {used["id"]: used["listed"] for used in document["catalogs"][0]["extensions"]}
    assert listed == {guid(1): True, guid(2): True, guid(3): False}


def test_an_extension_of_an_unknown_type_is_shown_without_a_logic_app(
    reconciler: CommandLine,
) -> None:
    strange = {"id": guid(5), "displayName": "strange", "@odata.type": "#microsoft.graph.newer"}
    seed_catalogs(reconciler, [catalog(extensions=[strange])], [])
    declared("Marketing")
    shown = reconciler("usage", "--sandbox")
    assert shown.code == 0
    assert (
        f"  extension strange (newer, id {guid(5)})\n    calls unknown\n    called by nobody\n"
        in shown.out
    )


HOSTILE = 'x`` ``` "]-->|%%{init:{}}%%<b>\u202e&#35;\n  end\n::error::[a](b)'


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_names_of_live_objects_are_shown_and_do_nothing(
    reconciler: CommandLine, form: str
) -> None:
    def lines(name: str) -> int:
        """The number of lines of the output with this name in every place."""
        inside = {"accessPackages": [package(10, name)]}
        held = catalog(name, extensions=[live(1, name, app=name)]) | inside
        calling = policy(20, 10, (name, 1)) | {"displayName": name}
        seed_catalogs(reconciler, [held], [calling])
        declared({"id": MARKETING})
        shown = reconciler("usage", "--sandbox", "--format", form)
        assert (shown.code, shown.err) == (0, "")
        assert all(line.isprintable() for line in shown.out.split("\n"))
        assert not re.search(r"^\s*(::|end\\n)", shown.out, re.MULTILINE)
        assert shown.out.count("```mermaid\n") == (form == "markdown")
        return shown.out.count("\n")

    assert lines(HOSTILE) == lines("x")


def test_invalid_files_are_listed_and_nothing_is_read(reconciler: CommandLine) -> None:
    declare(STATE, {"catalog": "Marketing", "nonsense": 1})
    shown = reconciler("usage", "--sandbox", "--format", "mermaid")
    assert (shown.code, "nonsense" in shown.out) == (3, True)


def test_files_that_declare_no_catalog_are_a_warning_on_stderr(reconciler: CommandLine) -> None:
    STATE.mkdir()
    (STATE / "empty.yaml").write_text("# nothing yet\n")
    shown = reconciler("usage", "--sandbox", "--format", "json")
    assert (shown.code, shown.document["catalogs"]) == (0, [])
    assert "R312 warning" in shown.err
    assert reconciler("usage", "--sandbox", "-q").err == ""
    assert reconciler("usage", "--sandbox").out == (
        "Usage: 0 catalogs, 0 incomplete, 0 extensions, 0 called, 0 called by nobody, 0 unknown.\n"
    )
    assert "mermaid" not in reconciler("usage", "--sandbox", "--format", "markdown").out


def test_github_is_not_a_format_of_usage(reconciler: CommandLine) -> None:
    refused = reconciler("usage", "--sandbox", "--format", "github")
    assert (refused.code, "'github' is not one of" in refused.err) == (1, True)
