"""Every workflow keeps every rule, and every rule finds a workflow that breaks it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import workflow_rules
from runner import ROOT, WORKFLOWS
from workflow_rules import FOR_ACTIONS, FOR_WORKFLOWS, RUN_SCRIPT, SHELLCHECK, Rule, checkers

from reconciler.files import write_new
from reconciler.starter import starter_files

ENVIRONMENTS = ("staging", "Production_2", "1e3", "a" * 64)
OURS = sorted(WORKFLOWS.glob("*.yml"))

SOUND = """\
name: sound
on:
  pull_request:
permissions: {}
concurrency:
  group: sound-${{ github.event.pull_request.number }}
  cancel-in-progress: true
jobs:
  job:
    name: job
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    environment:
      name: reconciler-plan
    permissions:
      id-token: write # to sign in
    steps:
      - name: Check out
        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - name: Say
        shell: bash
        env:
          WHO: ${{ github.repository }}
        run: echo "$WHO"
"""

BROKEN = [
    ("every_action_is_in_the_table", "3d3c42e5", "4d3c42e5"),
    ("every_action_is_in_the_table", "# v7.0.1", "# v7.0.0"),
    ("every_action_is_in_the_table", " # v7.0.1", ""),
    (
        "every_action_is_in_the_table",
        "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        "x/y@v1",
    ),
    ("every_action_is_in_the_table", "persist-credentials: false", "persist-credential: false"),
    ("nothing_is_permitted_on_top", "permissions: {}\n", ""),
    ("nothing_is_permitted_on_top", "permissions: {}", "permissions: read-all"),
    (
        "whoever_mints_tokens_writes_nothing",
        "id-token: write",
        "id-token: write\n      issues: write",
    ),
    ("whoever_mints_tokens_writes_nothing", "    environment:\n      name: reconciler-plan\n", ""),
    (
        "whoever_mints_tokens_writes_nothing",
        "    permissions:\n      id-token: write # to sign in\n",
        "",
    ),
    ("every_job_ends_in_time", "    timeout-minutes: 5\n", ""),
    ("checkouts_keep_no_credentials", "persist-credentials: false", "persist-credentials: true"),
    ("checkouts_keep_no_credentials", "        with:\n          persist-credentials: false\n", ""),
    ("no_expression_stands_in_a_script", 'echo "$WHO"', 'echo "${{ github.head_ref }}" "$WHO"'),
    ("every_variable_comes_from_somewhere", "          WHO:", "          HOW:"),
    ("every_variable_comes_from_somewhere", 'echo "$WHO"', "echo"),
    (
        "no_stranger_is_trusted_by_event",
        "  pull_request:",
        "  pull_request:\n  pull_request_target:",
    ),
    ("no_stranger_is_trusted_by_event", "github.repository }}", "github.actor }}"),
    ("runs_take_turns", "cancel-in-progress: true", "cancel-in-progress: false"),
    ("runs_take_turns", "  pull_request:", "  push:"),
    ("runs_take_turns", "  group: sound-${{ github.event.pull_request.number }}", "  group: sound"),
    ("shell_scripts_are_sound", 'echo "$WHO"', "echo $WHO"),
]


@pytest.mark.parametrize("rule", FOR_WORKFLOWS, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_a_workflow_keeps_the_rules(rule: Rule, file: Path) -> None:
    assert rule(file) == []


@pytest.mark.parametrize("rule", FOR_ACTIONS, ids=lambda rule: rule.__name__)
def test_the_action_keeps_the_rules(rule: Rule) -> None:
    assert rule(ROOT / "action.yml") == []


@pytest.fixture(params=[(), ENVIRONMENTS], ids=["one tenant", "environments"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """The workflows that init writes."""
    write_new(tmp_path, starter_files(f"contoso/entra-reconciler@{'0' * 40}", request.param))
    return sorted((tmp_path / ".github/workflows").iterdir())


@pytest.mark.parametrize("rule", FOR_WORKFLOWS, ids=lambda rule: rule.__name__)
def test_what_init_writes_keeps_the_rules(rule: Rule, written: list[Path]) -> None:
    assert [wrong for file in written for wrong in rule(file)] == []


def test_what_init_writes_satisfies_the_checkers_of_others(
    written: list[Path], tmp_path: Path
) -> None:
    for command in checkers(tmp_path, *written):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout


def test_the_scripts_of_the_action_are_sound() -> None:
    command = [SHELLCHECK, RUN_SCRIPT]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""


@pytest.mark.parametrize("rule", FOR_WORKFLOWS, ids=lambda rule: rule.__name__)
def test_a_sound_workflow_passes(rule: Rule, tmp_path: Path) -> None:
    file = tmp_path / "sound.yml"
    file.write_text(SOUND)
    assert rule(file) == []


@pytest.mark.parametrize(("rule", "part", "instead"), BROKEN)
def test_a_rule_finds_what_breaks_it(rule: str, part: str, instead: str, tmp_path: Path) -> None:
    assert part in SOUND
    file = tmp_path / "broken.yml"
    file.write_text(SOUND.replace(part, instead))
    assert getattr(workflow_rules, rule)(file) != []


def test_every_rule_meets_a_file_that_breaks_it() -> None:
    assert {rule for rule, *_ in BROKEN} == {rule.__name__ for rule in FOR_WORKFLOWS}


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("", ""),
        ("3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "v7"),
        ("  pull_request:", "  pull_request_target:"),
        ('echo "$WHO"', 'echo "${{ github.head_ref }}"'),
        ("permissions: {}", "permissions: write-all"),
        ("id-token: write", "id-tokens: write"),
        ("timeout-minutes", "timeout-minute"),
    ],
)
@pytest.mark.thorough
def test_the_checkers_of_others_find_what_they_are_for(
    part: str, instead: str, tmp_path: Path
) -> None:
    file = tmp_path / ".github/workflows/one.yml"
    file.parent.mkdir(parents=True)
    file.write_text(SOUND.replace(part, instead) if part else SOUND)
    codes = [
        subprocess.run(command, capture_output=True, check=False).returncode
        for command in checkers(tmp_path, file)
    ]
    assert any(codes) == bool(part)
