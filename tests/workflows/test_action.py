"""The action by itself: what each command is given, what comes of it, and what no value can do to
it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from expressions import interpolated
from harness import catalog, declare, dispositions, extension, send_signal, write_seed
from markdown_it import MarkdownIt
from runner import ROOT, Block, Step, block_of, obeyed_commands, run_block
from tiers import sample
from world import World

from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset
from reconciler.settings import DEFAULT_MAX_DELETES

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


@pytest.fixture
def target(world: World) -> dict[str, str]:
    """The environment of a job that may write."""
    return world.runner.environments["reconciler-apply"]


def block(name: str) -> dict[str, Any]:
    """A step of the action."""
    (step,) = [one for one in ACTION["runs"]["steps"] if one["name"] == name]
    return step


class TestValidate:
    def test_valid_files_pass_without_any_credential(self, world: World) -> None:
        world.declare(extension("one"))
        run = world.run_validate()
        assert run.conclusion == "success"
        assert "### Valid: 1 file, 1 extension." in run.jobs["validate"].summary
        assert world.hub.requests == []

    def test_invalid_files_are_annotated_and_fail(self, world: World) -> None:
        world.declare({**extension("one"), "displayNam": "typo"})
        run = world.run_validate()
        assert run.conclusion == "failure"
        told = run.jobs["validate"].step("Validate").outputs
        assert (told["exit-code"], told["failure-reason"]) == ("3", "invalid-files")
        assert Path(told["summary-md"]).read_text("utf-8") == run.jobs["validate"].summary
        first, *_, last = obeyed_commands(run.jobs["validate"].log)
        assert first.startswith("::error file=desired_state/state.yaml,line=2")
        assert (
            last
            == "::error title=reconciler validate::Ended with invalid-files (exit code 3). See the"
            " log of this step."
        )

    def test_several_paths_stand_on_lines_of_their_own(self, world: World) -> None:
        for folder in ("a b", "--c"):
            declare(world.runner.checkout / folder, {"catalog": folder, "extensions": []})
        step = world.runner.use(command="validate", path="a b\r\n \n--c\r\n\n")
        assert step.conclusion == "success"
        assert "Valid: 2 files" in step.steps[-1].summary

    def test_a_missing_path_fails(self, world: World) -> None:
        step = world.runner.use(command="validate", path="nowhere")
        assert step.outputs["failure-reason"] == "invalid-files"
        assert "R001" in step.steps[-1].summary


SIGNALLED = list(
    itertools.product(
        ["GET", "POST"], [signal.SIGINT, signal.SIGTERM], [signal.SIG_DFL, signal.SIG_IGN]
    )
)
QUICK_SIGNALLED = [("GET", signal.SIGTERM, signal.SIG_IGN), ("POST", signal.SIGINT, signal.SIG_DFL)]


class TestApply:
    def test_a_saved_plan_is_carried_out(self, world: World, target: dict[str, str]) -> None:
        world.declare(extension("one"))
        plan = world.runner.use(target, command="plan").outputs["plan-json"]
        step = world.runner.use(target, command="apply", plan_file=plan)
        assert (step.conclusion, step.outputs["exit-code"]) == ("success", "0")
        assert len(world.extensions()) == 1

    def test_without_an_approval_it_is_refused(self, world: World, target: dict[str, str]) -> None:
        world.declare(extension("one"))
        step = world.runner.use(target, command="apply")
        assert (step.outputs["exit-code"], step.outputs["failure-reason"]) == ("4", "blocked")
        assert "The plan was not approved" in step.steps[-1].log
        assert world.extensions() == []

    def test_a_failed_write_is_told_as_applied_in_part(self, world: World) -> None:
        world.declare(extension("one"))
        read_only = world.runner.environments["reconciler-plan"]
        digest = world.runner.use(read_only, command="plan").outputs["plan-digest"]
        step = world.runner.use(read_only, command="apply", expect_digest=digest)
        assert (step.outputs["exit-code"], step.outputs["failure-reason"]) == (
            "6",
            "applied-in-part",
        )
        assert "1 failed" in step.steps[-1].summary
        assert '"event"' in Path(step.outputs["journal"]).read_text("utf-8")

    @pytest.mark.parametrize(
        ("method", "number", "inherited"), sample(SIGNALLED, QUICK_SIGNALLED.__contains__)
    )
    def test_what_the_runner_signals_reaches_the_tool(
        self, world: World, method: str, number: signal.Signals, inherited: signal.Handlers
    ) -> None:
        """The runner signals the shell of the step alone. What is in flight ends, is reported, and
        no write begins.

        A runner that was started by `nohup` hands signals on as ignored.
        """
        names = [f"extension {letter}" for letter in "abcdef"]
        world.declare(*[extension(name) for name in names])
        folder = world.runner.folder / "signalled"
        environment = world.runner.machine(folder, {})
        (folder / "work/desired_state").symlink_to(world.runner.checkout / "desired_state")
        database = world.runner.folder / "own.sqlite3"
        reset(database, seed=write_seed(world.runner.folder / "seed.json", catalog()))

        applying: list[str] = []

        async def story() -> Step:
            running: list[asyncio.subprocess.Process] = []

            @web.middleware
            async def fault(request: web.Request, handler: Any) -> web.StreamResponse:
                if request.method == method and applying:
                    send_signal(running[0], number)
                return await handler(request)

            async with serve(database, faults=[fault]) as url:
                given = {
                    **environment,
                    "RECONCILER_GRAPH_URL": url,
                    "GITHUB_ACTION_PATH": str(ROOT),
                }
                inputs = {
                    name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()
                }
                inputs |= {"command": "plan"}
                step = block("Run reconciler")

                async def ran(**more: str) -> Step:
                    context = {"inputs": {**inputs, **more}}
                    own = {name: interpolated(text, context) for name, text in step["env"].items()}
                    prepared = block_of(step, {**given, **own}, folder / "work")
                    process = await asyncio.create_subprocess_exec(
                        *prepared.command,
                        cwd=prepared.workspace,
                        env=prepared.environment,
                        stdin=asyncio.subprocess.DEVNULL,
                        stdout=asyncio.subprocess.PIPE,
                        stderr=asyncio.subprocess.STDOUT,
                        preexec_fn=dispositions(inherited),
                    )
                    running[:] = [process]
                    log, _ = await process.communicate()
                    return prepared.ended(process.returncode or 0, log)

                digest = (await ran()).outputs["plan-digest"]
                applying.append(digest)
                return await ran(command="apply", **{"expect-digest": digest})

        step = asyncio.run(story())
        assert (
            step.outputs["failure-reason"] == "interrupted" and step.outputs["exit-code"] == "130"
        ), step.log
        created = 1 if method == "POST" else 0
        assert ("1 created" in step.summary and "5 skipped" in step.summary) is (created == 1)
        with Store(database) as store:
            assert len(store.extensions()) == created


def stub_block(
    world: World, program: str, job: dict[str, str] | None = None, /, **inputs: str
) -> Block:
    """The step that runs the tool, ready to be run, with this program in the tool's place."""
    folder = world.runner.folder / f"machine-{world.hub.new_id()}"
    machine = world.runner.machine(folder, {})
    (Path(machine["RUNNER_TEMP"]) / "reconciler-venv/bin/reconciler").write_text(program)
    step = block("Run reconciler")
    defaults = {name: str(one.get("default", "")) for name, one in ACTION["inputs"].items()}
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    own = {
        name: interpolated(text, {"inputs": {**defaults, **named}})
        for name, text in step["env"].items()
    }
    return block_of(
        step, {**machine, "GITHUB_ACTION_PATH": str(ROOT), **(job or {}), **own}, folder / "work"
    )


class TestSignals:
    """The tool is a program that notes its calls: what counts here is what begins, and when a
    signal reaches it.
    """

    PATIENT = """
import os, signal, sys
{on_term}
open(os.environ["RUNNER_TEMP"] + "/calls", "a").write(" ".join(sys.argv[1:]) + "\\n")
{then}
signal.alarm(5)
signal.pause()
"""
    ENDS_WELL = "signal.signal(signal.SIGTERM, lambda *_: os._exit(130))"
    SIGNALS_ITS_PARENT = "os.kill(os.getppid(), signal.SIGTERM)"

    def ended(
        self, world: World, *, on_term: str = "", then: str = "", moment: str = "", **inputs: str
    ) -> tuple[Step, list[str]]:
        """How the step ended, and the calls of the tool; a signal comes before the command that
        begins so.
        """
        tool = world.runner.folder / "tool.py"
        tool.write_text(self.PATIENT.format(on_term=on_term, then=then))
        hook = world.runner.folder / "hook.sh"
        hook.write_text(
            """trap 'case "$BASH_COMMAND" in "$MOMENT"*) trap - DEBUG; kill -TERM "$$" ;; esac' """
            "DEBUG; set -T"
        )
        job = {"BASH_ENV": str(hook), "MOMENT": moment} if moment else {}
        prepared = stub_block(
            world, f'#!/bin/sh\nexec "{sys.executable}" "{tool}" "$@"\n', job, **inputs
        )
        step = run_block(prepared)
        calls = Path(prepared.environment["RUNNER_TEMP"]) / "calls"
        return step, calls.read_text("utf-8").splitlines() if calls.exists() else []

    def baseline(self, world: World) -> dict[str, str]:
        base = world.runner.folder / "base of the pull request"
        base.mkdir()
        return {"command": "plan", "baseline": str(base)}

    @pytest.mark.parametrize("on_term", [ENDS_WELL, ""])
    def test_during_the_plan_of_the_base_no_other_begins(self, world: World, on_term: str) -> None:
        inputs = self.baseline(world)
        step, calls = self.ended(world, on_term=on_term, then=self.SIGNALS_ITS_PARENT, **inputs)
        assert (step.outputs["failure-reason"], step.outputs["exit-code"]) == (
            "interrupted",
            "130",
        ), step.log
        assert len(calls) == 1
        assert [one.split(" ")[0] for one in obeyed_commands(step.log)] == [
            "::group::Plan",
            "::endgroup::",
            "::error",
        ]

    def test_between_two_plans_the_second_does_not_begin(self, world: World) -> None:
        inputs = self.baseline(world)
        step, calls = self.ended(world, then="os._exit(0)", moment='echo "::endgroup::', **inputs)
        assert (step.outputs["failure-reason"], len(calls)) == ("interrupted", 1), step.log
        assert step.log.count("::stop-commands::") == 1

    @pytest.mark.parametrize(
        "command", sample(["validate", "plan", "drift", "apply"], "apply".__eq__)
    )
    def test_before_the_tool_it_does_not_begin(self, world: World, command: str) -> None:
        step, calls = self.ended(world, moment="output exit-code", command=command)
        assert (step.outputs["failure-reason"], step.outputs["exit-code"]) == (
            "interrupted",
            "130",
        ), step.log
        assert calls == [] and "::stop-commands::" not in step.log

    @pytest.mark.parametrize(
        "moment", sample(['"$reconciler"', "tool=", "seen=", 'wait "$tool"'], "tool=".__eq__)
    )
    def test_while_the_tool_begins_it_is_not_lost(self, world: World, moment: str) -> None:
        step, _ = self.ended(world, on_term=self.ENDS_WELL, moment=moment, command="drift")
        assert (step.outputs["failure-reason"], step.outputs["exit-code"]) == (
            "interrupted",
            "130",
        ), step.log

    def test_an_interrupted_validation_is_not_repeated(self, world: World) -> None:
        step, calls = self.ended(
            world, on_term=self.ENDS_WELL, then=self.SIGNALS_ITS_PARENT, command="validate"
        )
        assert (step.outputs["failure-reason"], len(calls)) == ("interrupted", 1), step.log

    def test_after_a_signal_nothing_more_is_rendered(self, world: World) -> None:
        moment = '"$reconciler" validate --format github'
        step, calls = self.ended(world, then="os._exit(0)", moment=moment, command="validate")
        assert (step.outputs["failure-reason"], step.outputs["exit-code"]) == (
            "interrupted",
            "130",
        ), step.log
        assert [call.split(" -- ")[0] for call in calls] == ["validate", "validate --format github"]


class TestWhatTheToolIsGiven:
    """The tool is a program that prints its arguments: what counts here is the command line."""

    def given(self, world: World, job: dict[str, str] | None = None, /, **inputs: str) -> list[str]:
        program = (
            '#!/bin/sh\nprintf "%s\\n" "$@" "AZURE_TENANT_ID=$AZURE_TENANT_ID"'
            ' "AZURE_CLIENT_ID=$AZURE_CLIENT_ID"\n'
        )
        log = run_block(stub_block(world, program, job, **inputs)).log
        lines = log.splitlines()
        return [line for line in lines[1 : lines.index("")] if "reconciler-" not in line]

    def test_a_plan_by_default(self, world: World) -> None:
        assert self.given(world, command="plan") == [
            *[
                "plan",
                "--detailed-exitcode",
                "--out",
                "--auth",
                "github-oidc",
                "--",
                "desired_state",
            ],
            *["AZURE_TENANT_ID=", "AZURE_CLIENT_ID="],
        ]

    def test_everything_that_can_be_said_of_the_target(self, world: World) -> None:
        inputs = {
            "environment": "staging",
            "cloud": "usgov",
            "auth": "environment",
            "tenant_id": "T",
            "client_id": "C",
        }
        assert self.given(world, command="drift", path="x", **inputs) == [
            *["drift", "--detailed-exitcode", "--out", "--auth", "environment", "--cloud", "usgov"],
            *["--environment", "staging", "--", "x", "AZURE_TENANT_ID=T", "AZURE_CLIENT_ID=C"],
        ]

    @pytest.mark.parametrize("command", ["plan", "apply", "drift"])
    @pytest.mark.parametrize("limit", ["0", "12", "--auto-approve"])
    def test_the_limit_of_deletions(self, world: World, command: str, limit: str) -> None:
        """Whatever it is, it is one argument; without it the tool has its own default."""
        given = self.given(world, command=command, max_deletes=limit)
        assert [one for one in given if limit in one] == [f"--max-deletes={limit}"]
        assert "--max-deletes" not in " ".join(self.given(world, command=command))

    @pytest.mark.parametrize(
        ("command", "preflight", "is_checked"),
        [
            ("plan", "true", True),
            ("plan", "false", False),
            ("plan", "", False),
            ("drift", "true", False),
        ],
    )
    def test_whether_logic_apps_are_checked(
        self, world: World, command: str, preflight: str, is_checked: bool
    ) -> None:
        given = self.given(world, command=command, preflight=preflight)
        assert ("--preflight" in given) is is_checked

    def test_the_identity_of_the_job_is_left_alone(self, world: World) -> None:
        job = {"AZURE_TENANT_ID": "of the job", "AZURE_CLIENT_ID": "of the job, too"}
        assert self.given(world, job, command="plan")[-2:] == [
            "AZURE_TENANT_ID=of the job",
            "AZURE_CLIENT_ID=of the job, too",
        ]

    def test_an_apply_by_digest(self, world: World) -> None:
        assert self.given(world, command="apply", expect_digest="sha256:0")[:7] == [
            *[
                "apply",
                "--format",
                "markdown",
                "--journal",
                "--expect-digest",
                "sha256:0",
                "--auth",
            ],
        ]


COMMANDS = ["", "destroy", "plan --sandbox", "$(touch pwned)", "plan\nhas-changes=false"]


@pytest.mark.parametrize(
    ("inputs", "allowed"),
    [
        ({"command": command}, "command must be validate, plan, apply or drift")
        for command in COMMANDS
    ]
    + [
        ({"command": "plan", "preflight": each}, "preflight must be true or false")
        for each in ("True", "1 ")
    ],
)
def test_an_unknown_value_is_refused(
    world: World, inputs: dict[str, str], allowed: str, tmp_path: Path
) -> None:
    step = world.runner.use(**inputs)
    assert step.conclusion == "failure"
    assert (step.outputs["exit-code"], step.outputs["failure-reason"]) == ("1", "error")
    assert obeyed_commands(step.steps[-1].log) == [
        f"::error title=reconciler::The input {allowed}."
    ]
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.thorough
def test_a_baseline_that_is_not_there_is_a_warning(world: World, target: dict[str, str]) -> None:
    world.declare(extension("one"))
    step = world.runner.use(target, command="plan", baseline="nowhere")
    assert (step.conclusion, step.outputs["to-create"]) == ("success", "1")
    assert any(
        "Could not plan the base branch" in one for one in obeyed_commands(step.steps[-1].log)
    )


@pytest.mark.thorough
def test_a_baseline_of_another_target_is_a_warning(
    world: World, target: dict[str, str], tmp_path: Path
) -> None:
    """As when a pull request moves an environment to another tenant: here Graph goes by another
    name in the base.
    """
    base = tmp_path / "base of the pull request"
    for folder in (base, world.runner.checkout):
        declare(
            folder / "desired_state", {"catalog": "Marketing", "extensions": [extension("one")]}
        )
    elsewhere = target["RECONCILER_GRAPH_URL"].replace("127.0.0.1", "localhost")
    program = (
        f'#!/bin/sh\n[ "$PWD" != "{base}" ] || export RECONCILER_GRAPH_URL={elsewhere}\n'
        f'exec env PYTHONPATH="{ROOT}" "{sys.executable}" -P -m reconciler "$@"\n'
    )
    paths = str(world.runner.checkout / "desired_state")
    job = {**target, "GITHUB_RUN_ID": "1"}
    step = run_block(
        stub_block(world, program, job, command="plan", baseline=str(base), path=paths)
    )
    assert (step.conclusion, step.outputs["to-create"]) == ("success", "1"), step.log
    (warning,) = [one for one in obeyed_commands(step.log) if one.startswith("::warning")]
    assert "has another target; changes that are already pending" in warning
    (change,) = json.loads(Path(step.outputs["plan-json"]).read_text("utf-8"))["changes"]
    assert change["already_pending"] is False


@pytest.mark.thorough
def test_an_environment_is_planned_and_named_in_the_marker(
    world: World, target: dict[str, str]
) -> None:
    world.declare(extension("one"))
    tenant = "tenant_id: 00000000-0000-0000-0000-000000000000"
    (world.runner.checkout / "reconciler.yaml").write_text(
        f"environments:\n  staging:\n    {tenant}\n"
    )
    step = world.runner.use(target, command="plan", environment="staging")
    assert step.conclusion == "success", step.steps[-1].log
    summary = Path(step.outputs["summary-md"]).read_text("utf-8")
    assert summary.startswith("<!-- reconciler:plan:staging -->\n")


def test_what_the_tool_says_as_an_error_is_not_obeyed(world: World) -> None:
    """The runner reads two streams side by side: only within one it is certain what stands between
    which lines.
    """
    program = "#!/bin/sh\necho ::error::planted\necho ::error::planted as an error >&2\n"
    prepared = stub_block(world, program, command="drift")
    ended = subprocess.run(
        prepared.command,
        cwd=prepared.workspace,
        env=prepared.environment,
        capture_output=True,
        check=False,
    )
    assert ended.stderr == b""
    log = ended.stdout.decode()
    assert "\n::error::planted\n" in log and "\n::error::planted as an error\n" in log
    assert [one for one in obeyed_commands(log) if "planted" in one] == []


HOSTILE = [
    "@octocat closes #1",
    "::error::from a name",
    "::stop-commands::x",
    "##[add-mask]desired_state",
    "$(touch pwned)",
    "`touch pwned`",
    "EOF",
    "<!-- reconciler:plan -->",
    "has-changes=false",
    "'; touch pwned; '",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
]


def test_hostile_values_stay_values(world: World, target: dict[str, str], tmp_path: Path) -> None:
    """Declared by a pull request, or made in the tenant by somebody: log, summary, comment and
    outputs are unharmed.
    """
    description = "\n".join(["EOF", "plan-digest=x", "::error::from a description", *HOSTILE])
    world.live(*[extension(f"live {name}", description=description) for name in HOSTILE])
    world.declare(*[extension(name, description=description) for name in HOSTILE])
    run = world.run_plan()
    assert run.conclusion == "success", run.jobs["plan"].log
    (comment,) = [one["body"] for one in world.hub.comments[7]]
    told = run.jobs["plan"].step("Plan").outputs
    assert (told["to-create"], told["has-changes"], told["failure-reason"]) == (
        str(len(HOSTILE)),
        "true",
        "",
    )
    kinds = {one.split(" ")[0].split("::")[1] for one in obeyed_commands(run.jobs["plan"].log)}
    assert kinds <= {"notice", "warning", "group", "endgroup"}
    assert not list(tmp_path.rglob("pwned"))
    texts = [
        token.content
        for block_token in MarkdownIt("commonmark").enable("table").parse(comment)
        for token in block_token.children or []
        if token.type == "text"
    ]
    assert not [text for text in texts if "@octocat" in text or "javascript" in text]
    assert comment.count("\n<!--") == 0


@pytest.mark.thorough
def test_modules_in_the_working_folder_are_not_imported(
    world: World, target: dict[str, str]
) -> None:
    """A pull request writes that folder, and its plan runs where a token for the tenant
    can be had.
    """
    world.declare(extension("one"))
    for name in ("json", "reconciler", "pip", "venv", "click", "sitecustomize"):
        (world.runner.checkout / f"{name}.py").write_text(
            "raise SystemExit('imported from the working folder')\n"
        )
    step = world.runner.use(target, command="plan")
    assert (step.conclusion, step.outputs["to-create"]) == ("success", "1"), step.steps[-1].log


class TestInstallation:
    @pytest.mark.thorough
    def test_it_installs_from_the_lock_file_and_is_found_again(self, world: World) -> None:
        """Once for real: needs the package index, as the set-up of these tests did."""
        folder = world.runner.folder / "fresh"
        machine = {
            **world.runner.machine(folder, {}),
            "GITHUB_ACTION_PATH": str(ROOT),
            "PYTHON": sys.executable,
        }
        machine |= {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("PIP_", "UV_", "SSL_")) or "proxy" in name.lower()
        }
        machine |= {"HOME": os.environ["HOME"]}
        for name in ("pip", "venv", "json"):
            (folder / f"work/{name}.py").write_text(
                "raise SystemExit('imported from the working folder')\n"
            )
        venv = Path(machine["RUNNER_TEMP"]) / "reconciler-venv"
        (venv / "installed-from").unlink()
        look = block_of(
            block("Check whether this job has installed the tool already"), machine, folder / "work"
        )
        assert run_block(look).outputs == {"found": "false"}
        installed = run_block(
            block_of(block("Install from the lock file"), machine, folder / "work")
        )
        assert installed.conclusion == "success", installed.log
        lines = installed.log.splitlines()
        assert re.fullmatch(
            r"Installing \d+ locked packages \(about \d+ MB\) into .+ \.\.\.", lines[0]
        )
        assert re.fullmatch(r"Installed in \d+ s\.", lines[-1]), "by uv: pip would be announced"
        assert "pip installs the packages" not in installed.log
        look = block_of(
            block("Check whether this job has installed the tool already"), machine, folder / "work"
        )
        assert run_block(look).outputs == {"found": "true"}
        program = [venv / "bin/python", "-I", "-c", "import reconciler; print(reconciler.__file__)"]
        where = subprocess.run(program, capture_output=True, text=True, check=True).stdout
        assert where.startswith(str(venv))
        declare(
            folder / "work/desired_state",
            {"catalog": "Marketing", "extensions": [extension("one")]},
        )
        validated = subprocess.run(
            [venv / "bin/reconciler", "validate"],
            cwd=folder / "work",
            capture_output=True,
            check=True,
        )
        assert validated.stdout == b"Valid: 1 file, 1 extension.\n"

    def test_the_installation_of_another_action_is_not_taken(self, world: World) -> None:
        folder = world.runner.folder / "other"
        machine = {**world.runner.machine(folder, {}), "GITHUB_ACTION_PATH": "/elsewhere"}
        look = block_of(
            block("Check whether this job has installed the tool already"), machine, folder / "work"
        )
        assert run_block(look).outputs == {"found": "false"}


def test_the_documented_limit_of_deletions_is_that_of_the_tool() -> None:
    described = ACTION["inputs"]["max-deletes"]["description"]
    assert f"the default is {DEFAULT_MAX_DELETES}," in described
    page = (ROOT / "docs/github.md").read_text("utf-8")
    assert f"| `max-deletes` | {DEFAULT_MAX_DELETES} |" in page
    for name in ("plan", "apply", "drift"):
        workflow = (ROOT / f".github/workflows/reconciler-{name}.yml").read_text("utf-8")
        given = "max-deletes: ${{ vars.RECONCILER_MAX_DELETES }} # if it is not set:"
        assert workflow.count(f"{given} {DEFAULT_MAX_DELETES}") == workflow.count("uses: ./")


def test_every_output_and_failure_reason_is_documented() -> None:
    page = (ROOT / "docs/github.md").read_text("utf-8")
    script = (ROOT / ".github/scripts/run.sh").read_text("utf-8")
    reasons = {
        line.split("reason=")[1].split(" ")[0].strip('"')
        for line in script.splitlines()
        if "reason=" in line
    }
    words = [*ACTION["inputs"], *ACTION["outputs"], *(reasons - {""}), "no-reviewed-plan"]
    assert [word for word in words if f"`{word}`" not in page] == []
