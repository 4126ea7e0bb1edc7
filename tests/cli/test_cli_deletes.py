"""Deletions on the command line: shown, limited, approved like everything else."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from harness import ASSIGNMENT, FINANCE, MARKETING, CommandLine, catalog, declare, extension

NAMES = "abc"
EXCESS = "The plan deletes or replaces 3 extensions, and --max-deletes allows 2."


@pytest.fixture
def deleting(reconciler: CommandLine) -> CommandLine:
    """Two extensions to be deleted and one to be replaced."""
    reconciler.seed(catalog(extensions=[extension(name) for name in NAMES]))
    absent = [{"displayName": name, "ensure": "absent"} for name in "ab"]
    replaced = extension("c", ASSIGNMENT)
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [*absent, replaced]})
    return reconciler


def test_a_plan_beyond_the_limit_is_shown_and_refused(deleting: CommandLine) -> None:
    refused = deleting("plan", "--sandbox", "--max-deletes", "2", "--out", "plan.json")
    assert refused.code == 4
    assert "- delete a (" in refused.out
    assert refused.last.endswith("1 replace, 2 delete, 0 blocked, 0 unchanged.")
    assert f"Error: {EXCESS}\nHint: Nothing is written." in refused.err
    assert "use --max-deletes 3" in refused.err
    assert refused.out.index(f"R316 warning: {EXCESS}\n    Hint: ") < refused.out.index("- delete")
    assert deleting("plan", "--sandbox", "--max-deletes", "3").code == 0


@pytest.mark.parametrize("format_name", ["text", "json", "markdown", "github"])
def test_apply_refuses_it_too_and_writes_nothing(deleting: CommandLine, format_name: str) -> None:
    refused = deleting(
        "apply", "--sandbox", "--auto-approve", "--max-deletes=2", "--format", format_name
    )
    assert (refused.code, EXCESS in refused.err) == (4, True)
    assert "R316" in refused.out
    assert len(deleting.live()) == 3


@pytest.mark.parametrize("form", ["markdown", "github", "text"])
@pytest.mark.parametrize("words", [[], ["--drift"]])
def test_whoever_sees_the_saved_plan_sees_that_it_is_beyond_the_limit(
    deleting: CommandLine, form: str, words: list[str]
) -> None:
    """A reviewer reads the comment of a pull request, not the log of the run."""
    deleting("plan", "--sandbox", "--max-deletes", "2", "--out", "plan.json")
    shown = deleting("show", "plan.json", "--format", form, *words).out
    assert shown.count("R316") == 1
    assert shown.index("R316") < shown.index(" a (")


def test_a_saved_plan_is_limited_too(deleting: CommandLine) -> None:
    assert deleting("plan", "--sandbox", "--out", "plan.json").code == 0
    refused = deleting("apply", "--sandbox", "--plan", "plan.json", "--max-deletes", "2")
    assert (refused.code, EXCESS in refused.err) == (4, True)
    assert len(deleting.live()) == 3
    done = deleting("apply", "--sandbox", "--plan", "plan.json")
    assert (done.code, done.last) == (
        0,
        "Apply: 0 created, 0 updated, 0 renamed, 1 replaced, 2 deleted, 0 failed, 0 skipped,"
        " 0 unknown.",
    )
    assert [each["displayName"] for each in deleting.live()] == ["c"]
    assert deleting("plan", "--sandbox", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(("command", "code"), [("plan", 4), ("drift", 0)])
def test_the_command_that_applies_a_saved_plan_is_shown_only_if_it_works(
    deleting: CommandLine, command: str, code: int
) -> None:
    refused = deleting(command, "--sandbox", "--max-deletes", "2", "--out", "plan.json")
    assert refused.code == code
    assert refused.err.startswith(
        "Saved the plan to plan.json."
        " apply would refuse it: it deletes or replaces more than --max-deletes allows.\n"
    )
    assert "To apply" not in refused.err


def test_the_command_that_applies_a_saved_plan_repeats_the_limit(
    deleting: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_MAX_DELETES", "2")
    saved = deleting("plan", "--sandbox", "--max-deletes", "3", "--out", "plan.json")
    said, command = saved.err.rstrip().split(" To apply exactly this: ")
    assert said == "Saved the plan to plan.json."
    assert deleting(*shlex.split(command)[1:]).code == 0
    assert [each["displayName"] for each in deleting.live()] == ["c"]


def test_drift_only_warns(deleting: CommandLine) -> None:
    drifted = deleting("drift", "--sandbox", "--max-deletes", "2")
    assert (drifted.code, drifted.err) == (0, "")
    assert drifted.last == "Drift: 0 missing, 3 changed, 0 unmanaged, 0 blocked, 0 unchanged."
    assert f"R316 warning: {EXCESS}" in drifted.out
    assert "R316" not in deleting("drift", "--sandbox").out


def test_the_limit_is_five_unless_the_environment_says_otherwise(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"x{number}" for number in range(6)]
    reconciler.seed(catalog(extensions=[extension(name) for name in names]))
    absent = [{"displayName": name, "ensure": "absent"} for name in names]
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": absent})
    refused = reconciler("plan", "--sandbox")
    assert refused.code == 4
    assert "deletes or replaces 6 extensions, and --max-deletes allows 5." in refused.err
    monkeypatch.setenv("RECONCILER_MAX_DELETES", "0")
    assert "--max-deletes allows none." in reconciler("plan", "--sandbox").err
    monkeypatch.setenv("RECONCILER_MAX_DELETES", "6")
    assert reconciler("plan", "--sandbox").code == 0


def test_the_approval_counts_deletions(
    deleting: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = deleting("apply", "--sandbox")
    assert (refused.code, "not approved" in refused.err) == (4, True)
    assert len(deleting.live()) == 3


def test_what_a_policy_calls_is_blocked_and_what_nothing_calls_is_deleted(
    reconciler: CommandLine,
) -> None:
    """On the sandbox's own seed, in which a policy calls one of the extensions of Finance."""
    absent = [
        {"displayName": name, "ensure": "absent"} for name in ("legacy-audit", "expiry-reminder")
    ]
    declare(Path("desired_state"), {"catalog": "Finance", "extensions": absent})
    planned = reconciler("plan", "--sandbox", "--out", "plan.json")
    assert planned.code == 4
    assert (
        "because it is in use: access package Ledger readers, policy Employees on request, stage"
        " assignmentRequestGranted; remove it there first"
    ) in planned.out
    assert "    nothing uses it\n" in planned.out
    delete, blocked = reconciler("show", "plan.json", "--format", "json").document["changes"]
    assert (delete["action"], delete["used_by"]) == ("delete", [])
    assert blocked["action"] == "blocked"
    assert "used_by" not in blocked
    applied = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert applied.code == 4
    assert " 1 deleted, 0 failed, 1 skipped," in applied.last


@pytest.mark.parametrize("chosen", [[], ["--catalog", "Marketing"], ["--catalog", MARKETING]])
@pytest.mark.parametrize("ensure", [{}, {"ensure": "absent"}])
def test_what_another_document_names_is_not_unmanaged_whichever_catalogs_are_selected(
    reconciler: CommandLine, chosen: list[str], ensure: dict[str, str]
) -> None:
    reconciler.seed(catalog(extensions=[*map(extension, "abc")]), catalog("Finance", FINANCE))
    named = {"displayName": "B", **ensure} if ensure else extension("B")
    declare(
        Path("desired_state"),
        {"catalog": "Marketing", "unmanaged": "delete", "extensions": [extension("a")]},
        {"catalog": "Finance", "extensions": [named]},
    )
    planned = reconciler("plan", "--sandbox", "--format", "json", *chosen).document
    deleted = [each for each in planned["changes"] if each["reason"]["code"] == "unmanaged"]
    assert [each["object"]["display_name"] for each in deleted] == ["c"]
    assert [each["object"]["display_name"] for each in planned["unmanaged"]] == ["b"]
