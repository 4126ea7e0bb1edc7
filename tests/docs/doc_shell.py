"""Runs what a page shows as a terminal session, in a folder of its own, and compares
what it says.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from doc_pages import ROOT, Block

LIMIT_S = 60
LEFT_OUT = "…"
_FOREIGN = re.compile(r"RECONCILER_|AZURE_|ACTIONS_|IDENTITY_|MSI_|CI$|GITHUB_ACTIONS$")
_REQUEST_ID = re.compile(r"(request ID )[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PORT = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class Step:
    """A command of a session and the output the page shows for it."""

    command: str
    shown: str


def steps(block: Block) -> list[Step]:
    """The session, command by command; a command stands after `$ `."""
    first, *parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not first.strip(), "a console block begins with a command"
    return [Step(*(part.split("\n", 1) if "\n" in part else (part, ""))) for part in parts]


def demo_recipe() -> list[tuple[str, bool]]:
    """What `make demo` runs, and whether make prints the command first."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    variables = dict(re.findall(r"^(\w+) *[:?]?= *(.*?) *$", makefile, re.MULTILINE))
    recipe = re.search(r"^demo:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    expanded = recipe[1]
    while "$(" in expanded:
        expanded = re.sub(r"\$\((\w+)\)", lambda match: variables[match[1]], expanded)
    return [
        (line.strip().lstrip("@-"), not line.strip().startswith("@"))
        for line in expanded.splitlines()
    ]


def missing_line(shown: str, real: str) -> str | None:
    """The first shown line that the real output does not have at its place; None when all is as
    shown.

    A line `…` stands for any lines, a `…` within a line for any text in it. Without one the shown
    lines follow each other, and are all there is. What differs from run to run (request ids, ports)
    counts as equal.
    """
    have, at, gap = _same(real).splitlines(), 0, False
    for line in _same(shown).splitlines():
        if line == LEFT_OUT:
            gap = True
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.split(LEFT_OUT)))
        candidates = range(at, len(have) if gap else min(at + 1, len(have)))
        found = next((one for one in candidates if pattern.fullmatch(have[one])), None)
        if found is None:
            return line
        at, gap = found + 1, False
    return None if gap or at == len(have) else f"(no more is shown, but there is: {have[at]})"


def _same(text: str) -> str:
    ids = _REQUEST_ID.sub(r"\g<1>ID", text)
    return _PORT.sub("http://127.0.0.1:PORT", ids)


@dataclass
class Shell:
    """A folder with a copy of the worked example, in which commands run one after another."""

    folder: Path
    exit_code: int = 0
    served: str | None = None
    servers: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.copytree(ROOT / "desired_state", self.folder / "desired_state")

    def run(self, command: str) -> str:
        """What the command prints on stdout and stderr."""
        if command == "make demo":
            return "".join(
                (f"{line}\n" if told else "") + self.run(line) for line, told in demo_recipe()
            )
        if command == "echo $?":
            return f"{self.exit_code}\n"
        program, *arguments = shlex.split(command)
        assert program.rpartition("/")[2] == "reconciler", (
            f"a page shows a command that no test can run: {command}"
        )
        if arguments[:2] == ["sandbox", "serve"]:
            return self._serve(arguments)
        return self._reconciler(arguments)

    def close(self) -> None:
        """Ends the servers that were started here."""
        for server in self.servers:
            server.terminate()
            server.communicate(timeout=LIMIT_S)

    def _reconciler(self, arguments: list[str]) -> str:
        if self.served:
            arguments = [_PORT.sub(self.served.removesuffix("/v1.0"), one) for one in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=self.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=LIMIT_S,
            check=False,
        )
        self.exit_code = done.returncode
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def _serve(self, arguments: list[str]) -> str:
        with (self.folder / "server.log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "reconciler", *arguments, "--port", "0"],
                cwd=self.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
            )
        self.servers.append(server)
        assert server.stdout is not None
        line = server.stdout.readline()
        self.served = line.strip()
        return line


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
