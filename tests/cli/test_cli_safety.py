"""Identity, secrets, hostile names and interruption, as seen from the command line."""

import base64
import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import FINANCE, URL, CommandLine, catalog, declare, extension
from tiers import sample

from reconciler.sandbox.store import Store

STATE = Path("desired_state")
DATABASE = Path(".reconciler/sandbox.sqlite3")
SECRET = "dGhpcy1pcy1hLXNlY3JldC1zaWduYXR1cmU"


def token(**claims: Any) -> str:
    """An unsigned JSON Web Token with these claims."""
    parts = ({"alg": "none"}, claims, {"signed": "not"})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )


APPLICATION = token(
    tid=FINANCE, appid="app-1", idtyp="app", roles=["EntitlementManagement.Read.All"]
)
USER = token(
    tid=FINANCE,
    appid="app-1",
    upn="someone@contoso.example",
    scp="EntitlementManagement.ReadWrite.All x",
)


def test_auth_check_shows_the_identity_and_what_each_command_needs(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", APPLICATION)
    application = reconciler("auth", "check", "--sandbox")
    assert application.code == 0
    assert "Identity: application app-1 (no signed-in user)" in application.out
    assert f"Tenant: {FINANCE}" in application.out
    assert (
        "plan, drift, export, usage: needs EntitlementManagement.Read.All, or the role"
        " Catalog reader on each catalog (the token has EntitlementManagement.Read.All)\n"
        in application.out
    )
    assert (
        "apply: needs EntitlementManagement.ReadWrite.All, or the role Catalog owner on each"
        " catalog (the token has no such permission; it does not show roles)\n" in application.out
    )
    assert APPLICATION not in application.out + application.err
    monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", USER)
    user = reconciler("auth", "check", "--sandbox", "--format", "json").document
    assert (user["kind"], user["user"]) == ("user", "someone@contoso.example")
    assert [need["in_token"] for need in user["needs"]] == [True, True]


def test_a_create_by_an_application_without_url_is_warned_of(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciler.seed(catalog(extensions=[extension("moved")]))
    with_url = extension("with-url")
    with_url["endpointConfiguration"]["url"] = URL
    moved = extension("moved")
    moved["endpointConfiguration"]["logicAppWorkflowName"] = "elsewhere"
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("without"), with_url, moved]})
    found = {}
    for held in (APPLICATION, USER):
        monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", held)
        document = reconciler("plan", "--sandbox", "--format", "json").document
        found[held] = [
            one["message"].split('" ')[0]
            for one in document["diagnostics"]
            if one["code"] == "R301"
        ]
    assert found == {APPLICATION: ['"moved', '"without'], USER: []}


def plant(**properties: Any) -> None:
    """Puts properties into the only live extension, as no request could."""
    with Store(DATABASE) as store:
        (row,) = store.rows("extension")
        store.change("extension", row, row.document | properties)


@pytest.mark.parametrize("format_name", ["text", "markdown", "json", "github"])
def test_a_live_signature_never_shows_and_its_change_does(
    reconciler: CommandLine, format_name: str
) -> None:
    body = extension("a")
    body["endpointConfiguration"]["url"] = URL
    reconciler.seed(catalog(extensions=[extension("a")]))
    signed = body["endpointConfiguration"] | {"url": f"{URL}&sp=%2Ftriggers&sv=1.0&sig={SECRET}"}
    plant(endpointConfiguration=signed)
    declare(STATE, {"catalog": "Marketing", "extensions": [body]})
    planned = reconciler("plan", "--sandbox", "--format", format_name, "--out", "plan.json", "-v")
    assert "endpointConfiguration/url" in planned.out
    digest = json.loads(Path("plan.json").read_text())["digest"]
    everything = planned.out + planned.err + Path("plan.json").read_text()
    assert SECRET not in everything
    assert format_name == "github" or "hmac-sha256:" in planned.out
    plant(endpointConfiguration=signed | {"url": f"{URL}&sp=%2Ftriggers&sv=1.0&sig={SECRET[::-1]}"})
    assert reconciler("plan", "--sandbox", "--format", "json").document["digest"] != digest
    applied = reconciler("apply", "--sandbox", "--auto-approve", "--format", format_name)
    assert (applied.code, SECRET[::-1] in applied.out) == (0, False)
    assert reconciler.live()[0]["endpointConfiguration"]["url"] == URL


def test_an_undeclared_signature_is_carried_over_unseen(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[extension("a")]))
    signed = f"{URL}&sig={SECRET}"
    plant(endpointConfiguration=extension("a")["endpointConfiguration"] | {"url": signed})
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a", description="new")]})
    applied = reconciler("apply", "--sandbox", "--auto-approve", "-v")
    assert (applied.code, SECRET in applied.out + applied.err) == (0, False)
    assert reconciler.live()[0]["endpointConfiguration"]["url"] == signed


HOSTILE = "\x1b]0;owned\x07\u202eevil\n::error::x\n<!-- @everyone ``` | [a](http://x) -->"


@pytest.mark.parametrize("format_name", ["text", "markdown", "json", "github"])
def test_a_hostile_live_name_stays_text(reconciler: CommandLine, format_name: str) -> None:
    reconciler.seed(catalog(extensions=[extension("a")]))
    plant(displayName=HOSTILE)
    declare(STATE, {"catalog": "Marketing", "extensions": []})
    planned = reconciler("plan", "--sandbox", "--format", format_name)
    assert planned.code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(planned.out)
    assert not [line for line in planned.out.splitlines() if line.startswith("::error")]


def test_what_graph_says_cannot_act_on_the_terminal(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(STATE, {"catalog": "\\u001b", "extensions": [extension("a")]})
    refused = reconciler("plan", "--sandbox", "--catalog", "\x1b[31mred")
    assert refused.code == 1
    assert "\x1b" not in refused.err
    assert "\\x1b[31mred" in refused.err


@pytest.mark.parametrize(
    ("options", "no_color", "coloured"),
    sample(
        [([], "", True), (["--no-color"], "", False), ([], "1", False)],
        lambda case: case[2] or case[1] == "1",
    ),
)
def test_colour_and_progress_on_a_terminal_only(
    reconciler: CommandLine, options: list[str], no_color: str, coloured: bool
) -> None:
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "reconciler", "plan", "--sandbox", *options]
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}
    with subprocess.Popen(
        command, stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := read_terminal(ours):
            shown += chunk
        assert process.stderr is not None
        assert process.stderr.read() == b""
    os.close(ours)
    assert process.returncode == 0
    assert (b"\x1b[32m+ create a" in shown) is coloured
    assert (b"\x1b" in shown) is coloured


def read_terminal(terminal: int) -> bytes:
    """What the program wrote to the terminal; nothing once it has ended (Linux says so with an
    error).
    """
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_progress_shows_on_a_terminal_and_leaves_nothing_behind(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Marketing", "extensions": [extension(name) for name in "abc"]})
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "reconciler", "apply", "--sandbox", "--auto-approve"]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := read_terminal(ours):
            shown += chunk
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(ours)
    assert (process.returncode, b"\x1b" in out) == (0, False)
    assert b"reading catalogs" in shown
    assert b"applying changes" in shown


@pytest.mark.parametrize(
    ("typed", "code", "live"),
    sample([(b"\x03", 130, 0), (b"no\r", 4, 0), (b"yes\r", 0, 1)], lambda case: case[1] != 4),
)
def test_the_prompt_on_a_terminal(
    reconciler: CommandLine, typed: bytes, code: int, live: int
) -> None:
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    child, terminal = pty.fork()
    if child == 0:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "reconciler", "apply", "--sandbox"],
            {**os.environ},
        )
    shown = b""
    while b"Only 'yes' is accepted" not in shown:
        chunk = read_terminal(terminal)
        assert chunk, f"the command ended without a prompt: {shown!r}"
        shown += chunk
    os.write(terminal, typed)
    while True:
        # What is typed in the instant before the prompt starts to read may pass unnoticed, as on
        # any terminal: type on.
        if not select.select([terminal], [], [], 0.5)[0]:
            os.write(terminal, typed)
        elif chunk := read_terminal(terminal):
            shown += chunk
        else:
            break
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == code, shown
    assert (b"\r\nInterrupted. Nothing was written.\r\n" in shown) is (code == 130), shown
    assert len(reconciler.live()) == live


def test_an_incomplete_plan_does_not_claim_that_all_is_well(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Absent", "extensions": []})
    planned = reconciler("plan", "--sandbox")
    assert (planned.code, "R303" in planned.out) == (0, True)
    assert "What is live matches" not in planned.out
    assert "No changes in the catalogs that could be read." in planned.out
