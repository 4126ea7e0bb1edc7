"""`preflight --fix`: which `url`s are written into files, how, and which never are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness import REQUEST, SUBSCRIPTION, CommandLine, Ran
from tiers import sample

from tests.cli.test_cli_preflight import arm_that_says
from tests.graph.scripted import Reply, Seen
from tests.preflight.seeds import disabled, logic_app, seed, url_of
from tests.preflight.test_addresses import HOSTILE
from tests.preflight.workflows import request_trigger

FILE = Path("state.yaml")
RIGHT = url_of("la")
WRONG = RIGHT.replace("/workflows/", "/workflows/0")
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
    displayName: a  # why
    endpointConfiguration:
      logicAppWorkflowName: la  # in rg
"""
SIMPLE = f"{HEAD}{ITEM}"
UNCHANGED = "No file was changed.\n"


@pytest.fixture(autouse=True)
def seeded(reconciler: CommandLine) -> None:
    """A sound Logic App, and nothing live."""
    seed(reconciler, logic_app("la"), logic_app("other"))


def fix(reconciler: CommandLine, text: str, *options: str) -> Ran:
    """How --fix ended for a file with this text, whose line breaks are kept."""
    FILE.write_bytes(text.encode())
    return reconciler("preflight", "--fix", "--sandbox", FILE, *options)


def written() -> str:
    """The file as it is now."""
    return FILE.read_bytes().decode()


EDITS = {
    "missing": (SIMPLE, f"{SIMPLE}      url: {RIGHT}\n"),
    "wrong": (f"{SIMPLE}      url: {WRONG}  # old\n", f"{SIMPLE}      url: {RIGHT}  # old\n"),
    "of another logic app": (
        f"{SIMPLE}      url: {url_of('other')}\n",
        f"{SIMPLE}      url: {RIGHT}\n",
    ),
    "without api-version": (
        f"{SIMPLE}      url: {RIGHT.partition('?')[0]}\n",
        f"{SIMPLE}      url: {RIGHT}\n",
    ),
    "of another trigger": (
        f"{SIMPLE}      url: {RIGHT.replace('manual', 'gone')}\n",
        f"{SIMPLE}      url: {RIGHT}\n",
    ),
    "quoted": (f"{SIMPLE}      url: '{WRONG}'\n", f"{SIMPLE}      url: '{RIGHT}'\n"),
    "of windows": (
        f"\ufeff{SIMPLE}".replace("\n", "\r\n"),
        f"\ufeff{SIMPLE}      url: {RIGHT}\n".replace("\n", "\r\n"),
    ),
    "no line break at the end": (SIMPLE.rstrip(), f"{SIMPLE.rstrip()}\n      url: {RIGHT}"),
}


@pytest.mark.parametrize("case", sample(EDITS, {"missing", "wrong", "of windows"}.__contains__))
def test_a_url_is_written_and_nothing_else(case: str, reconciler: CommandLine) -> None:
    before, after = EDITS[case]
    ran = fix(reconciler, before)
    assert (ran.code, written().splitlines()) == (0, after.splitlines()), ran
    assert written().count("\r\n") == after.count("\r\n")
    assert FILE.name in ran.err
    again = fix(reconciler, written())
    assert (again.code, again.err) == (0, UNCHANGED)
    assert written().splitlines() == after.splitlines()


def test_a_url_is_written_in_flow_style(reconciler: CommandLine) -> None:
    flow = "endpointConfiguration: {logicAppWorkflowName: la}"
    line = f'  - {{"@odata.type": "{REQUEST}", displayName: a, {flow}}}  # why\n'
    assert fix(reconciler, HEAD + line).code == 0
    assert written().startswith(HEAD)
    [edited] = written().removeprefix(HEAD).splitlines()
    assert edited.endswith("}}  # why")
    assert RIGHT in edited
    assert reconciler("validate", FILE).code == 0


def test_a_url_is_written_beside_defaults(reconciler: CommandLine) -> None:
    """The default, which others use, is not edited."""
    defaults = HEAD.replace(
        "resourceGroupName: rg", "resourceGroupName: rg, logicAppWorkflowName: la"
    )
    text = f'{defaults}  - "@odata.type": "{REQUEST}"\n    displayName: a\n'
    assert fix(reconciler, text).code == 0
    assert written().startswith(text)
    assert f"url: {RIGHT}" in written().removeprefix(text)


def test_a_wrong_url_in_defaults_is_overridden_in_the_declaration(reconciler: CommandLine) -> None:
    text = SIMPLE.replace("resourceGroupName: rg}", f"resourceGroupName: rg, url: '{WRONG}'}}")
    assert fix(reconciler, text).code == 0
    assert written() == f"{text}      url: {RIGHT}\n"


@pytest.mark.parametrize(
    "url",
    [
        RIGHT.replace(":443", ""),
        RIGHT.replace("prod", "PROD"),
        RIGHT.replace("https", "HTTPS"),
        RIGHT.replace("/triggers", "/Triggers"),
    ],
)
def test_a_right_url_in_another_spelling_is_not_touched(url: str, reconciler: CommandLine) -> None:
    text = f"{SIMPLE}      url: {url}\n"
    ran = fix(reconciler, text)
    assert (ran.code, written(), ran.err) == (0, text, UNCHANGED)


LEFT_ALONE = {
    "a variable": (SIMPLE.replace("# in rg", "") + "      url: ${url}\n", "variable"),
    "an anchor": (f"{SIMPLE}      url: &u {WRONG}\n", "anchor"),
    "an anchor around it": (
        f"{SIMPLE}      url: {WRONG}\n".replace(
            "    endpointConfiguration:\n", "    endpointConfiguration: &e\n"
        ),
        "anchor",
    ),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_cannot_be_edited_is_left_alone_and_reported(
    case: str, reconciler: CommandLine
) -> None:
    text, because = LEFT_ALONE[case]
    Path("reconciler.yaml").write_text(
        f"environments:\n  prod: {{variables: {{url: '{WRONG}'}}}}\n"
    )
    ran = fix(reconciler, text, "--environment", "prod")
    assert (ran.code, written()) == (4, text)
    assert "R308" in ran.err
    assert because in ran.err
    assert f"    Hint: Edit the file by hand; the value is {RIGHT}\n" in ran.err
    assert "R407 error" in ran.out


def test_what_is_aliased_is_left_alone(reconciler: CommandLine) -> None:
    text = (
        f"{HEAD}{ITEM}".replace("endpointConfiguration:\n", "endpointConfiguration: &e\n")
        + f'  - "@odata.type": "{REQUEST}"\n    displayName: b\n    endpointConfiguration: *e\n'
    )
    ran = fix(reconciler, text)
    assert (ran.code, written()) == (0, text)
    assert ran.err.count("R308") == 2


def test_one_that_cannot_be_edited_does_not_hinder_another(reconciler: CommandLine) -> None:
    second = ITEM.replace(": a ", ": b ").replace(": la ", ": other ")
    text = f"{SIMPLE}      url: &u {WRONG}\n{second}"
    ran = fix(reconciler, text)
    assert ran.code == 4
    assert written() == f"{text}      url: {url_of('other')}\n"


def test_a_url_that_would_be_wrong_elsewhere_is_not_written(reconciler: CommandLine) -> None:
    """Names are of one environment, the file is for two: a url for both would be wrong."""
    Path("reconciler.yaml").write_text(
        "environments:\n  prod: {variables: {la: la}}\n  test: {variables: {la: other}}\n"
    )
    text = SIMPLE.replace("logicAppWorkflowName: la", "logicAppWorkflowName: ${la}")
    ran = fix(reconciler, text, "--environment", "prod")
    assert (ran.code, written()) == (0, text)
    assert "because it has another value in environment test: use a variable." in ran.err
    assert f"Hint: Edit the file by hand; the value is {RIGHT}\n" in ran.err


def test_what_is_equal_in_all_environments_is_written_for_all(reconciler: CommandLine) -> None:
    """Names of Azure are equal whatever their case."""
    Path("reconciler.yaml").write_text(
        "environments:\n  prod: {variables: {about: a, la: la}}\n"
        "  test: {variables: {about: b, la: LA}}\n"
    )
    text = SIMPLE.replace("displayName: a", "displayName: a\n    description: ${about}")
    text = text.replace("logicAppWorkflowName: la", "logicAppWorkflowName: ${la}")
    ran = fix(reconciler, text, "--environment", "prod")
    assert (ran.code, written()) == (0, f"{text}      url: {RIGHT}\n")
    assert "the files are also used for test" in ran.err
    assert reconciler("validate", FILE).code == 0


def test_only_the_selected_catalog_is_edited(reconciler: CommandLine) -> None:
    text = f"{SIMPLE}---\n{SIMPLE.replace('Marketing', 'Finance')}"
    assert fix(reconciler, text, "--catalog", "Finance").code == 0
    assert written() == f"{text}      url: {RIGHT}\n"


def test_what_is_absent_or_of_no_known_logic_app_is_not_edited(reconciler: CommandLine) -> None:
    text = "catalog: Marketing\nextensions:\n  - {displayName: a, ensure: absent}\n"
    ran = fix(reconciler, text)
    assert (ran.code, written(), ran.err) == (0, text, UNCHANGED)


def test_the_other_findings_stay(reconciler: CommandLine) -> None:
    seed(reconciler, logic_app("la", disabled))
    ran = fix(reconciler, f"{SIMPLE}      url: {WRONG}\n", "--format", "json")
    assert ran.code == 4
    assert [each["code"] for each in ran.document["diagnostics"]] == ["R404"]
    assert written() == f"{SIMPLE}      url: {RIGHT}\n"


def test_findings_are_at_their_places_in_the_edited_file(reconciler: CommandLine) -> None:
    seed(reconciler, logic_app("la"), logic_app("other", disabled))
    second = ITEM.replace(": a ", ": b ").replace(": la ", ": other ")
    ran = fix(reconciler, f"{SIMPLE}{second}", "--format", "json")
    [finding] = ran.document["diagnostics"]
    line = written().splitlines()[finding["line"] - 1 :]
    assert "displayName: b" in line[1]


def test_only_urls_are_planned_afterwards(reconciler: CommandLine) -> None:
    fix(reconciler, SIMPLE)
    FILE.write_text(SIMPLE)
    assert reconciler("apply", "--sandbox", "--auto-approve", FILE).code == 0
    with reconciler.store() as store:
        [row] = store.rows("extension")
        endpoint = {**row.document["endpointConfiguration"], "url": WRONG}
        store.change("extension", row, {**row.document, "endpointConfiguration": endpoint})
    reconciler.catch_up()
    assert fix(reconciler, SIMPLE).code == 0
    planned = reconciler("plan", "--sandbox", FILE, "--format", "json").document
    [change] = planned["changes"]
    assert [row["path"] for row in change["fields"] if row["before"] != row["after"]] == [
        "/endpointConfiguration/url"
    ]
    assert reconciler("apply", "--sandbox", "--auto-approve", FILE).code == 0
    [live] = reconciler.live()
    assert live["endpointConfiguration"]["url"] == RIGHT


def answering(endpoint: Any, **triggers: Any) -> Reply:
    """A Logic App with this address, and by default the usual trigger."""

    def spoil(properties: Any) -> None:
        properties["accessEndpoint"] = endpoint
        properties["definition"]["triggers"] = triggers or {"manual": request_trigger()}

    return Reply(body=logic_app("la", spoil))


@pytest.mark.parametrize("declared", ["", f"      url: {WRONG}\n"])
@pytest.mark.parametrize(
    "endpoint", sample(HOSTILE, ("https://evil.example/workflows/0123", HOSTILE[7]).__contains__)
)
def test_a_hostile_address_is_never_written(
    endpoint: Any, declared: str, reconciler: CommandLine
) -> None:
    text = f"{SIMPLE}{declared}"
    with arm_that_says(answering(endpoint)) as arm:
        ran = fix(reconciler, text, "--arm-url", arm.origin)
    assert written() == text
    assert ran.code in (0, 4)
    assert len(ran.out) < 3_000
    assert set(arm.methods) == {"GET"}


@pytest.mark.parametrize(
    "name",
    sample(
        ["?sig=abcdefgh0123456789", "&sp=x", "a: b # c", "'", '"', "{x}", "\\", "x" * 90, "\ud800"],
        ("?sig=abcdefgh0123456789", "a: b # c", "\ud800").__contains__,
    ),
)
def test_a_hostile_name_of_a_trigger_is_quoted_or_not_written(
    name: str, reconciler: CommandLine
) -> None:
    stem = RIGHT.partition("/triggers/")[0]
    with arm_that_says(answering(stem, **{name: request_trigger()})) as arm:
        fix(reconciler, SIMPLE, "--arm-url", arm.origin)
    assert reconciler("validate", FILE).code == 0
    before, _, after = written().partition("      url: ")
    assert before == SIMPLE
    assert after.count("\n") <= 1
    assert not after or after.startswith(f"{stem}/triggers/")
    assert "sig" not in after


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_file_that_changes_meanwhile_is_not_written(change: str, reconciler: CommandLine) -> None:
    def meddle(_seen: Seen) -> Reply:
        if change == "gone":
            FILE.unlink(missing_ok=True)
        else:
            FILE.write_text("catalog: Other\nextensions: []\n")
        return answering(RIGHT.partition("/triggers/")[0])

    with arm_that_says(meddle) as arm:
        ran = fix(reconciler, SIMPLE, "--arm-url", arm.origin)
    assert ran.code == 1
    assert "Nothing was written." in ran.err
    assert not FILE.exists() or written() == "catalog: Other\nextensions: []\n"


def test_nothing_live_is_changed(reconciler: CommandLine) -> None:
    fix(reconciler, SIMPLE)
    with reconciler.store() as store:
        assert store.extensions() == []
        assert store.callback_requests() == 0
