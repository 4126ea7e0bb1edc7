"""What each command may load: one that does not talk to Graph loads nothing that does, nor anything
slow.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from harness import declare, extension
from tiers import sample

REACHES_GRAPH = {
    "msgraph",
    "msgraph_core",
    "kiota_abstractions",
    "kiota_http",
    "httpx",
    "azure",
    "anyio",
}
CLI = {"reconciler", "click"}
FILES = CLI | {"yaml"}
QUICK = FILES | {"jsonschema_rs"}
FAULTS = {
    "jsonschema",
    "jsonschema_specifications",
    "referencing",
    "rpds",
    "attr",
    "attrs",
    "typing_extensions",
}
FORMATS = {"idna", "fqdn", "isoduration", "arrow", "dateutil", "rfc3339_validator",
    "rfc3986_validator", "rfc3987", "rfc3987_syntax", "lark", "six",
    "uri_template", "webcolors", "jsonpointer"}  # fmt: skip
"""What jsonschema itself looks for where it is installed, as check-jsonschema has it here."""
CHECKS = ("reconciler.arm", "reconciler.preflight", "reconciler.app.preflight")
"""How the names of modules begin that only a check of Logic Apps needs."""
NOBODYS = (
    "__main__",
    "__mp_main__",
    "_distutils_hack",
    "_sysconfigdata",
    "_cython",
    "cython_runtime",
    "coverage",
    "$coverage",
)
"""How names begin that Python, Cython and the coverage measurement add by themselves."""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The packages in memory after a command line ran in a process of its own, the standard library
    left out.
    """
    program = (
        # a distribution of Python may add a sitecustomize
        "import sys; before = set(sys.modules); "
        f"from reconciler.cli import run; run({list(arguments)!r}); "
        "there = {name for name, module in sys.modules.items() if module is not None} - before; "
        "print(*({name.partition('.')[0] for name in there} - sys.stdlib_module_names),"
        " file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    return {name for name in ended.stderr.splitlines()[-1].split() if not name.startswith(NOBODYS)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sound files, faulty ones, and a saved plan."""
    declare(tmp_path / "desired_state", {"catalog": "Marketing", "extensions": [extension("a")]})
    declare(tmp_path / "faulty", {"catalog": "Marketing", "extension": []})
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    sample(
        [
            (["--help"], CLI),
            (["--version"], CLI),
            (["version"], CLI),
            (["plan", "--help"], CLI),
            (["apply", "--help"], CLI),
            (["export", "--help"], CLI),
            (["completion", "bash"], CLI),
            (["apply", "--bogus"], CLI),
            (["sandbox", "reset"], CLI),
            (["schema", "plan"], FILES),
            (["init", "new", "--action", f"o/r@{'0' * 40}"], FILES),
            (["preflight", "--help"], CLI),
            (["validate"], QUICK),
            (["validate", "--format", "sarif"], QUICK),
            (["validate", "faulty"], QUICK | FAULTS | FORMATS),
            (["plan", "faulty"], QUICK | FAULTS | FORMATS),
            (["preflight", "faulty"], QUICK | FAULTS | FORMATS),
            (["preflight", "--fix", "faulty"], QUICK | FAULTS | FORMATS),
            (["show", "plan.json"], FILES | FAULTS | FORMATS),
            (["show", "plan.json", "--format", "markdown"], FILES | FAULTS | FORMATS),
        ],
        lambda case: (
            case[0] in (["--help"], ["validate"], ["plan", "faulty"], ["show", "plan.json"])
        ),
    ),
)
def test_a_command_loads_only_what_it_may(
    arguments: list[str], allowed: set[str], folder: Path
) -> None:
    if arguments[0] == "show":
        command = [sys.executable, "-m", "reconciler", "plan", "--sandbox", "--out", "plan.json"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    found = loaded(folder, *arguments)
    assert found <= allowed
    assert found.isdisjoint(REACHES_GRAPH)  # whatever is added to the lists above


def modules(folder: Path, *arguments: str) -> set[str]:
    """The modules in memory after the program ran with these arguments."""
    program = (
        "import atexit, sys; from reconciler.__main__ import main;"
        " atexit.register(lambda: print(*sys.modules));"
        f" sys.argv = {['reconciler', *arguments]!r}; main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(ended.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", sample(["plan", "drift", "export"], "plan".__eq__))
def test_what_talks_to_graph_on_loopback_loads_neither_credentials_nor_what_only_shows(
    command: str, folder: Path
) -> None:
    in_memory = modules(folder, command, "--sandbox")
    assert {
        "msgraph",
        "sniffio",
    } <= in_memory  # without sniffio httpcore looks for it on disk at every turn
    assert in_memory.isdisjoint(
        {"azure.identity", "msal", "deepdiff", "rich", "jsonschema", "h2.connection"}
    )


@pytest.mark.parametrize("arguments", [("validate",), ("plan", "--sandbox"), ("plan", "--help")])
def test_only_a_check_of_logic_apps_loads_what_checks_them(
    arguments: tuple[str, ...], folder: Path
) -> None:
    in_memory = modules(folder, *arguments)
    assert not [name for name in in_memory if name.startswith(CHECKS)]


def test_a_check_of_logic_apps_does_not_load_the_sdk_of_graph(folder: Path) -> None:
    """The one of the built-in seed is sound."""
    body = extension("a")
    names = {"resourceGroupName": "test", "logicAppWorkflowName": "elm-extension-email"}
    body["endpointConfiguration"].update(names)
    declare(folder / "desired_state", {"catalog": "Marketing", "extensions": [body]})
    in_memory = modules(folder, "preflight", "--sandbox")
    assert "reconciler.arm.client" in in_memory
    assert in_memory.isdisjoint({"msgraph", "kiota_abstractions", "azure.identity"})


def test_the_help_loads_what_the_options_need_and_no_more(folder: Path) -> None:
    """Each module costs a millisecond or more of a command that takes seventy."""
    in_memory = modules(folder, "--help")
    rooms = {name.split(".")[1] for name in in_memory if name.startswith("reconciler.")}
    known = {"__main__", "cli", "errors", "model", "render", "settings", "signals"}
    assert rooms <= known
    assert {"hashlib", "hmac", "secrets", "random"}.isdisjoint(in_memory)
    assert {"reconciler.model.diagnostic", "reconciler.model.logic_app"}.isdisjoint(in_memory)
