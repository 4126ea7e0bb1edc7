"""Completion of values: in a real bash, and in the protocol that the scripts for zsh and
fish use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from harness import FINANCE, MARKETING, CommandLine

ENVIRONMENTS = "environments: {staging: {}, production: {}}\n"
STATE = f"""
catalog: Marketing EU
extensions: []
---
catalog: {{id: {MARKETING}}}
extensions: []
---
catalog: {{id: {FINANCE}, displayName: Sales, state: published}}
---
catalog: ${{catalog}}
---
catalog: Marketing EU
"""
TRY = """
source completion.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_reconciler_completion reconciler
printf '%s\\n' "${COMPREPLY[@]}"
"""
"""What bash does when Tab is pressed; the arguments are the words, split at "=" as bash splits
them.
"""


@pytest.fixture
def folder(reconciler: CommandLine) -> Path:
    """Files with names to complete, one of them broken, and the command on PATH."""
    programs = reconciler.folder / "bin"
    programs.mkdir()
    program = programs / "reconciler"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n')
    program.chmod(0o755)
    state = reconciler.folder / "desired_state"
    state.mkdir()
    (state / "a.yaml").write_text(STATE)
    (state / "b.yaml").write_text("catalog: [\n")
    (reconciler.folder / "other.yaml").write_text("catalog: 'A & \"B\"'\n")
    (reconciler.folder / "reconciler.yaml").write_text(ENVIRONMENTS)
    (reconciler.folder / "completion.bash").write_text(reconciler("completion", "bash").out)
    return reconciler.folder


def started(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", **variables}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["plan", "--environment", ""], ["staging", "production"]),
        (["plan", "--environment", "=", "st"], ["staging"]),
        (["plan", "--environment", "="], ["staging", "production"]),
        (["plan", "--catalog", ""], [r"Marketing\ EU", MARKETING, "Sales"]),
        (["plan", "--catalog", "mar"], [r"Marketing\ EU"]),
        (["plan", "--catalog", "'Mar"], ["Marketing EU"]),
        (["plan", "other.yaml", "--catalog", ""], [r"A\ \&\ \"B\""]),
        (["usage", "--catalog", "mar"], [r"Marketing\ EU"]),
        (["usage", "--format", "m"], ["markdown", "mermaid"]),
        (["plan", "--auth", "git"], ["github-oidc"]),
        (["plan", "--cloud", "us"], ["usgov", "usgov-dod"]),
        (
            ["sandbox", "serve", "--set", "timeout_o"],
            ["timeout_other=reject", "timeout_other=ignore"],
        ),
        (["sandbox", "reset", "--set", "timeout_accept", "=", "b"], ["both"]),
        (["sandbox", "serve", "--set", "in_use_status", "="], ["400", "403", "409", "412"]),
        (["help", "sandbox", ""], ["serve", "reset"]),
        (["help", "val"], ["validate"]),
        (["help", "plan", ""], []),
        (["help", "nonsense", ""], []),
        (["pl"], ["plan"]),
    ],
)
def test_bash_offers_the_values(folder: Path, typed: list[str], offered: list[str]) -> None:
    ran = started(folder, "bash", "-c", TRY, "bash", "reconciler", *typed)
    assert (ran.stdout.splitlines(), ran.stderr) == (offered or [""], "")


def test_what_bash_inserts_is_one_argument_again(folder: Path) -> None:
    ran = started(
        folder, "bash", "-c", TRY, "bash", "reconciler", "plan", "other.yaml", "--catalog", ""
    )
    again = started(folder, "bash", "-c", f"printf '%s' {ran.stdout.strip()}")
    assert again.stdout == 'A & "B"'


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        ("plan --environment ", "", ["staging", "production"]),
        ("plan --environment=pro", "--environment=pro", ["production"]),
        ("plan --catalog Mar", "Mar", ["Marketing EU"]),
        ("sandbox serve --set put=m", "put=m", ["put=merge"]),
    ],
)
def test_the_other_shells_get_the_same_values(
    folder: Path, shell: str, words: str, incomplete: str, offered: list[str]
) -> None:
    count = str(len(words.split()) + (not incomplete))
    position = count if shell == "zsh" else incomplete
    variables = {"COMP_WORDS": f"reconciler {words}", "COMP_CWORD": position}
    ran = started(folder, "reconciler", _RECONCILER_COMPLETE=f"{shell}_complete", **variables)
    assert ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert (
        lines[1::3] if shell == "zsh" else [line.removeprefix("plain,") for line in lines]
    ) == offered


@pytest.mark.parametrize("option", ["--environment", "--catalog"])
@pytest.mark.parametrize(
    "content", ["[", "\x00", "- 1\n---\ncatalog: [1]\n---\ncatalog: {}\n---\n5\n"]
)
def test_broken_files_give_no_values_and_no_errors(folder: Path, option: str, content: str) -> None:
    for name in ("reconciler.yaml", "desired_state/a.yaml"):
        (folder / name).write_text(content)
    variables = {
        "COMP_WORDS": f"reconciler plan {option} ",
        "COMP_CWORD": "3",
        "_RECONCILER_COMPLETE": "zsh_complete",
    }
    ran = started(folder, "reconciler", **variables)
    assert (ran.stdout.strip(), ran.stderr) == ("", "")


def test_neither_files_nor_folders_are_needed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    for option in ("--environment", "--catalog"):
        variables = {"COMP_WORDS": f"reconciler plan {option} ", "COMP_CWORD": "3"}
        program = str(folder / "bin/reconciler")
        ran = started(empty, program, _RECONCILER_COMPLETE="zsh_complete", **variables)
        assert (ran.stdout.strip(), ran.stderr) == ("", "")


@pytest.mark.parametrize("option", ["plan --environment", "plan --catalog", "sandbox serve --set"])
def test_completing_loads_nothing_slow(folder: Path, option: str) -> None:
    program = (
        "import os, sys; from reconciler.cli import run\n"
        "try: run([])\n"
        "except SystemExit: print(*sys.modules, file=sys.stderr)\n"
    )
    count = str(len(option.split()) + 1)
    variables = {
        "COMP_WORDS": f"reconciler {option} ",
        "COMP_CWORD": count,
        "_RECONCILER_COMPLETE": "zsh_complete",
    }
    ran = started(folder, sys.executable, "-c", program, **variables)
    assert "plain" in ran.stdout
    slow = {
        "msgraph",
        "kiota_abstractions",
        "azure",
        "httpx",
        "aiohttp",
        "jsonschema",
        "rich",
        "deepdiff",
    }
    assert {name.partition(".")[0] for name in ran.stderr.split()}.isdisjoint(slow)
