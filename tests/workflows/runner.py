"""Runs our workflows as GitHub's runner would: jobs by `needs`, steps by `if`, every `run:` block
in a real shell.

Actions of others are played: a checkout copies a folder, artifacts are kept in memory and told to
the server that stands for GitHub. `uses: ./` runs the steps of action.yml. Everything a block is
given is what its YAML gives it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from expressions import condition, interpolated
from github_api import REPOSITORY, GitHub
from origin import MERGE_RESULT, check_out, make_origin

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github/workflows"
SHELLS = {
    "bash": ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"],
    None: ["bash", "-e"],
}
STEP_LIMIT_S = 120

Json = dict[str, Any]


@dataclass
class Step:
    """How a step ended."""

    name: str
    conclusion: str
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    steps: list[Step] = field(default_factory=list)


@dataclass
class Job:
    """How a job ended."""

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def everything(self) -> list[Step]:
        return [inner for step in self.steps for inner in (step, *step.steps)]

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.everything())

    @property
    def summary(self) -> str:
        return "".join(step.summary for step in self.everything())

    def step(self, name: str) -> Step:
        (found,) = [one for one in self.steps if one.name == name]
        return found


@dataclass
class Run:
    """How a run of a workflow ended."""

    number: int
    jobs: dict[str, Job]

    @property
    def conclusion(self) -> str:
        results = {job.result for job in self.jobs.values()}
        return "failure" if "failure" in results else "success"


def load(workflow: Path) -> Json:
    """The workflow as data; YAML takes the key `on` for a boolean."""
    document: Json = yaml.safe_load(workflow.read_text("utf-8"))
    return {("on" if key is True else key): value for key, value in document.items()}


@dataclass
class Runner:
    """A repository, the GitHub it lies on, and the machines of its jobs."""

    hub: GitHub
    folder: Path
    checkout: Path
    """What `actions/checkout` puts into the workspace."""
    base: Path | None = None
    """What the base branch holds, for checkouts that ask for history or for a `ref`."""
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each GitHub environment of the repository adds to the variables of a job that names it.
    """
    variables: dict[str, str] = field(
        default_factory=lambda: {"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client"}
    )
    workflows: Path = WORKFLOWS
    before_step: Callable[[str], None] = lambda _: None
    action: Callable[[dict[str, str], Path], dict[str, str]] | None = None
    """Plays our own action: inputs and temporary folder to outputs; None runs the real one."""
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    run_id: int = 0

    def run(self, name: str, github: Json, inputs: Json | None = None) -> Run:
        """The whole workflow, job after job."""
        document = load(self.workflows / name)
        self.run_id, self.artifacts = self.hub.new_id(), {}
        self.hub.artifacts[self.run_id] = []
        jobs: dict[str, Job] = {}
        pending = dict(document["jobs"])
        while pending:
            for job_id, job in list(pending.items()):
                needed = (
                    [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
                )
                if not set(needed) & set(pending):
                    context = {"github": github, "inputs": inputs or {}, "vars": self.variables}
                    context["needs"] = {one: vars(jobs[one]) for one in needed}
                    jobs[job_id] = self._job(pending.pop(job_id), context)
        return Run(self.run_id, jobs)

    def _job(self, job: Json, context: Json) -> Job:
        results = {one["result"] for one in context["needs"].values()}
        status = {"always": True, "cancelled": False, "failure": "failure" in results}
        context["status"] = {**status, "success": results <= {"success"}}
        if not condition(job.get("if", "success()"), context):
            return Job("skipped")
        machine = self.folder / f"machine-{self.hub.new_id()}"
        token = f"token-{machine.name}"
        self.hub.tokens[token] = job.get("permissions", {})
        context["github"] = {**context["github"], "token": token, "run_attempt": 1}
        environment = self.machine(machine, context["github"])
        environment |= (
            self.environments.get(job["environment"]["name"], {}) if "environment" in job else {}
        )
        steps, failed = self._steps(job["steps"], context, environment, machine)
        del self.hub.tokens[token]
        outputs = {
            name: interpolated(text, context) for name, text in job.get("outputs", {}).items()
        }
        return Job("failure" if failed else "success", outputs, steps)

    def use(self, job: dict[str, str] | None = None, /, **inputs: str) -> Step:
        """Our action alone with these inputs, in a job of these variables that has checked out."""
        folder = self.folder / f"machine-{self.hub.new_id()}"
        given = {**self.machine(folder, {}), **(job or {})}
        shutil.copytree(self.checkout, folder / "work", dirs_exist_ok=True)
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        return self._composite("action", named, {"github": {}}, given, folder)

    def machine(self, machine: Path, github: Json) -> dict[str, str]:
        """A clean environment: what the runner sets, and nothing of this machine but the way to
        bash and Python.
        """
        workspace, temporary, bin_folder = machine / "work", machine / "temp", machine / "bin"
        for folder in (workspace, temporary, bin_folder):
            folder.mkdir(parents=True)
        _program(
            bin_folder / "gh",
            f'exec "{sys.executable}" -P "{Path(__file__).with_name("gh_stub.py")}" "$@"',
        )
        _installed(temporary / "reconciler-venv", workspace)
        return {
            "PATH": f"{bin_folder}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(machine),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": str(self.run_id),
            "GITHUB_SHA": github.get("sha", ""),
            "RUNNER_TEMP": str(temporary),
            "GH_STUB_URL": self.hub.url,
        }

    def _steps(
        self, steps: list[Json], context: Json, environment: dict[str, str], machine: Path
    ) -> tuple[list[Step], bool]:
        ended, failed = [], False
        context["steps"] = {}
        for step in steps:
            context["status"] = {
                "always": True,
                "cancelled": False,
                "failure": failed,
                "success": not failed,
            }
            name = step["name"]
            if not condition(step.get("if", "success()"), context):
                ended.append(Step(name, "skipped"))
                continue
            self.before_step(name)
            one = self._step(step, context, environment, machine)
            ended.append(one)
            failed = failed or one.conclusion == "failure"
            if "id" in step:
                context["steps"][step["id"]] = {
                    "outputs": one.outputs,
                    "conclusion": one.conclusion,
                }
        return ended, failed

    def _step(self, step: Json, context: Json, environment: dict[str, str], machine: Path) -> Step:
        given = {name: interpolated(text, context) for name, text in step.get("env", {}).items()}
        if "run" in step:
            return run_block(block_of(step, {**environment, **given}, machine / "work"))
        inputs = {name: interpolated(text, context) for name, text in step.get("with", {}).items()}
        action = step["uses"].split("@")[0]
        played = {
            "actions/checkout": self._checkout,
            "actions/setup-python": lambda _inputs, _machine: {"python-path": sys.executable},
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
        }
        if action not in played and self.action is not None:
            outputs = self.action(inputs, machine / "temp")
            return Step(
                step["name"],
                "failure" if outputs.get("failure-reason") else "success",
                outputs=outputs,
            )
        if action not in played:
            return self._composite(step["name"], inputs, context, environment, machine)
        try:
            return Step(step["name"], "success", outputs=played[action](inputs, machine) or {})
        except FileNotFoundError as error:
            return Step(step["name"], "failure", log=f"{error}\n")

    def _composite(
        self,
        name: str,
        inputs: dict[str, str],
        context: Json,
        environment: dict[str, str],
        machine: Path,
    ) -> Step:
        action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
        unknown = set(inputs) - set(action["inputs"])
        assert not unknown, f"action.yml has no input {unknown}"
        defaults = {one: given.get("default", "") for one, given in action["inputs"].items()}
        inner = {"github": context["github"], "inputs": {**defaults, **inputs}}
        steps, failed = self._steps(
            action["runs"]["steps"],
            inner,
            {**environment, "GITHUB_ACTION_PATH": str(ROOT)},
            machine,
        )
        outputs = {
            one: interpolated(given["value"], inner) for one, given in action["outputs"].items()
        }
        return Step(name, "failure" if failed else "success", outputs=outputs, steps=steps)

    def _checkout(self, inputs: dict[str, str], machine: Path) -> None:
        assert inputs["persist-credentials"] == "false"
        target = machine / "work" / inputs.get("path", ".")
        if not {"ref", "fetch-depth"} & set(inputs):
            shutil.copytree(self.checkout, target, dirs_exist_ok=True)
            return
        assert self.base is not None
        origin = machine / "origin"
        if not origin.exists():
            make_origin(origin, self.base, self.checkout)
        check_out(origin, target, inputs.get("ref", MERGE_RESULT), inputs.get("fetch-depth", "1"))

    def _upload(self, inputs: dict[str, str], machine: Path) -> None:
        files = [
            Path(machine / "work" / line.strip())
            for line in inputs["path"].splitlines()
            if line.strip()
        ]
        self.artifacts[inputs["name"]] = {file.name: file.read_bytes() for file in files}
        kept = {"id": self.hub.new_id(), "name": inputs["name"], "expired": False}
        self.hub.artifacts[self.run_id].append(kept)

    def _download(self, inputs: dict[str, str], machine: Path) -> None:
        if inputs["name"] not in self.artifacts:
            raise FileNotFoundError(f"no artifact {inputs['name']}")
        target = machine / "work" / inputs["path"]
        target.mkdir(parents=True, exist_ok=True)
        for name, content in self.artifacts[inputs["name"]].items():
            (target / name).write_bytes(content)


@dataclass
class Block:
    """A `run:` block in the shell that its step names, with files for outputs and summary, ready to
    be run.
    """

    name: str
    command: list[str]
    workspace: Path
    environment: dict[str, str]

    def ended(self, exit_code: int, log: bytes) -> Step:
        """How the step ended, by what the block left behind."""
        outputs, summary = (
            Path(self.environment[name]).read_text("utf-8")
            for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        )
        conclusion = "failure" if exit_code else "success"
        return Step(self.name, conclusion, log.decode(), dict(parsed_outputs(outputs)), summary)


def block_of(step: Json, environment: dict[str, str], workspace: Path) -> Block:
    """The block of a step, with empty files."""
    folder = Path(tempfile.mkdtemp(prefix="step-", dir=workspace.parent))
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        Path(file).touch()
    script = folder / "script.sh"
    script.write_text(step["run"], "utf-8")
    return Block(
        step["name"], [*SHELLS[step.get("shell")], str(script)], workspace, {**environment, **files}
    )


def run_block(block: Block) -> Step:
    """How the block ends."""
    ended = subprocess.run(
        block.command,
        cwd=block.workspace,
        env=block.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=STEP_LIMIT_S,
        check=False,
    )
    return block.ended(ended.returncode, ended.stdout)


def parsed_outputs(text: str) -> Iterator[tuple[str, str]]:
    """Names and values as the runner reads them; our scripts write one line each, never a value of
    several.
    """
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        assert equals, f"the runner would refuse the line {line!r}"
        assert re.fullmatch(r"[a-z-]+", name), f"no output of ours: {name!r}"
        yield name, value


def obeyed_commands(log: str) -> list[str]:
    """The workflow commands in a log that the runner obeys: none between stop-commands and the name
    it was given.
    """
    commands, waiting = [], ""
    for line in log.splitlines():
        command = line.lstrip()
        if waiting:
            waiting = "" if command == f"::{waiting}::" else waiting
        elif command.startswith("::stop-commands::"):
            waiting = command.removeprefix("::stop-commands::")
        elif command.startswith("::") or "##[" in command:
            commands.append(command)
    assert not waiting, "the runner was left deaf"
    return commands


def _installed(venv: Path, workspace: Path) -> None:
    """What the install step leaves behind, with the code of this repository in it."""
    (venv / "bin").mkdir(parents=True)
    python = f'exec env PYTHONPATH="{ROOT}" "{sys.executable}" -P'
    _program(venv / "bin/reconciler", f'{python} -m reconciler "$@"')
    _program(venv / "bin/python", f'exec "{sys.executable}" "$@"')
    (venv / "installed-from").write_text(f"{ROOT}\n")


def _program(file: Path, command: str) -> None:
    file.write_text(f"#!/bin/sh\n{command}\n")
    file.chmod(0o755)
