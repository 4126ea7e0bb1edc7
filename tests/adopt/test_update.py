"""`export --update`, edit by edit: a declared file, what is live, and the file as it is
afterwards.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    REQUEST,
    SUBSCRIPTION,
    URL,
    CommandLine,
    Json,
    catalog,
    extension,
)

A, B = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
TOKEN = "#microsoft.graph.azureAdTokenAuthentication"
RESOURCE = "11111111-2222-4333-8444-555555555555"
SIG = "4Zk1Qw_x9Lm2Np7Rt5Vb8Yc3Hd6Jf0Gs-aEiOuXzB1k"

HEAD = f"""\
# of the identity team
catalog: Marketing   # the one with the campaigns
defaults:
  endpointConfiguration: {{subscriptionId: {SUBSCRIPTION}, resourceGroupName: rg}}
  authenticationConfiguration:
    "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
extensions:
"""
ITEM = f"""\
  - "@odata.type": "{REQUEST}"
    displayName:  a
    endpointConfiguration:
      logicAppWorkflowName: la
"""
FLOW = (
    f'  - {{"@odata.type": "{REQUEST}", displayName: a, endpointConfiguration:'
    " {logicAppWorkflowName: la}"
)


def live(
    name: str = "a", extension_id: str = A, type_name: str = REQUEST, **properties: Any
) -> Json:
    return {"id": extension_id, **extension(name, type_name, **properties)}


def token(resource_id: str = RESOURCE) -> Json:
    return {"@odata.type": TOKEN, "resourceId": resource_id}


@dataclass
class Case:
    """What stands below the head before and after, and what of the extension is live."""

    before: str
    after: str
    properties: Json
    name: str = "a"


TIMED = (
    ITEM
    + "    callbackConfiguration: # how long\n      # a comment inside\n      timeoutDuration: PT1H"
    " # an hour\n"
)
HALF = {"callbackConfiguration": {"timeoutDuration": "PT30M"}}
CASES = {
    "a plain text": Case(
        f"{ITEM}    description: old   # why\n    # end\n",
        f"{ITEM}    description: new   # why\n    # end\n",
        {"description": "new"},
    ),
    "a text in single quotes": Case(
        f"{ITEM}    description: 'it''s'\n",
        f"{ITEM}    description: 'it''s: new'\n",
        {"description": "it's: new"},
    ),
    "a text in double quotes": Case(
        f'{ITEM}    description: "old" # \u00e9\n',
        f'{ITEM}    description: "new" # \u00e9\n',
        {"description": "new"},
    ),
    "a plain text that needs quotes now": Case(
        f"{ITEM}    description: old\n", f'{ITEM}    description: "no"\n', {"description": "no"}
    ),
    "a text that looks like a variable": Case(
        f"{ITEM}    description: old\n",
        f'{ITEM}    description: "$${{x}}"\n',
        {"description": "${x}"},
    ),
    "a text of several lines": Case(
        f"{ITEM}    description: |\n        one\n        two\n    callbackConfiguration: null\n",
        f"{ITEM}    description: |-\n        one\n        three\n    callbackConfiguration: null\n",
        {"description": "one\nthree"},
    ),
    "several lines become one": Case(
        f"{ITEM}    description: >\n      one\n      two\n\n    # end\n",
        f"{ITEM}    description: one\n\n    # end\n",
        {"description": "one"},
    ),
    "a text of several lines with a head of its own": Case(
        f"{ITEM}    description: |2- # owned by X\n      one\n      two\n    # end\n",
        f"{ITEM}    description: |2 # owned by X\n      one\n      three\n    # end\n",
        {"description": "one\nthree\n"},
    ),
    "a text of no lines": Case(
        f"{ITEM}    description: | # none yet\n    callbackConfiguration: null\n",
        f"{ITEM}    description: |- # none yet\n      one\n      two\n    callbackConfiguration:"
        " null\n",
        {"description": "one\ntwo"},
    ),
    "folded lines with a comment become lines": Case(
        f"{ITEM}    description: >+  # owned by X\n      one\n      two\n",
        f"{ITEM}    description: |-  # owned by X\n      one\n      three\n",
        {"description": "one\nthree"},
    ),
    "several lines under a comment become one": Case(
        f"{ITEM}    description: !!str >- # owned by X\n      one\n      two\n    # end\n",
        f"{ITEM}    description: one # owned by X\n    # end\n",
        {"description": "one"},
    ),
    "two additions at one place": Case(
        f"{ITEM}\n  # end\n",
        f"{ITEM}      resourceGroupName: rg-2\n"
        f'    authenticationConfiguration:\n      "@odata.type": "{TOKEN}"\n      resourceId:'
        f" {RESOURCE}\n\n  # end\n",
        {
            "authenticationConfiguration": token(),
            "endpointConfiguration": {
                **extension("a")["endpointConfiguration"],
                "resourceGroupName": "rg-2",
            },
        },
    ),
    "a cleared text": Case(
        f"{ITEM}    description: old # why\n",
        f"{ITEM}    description: null # why\n",
        {"description": None},
    ),
    "a timeout": Case(TIMED, TIMED.replace("PT1H", "PT30M"), HALF),
    "a timeout under its other name": Case(
        TIMED.replace("timeoutDuration", "durationBeforeTimeout"),
        TIMED.replace("timeoutDuration", "durationBeforeTimeout").replace("PT1H", "PT30M"),
        HALF,
    ),
    "a configuration that is gone": Case(
        TIMED, f"{ITEM}    callbackConfiguration: null # how long\n", {}
    ),
    "a configuration that is gone, in flow style": Case(
        f"{FLOW}, callbackConfiguration: {{timeoutDuration: PT1H}}}} # x\n",
        f"{FLOW}, callbackConfiguration: null}} # x\n",
        {},
    ),
    "a configuration that was cleared": Case(
        f"{ITEM}    callbackConfiguration: ~ # none\n",
        f"{ITEM}    callbackConfiguration: {{timeoutDuration: PT30M}} # none\n",
        HALF,
    ),
    "a number": Case(
        f"{ITEM}    clientConfiguration:\n      timeoutInMilliseconds: 200\n     "
        " maximumRetries: 1\n",
        f"{ITEM}    clientConfiguration:\n      timeoutInMilliseconds: 2000\n      maximumRetries:"
        " null\n",
        {"clientConfiguration": {"timeoutInMilliseconds": 2000}},
    ),
    "a default": Case(
        ITEM,
        f"{ITEM}      resourceGroupName: rg-2\n",
        {
            "endpointConfiguration": {
                **extension("a")["endpointConfiguration"],
                "resourceGroupName": "rg-2",
            }
        },
    ),
    "a default, in flow style": Case(
        f"{FLOW}}}\n",
        f"{FLOW.removesuffix('}')}, resourceGroupName: rg-2}}}}\n",
        {
            "endpointConfiguration": {
                **extension("a")["endpointConfiguration"],
                "resourceGroupName": "rg-2",
            }
        },
    ),
    "a default of a configuration that the extension does not have": Case(
        ITEM.replace("    endpointConfiguration:\n      logicAppWorkflowName: la\n", "").replace(
            "  a\n", "  a # no la\n"
        ),
        ITEM.replace("    endpointConfiguration:\n      logicAppWorkflowName: la\n", "").replace(
            "  a\n", "  a # no la\n"
        )
        + "    endpointConfiguration:\n      resourceGroupName: rg-2\n",
        {
            "endpointConfiguration": {
                **extension("a")["endpointConfiguration"],
                "resourceGroupName": "rg-2",
            }
        },
    ),
    "a text with an escaped dollar": Case(
        f"{ITEM}    description: costs $${{x}}\n",
        f"{ITEM}    description: nothing\n",
        {"description": "nothing"},
    ),
    "a configuration of the defaults": Case(
        f"{ITEM}\n  # end\n",
        f'{ITEM}    authenticationConfiguration:\n      "@odata.type": "{TOKEN}"\n      resourceId:'
        f" {RESOURCE}\n\n  # end\n",
        {"authenticationConfiguration": token()},
    ),
    "a type with fewer members": Case(
        f'{ITEM}    authenticationConfiguration:\n      "@odata.type": "{TOKEN}"\n'
        f"      resourceId: {RESOURCE} # x\n# y\n",
        f'{ITEM}    authenticationConfiguration:\n      "@odata.type": '
        '"#microsoft.graph.azureAdPopTokenAuthentication"\n# y\n',
        {},
    ),
    "a type with fewer members, with comments around": Case(
        f"{ITEM}    authenticationConfiguration:\n      # kept 1\n      resourceId: {RESOURCE} #"
        " gone\n      # kept 2\n"
        f'      "@odata.type": "{TOKEN}" # kept 3\n',
        f"{ITEM}    authenticationConfiguration:\n      # kept 1\n      # kept 2\n"
        '      "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication" # kept 3\n',
        {},
    ),
    "a type with fewer members, under a comment": Case(
        f'{ITEM}    authenticationConfiguration:\n      "@odata.type": "{TOKEN}" # kept 1\n      #'
        f" kept 2\n      resourceId: {RESOURCE} # gone\n",
        f'{ITEM}    authenticationConfiguration:\n      "@odata.type":'
        ' "#microsoft.graph.azureAdPopTokenAuthentication" # kept 1\n      # kept 2\n',
        {},
    ),
    "a type with fewer members, in flow style with comments": Case(
        f'{ITEM}    authenticationConfiguration: {{\n      "@odata.type": "{TOKEN}", # kept, 1\n   '
        f"   # kept 2\n      resourceId: {RESOURCE} # kept 3\n    }}\n",
        f'{ITEM}    authenticationConfiguration: {{\n      "@odata.type":'
        ' "#microsoft.graph.azureAdPopTokenAuthentication" # kept, 1\n      # kept 2\n       #'
        " kept 3\n    }\n",
        {},
    ),
    "a type with fewer members, first in flow style with comments": Case(
        f"{ITEM}    authenticationConfiguration: {{resourceId: {RESOURCE}\n      # kept, 1\n      ,"
        " # kept 2\n"
        f'      "@odata.type": "{TOKEN}" }}\n',
        f"{ITEM}    authenticationConfiguration: {{\n      # kept, 1\n       # kept 2\n"
        '      "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication" }\n',
        {},
    ),
    "a type with fewer members, in flow style": Case(
        f'{ITEM}    authenticationConfiguration: {{resourceId: {RESOURCE}, "@odata.type":'
        f' "{TOKEN}"}}\n',
        f'{ITEM}    authenticationConfiguration: {{"@odata.type":'
        ' "#microsoft.graph.azureAdPopTokenAuthentication"}\n',
        {},
    ),
    "a type with more members": Case(
        f'{ITEM}    authenticationConfiguration: {{"@odata.type":'
        ' "#microsoft.graph.azureAdPopTokenAuthentication"}\n',
        f'{ITEM}    authenticationConfiguration: {{"@odata.type": "{TOKEN}", resourceId:'
        f" {RESOURCE}}}\n",
        {"authenticationConfiguration": token()},
    ),
    "a name spelled otherwise": Case(ITEM, ITEM.replace("  a\n", "  A\n"), {}, "A"),
    "the name of a pinned one": Case(
        f"{ITEM}    id: {A}\n", ITEM.replace("  a\n", '  "b: c"\n') + f"    id: {A}\n", {}, "b: c"
    ),
}


@pytest.mark.parametrize("windows", [False, True], ids=["unix", "windows"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_drifted_value_changes_where_it_stands(
    case: Case, windows: bool, reconciler: CommandLine
) -> None:
    def written(text: str) -> bytes:
        return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() if windows else text.encode()

    file = Path("state.yaml")
    head = (
        HEAD.replace("Name: rg}", "Name: rg, logicAppWorkflowName: la}")
        if "# no la" in case.before
        else HEAD
    )
    file.write_bytes(written(head + case.before))
    reconciler.seed(catalog(extensions=[live(case.name, **case.properties)]))
    updated = reconciler("export", "--update", file, "--sandbox")
    assert (updated.code, updated.err) == (0, "")
    assert file.read_bytes().decode() == written(head + case.after).decode()
    assert updated.out.startswith("~ state.yaml:")
    assert updated.last.startswith("Update: 0 added, ")


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\r"])
def test_whatever_ends_a_line_in_yaml_ends_it_for_an_edit(
    end: str, reconciler: CommandLine
) -> None:
    """What stands behind it is no part of the line: neither lost with it nor swallowed by its
    comment.
    """
    pop = "#microsoft.graph.azureAdPopTokenAuthentication"
    kind = f'{ITEM}    authenticationConfiguration:\n      "@odata.type": "{TOKEN}"\n'
    stays = (
        f"    description: same # stays{end}    callbackConfiguration: {{timeoutDuration: PT1H}} #"
        f" why{end}"
    )
    Path("state.yaml").write_bytes(
        f"{HEAD}{kind}      resourceId: {RESOURCE} # gone{end}{stays}".encode()
    )
    reconciler.seed(catalog(extensions=[live(description="same", **HALF)]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert updated.err == ""
    after = (
        HEAD + kind.replace(TOKEN, pop).removesuffix("\n") + end + stays.replace("PT1H", "PT30M")
    )
    assert Path("state.yaml").read_bytes().decode() == after
    assert (
        f"~ state.yaml:{(HEAD + kind).count(chr(10)) + 2}: a callbackConfiguration" in updated.out
    )


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_what_is_added_ends_like_the_lines_of_its_file(end: str, reconciler: CommandLine) -> None:
    apart = HEAD + ITEM.replace("  a\n", "  c\n") + "\n" + ITEM
    Path("state.yaml").write_bytes(apart.replace("\n", end).encode())
    group = endpoint(resourceGroupName="rg-2")
    reconciler.seed(
        catalog(extensions=[live(endpointConfiguration=group), live("c", FINANCE), new()])
    )
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    text = Path("state.yaml").read_bytes().decode()
    assert text == f"{apart}      resourceGroupName: rg-2\n\n{NEW}".replace("\n", end)
    lines = text.split(end)
    told = {
        line[0]: lines[int(line.split(":")[1]) - 1].strip() for line in updated.out.splitlines()[:2]
    }
    assert told == {"~": "resourceGroupName: rg-2", "+": f"# id {B}"}


NEW = """\
  # id 00000000-0000-4000-8000-000000000002
  - "@odata.type": "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
    displayName: b
    endpointConfiguration:
      logicAppWorkflowName: la
      url: https://h/b
"""
FLOW_NEW = (
    '{"@odata.type": "#microsoft.graph.accessPackageAssignmentWorkflowExtension", displayName: b, '
    'endpointConfiguration: {logicAppWorkflowName: la, url: "https://h/b"}}'
)
SHORT = HEAD.replace("extensions:\n", "")


def new(name: str = "b", extension_id: str = B, **properties: Any) -> Json:
    return live(
        name,
        extension_id,
        ASSIGNMENT,
        endpointConfiguration=endpoint(url="https://h/b"),
        **properties,
    )


def endpoint(**members: Any) -> Json:
    return {**extension("a")["endpointConfiguration"], **members}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HEAD + ITEM, f"{HEAD}{ITEM}\n{NEW}"),
        ((HEAD + ITEM).rstrip("\n"), f"{HEAD}{ITEM}\n{NEW}".rstrip("\n")),
        (f"{HEAD}{ITEM}# end\n---\n# more\n", f"{HEAD}{ITEM}\n{NEW}# end\n---\n# more\n"),
        (f"{SHORT}extensions: [] # none\n", f"{SHORT}extensions: # none\n{NEW}"),
        (f"{HEAD}{FLOW}}}\n", f"{HEAD}{FLOW}}}\n\n{NEW}"),
        (
            f"{SHORT}extensions: [\n{FLOW[4:]}}} ]\n",
            f"{SHORT}extensions: [\n{FLOW[4:]}}}, {FLOW_NEW} ]\n",
        ),
        (f"{SHORT}extensions: [ # none\n  ]\n", f"{SHORT}extensions: [{FLOW_NEW} # none\n  ]\n"),
        ("{catalog: Marketing, extensions: []}\n", None),
        ('{"catalog": "Marketing", "extensions": []}\n', None),
    ],
)
def test_what_is_unmanaged_comes_last_in_the_style_of_the_list(
    before: str, after: str | None, reconciler: CommandLine
) -> None:
    file = Path("state.yaml")
    file.write_text(before)
    reconciler.seed(catalog(extensions=[live(), new()] if "displayName" in before else [new()]))
    updated = reconciler("export", "--update", file, "--sandbox")
    assert updated.code == 0
    assert updated.last == "Update: 1 added, 0 changed, 0 left as they are, 0 not live."
    if after is None:
        assert file.read_text().count("\n") == 1
        assert file.read_text().startswith(before.removesuffix("]}\n"))
        assert ('"displayName": "b"' in file.read_text()) == ('"catalog"' in before)
    else:
        assert file.read_text() == after
        line = next(
            number for number, text in enumerate(after.split("\n"), 1) if "displayName: b" in text
        )
        line -= 0 if FLOW_NEW in after else 2
        assert updated.out.startswith(f"+ state.yaml:{line}: b of Marketing\n")
    assert "0 create, 0 update" in reconciler("plan", file, "--sandbox").last


@pytest.mark.parametrize("path", ["state.yaml", "."])
def test_what_would_be_deleted_as_unmanaged_is_declared(path: str, reconciler: CommandLine) -> None:
    deleting = HEAD.replace("defaults:", "unmanaged: delete\ndefaults:") + ITEM
    Path("state.yaml").write_text(deleting)
    reconciler.seed(catalog(extensions=[live(), new()]))
    updated = reconciler("export", "--update", path, "--sandbox")
    assert (updated.code, updated.err) == (0, "")
    assert updated.last == "Update: 1 added, 0 changed, 0 left as they are, 0 not live."
    assert Path("state.yaml").read_text() == f"{deleting}\n{NEW}"
    assert "0 delete, 0 blocked, 2 unchanged" in reconciler("plan", ".", "--sandbox").last


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_items_without_blank_lines_between_get_none(end: str, reconciler: CommandLine) -> None:
    text = HEAD + ITEM + ITEM.replace("displayName:  a", "displayName: c")
    Path("state.yaml").write_bytes(text.replace("\n", end).encode())
    reconciler.seed(catalog(extensions=[live(), live("c", FINANCE), new()]))
    reconciler("export", "--update", "state.yaml", "--sandbox")
    assert Path("state.yaml").read_bytes().decode() == (text + NEW).replace("\n", end)


def test_several_new_ones_are_added_to_an_empty_list(reconciler: CommandLine) -> None:
    Path("state.yaml").write_text(f"{SHORT}extensions: []\n")
    reconciler.seed(catalog(extensions=[new("c", A), new()]))
    assert reconciler("export", "--update", "state.yaml", "--sandbox").last.startswith(
        "Update: 2 added"
    )
    assert (
        Path("state.yaml").read_text()
        == f"{HEAD}{NEW}\n{NEW.replace(B, A).replace('Name: b', 'Name: c')}"
    )


def test_new_ones_go_to_the_last_document_of_their_catalog(reconciler: CommandLine) -> None:
    texts = {
        "a.yaml": HEAD + ITEM,
        "b.yaml": f"catalog: {{id: {MARKETING}}}\nextensions: []\n",
        "c.yaml": "# none\n",
    }
    texts["d.yaml"] = "catalog: Finance\nextensions: []\n"
    for name, text in texts.items():
        Path("desired").mkdir(exist_ok=True)
        (Path("desired") / name).write_text(text)
    reconciler.seed(catalog(extensions=[live(), new()]), catalog("Finance", FINANCE))
    updated = reconciler("export", "--update", "desired", "--sandbox")
    assert updated.out.startswith("+ desired/b.yaml:3: b of Marketing")
    assert "R308" not in updated.err, "one catalog, though it is addressed in two ways"
    changed = {name for name, text in texts.items() if (Path("desired") / name).read_text() != text}
    assert changed == {"b.yaml"}


ALIASED = (
    HEAD
    + ITEM
    + "    description: &text old\n"
    + ITEM.replace("  a\n", "  c\n")
    + "    description: *text\n"
)


@pytest.mark.parametrize(
    ("text", "extensions", "said"),
    [
        (
            ALIASED,
            [live(description="new"), live("c", B, description="old")],
            "it is an alias, or has an anchor",
        ),
        (
            ALIASED,
            [live(description="old"), live("c", B, description="new")],
            "it is an alias, or has an anchor",
        ),
        (
            f"{HEAD}{TIMED}",
            [live(callbackConfiguration={})],
            "the edited file would not declare the live value",
        ),
        (
            f"{HEAD}{ITEM}    description: x\n",
            [live(description=f"see sig={SIG}")],
            "contains a secret",
        ),
        (HEAD + ITEM, [live(type_name=ASSIGNMENT)], "its type changes from"),
        (HEAD + ITEM, [live(), live(extension_id=B)], "2 live extensions have this name"),
        (
            f"{HEAD}{ITEM}    id: {A}\n",
            [live("c", A), live("a", B)],
            "the new name is already used",
        ),
        (
            HEAD.replace("resourceGroupName: rg", f"resourceGroupName: rg, url: '{URL}'") + ITEM,
            [
                live(endpointConfiguration=endpoint(url=URL)),
                live("b", B, endpointConfiguration=endpoint(url=f"{URL}&sig={SIG}")),
            ],
            '"b" (00000000-0000-4000-8000-000000000002) is not added to the file',
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_left_and_told(
    text: str, extensions: list[Json], said: str, reconciler: CommandLine
) -> None:
    file = Path("state.yaml")
    file.write_text(text)
    reconciler.seed(catalog(extensions=extensions))
    held = [one["id"] for one in reconciler.live()]
    assert held
    updated = reconciler("export", "--update", file, "--sandbox")
    assert updated.code == 0
    assert "state.yaml:" in updated.err and "R308 warning" in updated.err
    assert said in updated.err
    assert SIG not in updated.out + updated.err
    assert file.read_text() == text
    assert ", 0 changed, " in updated.last


def test_the_value_of_a_variable_is_left(reconciler: CommandLine) -> None:
    Path("reconciler.yaml").write_text(
        "environments:\n  prod:\n    variables: {text: old, group: rg}\n"
    )
    file = Path("state.yaml")
    text = HEAD.replace("Name: rg", "Name: '${group}'") + ITEM + "    description: ${text}\n"
    file.write_text(text)
    reconciler.seed(
        catalog(
            extensions=[
                live(description="new", endpointConfiguration=endpoint(resourceGroupName="x"))
            ]
        )
    )
    updated = reconciler("export", "--update", file, "--sandbox", "--environment", "prod")
    assert updated.err.count("the value comes from a variable") == 2
    assert file.read_text() == text


def test_one_that_does_not_hold_keeps_no_other_from_being_written(reconciler: CommandLine) -> None:
    """The declared new name of a pinned one is taken, so its namesake cannot be added; the rest
    can.
    """
    file = Path("state.yaml")
    file.write_text(f"{HEAD}{ITEM}    id: {A}\n")
    reconciler.seed(catalog(extensions=[live("z", A), live("a", FINANCE), new()]))
    updated = reconciler("export", "--update", file, "--sandbox")
    assert file.read_text() == f"{HEAD}{ITEM}    id: {A}\n\n{NEW}"
    assert f"the new name is already used by {FINANCE}" in updated.err
    assert "is not added" not in updated.err, "that the name is declared is reason enough"


def test_a_namesake_is_added_with_its_id(reconciler: CommandLine) -> None:
    file = Path("state.yaml")
    file.write_text(f"{HEAD}{ITEM}    id: {A}\n")
    reconciler.seed(catalog(extensions=[live(), live("A", B)]))
    assert reconciler("export", "--update", file, "--sandbox").last.startswith(
        "Update: 1 added, 0 changed"
    )
    assert f"    id: {B}\n    displayName: A\n" in file.read_text()
    planned = reconciler("plan", file, "--sandbox").last
    assert planned.endswith("0 update, 0 rename, 0 replace, 0 delete, 0 blocked, 2 unchanged.")


@pytest.mark.parametrize(
    ("item", "because"),
    [
        ("  - {displayName: a, ensure: absent}\n", "it is declared with ensure: absent."),
        (ITEM.replace(REQUEST, ASSIGNMENT), "its type changes from accessPackageAssignment"),
    ],
    ids=["absent", "of another type"],
)
def test_a_declaration_that_deletes_what_is_live_is_left(
    item: str, because: str, reconciler: CommandLine
) -> None:
    text = HEAD + item
    Path("state.yaml").write_text(text)
    reconciler.seed(catalog(extensions=[live(description="theirs")]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert (updated.code, updated.err.count("R308 warning")) == (0, 1)
    assert f'"a" is not updated in the file, because {because}' in updated.err
    assert Path("state.yaml").read_text() == text


def test_of_two_declared_under_one_name_each_gets_its_own_edits(reconciler: CommandLine) -> None:
    file = Path("state.yaml")
    text = f"{HEAD}{ITEM}    id: {A}\n{ITEM}    id: {B}\n    description: old\n"
    file.write_text(text)
    reconciler.seed(catalog(extensions=[live(), live("a", B, description="new")]))
    assert reconciler("export", "--update", file, "--sandbox").last.startswith(
        "Update: 0 added, 1 changed"
    )
    assert file.read_text() == text.replace("old", "new")


@pytest.mark.parametrize("pin", ["", f"    id: {A}\n"])
def test_one_that_is_declared_twice_is_not_tried_as_a_new_one(
    pin: str, reconciler: CommandLine
) -> None:
    """By its name, or by its id under a name of its own: two ways to address a catalog, which only
    Graph joins.
    """
    by_id = HEAD.replace("catalog: Marketing", f"catalog: {{id: {MARKETING}}}")
    text = f"{HEAD}{ITEM}{pin}---\n{by_id}{ITEM.replace('  a', '  c') if pin else ITEM}{pin}"
    Path("state.yaml").write_text(text)
    reconciler.seed(catalog(extensions=[live("z" if pin else "a")]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert updated.err.count("it is also declared at") == updated.err.count("R308 warning") == 2
    assert Path("state.yaml").read_text() == text


def test_a_new_name_that_another_file_declares_too_is_left(reconciler: CommandLine) -> None:
    """The loader cannot know that both mean one catalog; the plan would block the two."""
    by_id = HEAD.replace("catalog: Marketing", f"catalog: {{id: {MARKETING}}}")
    text = f"{HEAD}{ITEM}    id: {A}\n---\n{by_id}{ITEM.replace('  a', '  z')}"
    Path("state.yaml").write_text(text)
    reconciler.seed(catalog(extensions=[live("z")]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert (
        '"a": displayName is not updated in the file, because the edited file would not declare the'
        " live value" in updated.err
    )
    assert Path("state.yaml").read_text() == text


ENVIRONMENTS = (
    "environments:\n  prod:\n    variables: {stage: prod}\n  dev:\n    variables: {stage: dev}\n"
)


def test_an_edit_that_another_environment_would_not_take_is_left(reconciler: CommandLine) -> None:
    Path("reconciler.yaml").write_text(ENVIRONMENTS)
    text = HEAD + ITEM.replace("  a\n", "  '${stage}-a'\n") + "    description: old\n"
    Path("state.yaml").write_text(text)
    reconciler.seed(
        catalog(extensions=[live("prod-a", description="new"), new("dev-a"), new("c", FINANCE)])
    )
    updated = reconciler("export", "--update", "state.yaml", "--sandbox", "--environment", "prod")
    assert updated.last == "Update: 1 added, 1 changed, 1 left as they are, 0 not live."
    assert (
        f'"dev-a" ({B}) is not added to the file, because the files would become invalid in'
        " environment dev" in updated.err
    )
    assert "R207: The extension" in updated.err
    edited = Path("state.yaml").read_text()
    assert edited == text.replace("old", "new") + "\n" + NEW.replace("Name: b", "Name: c").replace(
        B, FINANCE
    )
    assert reconciler("validate", "state.yaml").code == 0


def test_an_update_says_that_it_holds_for_the_other_environments_too(
    reconciler: CommandLine,
) -> None:
    Path("reconciler.yaml").write_text(ENVIRONMENTS)
    Path("state.yaml").write_text(HEAD + ITEM + "    description: old\n")
    reconciler.seed(catalog(extensions=[live("a", description="new")]))
    arguments = ("export", "--update", "state.yaml", "--sandbox", "--environment", "prod")
    note = (
        "Note: The new values were read in environment prod, but the files are also used for dev."
    )
    assert note in reconciler(*arguments).err
    assert "Note: " not in reconciler(*arguments).err, "nothing was written the second time"


def test_warnings_about_the_files_are_printed_as_plan_prints_them(reconciler: CommandLine) -> None:
    Path("state.yaml").write_text(
        HEAD + ITEM + "    description: old\n---\ncatalog: Marketing\nextensions: []\n"
    )
    reconciler.seed(catalog(extensions=[live("a", description="new")]))
    for output in ([], ["--format", "json"]):
        updated = reconciler("export", "--update", "state.yaml", "--sandbox", *output)
        warning = next(line for line in updated.err.splitlines() if " R312 warning: " in line)
        assert warning in reconciler("plan", "state.yaml", "--sandbox").out
        assert "R312" not in updated.out
    assert reconciler("export", "--update", "state.yaml", "--sandbox", "-q").err == ""


def test_an_environment_that_is_at_fault_already_forbids_nothing(reconciler: CommandLine) -> None:
    Path("reconciler.yaml").write_text(f"{ENVIRONMENTS}  empty: {{}}\n")
    Path("state.yaml").write_text(
        HEAD + ITEM.replace("  a\n", "  '${stage}-a'\n") + "    description: old\n"
    )
    reconciler.seed(catalog(extensions=[live("prod-a", description="new")]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox", "--environment", "prod")
    assert "R308" not in updated.err
    assert updated.last == "Update: 0 added, 1 changed, 0 left as they are, 0 not live."


def test_escapes_and_marks_before_an_edit_keep_their_bytes(reconciler: CommandLine) -> None:
    """Places are found in a text that the parser takes, and edited in the text as it is."""
    other = '---\ncatalog: "\\ud83d\\ude80"\nextensions: []\n'
    item = ITEM.replace("  a\n", "  a # \\ud83d\n").replace(
        "    displayName", '    description: "\\ud83d\\ude80 old"\n    displayName'
    )
    before = f"{other}\ufeff---\n{HEAD}{item}...\n\ufeff{other}"
    Path("state.yaml").write_text(before, "utf-8")
    reconciler.seed(
        catalog("\U0001f680", FINANCE),
        catalog(extensions=[live("a", description="\U0001f680 new")]),
    )
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert (updated.code, updated.last) == (
        0,
        "Update: 0 added, 1 changed, 0 left as they are, 0 not live.",
    )
    assert Path("state.yaml").read_text("utf-8") == before.replace(
        '"\\ud83d\\ude80 old"', '"\U0001f680 new"'
    )


def test_a_warning_in_another_environment_forbids_nothing(reconciler: CommandLine) -> None:
    Path("reconciler.yaml").write_text(ENVIRONMENTS)
    empty = "---\ncatalog: Finance\nextensions: []\n"
    Path("state.yaml").write_text(
        HEAD + ITEM.replace("  a\n", "  '${stage}-a'\n") + "    description: old\n" + empty
    )
    reconciler.seed(
        catalog(extensions=[live("prod-a", description="new")]), catalog("Finance", FINANCE)
    )
    updated = reconciler("export", "--update", "state.yaml", "--sandbox", "--environment", "prod")
    assert updated.last == "Update: 0 added, 1 changed, 0 left as they are, 0 not live."


def test_a_file_without_a_change_is_not_touched_and_links_and_modes_stay(
    reconciler: CommandLine,
) -> None:
    folder = Path("desired")
    folder.mkdir()
    (folder / "real.yaml").write_text(HEAD + TIMED)
    (folder / "real.yaml").chmod(0o640)
    (folder / "same.yaml").write_text("catalog: Finance\nextensions: []\n")
    Path("link.yaml").symlink_to("desired/real.yaml")
    stamp = (folder / "same.yaml").stat()
    reconciler.seed(catalog(extensions=[live(**HALF)]), catalog("Finance", FINANCE))
    assert reconciler("export", "--update", "link.yaml", "desired/same.yaml", "--sandbox").code == 0
    assert Path("link.yaml").is_symlink()
    assert "PT30M" in (folder / "real.yaml").read_text()
    assert stat.S_IMODE((folder / "real.yaml").stat().st_mode) == 0o640
    after = (folder / "same.yaml").stat()
    assert (after.st_mtime_ns, after.st_ino) == (stamp.st_mtime_ns, stamp.st_ino)
    assert sorted(one.name for one in folder.iterdir()) == ["real.yaml", "same.yaml"]


def test_only_the_named_catalogs_are_edited(reconciler: CommandLine) -> None:
    Path("state.yaml").write_text(f"{HEAD}{TIMED}---\ncatalog: Finance\nextensions: []\n")
    reconciler.seed(catalog(extensions=[live(**HALF)]), catalog("Finance", FINANCE, [new()]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox", "--catalog", "finance")
    assert updated.last.startswith("Update: 1 added, 0 changed")
    assert "PT1H" in Path("state.yaml").read_text()


def test_a_catalog_that_cannot_be_read_is_told_and_ends_with_4(reconciler: CommandLine) -> None:
    Path("state.yaml").write_text(f"{HEAD}{TIMED}---\ncatalog: Gone\nextensions: []\n")
    reconciler.seed(catalog(extensions=[live(**HALF)]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert updated.code == 4
    assert "R307 warning: Catalog Gone" in updated.err
    assert "PT30M" in Path("state.yaml").read_text()


def test_what_is_declared_and_not_live_is_told_and_left(reconciler: CommandLine) -> None:
    Path("state.yaml").write_text(HEAD + ITEM)
    reconciler.seed(catalog())
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert updated.out.startswith(
        "! a (accessPackageAssignmentRequestWorkflowExtension) is declared and not live: apply will"
    )
    assert updated.last == "Update: 0 added, 0 changed, 0 left as they are, 1 not live."
    assert Path("state.yaml").read_text() == HEAD + ITEM


def test_the_json_of_an_update_tells_each_edit(reconciler: CommandLine) -> None:
    Path("state.yaml").write_text(HEAD + TIMED)
    reconciler.seed(catalog(extensions=[live(**HALF), new()]))
    document = reconciler(
        "export", "--update", "state.yaml", "--sandbox", "--format", "json"
    ).document
    assert (
        document["complete"] is True
        and document["diagnostics"] == []
        and document["not_live"] == []
    )
    assert [
        (one["line"], one["path"], one["before"], one["after"]) for one in document["edits"]
    ] == [
        (14, "/callbackConfiguration/timeoutDuration", "PT1H", "PT30M"),
        (16, None, None, None),
    ]


def test_lines_are_those_of_the_edited_file(reconciler: CommandLine) -> None:
    second = ITEM.replace("  a\n", "  b\n") + "    description: old\n"
    Path("state.yaml").write_text(HEAD + ITEM + second)
    other = endpoint(resourceGroupName="rg-2")
    reconciler.seed(
        catalog(extensions=[live(endpointConfiguration=other), live("b", B, description="new")])
    )
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    lines = Path("state.yaml").read_text().split("\n")
    told = [int(line.split(":")[1]) for line in updated.out.splitlines() if line.startswith("~ ")]
    assert [lines[number - 1].strip() for number in told] == [
        "resourceGroupName: rg-2",
        "description: new",
    ]


def test_a_new_one_gives_up_the_defaults_that_it_does_not_have(reconciler: CommandLine) -> None:
    head = HEAD.replace(
        "extensions:", "  callbackConfiguration:\n    timeoutDuration: PT1H\nextensions:"
    )
    Path("state.yaml").write_text(head + ITEM)
    bearer = new("c", FINANCE, authenticationConfiguration=token())
    reconciler.seed(
        catalog(extensions=[live(callbackConfiguration={"timeoutDuration": "PT1H"}), bearer])
    )
    assert reconciler("export", "--update", "state.yaml", "--sandbox").last.startswith(
        "Update: 1 added"
    )
    added = Path("state.yaml").read_text().partition(FINANCE)[2]
    assert added.endswith(
        f'    authenticationConfiguration:\n      "@odata.type": "{TOKEN}"\n      resourceId:'
        f" {RESOURCE}\n    callbackConfiguration: null\n"
    )


def test_a_default_of_null_gives_way_to_all_that_is_live(reconciler: CommandLine) -> None:
    nulls = "  callbackConfiguration: null\n  clientConfiguration: ~\nextensions:"
    Path("state.yaml").write_text(HEAD.replace("extensions:", nulls) + ITEM)
    client = {"timeoutInMilliseconds": 300, "maximumRetries": 1}
    reconciler.seed(catalog(extensions=[live(**HALF, clientConfiguration=client)]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert (updated.err, updated.last) == (
        "",
        "Update: 0 added, 2 changed, 0 left as they are, 0 not live.",
    )
    assert (
        Path("state.yaml")
        .read_text()
        .endswith(
            f"{ITEM}    callbackConfiguration:\n      timeoutDuration: PT30M\n"
            "    clientConfiguration:\n      timeoutInMilliseconds: 300\n      maximumRetries: 1\n"
        )
    )


def test_faulty_files_end_with_3_and_stay(reconciler: CommandLine) -> None:
    Path("state.yaml").write_text(HEAD + ITEM + "    oops: 1\n")
    reconciler.seed(catalog(extensions=[live()]))
    updated = reconciler("export", "--update", "state.yaml", "--sandbox")
    assert (updated.code, "R101" in updated.out) == (3, True)
