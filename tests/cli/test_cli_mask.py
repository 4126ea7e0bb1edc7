"""A secret seen in any input or answer is in no byte that any command writes, in any format, at any
level.
"""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import click
import pytest
from aiohttp import web
from clock import TIMEOUT_S
from harness import (
    FINANCE,
    REQUEST,
    SUBSCRIPTION,
    URL,
    CommandLine,
    Ran,
    catalog,
    declare,
    extension,
)
from tiers import sample

from reconciler.cli import cli
from reconciler.cli.output import Output, emit, save
from reconciler.model.digest import digest
from reconciler.model.learned import forget_learned
from reconciler.model.plan_document import plan_document, plan_from_document
from reconciler.model.reason import reason
from reconciler.render.json_document import to_json
from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STATE = Path("desired_state")
PLAN = Path("plan.json")


def secret(mark: str) -> str:
    """A signature as it stands in an address, full of characters that some escaping changes."""
    return f"{mark}9Vb3_Kt5~Rm-x%2BPd%2FLs8{mark[::-1]}%3D"


def short_secret(mark: str) -> str:
    """One that is too short to be known by its look: only by what stands before it, and then by its
    value.
    """
    return f"{mark}9Vb3_Kt5~%2BP%2F{mark[::-1]}%3D"


LIVE, TYPED, TOKEN = map(short_secret, ("Zq7Xw", "Wd2Nf", "Um8Rc"))
DECLARED, SAVED = map(secret, ("Yk4Jh", "Vg6Tb"))
MARKS = [half for one in ("Zq7Xw", "Yk4Jh", "Wd2Nf", "Vg6Tb", "Um8Rc") for half in (one, one[::-1])]
HELD = unquote(TOKEN)  # a token is sent as it is


def bare(value: str) -> str:
    """The secret without what made it known: neither `sig=` before it nor percent-encoding."""
    return unquote(value)


def leaves(group: click.Group, *names: str) -> Iterator[tuple[str, click.Command]]:
    for one in group.commands.values():
        path = (*names, str(one.name))
        if isinstance(one, click.Group):
            yield from leaves(one, *path)
        else:
            yield " ".join(path), one


COMMANDS = dict(leaves(cli))


def formats(command: str) -> list[str]:
    chosen = [one.type for one in COMMANDS[command].params if one.name == "output_format"]
    return [
        str(name) for kind in chosen if isinstance(kind, click.Choice) for name in kind.choices
    ] or [""]


@web.middleware
async def repeating(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A Graph that repeats in its refusals what it was sent, and what it holds."""
    token = request.headers["Authorization"].removeprefix("Bearer ")
    if request.method == "PUT":
        return refused(400, f"{'n' * 370} the key {bare(LIVE)} is no good; token {token}")
    first_of_live_check = request.method == "POST" and request.path.endswith("/catalogs")
    # Before anything has shown which value is secret.
    if first_of_live_check or (request.method != "POST" and FINANCE in request.path):
        return refused(403, f"{token} is not allowed to do this")
    if request.method == "POST":
        return refused(403, f"{token} is not allowed to do this with {bare(LIVE)}")
    return await handler(request)


def refused(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": "Refused", "message": message}}, status=status)


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The base URL of a Graph that holds secrets and repeats them; a thread of its own
    serves it.
    """
    monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", HELD)
    line = CommandLine(tmp_path, None)  # type: ignore[arg-type]
    held = [
        extension("a"),
        extension(f"{'n' * 185} {bare(LIVE)}"),
        extension("key", description=bare(LIVE)),
    ]
    line.seed(catalog(extensions=held), catalog("Finance", FINANCE))
    database = tmp_path / ".reconciler" / "sandbox.sqlite3"
    with Store(database) as store:
        for row in store.rows("extension"):
            if row.document["displayName"] == "a":
                signed = row.document["endpointConfiguration"] | {"url": f"{URL}&sig={LIVE}"}
                store.change("extension", row, row.document | {"endpointConfiguration": signed})
    started, stop = threading.Event(), asyncio.Event()
    found: dict[str, Any] = {}

    async def main() -> None:
        async with serve(database, faults=[repeating]) as url:
            found.update(url=url, loop=asyncio.get_running_loop())
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert started.wait(TIMEOUT_S)
    yield found["url"]
    found["loop"].call_soon_threadsafe(stop.set)
    thread.join(TIMEOUT_S)


class NewProcess(CommandLine):
    """A command line that begins, as every process does, without having seen any secret."""

    def __call__(self, *arguments: str | Path) -> Ran:
        forget_learned()
        return super().__call__(*arguments)


@pytest.fixture
def line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line in an empty folder; every byte is caught, however it was written."""
    monkeypatch.chdir(tmp_path)
    return NewProcess(tmp_path, capfd)


def declare_all() -> None:
    """What is sound and differs from what is live, in two catalogs."""
    body = extension("a", description="new")
    body["endpointConfiguration"]["url"] = URL
    declare(
        STATE,
        {"catalog": "Marketing", "extensions": [body, extension("b")]},
        {"catalog": "Finance", "extensions": [extension("d")]},
    )


def declare_key() -> None:
    """By its look alone."""
    declare(
        STATE,
        {
            "catalog": "Marketing",
            "extensions": [extension("c", description=f"the key is {bare(DECLARED)}")],
        },
    )


def declare_secrets() -> None:
    """A secret in the form of an address, and by value in other places and another file."""
    body = extension(f"hold\n{bare(DECLARED)}", description=f"{'d' * 40} {bare(DECLARED)}")
    body["endpointConfiguration"]["url"] = f"{URL}&sig={DECLARED}"
    file = declare(
        STATE,
        {"catalog": f"c {bare(DECLARED)}", "extensions": [body], bare(DECLARED): 1},
        name="z.yaml",
    )
    file.write_text(f"# once https://x.example/?sig={DECLARED}\n{file.read_text()}")
    declare(
        STATE,
        {"catalog": "x", "extensions": [extension("e", description=f"see {bare(DECLARED)}")]},
        name="a.yaml",
    )


def alter(rows: str, *, honest: bool) -> None:
    """Puts a secret into a saved plan, which fits it afterwards (`honest`) or not."""
    plan = plan_from_document(json.loads(PLAN.read_text()))
    first = plan.pending[0]
    field = replace(first.fields[0], before=f"https://x.example/?sig={SAVED}", after=rows)
    told = replace(
        first, fields=(field,), reason=reason("properties_differ", live_name=bare(SAVED))
    )
    changes = tuple(told if one is first else one for one in plan.changes)
    changed = replace(plan, changes=changes, digest=digest(plan.tenant_id, plan.graph_url, changes))
    document = plan_document(changed if honest else replace(changed, digest=plan.digest))
    PLAN.write_text(json.dumps(document))


Steps = Callable[[CommandLine, str, list[str]], Iterator[Ran]]


def planning(command: str, *more: str) -> Steps:
    def steps(line: CommandLine, url: str, output: list[str]) -> Iterator[Ran]:
        declare_all()
        target = [*output, "--graph-url", url, "--max-retries", "0"]
        yield line(*command.split(), *more, *target)
        yield line(
            *command.split(), *more, *target, "--catalog", f"?sig={TYPED}", "--catalog", bare(TYPED)
        )
        declare_key()
        yield line(*command.split(), *more, *target)
        declare_secrets()
        yield line(*command.split(), *more, *target)

    return steps


def validating(line: CommandLine, _url: str, output: list[str]) -> Iterator[Ran]:
    declare_secrets()
    yield line("validate", *output)
    file_name = bare(DECLARED)[-10:].replace("/", "-")
    declare(
        (STATE / f"{bare(DECLARED)}.yaml").parent,
        {"catalog": bare(DECLARED)},
        name=f"{file_name}.yaml",
    )
    yield line("validate", *output)


def applying(line: CommandLine, url: str, output: list[str]) -> Iterator[Ran]:
    yield from planning("apply", "--auto-approve", "--journal", "journal.jsonl")(line, url, output)
    yield from saved(
        "apply",
        "--journal",
        "journal.jsonl",
        "--plan",
        str(PLAN),
        "--graph-url",
        url,
        "--max-retries",
        "0",
    )(line, url, output)


def saved(*command: str) -> Steps:
    def steps(line: CommandLine, url: str, output: list[str]) -> Iterator[Ran]:
        for file in STATE.glob("*"):
            file.unlink()
        declare_all()
        for rows, honest in ((bare(SAVED), True), (bare(SAVED), False), ("plain", True)):
            yield line("plan", "--graph-url", url, "--max-retries", "0", "--out", str(PLAN))
            yield line(*command, *output)
            assert not any(mark in PLAN.read_text() for mark in MARKS)
            alter(rows, honest=honest)
            yield line(*command, *output)
        PLAN.write_text(f"{{sig={SAVED} {bare(SAVED)}")
        yield line(*command, *output)

    return steps


def exporting(line: CommandLine, url: str, output: list[str]) -> Iterator[Ran]:
    target = [*output, "--graph-url", url, "--max-retries", "0"]
    yield line("export", *target)
    yield line("export", *target, "--out", "exported")
    yield line("export", *target, "--catalog", f"?sig={TYPED}", "--catalog", bare(TYPED))
    declare(
        Path("clean"), {"catalog": "Marketing", "extensions": [extension("a", description="new")]}
    )
    yield line("export", "--update", "clean", *target)  # what is unmanaged there holds secrets
    declare_all()
    yield line("export", "--update", *target)
    declare_secrets()
    yield line("export", "--update", *target)


def checking(line: CommandLine, url: str, output: list[str]) -> Iterator[Ran]:
    yield from planning("preflight")(line, url, output)
    yield from planning("preflight", "--fix")(line, url, output)


def live_checking(line: CommandLine, url: str, output: list[str]) -> Iterator[Ran]:
    app = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Logic/workflows/la"
    target = ["live-check", *output, "--graph-url", url, "--max-retries", "0", "--auto-approve"]
    yield line(*target, "--logic-app", app, "--trigger-url", URL)
    written = Path("live-facts.json").read_text() + Path(".reconciler/live-check.jsonl").read_text()
    assert not any(mark in written for mark in MARKS)
    yield line(*target, "--logic-app", app, "--trigger-url", f"{URL}&sig={TYPED}")
    yield line(*target, "--logic-app", f"{app}?sig={TYPED}")
    yield line(*target, "--clean")
    yield line(*target, "--clean", f"reconciler-live-check-?sig={TYPED}")
    yield line(*target, "--clean", "--journal", f"?sig={TYPED}/{bare(TYPED)}")


def beginning(line: CommandLine, _url: str, _output: list[str]) -> Iterator[Ran]:
    yield line("init", f"?sig={TYPED}/{bare(TYPED)}", "--action", f"contoso/x@{'0' * 40}")
    yield line("init", ".", "--action", f"sig={TYPED}", "--environment", bare(TYPED))


def signing_in(line: CommandLine, url: str, output: list[str]) -> Iterator[Ran]:
    yield line("auth", "check", "--graph-url", url, *output)


def typing(*words: str) -> Steps:
    return lambda line, _url, _output: iter([line(*words)])


STEPS: dict[str, Steps] = {
    "validate": validating,
    "plan": planning("plan", "--out", str(PLAN)),
    "apply": applying,
    "preflight": checking,
    "drift": planning("drift"),
    "export": exporting,
    "usage": planning("usage"),
    "live-check": live_checking,
    "show": saved("show", str(PLAN)),
    "init": beginning,
    "auth check": signing_in,
    "schema": typing("schema", f"sig={TYPED}"),
    "sandbox serve": typing("sandbox", "serve", "--set", f"sig={TYPED}", "--set", bare(TYPED)),
    "sandbox reset": typing("sandbox", "reset", "--sandbox-db", f"?sig={TYPED}/{bare(TYPED)}"),
    "help": typing("help", f"sig={TYPED}", bare(TYPED)),
    "version": typing("version", f"sig={TYPED}"),
    "completion": typing("completion", bare(TYPED), f"sig={TYPED}"),
}
"""What each command is put through. A command that is not here fails the test below."""
CASES = [(command, name) for command in COMMANDS for name in formats(command)]


def test_every_command_is_put_through_it() -> None:
    assert sorted(STEPS) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("command", "name"), sample(CASES, lambda case: case[1] not in ("markdown", "github", "sarif"))
)
def test_no_byte_that_a_command_writes_holds_a_secret(
    command: str, name: str, graph: str, line: CommandLine
) -> None:
    output = ["-v", "--format", name] if name else []
    written = list(STEPS[command](line, graph, output))
    written.append(line(*command.split(), f"https://x.example/?sig={TYPED}", "extra", bare(TYPED)))
    for ran in written:
        leaked = [mark for mark in MARKS if mark in ran.out or mark in ran.err]
        assert not leaked, ran
        assert "Traceback" not in ran.err
    inputs = (
        "desired_state/",
        "seed.json",
        *(["plan.json"] if command in ("show", "apply") else []),
    )
    for file in (file for file in line.folder.rglob("*") if file.is_file()):
        content = file.read_bytes()
        if not content.startswith(b"SQLite") and not str(file.relative_to(line.folder)).startswith(
            inputs
        ):
            assert not [mark for mark in MARKS if mark.encode() in content], file
    assert any("***" in ran.out + ran.err for ran in written), written


def test_a_key_is_refused_by_its_look_where_it_is_declared(graph: str, line: CommandLine) -> None:
    declare_key()
    ran = line(
        "plan", "--graph-url", graph, "--max-retries", "0", "--format", "json", "--out", PLAN
    )
    assert [one["code"] for one in ran.document["diagnostics"]] == ["R208"]
    assert "`notSecret`" in ran.document["diagnostics"][0]["hint"]
    assert (ran.code, PLAN.exists()) == (3, False)


DEPTHS = [
    lambda text: text,
    lambda text: quote(text, safe=""),
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    lambda text: quote(quote(quote(quote(text, safe=""), safe=""), safe=""), safe=""),
    lambda text: json.dumps(text.replace("&", r"\u0026").replace("=", r"\u003d"))[1:-1],
    lambda text: quote(json.dumps({"a": quote(text, safe="")}), safe=""),
]


@pytest.mark.parametrize("name", formats("plan"))
def test_a_live_secret_shows_at_no_depth_of_encoding_in_no_format_and_no_file(
    name: str, line: CommandLine
) -> None:
    key = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
    secrets = (f"x&sig={key}", f"the key {key} alone", f"code={key[::-1]}")
    texts = [" ".join(depth(secret) for depth in DEPTHS) for secret in secrets]
    names = ["a", "b", "c"]
    live = [extension(one, description=text) for one, text in zip(names, texts, strict=True)]
    line.seed(catalog(extensions=[*live, *(extension(f"{text} unmanaged") for text in texts)]))
    declare(
        STATE,
        {
            "catalog": "Marketing",
            "extensions": [extension(one, description="new") for one in names],
        },
    )
    ran = [
        line("plan", "--sandbox", "--format", name, "--out", PLAN, "-v"),
        line("show", PLAN, "--format", name),
        line("export", "--sandbox", "--out", "exported"),
        line("export", "--sandbox"),
        line(
            "apply",
            "--sandbox",
            "--plan",
            PLAN,
            "--journal",
            "journal.jsonl",
            "--format",
            name,
            "-v",
        ),
    ]
    assert [one.code for one in ran] == [0, 0, 0, 0, 0]
    saved_files = [PLAN, Path("journal.jsonl"), *Path("exported").glob("*.yaml")]
    written = [one.out + one.err for one in ran] + [file.read_text() for file in saved_files]
    assert len(saved_files) == 3
    assert name == "github" or ("***" in ran[0].out and "***" in ran[1].out)
    assert not [text for text in written if "EfGh" in text or "hGfE" in text]


LINK = "https://wiki.contoso.com/page?code=Finance2026Onboarding"


@pytest.mark.parametrize("name", formats("plan"))
def test_what_others_write_neither_blocks_nor_hides_what_is_declared(
    name: str, line: CommandLine
) -> None:
    declared = [
        extension("a", description=f"See {LINK}"),
        extension("b", description="The page Finance2026Onboarding, Mail sig=short"),
    ]
    declare(STATE, {"catalog": "Marketing", "extensions": declared})
    theirs = [
        extension(
            "x", description=f"{LINK} sig=Finance2026Onboarding bearer Finance2026Onboarding"
        ),
        extension("sig=Finance2026Onboarding"),
        extension("a", description="?code=Finance2026Onboarding of theirs"),
    ]
    line.seed(catalog(extensions=theirs))
    planned = line("plan", "--sandbox", "--format", name, "--out", PLAN)
    shown = line("show", PLAN, "--format", name)
    applied = line(
        "apply", "--sandbox", "--plan", PLAN, "--format", name, "--journal", "journal.jsonl"
    )
    assert (planned.code, shown.code, applied.code) == (0, 0, 0)
    for text in (LINK, "The page Finance2026Onboarding, Mail sig=short"):
        assert name == "github" or all(text in ran.out for ran in (planned, shown))
        assert name != "json" or text in applied.out
        assert text in PLAN.read_text()
    held = {
        one["displayName"]: one["description"] for one in line.live() if one["displayName"] in "ab"
    }
    assert held == {one["displayName"]: one["description"] for one in declared}
    assert LINK in Path("journal.jsonl").read_text()


def test_a_value_named_no_secret_is_planned_shown_saved_and_written_as_it_is(
    line: CommandLine,
) -> None:
    document_id = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
    text = f"See https://docs.example/document/d/{document_id}/edit"
    document = {"catalog": "Marketing", "extensions": [extension("a", description=text)]}
    line.seed(catalog(extensions=[extension("theirs", description=f"sig={document_id}")]))
    declare(STATE, document)
    refused = line("plan", "--sandbox")
    assert (refused.code, document_id in refused.out + refused.err) == (3, False)
    declare(STATE, {"notSecret": [document_id], **document})
    planned = line("plan", "--sandbox", "--out", PLAN)
    assert (planned.code, text in planned.out) == (0, True)
    assert json.loads(PLAN.read_text())["not_secret"] == [f"example/document/d/{document_id}/edit"]
    assert text in line("show", PLAN).out
    altered = json.loads(PLAN.read_text())
    del altered["not_secret"]
    Path("altered.json").write_text(json.dumps(altered))
    shown = line("show", "altered.json")
    assert (shown.code, document_id in shown.out + shown.err) == (5, False)
    assert line("apply", "--sandbox", "--plan", PLAN).code == 0
    assert [one["description"] for one in line.live() if one["displayName"] == "a"] == [text]
    assert "1 unchanged" in line("plan", "--sandbox").last


def test_a_value_of_a_variable_is_named_no_secret_in_the_file_of_the_environments(
    line: CommandLine,
) -> None:
    document_id = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
    environments = {"environments": {"prod": {"variables": {"page": f"?d={document_id}"}}}}
    Path("reconciler.yaml").write_text(json.dumps(environments))
    declare(
        STATE, {"catalog": "Marketing", "extensions": [extension("a", description="See ${page}")]}
    )
    assert "reconciler.yaml:1:" in line("validate").out
    Path("reconciler.yaml").write_text(json.dumps({"notSecret": [document_id], **environments}))
    assert line("validate").code == 0
    line.seed(catalog())
    planned = line("plan", "--sandbox", "--environment", "prod")
    assert (planned.code, document_id in planned.out) == (0, True)


def test_a_saved_plan_that_would_write_a_secret_or_its_stand_in_was_altered(
    graph: str, line: CommandLine
) -> None:
    declare_all()
    for value in (f"sig={SAVED}", "(sensitive, hmac-sha256:00)"):
        line("plan", "--graph-url", graph, "--max-retries", "0", "--out", PLAN)
        alter(value, honest=True)
        assert "was altered" in line("show", PLAN).err


def test_a_plan_with_a_secret_in_a_name_can_be_shown_and_applied(line: CommandLine) -> None:
    line.seed(catalog(extensions=[extension("a")]))
    with Store(Path(".reconciler/sandbox.sqlite3")) as store:
        (row,) = store.rows("extension")
        store.change("extension", row, row.document | {"displayName": f"sig={LIVE}"})
        live_id = row.document["id"]
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a", id=live_id)]})
    assert line("plan", "--sandbox", "--out", PLAN).code == 0
    assert line("show", PLAN).code == 0
    assert line("apply", "--sandbox", "--plan", PLAN).code == 0
    assert [one["displayName"] for one in line.live()] == ["a"]


def test_a_value_in_one_file_is_a_fault_in_every_other(line: CommandLine) -> None:
    declare_secrets()
    found = line("validate", "--format", "json").document["diagnostics"]
    assert {one["file"] for one in found if one["code"] == "R208"} == {
        "desired_state/a.yaml",
        "desired_state/z.yaml",
    }


@pytest.mark.parametrize(("name", "code"), [("url", "R205"), ("description", "R208")])
def test_a_signature_behind_the_escapes_of_yaml_is_seen_before_any_other_fault_is_worded(
    name: str, code: str, line: CommandLine
) -> None:
    held_secret = short_secret("Yk4Jh")
    cut = (  # as long a text is cut in a message in the middle of the secret
        f"{'x' * 40}\\n{bare(held_secret)}"
    )
    held = (
        f'displayName: "{cut}"\n{name}:'
        f' "https://h.azurewebsites.net/?\\U00000073ig={held_secret}"\n'
    )
    STATE.mkdir()
    (STATE / "a.yaml").write_text(
        "catalog: x\nextensions:\n  - " + held.strip().replace("\n", "\n    ") + "\n"
    )
    ran = line("validate")
    assert code in ran.out
    assert not any(mark in ran.out for mark in MARKS)


HOSTILE = [
    "extensions",
    "create",
    REQUEST.removeprefix("#microsoft.graph."),
    "endpointConfiguration",
    "32efb28c-9a7a-446c-986b-ca6528c6669d",
    "9a7a-446c-986b-ca6528c6669d",
    "0123456789abcdef0123456789abcdef",
    "prod-31.westeurope.logic.azure.com",
    "test_action_0124_email",
    "workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke",
    "desired_state/state1",
    "(sensitive%2C%20hmac-sha256%3A",
]


@pytest.mark.parametrize("form", ["sig={}", "https://x/?sig={}&y", "?code={}", "bearer {}"])
def test_a_name_written_by_others_blots_out_nothing_of_ours(form: str, line: CommandLine) -> None:
    body = extension("test_action_0124_email")
    body["endpointConfiguration"] |= {
        "url": URL,
        "logicAppWorkflowName": "of-its-own",
    }  # no rename is suggested
    declare(STATE, {"catalog": "Marketing", "extensions": [body]}, name="state1.yaml")

    def planned(*names: str) -> dict[str, Any]:
        line.seed(catalog(extensions=[extension(form.format(name)) for name in names]))
        document = line("plan", "--sandbox", "--format", "json").document
        assert document["summary"].pop("unmanaged") == len(names)
        assert document["summary"]["by_kind"]["extension"].pop("unmanaged") == len(names)
        different = ("unmanaged", "document_digest")
        return {name: value for name, value in document.items() if name not in different}

    plain = planned()
    assert planned(*HOSTILE, plain["digest"], plain["digest"].replace(":", "%3A")) == plain


def broken() -> None:
    """A bug, as no command should have one."""
    try:
        int(bare(LIVE))
    except ValueError as error:
        raise RuntimeError(f"https://x.example/?sig={LIVE} \x1b[31m") from error


def test_a_bug_shows_as_one_without_its_secrets(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cli.commands, "broken", click.Command("broken", callback=broken))
    ran = line("broken", f"?sig={TYPED}")
    assert ran.code == 1
    monkeypatch.setenv("AZURE_CLIENT_SECRET", bare(LIVE))
    ran = line("broken")
    assert (ran.code, ran.out) == (1, "")
    assert "Traceback" in ran.err
    assert "base 10: '***'" in ran.err
    assert ran.err.splitlines()[-1].startswith(
        "Error: This is a bug of reconciler. Please report it"
    )
    assert not any(mark in ran.err for mark in [*MARKS, "\x1b"])


def test_other_libraries_log_without_secrets_and_quietly(
    line: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = logging.getLogger("urllib3.connectionpool")
    for options, shown in (["-v"], ["error", "warning"]), ([], ["error"]), (["-q"], ["error"]):
        line("validate", f"?sig={TYPED}", *options)
        line.capture.readouterr()
        theirs.warning("warning %s", bare(TYPED))
        theirs.error("error %s", f"sig={TYPED}", exc_info=ValueError(bare(TYPED)))
        err = line.capture.readouterr().err
        assert not any(mark in err for mark in MARKS)
        assert sorted(
            word for word in ("warning", "error") if f"{word.capitalize()}: {word} " in err
        ) == sorted(shown)
    assert [record.levelname for record in caplog.records if record.name == theirs.name][:2] == [
        "WARNING",
        "ERROR",
    ]


@pytest.mark.parametrize("command", [["validate", "-v"], ["sandbox", "reset"]])
def test_a_warning_of_python_or_a_log_line_that_fails_shows_no_secret(
    command: list[str], tmp_path: Path
) -> None:
    program = (
        "import logging, warnings; from reconciler.cli import run; "
        f"run([*{command}, 'sig={TYPED}']); warnings.warn({bare(TYPED)!r}); "
        f"logging.getLogger('aiohttp.server').error({bare(TYPED)!r}); "
        f"logging.getLogger('msal').error('%d', {bare(TYPED)!r})"
    )
    command_line = [sys.executable, "-c", program]
    ran = subprocess.run(
        command_line, capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path
    )
    assert ("UserWarning: ***" in ran.stderr) is ("-v" in command)
    assert "Error: ***" in ran.stderr
    assert "Error: msal logged a message that cannot be formatted" in ran.stderr
    assert not any(mark in ran.stderr for mark in MARKS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AZURE_CLIENT_SECRET", "p.ss word!"),
        ("AZURE_CLIENT_CERTIFICATE_PASSWORD", 'a"b\\c&<d>ef'),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "opaque.words"),
        ("RECONCILER_LOOPBACK_TOKEN", "some-loopback-token"),
        ("IDENTITY_HEADER", "32efb28c-9a7a-446c-986b-ca6528c6669d"),
        ("HTTPS_PROXY", "correct%20horse"),
        ("http_proxy", "correcthorse"),
        ("ALL_PROXY", "correct%20horse"),
        ("all_proxy", "correcthorse"),
        ("SOMETHING_ELSE", bare(secret("Wd2Nf"))),
    ],
)
@pytest.mark.parametrize("format_name", ["text", "markdown", "json", "github", "sarif"])
def test_a_credential_of_the_environment_shows_nowhere(
    name: str, value: str, format_name: str, line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "proxy": f"http://user:{value}@proxy.example:8080",
        "_else": f"https://x.example/?sig={secret('Wd2Nf')}",
    }
    monkeypatch.setenv(name, given.get(name.casefold()[-5:], value))
    declare(
        STATE,
        {
            "catalog": "x",
            "extensions": [extension("e", description=f"it is {unquote(value)} today")],
        },
    )
    ran = line("validate", "--format", format_name, STATE, f"{unquote(value)}.yaml")
    assert "R208" in ran.out
    assert "R001" in ran.out
    held = unquote(value)
    spellings = (value, held, held.replace('"', '\\"'), quote(held.replace("\\", "/")))
    assert not [one for one in spellings if one in ran.out + ran.err]


def test_the_last_door_masks_what_no_renderer_did(line: CommandLine) -> None:
    line("version", f"sig={TYPED}")
    line.capture.readouterr()
    emit(f"as it is: {bare(TYPED)}\n", Output("text", colour=False, verbosity=0))
    assert line.capture.readouterr().out == "as it is: ***=\n"
    save(PLAN, f"as it is: {bare(TYPED)}\n")
    assert PLAN.read_text() == "as it is: ***=\n"


def test_a_document_keeps_its_shape_when_a_secret_holds_a_quote(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", 'quote"and\\back')
    line("version")
    assert json.loads(to_json({"a": 'x quote"and\\back y', "b": ['quote"and\\back']})) == {
        "a": "x *** y",
        "b": ["***"],
    }
