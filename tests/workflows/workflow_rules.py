"""Our own rules for workflows, each a function from a file to what is wrong with it.

They say what no checker says: see `tests/workflows/test_workflow_rules.py`, where each meets a file
that breaks it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from runner import Json, load

ACTIONS: Json = yaml.safe_load(Path(__file__).with_name("actions.yaml").read_text("utf-8"))
WAITING = {"cancel-in-progress": False, "queue": "max"}
SHELLCHECK = Path(sys.executable).with_name("shellcheck")

Rule = Callable[[Path], list[str]]


def steps(file: Path) -> Iterator[Json]:
    """Every step of a workflow or of an action."""
    document = load(file)
    for job in document.get("jobs", {}).values():
        yield from job["steps"]
    yield from document.get("runs", {}).get("steps", [])


def every_action_is_in_the_table(file: Path) -> list[str]:
    """Others' actions by the commit of the table, with the version beside it, and with inputs they
    have.
    """
    text, wrong = file.read_text("utf-8"), []
    for used in re.findall(r"^\s*(?:- )?uses: *(.+)$", text, re.MULTILINE):
        name, _, pin = used.partition("@")
        if name == "./" or name not in ACTIONS:
            if name != "./" and not re.fullmatch(
                r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used
            ):
                wrong.append(f"{used} is not pinned")
            continue
        if pin != f"{ACTIONS[name]['commit']} # {ACTIONS[name]['version']}":
            wrong.append(f"{used} is not what the table says")
    for step in steps(file):
        known = ACTIONS.get(step.get("uses", "").partition("@")[0])
        unknown = set(step.get("with", {})) - set(known["inputs"]) if known else set()
        wrong += [f"{step['name']}: no input {one}" for one in sorted(unknown)]
    return wrong


def nothing_is_permitted_on_top(file: Path) -> list[str]:
    return [] if load(file).get("permissions") == {} else ["permissions on top are not {}"]


MINTED = {"id-token", "attestations"}
"""An attestation is signed with a token; it changes nothing that anybody else has written."""


def whoever_mints_tokens_writes_nothing(file: Path) -> list[str]:
    """A job that can sign in to Entra has no other write permission; and every job says what it
    has.
    """
    wrong = []
    for name, job in load(file)["jobs"].items():
        if "permissions" not in job:
            wrong.append(f"{name} says no permissions")
            continue
        writes = {one for one, level in job["permissions"].items() if level == "write"}
        if "id-token" in writes and writes - MINTED:
            wrong.append(f"{name} can sign in and write {sorted(writes - MINTED)}")
        if ("id-token" in writes) != ("environment" in job):
            wrong.append(
                f"{name}: only a job with an environment signs in, and such a job has no other use"
            )
    return wrong


def every_job_ends_in_time(file: Path) -> list[str]:
    jobs = load(file)["jobs"].items()
    return [
        f"{name} has no timeout"
        for name, job in jobs
        if not 1 <= job.get("timeout-minutes", 0) <= 60
    ]


def checkouts_keep_no_credentials(file: Path) -> list[str]:
    checkouts = [
        step for step in steps(file) if step.get("uses", "").startswith("actions/checkout@")
    ]
    return [
        one["name"]
        for one in checkouts
        if one.get("with", {}).get("persist-credentials") is not False
    ]


def no_expression_stands_in_a_script(file: Path) -> list[str]:
    return [step["name"] for step in steps(file) if "${{" in step.get("run", "")]


def every_variable_comes_from_somewhere(file: Path) -> list[str]:
    """A variable in capitals that a block reads is set by its `env`, by the runner or by
    the block.
    """
    wrong = []
    for step in steps(file):
        script = step.get("run", "")
        read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)\b", script)) | set(
            re.findall(r'ENVIRON\["(\w+)"\]', script)
        )
        given = set(step.get("env", {}))
        wrong += [
            f"{step['name']}: {one} is not given"
            for one in sorted(read - given)
            if not one.startswith(RUNNERS)
        ]
        wrong += [
            f"{step['name']}: {one} is not read" for one in sorted(given - read - READ_ELSEWHERE)
        ]
    return wrong


RUNNERS = ("GITHUB_", "RUNNER_", "OLDPWD", "BASH_REMATCH")
INPUTS = re.compile(r"INPUT_[A-Z_]+")
RUN_SCRIPT = Path(__file__).parents[2] / ".github/scripts/run.sh"
READ_ELSEWHERE = {"GH_TOKEN", "PROJECT_URL", *INPUTS.findall(RUN_SCRIPT.read_text("utf-8"))}
"""By GitHub's client, by hatch_build.py, and by the script of the action."""


def no_stranger_is_trusted_by_event(file: Path) -> list[str]:
    """No trigger that runs a stranger's change with our rights, no decision by whoever
    pushed last.
    """
    found = set(load(file).get("on") or {}) & {
        "pull_request_target",
        "workflow_run",
        "issue_comment",
    }
    if "github.actor" in file.read_text("utf-8"):
        found.add("github.actor")
    return sorted(found)


def runs_take_turns(file: Path) -> list[str]:
    """Runs for one tenant wait for each other, as releases do; a pull request's next run cancels
    the one before.
    """
    document = load(file)
    concurrency, triggers = document.get("concurrency", {}), document["on"]
    if "pull_request" in triggers:
        ours = concurrency.get("cancel-in-progress") is True
        return (
            []
            if ours and "github.event.pull_request.number" in concurrency.get("group", "")
            else ["no turns"]
        )
    if (triggers.get("push") or {}).keys() == {"tags"}:
        return (
            []
            if concurrency == {"group": file.stem, "cancel-in-progress": False}
            else ["no turns of releases"]
        )
    environment = re.sub(r"^reconciler-(apply|drift|live-check)", "", file.stem)
    tenant = {"group": f"reconciler-tenant{environment}", **WAITING}
    return [] if concurrency == tenant else ["no turns at the tenant"]


def shell_scripts_are_sound(file: Path) -> list[str]:
    """What shellcheck says about every block, in the shell that its step names."""
    wrong = []
    for step in steps(file):
        if "run" in step:
            assert step.get("shell", "bash") == "bash"
            ended = subprocess.run(
                [SHELLCHECK, "--shell=bash", "-"],
                input=step["run"],
                capture_output=True,
                text=True,
                check=False,
            )
            wrong += [f"{step['name']}:\n{ended.stdout}"] if ended.returncode else []
    return wrong


FOR_ACTIONS: list[Rule] = [
    every_action_is_in_the_table,
    checkouts_keep_no_credentials,
    no_expression_stands_in_a_script,
    every_variable_comes_from_somewhere,
    shell_scripts_are_sound,
]
FOR_WORKFLOWS: list[Rule] = [
    *FOR_ACTIONS,
    nothing_is_permitted_on_top,
    whoever_mints_tokens_writes_nothing,
    every_job_ends_in_time,
    no_stranger_is_trusted_by_event,
    runs_take_turns,
]


def checkers(folder: Path, *workflows: Path) -> list[list[Any]]:
    """The command lines of the checkers by others, which need no network."""
    tools = Path(sys.executable).parent
    return [
        [
            tools / "zizmor",
            "--offline",
            "--no-progress",
            "--quiet",
            "--persona",
            "pedantic",
            folder,
        ],
        [tools / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows],
    ]
