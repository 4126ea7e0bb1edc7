"""The published schema in a real editor: yaml-language-server reports what `validate` reports, and
completes.

The server comes from the package registry of npm, as `package-lock.json` pins it; without one, the
tests are skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from documents import FORMAT
from language_server import LanguageServer

from reconciler.loader import load_environments, load_texts
from reconciler.model.environment import Environment

pytestmark = pytest.mark.thorough

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
CASES = ROOT / "tests/schemas"
EXPECTED = re.compile(r"^# expect: (R\d{3}) (\d+):\d+$", re.MULTILINE)
ERROR = 1
UNREACHABLE = re.compile(
    r"code (ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|E40[134]|E5\d\d)\b"
)
SCHEMA = ROOT / "schemas/desired-state.schema.json"

NOT_IN_THE_EDITOR = {
    "R102-number-in-quotes": "1e3 is a number in YAML 1.2, here it is text",
    "R102-octal-looking": "0400 is a number in YAML 1.2, here it is text",
    "R103-everything-after-merging": (
        "the editor marks the first line of the extension, not the one of `displayName`"
    ),
    "R103-members-after-merging": (
        "the editor marks the configuration in which the member is missing"
    ),
    "R105-invisible-name-of-a-catalog": "a pattern does not know which characters are visible",
    "R105-invisible-names": "a pattern does not know which characters are visible",
    "R105-url-with-password": (
        "the pattern of `url` only reads the scheme and the beginning of the host"
    ),
    "R105-url-without-host": (
        "the pattern of `url` only reads the scheme and the beginning of the host"
    ),
    "R107-empty-values": "an empty value is null, which clears the property",
}
"""Invalid files with a fault of the schema (R1) that the editor does not report in its line, and
why.
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    folder = tmp_path_factory.mktemp("editor")
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("npm is not installed")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    installed = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    if installed.returncode and UNREACHABLE.search(installed.stderr):
        pytest.skip("the package registry cannot be reached")
    assert installed.returncode == 0, installed.stderr
    program = folder / "node_modules/yaml-language-server/bin/yaml-language-server"
    settings = {"schemas": {SCHEMA.as_uri(): ["*.yaml"]}, "schemaStore": {"enable": False}}
    with LanguageServer([node, str(program), "--stdio"], ROOT, {"yaml": settings}) as started:
        yield started


_NUMBERS = count()


def new_document() -> Path:
    """A name that no document had before: the server publishes diagnostics of a closed document
    late.
    """
    return ROOT / "desired_state" / f"document-{next(_NUMBERS)}.yaml"


def errors(diagnostics: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [
        (each["range"]["start"]["line"] + 1, each["message"])
        for each in diagnostics
        if each["severity"] == ERROR
    ]


def errors_of(server: LanguageServer, text: str) -> list[tuple[int, str]]:
    path = new_document()
    return errors(server.diagnostics({path: text})[path])


def test_valid_files_have_no_error(server: LanguageServer) -> None:
    files = [*(ROOT / "desired_state").glob("*.yaml"), *(CASES / "valid").glob("*.yaml")]
    reported = server.diagnostics({path: path.read_text("utf-8") for path in files})
    assert {path.name: errors(each) for path, each in reported.items() if errors(each)} == {}
    assert len(files) > 20


def test_an_invalid_file_has_an_error_in_the_line_that_validate_names(
    server: LanguageServer,
) -> None:
    texts = {
        path: path.read_bytes().decode("utf-8")
        for path in sorted((CASES / "invalid").glob("*.yaml"))
    }
    reported = server.diagnostics(texts)
    silent = {
        path.stem
        for path, text in texts.items()
        for code, line in EXPECTED.findall(text)
        if code.startswith("R1") and int(line) not in {at for at, _ in errors(reported[path])}
    }
    assert silent == set(NOT_IN_THE_EDITOR)
    messages = {message for each in reported.values() for _, message in errors(each)}
    assert [message for message in messages if "pattern" in message] == [], (
        "a message shows a regular expression"
    )


VARIABLES = """\
catalog: ${text}
notSecret: ["${secret}", 1234567890123]
defaults:
  "@odata.type": ${type}
  endpointConfiguration:
    subscriptionId: ${guid}
    resourceGroupName: rg-${text}
    logicAppWorkflowName: ${text}
    url: https://${text}.logic.azure.com/workflows/1
  authenticationConfiguration:
    "@odata.type": "#microsoft.graph.azureAdTokenAuthentication"
    resourceId: ${guid}
extensions:
  - displayName: ${text}
    id: ${guid}
    clientConfiguration: {timeoutInMilliseconds: "${number}", maximumRetries: 1}
    callbackConfiguration: {timeoutDuration: "${duration}"}
---
catalog: {id: "${guid}", displayName: "b ${text}", description: "${text}",
  isExternallyVisible: "${flag}", state: "${state}"}
---
catalog: {id: "${guid}"}
extensions: [{displayName: a, "@odata.type": "${type}", endpointConfiguration: {
  subscriptionId: "${guid}", resourceGroupName: a, logicAppWorkflowName: b},
  authenticationConfiguration: {
  "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}}]
"""
VALUES = {
    "text": "a",
    "secret": "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
    "type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
    "guid": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
    "number": "1000",
    "flag": "true",
    "state": "published",
    "duration": "PT1H",
}


def test_a_variable_is_accepted_in_every_value(server: LanguageServer) -> None:
    assert (
        load_texts([("a.yaml", VARIABLES)], FORMAT, Environment("t", variables=VALUES)).errors == ()
    )
    assert errors_of(server, VARIABLES) == []


WHOLE = """\
catalog: {0}
extensions:
  - "@odata.type": "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
    displayName: {0}
    description: {0}
    endpointConfiguration:
      subscriptionId: 38ab2ccc-3747-4567-b36b-9478f5602f0d
      resourceGroupName: {0}
      logicAppWorkflowName: {0}
    authenticationConfiguration:
      "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
"""


@pytest.mark.parametrize(
    "scalar", ["5", "-1", "0x1F", "1e3", "1.5", "true", "no", "2022-01-01", ".inf", "12:30"]
)
def test_text_without_quotes_is_what_the_author_wrote(server: LanguageServer, scalar: str) -> None:
    text = WHOLE.format(scalar)
    assert load_texts([("a.yaml", text)], FORMAT).errors == ()
    assert errors_of(server, text) == []


@pytest.mark.parametrize("scalar", ["null", "~", "[a]", "{a: b}"])
def test_what_is_not_text_is_an_error_in_both(server: LanguageServer, scalar: str) -> None:
    text = WHOLE.format("a").replace("displayName: a", f"displayName: {scalar}")
    assert [d.place.line for d in load_texts([("a.yaml", text)], FORMAT).errors if d.place] == [4]
    assert {line for line, _ in errors_of(server, text)} == {4}


def test_members_that_defaults_can_give_are_missing_only_if_they_do_not(
    server: LanguageServer,
) -> None:
    text = "catalog: Marketing\nextensions:\n  - displayName: a\n"
    assert [message for _, message in errors_of(server, text)] == [
        "@odata.type is missing, here and in `defaults`.",
        "endpointConfiguration is missing, here and in `defaults`.",
        "authenticationConfiguration is missing, here and in `defaults`.",
    ]
    head, _, body = WHOLE.format("a").partition("extensions:\n")
    members = "\n".join(
        line[2:] for line in body.splitlines() if "displayName" not in line
    ).replace('- "', '  "')
    assert errors_of(server, f"{head}defaults:\n{members}\nextensions:\n  - displayName: a\n") == []


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (
            "      resourceId: 38ab2ccc-3747-4567-b36b-9478f5602f0d\n",
            "resourceId is not allowed with",
        ),
        (
            "    callbackConfiguration: {timeoutDuration: PT1H}\n",
            "callbackConfiguration is not supported on",
        ),
    ],
)
def test_a_member_that_the_type_does_not_have_is_an_error_in_both(
    server: LanguageServer, added: str, message: str
) -> None:
    text = WHOLE.format("a") + added
    [diagnostic] = load_texts([("a.yaml", text)], FORMAT).errors
    [(line, shown)] = errors_of(server, text)
    assert diagnostic.place is not None and line == diagnostic.place.line
    assert shown.startswith(message) and diagnostic.message.replace("`", "").startswith(message)


def offered(server: LanguageServer, text: str) -> list[tuple[str, str]]:
    """What is offered at the `|` of a text: label and inserted text."""
    before, _, after = text.partition("|")
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    items = server.completions(new_document(), before + after, line, column)
    return [
        (each["label"], each.get("textEdit", {}).get("newText", each["insertText"]))
        for each in items
    ]


def without_placeholders(inserted: str) -> str:
    return re.sub(r"\$\{\d+:([^}]*)\}", r"\1", inserted)


def test_a_catalog_is_offered_by_name_first(server: LanguageServer) -> None:
    assert dict(offered(server, "cat|"))["catalog"] == "catalog: "
    assert [label for label, _ in offered(server, "catalog: |\nextensions: []\n")] == [
        "Marketing",
        "displayName: …",
        "id: …",
    ]


@pytest.mark.parametrize("item", ["  - |", "  |", "  - e|", "  - displayName: a\n  - |"])
def test_a_list_item_is_offered_as_a_whole_valid_extension(
    server: LanguageServer, item: str
) -> None:
    head = "catalog: Marketing\nextensions:\n"
    labels, texts = zip(*offered(server, head + item)[:3], strict=True)
    assert labels == ("extension for requests", "extension for assignments", "extension to delete")
    assert "ensure: absent" in texts[2]
    for inserted in texts:
        lines = without_placeholders(inserted).removeprefix("- ").split("\n")
        state = load_texts(
            [("a.yaml", f"{head}  - {lines[0]}\n" + "".join(f"  {line}\n" for line in lines[1:]))],
            FORMAT,
        )
        assert state.diagnostics == () and state.declared == {"extensions": 1}


def test_a_catalog_is_offered_as_a_whole_valid_mapping(server: LanguageServer) -> None:
    inserted = dict(offered(server, "catalog: |\nextensions: []\n"))["displayName: …"]
    text = f"catalog: {without_placeholders(inserted)}\n"
    state = load_texts([("a.yaml", text)], FORMAT)
    assert state.diagnostics == () and state.declared["catalogs"] == 1


def test_each_property_is_offered_once(server: LanguageServer) -> None:
    text = "catalog: Marketing\nextensions:\n  - displayName: a\n    |\n"
    labels = [label for label, _ in offered(server, text)]
    assert "endpointConfiguration" in labels and len(labels) == len(set(labels))


@pytest.mark.parametrize(
    ("holder", "types"),
    [
        (
            "",
            [
                "accessPackageAssignmentRequestWorkflowExtension",
                "accessPackageAssignmentWorkflowExtension",
            ],
        ),
        (
            "    authenticationConfiguration:\n  ",
            ["azureAdPopTokenAuthentication", "azureAdTokenAuthentication"],
        ),
    ],
)
def test_each_type_is_offered_once_and_whole(
    server: LanguageServer, holder: str, types: list[str]
) -> None:
    text = f'catalog: Marketing\nextensions:\n  - displayName: a\n{holder}    "@odata.type": |\n'
    assert offered(server, text) == [(name, f'"#microsoft.graph.{name}"') for name in types]


ENVIRONMENTS = """\
# yaml-language-server: $schema=../schemas/environments.schema.json
environments:
  staging:
    tenant_id: 38ab2ccc-3747-4567-b36b-9478f5602f0d
    cloud: usgov
    variables: {stage: 5, enabled: true}
notSecret: [1234567890123]
"""


def test_environments_are_read_alike(server: LanguageServer, tmp_path: Path) -> None:
    file = tmp_path / "reconciler.yaml"
    for wrong in (
        "",
        "cloud: usgov/cloud: mars",
        "staging:/-staging:",
        "stage: 5/1stage: 5",
        "notSecret/notSecrets",
    ):
        text = ENVIRONMENTS.replace(*wrong.split("/")) if wrong else ENVIRONMENTS
        file.write_text(text)
        expected = {
            diagnostic.place.line
            for diagnostic in load_environments(file).diagnostics
            if diagnostic.place
        }
        assert ({line for line, _ in errors_of(server, text)}, wrong) == (expected, wrong)
        assert bool(expected) == bool(wrong)
