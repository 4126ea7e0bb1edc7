"""A repository on GitHub and a tenant: how a test sets them up, and starts a workflow
between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from github_api import REPOSITORY, GitHub
from harness import Json, catalog, declare, write_seed
from origin import FORMER_BASE
from runner import Run, Runner

from reconciler.sandbox.store import Store, reset

HEAD, MERGED = "a" * 40, "b" * 40
OURS = {"id": 1, "full_name": REPOSITORY}
FORK = {"id": 2, "full_name": "mallory/entra"}
PULL_REQUEST = 7
DATABASE = ".reconciler/sandbox.sqlite3"


@dataclass
class World:
    """What a test of whole workflows needs; `declare` writes the files, `run_…` starts a
    workflow.
    """

    tenant: Path
    hub: GitHub
    runner: Runner
    environment: str = ""
    """Whose workflows are started: an environment's, or those of one tenant."""

    def live(self, *extensions: Json) -> None:
        """The tenant holds the catalog Marketing with these extensions."""
        seed = write_seed(self.tenant / "seed.json", catalog(extensions=extensions))
        reset(self.tenant / DATABASE, seed=seed)

    def extensions(self) -> list[Json]:
        """Every extension of the tenant."""
        with Store(self.tenant / DATABASE) as store:
            return store.extensions()

    def declare(self, *extensions: Json, name: str = "Marketing") -> None:
        """The pull request (and what is merged of it) declares these extensions."""
        declare(
            self.runner.checkout / "desired_state",
            {"catalog": name, "extensions": list(extensions)},
        )

    def declare_on_base(self, *extensions: Json) -> None:
        """The base branch declares these."""
        assert self.runner.base is not None
        declare(
            self.runner.base / "desired_state",
            {"catalog": "Marketing", "extensions": list(extensions)},
        )

    def play(self, *, digest: str = "1" * 64, changes: bool = True, reason: str = "") -> None:
        """From now on the action is played: no tool runs, and this is what it says."""

        def outputs(inputs: dict[str, str], temporary: Path) -> dict[str, str]:
            """What the command would leave behind."""
            files = {"plan-json": temporary / "plan.json", "summary-md": temporary / "summary.md"}
            files["plan-json"].write_text("{}")
            kind = "drift" if inputs["command"] == "drift" else "plan"
            environment = f":{inputs['environment']}" if "environment" in inputs else ""
            files["summary-md"].write_text(
                f"<!-- reconciler:{kind}{environment} -->\n\nPlayed: {digest}\n"
            )
            told = {name: str(file) for name, file in files.items()}
            told |= {"has-changes": str(changes).lower(), "plan-digest": f"sha256:{digest}"}
            return {"failure-reason": reason, **(told if reason in ("", "blocked") else {})}

        self.runner.checkout.joinpath("desired_state").mkdir(exist_ok=True)
        self.runner.action = outputs

    def workflow(self, kind: str) -> str:
        """The name of the file of the workflow."""
        return f"reconciler-{kind}{f'-{self.environment}' if self.environment else ''}.yml"

    def run_plan(self, head: Json = OURS, author: str = "alice") -> Run:
        """The plan workflow for the pull request; what GitHub keeps of the run is kept."""
        pull = {
            "number": PULL_REQUEST,
            "head": {"repo": head, "sha": HEAD},
            "base": {"sha": FORMER_BASE},
            "user": {"login": author},
        }
        self.hub.heads.setdefault(PULL_REQUEST, HEAD)
        event = {
            "repository": REPOSITORY,
            "event_name": "pull_request",
            "event": {"pull_request": pull},
        }
        run = self.runner.run(self.workflow("plan"), event)
        self.kept(run, head)
        return run

    def kept(self, run: Run, head: Json = OURS, **more: Any) -> None:
        """GitHub knows the run of the plan workflow."""
        known = {
            "id": run.number,
            "path": f".github/workflows/{self.workflow('plan')}",
            "event": "pull_request",
            "conclusion": run.conclusion,
            "head_sha": HEAD,
            "head_repository": head,
            "repository": OURS,
            "run_started_at": f"2026-01-01T00:00:{len(self.hub.runs):02}Z",
        }
        self.hub.runs.append({**known, **more})

    def merge(self, **more: Any) -> None:
        """The pull request becomes the commit MERGED on main."""
        pull = {
            "number": PULL_REQUEST,
            "merged_at": "2026-01-01T00:00:00Z",
            "merge_commit_sha": MERGED,
            "head": {"sha": HEAD},
            "base": {"ref": "main"},
        }
        self.hub.pulls.setdefault(MERGED, []).append({**pull, **more})

    def run_apply(self, approved_digest: str = "", ref_name: str = "main") -> Run:
        """The apply workflow for the commit MERGED; reviewers of the environment agree at once."""
        event = {"repository": {"default_branch": "main"}}
        github = {"repository": REPOSITORY, "ref_name": ref_name, "sha": MERGED, "event": event}
        return self.runner.run(self.workflow("apply"), github, {"approved-digest": approved_digest})

    def run_drift(self) -> Run:
        """The drift workflow, as the schedule starts it."""
        return self.runner.run(self.workflow("drift"), {"repository": REPOSITORY, "event": {}})

    def run_validate(self) -> Run:
        """The validate workflow for the pull request."""
        return self.runner.run("reconciler-validate.yml", {"repository": REPOSITORY, "event": {}})
