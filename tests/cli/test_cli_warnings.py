"""Warnings about files: the files stay valid, and whoever validates, plans, drifts or applies sees
them.
"""

import json
from pathlib import Path

import pytest
from harness import CommandLine, catalog, declare, extension

STATE = Path("desired_state")
MESSAGE = "The document declares nothing: `extensions` is empty."


@pytest.fixture
def warned(reconciler: CommandLine) -> CommandLine:
    """A tenant and files for it that are valid and have one warning (R312), at the
    second document.
    """
    reconciler.seed(catalog())
    documents = [
        {"catalog": "Marketing", "extensions": [extension("a")]},
        {"catalog": "marketing", "extensions": []},
    ]
    declare(STATE, *documents)
    return reconciler


@pytest.mark.parametrize("format_name", ["text", "markdown", "json", "github", "sarif"])
def test_validate_shows_a_warning_in_every_format_and_is_0(
    warned: CommandLine, format_name: str
) -> None:
    ran = warned("validate", "--format", format_name)
    assert ran.code == 0
    assert "R312" in ran.out and MESSAGE.partition("`")[0] in ran.out
    if format_name == "json":
        [finding] = ran.document["diagnostics"]
        assert (ran.document["complete"], finding["severity"], finding["line"]) == (
            True,
            "warning",
            4,
        )
    if format_name == "text":
        assert ran.out.endswith("Found 1 warning in 1 file.\nValid: 1 file, 1 extension.\n")


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
def test_it_is_a_diagnostic_of_the_plan(warned: CommandLine, command: str) -> None:
    approved = ["--auto-approve"] if command == "apply" else []
    ran = warned(command, "--sandbox", "--format", "json", *approved)
    assert ran.code == 0
    [finding] = ran.document["diagnostics"]
    assert (finding["code"], finding["file"], finding["line"]) == (
        "R312",
        "desired_state/state.yaml",
        4,
    )


@pytest.mark.parametrize(
    "command", [("plan",), ("apply", "--auto-approve"), ("plan", "--format", "markdown")]
)
def test_it_is_shown_beside_the_plan(warned: CommandLine, command: tuple[str, ...]) -> None:
    ran = warned(*command, "--sandbox")
    assert ran.code == 0
    assert "R312" in ran.out and MESSAGE in ran.out


def test_a_saved_plan_keeps_it_and_the_digest_leaves_it_out(warned: CommandLine) -> None:
    assert warned("plan", "--sandbox", "--out", "plan.json").code == 0
    assert MESSAGE in warned("show", "plan.json").out
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    fresh = warned("plan", "--sandbox", "--format", "json").document
    assert fresh["diagnostics"] == []
    assert fresh["digest"] == json.loads(Path("plan.json").read_text())["digest"]
    assert warned("apply", "--sandbox", "--plan", "plan.json").code == 0


def test_an_error_beside_it_makes_the_files_invalid(warned: CommandLine) -> None:
    declare(STATE, {"catalog": "Marketing", "extensions": [{"displayName": "b"}]}, name="b.yaml")
    for command in (["validate"], ["plan", "--sandbox"]):
        ran = warned(*command)
        assert ran.code == 3
        assert "R312 warning" in ran.out and "R103 error" in ran.out


def test_in_an_empty_folder_the_two_ways_out_are_named(reconciler: CommandLine) -> None:
    ran = reconciler("plan", "--sandbox")
    assert (ran.code, "1 error in the input files" in ran.err) == (3, True)
    first, hint, *_ = ran.out.splitlines()
    assert (
        first
        == "desired_state: R001 error: No desired state found: `desired_state` does not exist."
    )
    assert (
        hint
        == "    Hint: Check the working folder and the path. For a new repository, run `reconciler"
        " init . --ci none`."
    )
    annotated = reconciler("validate", "--format", "github")
    assert "::error file=desired_state,title=R001::" in annotated.out
    [finding] = reconciler("validate", "--format", "json").document["diagnostics"]
    assert (finding["file"], finding["line"], finding["column"]) == ("desired_state", None, None)
    assert reconciler("init", ".", "--ci", "none").code == 0
    assert reconciler("plan", "--sandbox").code == 0, "the second way out works as it is printed"
