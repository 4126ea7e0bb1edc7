"""Options, exit codes and outputs as the interface promises them."""

import io
import json
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from harness import MARKETING, CommandLine, catalog, declare, extension, served_sandbox

from reconciler.sandbox.store import Store


class Stdin(io.StringIO):
    """What somebody types, on a terminal or not."""

    def __init__(self, typed: str = "", *, terminal: bool) -> None:
        super().__init__(typed)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


ANY_DIGEST = "sha256:" + "0" * 64
DATABASE = Path(".reconciler/sandbox.sqlite3")
STATE = Path("desired_state")


def one(reconciler: CommandLine, *names: str) -> None:
    """An empty Marketing catalog, and extensions of these names declared for it."""
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Marketing", "extensions": [extension(name) for name in names]})


def edit_live(name: str, **properties: object) -> None:
    """Somebody changes a live extension by hand."""
    with Store(DATABASE) as store:
        for row in store.rows("extension"):
            if row.document["displayName"] == name:
                store.change("extension", row, row.document | properties)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bogus"], "No such option"),
        (["plan", "--concurrency", "0"], "1<=x<=64"),
        (["plan", "--concurrency", "65"], "1<=x<=64"),
        (["plan", "--timeout", "0"], "x>0"),
        (["plan", "--timeout", "nan"], "not a number of seconds"),
        (["plan", "--sandbox-db", "x"], "--sandbox-db was given without --sandbox"),
        (["plan", "--cloud", "moon"], "'moon' is not one of"),
        (["plan", "--sandbox", "--graph-url", "http://127.0.0.1:1/v1.0"], "mutually exclusive"),
        (["plan", "--graph-url", "http://example.com/v1.0"], "to which no token will be sent"),
        (["nonsense"], "No such command"),
        (["apply", "--plan", "x.json", "desired_state"], "--plan cannot be combined with PATH"),
        (
            ["apply", "--plan", "x.json", "--expect-digest", ANY_DIGEST],
            "--plan cannot be combined with PATH",
        ),
        (["apply", "--plan", "x.json", "--catalog", "A"], "--plan cannot be combined with PATH"),
        (
            ["plan", "--sandbox", "--catalog", "Nowhere"],
            "No file declares a catalog named Nowhere.",
        ),
        (
            ["plan", "--sandbox", "--catalog", ""],
            "Invalid value for '--catalog': The value is blank. Give a name",
        ),
        (
            ["export", "--sandbox", "--catalog", " \n"],
            "Invalid value for '--catalog': The value is blank. Give a name",
        ),
        (["sandbox", "serve", "--set", "nonsense=1"], "nonsense"),
        (["sandbox", "reset", "--seed", "missing.json"], "cannot be reset"),
        (
            ["plan", "--sandbox", "--sandbox-db", "desired_state/state.yaml"],
            "The sandbox cannot start",
        ),
    ],
)
def test_usage_errors_are_1_and_say_what_to_do(
    reconciler: CommandLine, arguments: list[str], said: str
) -> None:
    one(reconciler, "a")
    ran = reconciler(*arguments)
    assert (ran.code, ran.out) == (1, ""), ran.err
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift"])
def test_invalid_files_are_3_before_anything_else(reconciler: CommandLine, command: str) -> None:
    target = [] if command == "validate" else ["--graph-url", "http://127.0.0.1:9/v1.0"]
    missing = reconciler(command, "nowhere", *target)
    assert (missing.code, "nowhere" in missing.out, "R001" in missing.out) == (3, True, True)
    declare(STATE, {"catalog": "Marketing", "extensions": [{"displayName": "a", "nonsense": 1}]})
    faulty = reconciler(command, *target, "--format", "json")
    assert faulty.code == 3
    assert faulty.document["complete"] is False
    assert {one["code"] for one in faulty.document["diagnostics"]} >= {"R101", "R103"}


@pytest.mark.parametrize("command", ["plan", "drift", "apply"])
def test_for_invalid_files_no_sandbox_is_made(reconciler: CommandLine, command: str) -> None:
    declare(STATE, {"catalog": "Marketing", "extensions": [{"displayName": "a", "nonsense": 1}]})
    assert reconciler(command, "--sandbox").code == 3
    assert not Path(".reconciler").exists()


@pytest.mark.parametrize("command", ["plan", "drift", "apply", "show"])
def test_a_run_that_stops_before_a_result_says_so_on_stderr(
    reconciler: CommandLine, command: str
) -> None:
    """In a folder without files, `reconciler plan > plan.txt` shows where the errors are."""
    arguments = ["none.json"] if command == "show" else ["--sandbox"]
    for form in ("text", "json"):
        stopped = reconciler(command, *arguments, "--format", form)
        assert (stopped.code, stopped.err) == (
            3,
            "Error: Stopped because of 1 error in the input files, listed on stdout.\n",
        )
    assert reconciler("validate").err == "", "there the errors are the result"


def test_a_summary_is_shown_by_plan_drift_and_show(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    title = "+ create a (accessPackageAssignmentRequestWorkflowExtension)"
    planned = reconciler("plan", "--sandbox", "--summary", "--out", "p.json")
    assert title in planned.out.splitlines()
    assert "because" not in planned.out
    assert (
        planned.last
        == "Plan: 1 create, 0 update, 0 rename, 0 replace, 0 delete, 0 blocked, 0 unchanged."
    )
    assert reconciler("show", "p.json", "--summary").out == planned.out
    markdown = reconciler("plan", "--sandbox", "--summary", "--format", "markdown").out
    assert (f"* `{title}`" in markdown, "because" in markdown) == (True, False)
    drift = reconciler("drift", "--sandbox", "--summary")
    assert (
        "+ missing in the tenant: a (accessPackageAssignmentRequestWorkflowExtension)"
        in drift.out.splitlines()
    )
    assert drift.last == "Drift: 1 missing, 0 changed, 0 unmanaged, 0 blocked, 0 unchanged."
    whole = reconciler("plan", "--sandbox", "--format", "json").document
    assert reconciler("plan", "--sandbox", "--summary", "--format", "json").document == whole


def test_plan_is_0_with_changes_unless_asked_for_detail(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    assert reconciler("plan", "--sandbox").code == 0
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 2
    assert reconciler("drift", "--sandbox", "--detailed-exitcode").code == 2
    assert reconciler("apply", "--sandbox", "--auto-approve").code == 0
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 0
    assert reconciler("drift", "--sandbox", "--detailed-exitcode").code == 0


def test_without_approval_nothing_is_written(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(reconciler, "a")
    monkeypatch.setattr(sys, "stdin", Stdin(terminal=False))
    refused = reconciler("apply", "--sandbox")
    assert refused.code == 4
    assert "Plan: 1 create" in refused.last
    assert "stdin is not a terminal" in refused.err
    assert "--auto-approve" in refused.err
    assert reconciler.live() == []
    as_json = reconciler("apply", "--sandbox", "--format", "json")
    assert (as_json.code, as_json.document["outcomes"], as_json.document["summary"]["create"]) == (
        4,
        [],
        1,
    )


def test_the_prompt_names_counts_tenant_and_environment(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reconciler.seed(catalog(extensions=[extension("old", description="live")]))
    changed = extension("old", description="declared")
    declare(
        STATE, {"catalog": "Marketing", "extensions": [extension("a"), extension("b"), changed]}
    )
    monkeypatch.setattr(sys, "stdin", Stdin("no\n", terminal=True))
    on_sandbox = reconciler("apply", "--sandbox")
    assert "Apply 2 creates and 1 update to the sandbox? Only 'yes' is accepted: " in on_sandbox.err
    Path("reconciler.yaml").write_text("environments: {production: {}}\n")
    declare(
        STATE,
        {"catalog": "Marketing", "extensions": [extension("a")]},
        {"catalog": "Sales", "extensions": [changed]},
    )
    with served_sandbox(reconciler.folder) as url:
        monkeypatch.setattr(sys, "stdin", Stdin("no\n", terminal=True))
        served = reconciler("apply", "--graph-url", url, "--environment", "production")
    tenant = "tenant 00000000-0000-0000-0000-000000000000, environment production?"
    question = (
        f"Apply 1 create to {tenant} 1 blocked change will be skipped. Only 'yes' is accepted: "
    )
    assert (served.code, question in served.err) == (4, True), served.err


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 4), ("YES", 4), ("", 4)])
def test_only_yes_approves(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    one(reconciler, "a")
    monkeypatch.setattr(sys, "stdin", Stdin(f"{answer}\n", terminal=True))
    ran = reconciler("apply", "--sandbox")
    assert ran.code == code
    assert len(reconciler.live()) == (1 if code == 0 else 0)


def test_nothing_to_do_needs_no_approval(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(reconciler, "a")
    assert reconciler("apply", "--sandbox", "--auto-approve").code == 0
    monkeypatch.setattr(sys, "stdin", Stdin(terminal=False))
    again = reconciler("apply", "--sandbox")
    assert (
        again.code,
        again.out.count("No changes. What is live matches what is declared.\n"),
    ) == (0, 1)
    assert again.out.splitlines()[-2:] == [
        "No changes. What is live matches what is declared.",
        (
            "Apply: 0 created, 0 updated, 0 renamed, 0 replaced, 0 deleted, 0 failed, 0 skipped, 0"
            " unknown."
        ),
    ]
    assert "\nPlan: 0 create, 0 update" in again.out
    assert reconciler("apply", "--sandbox", "--expect-digest", ANY_DIGEST).code == 0


@pytest.mark.parametrize(
    "digest", ["", "sha256:0", "0" * 64, ANY_DIGEST + "0", ANY_DIGEST + "\n", "SHA256:" + "0" * 64]
)
def test_a_malformed_digest_is_a_usage_error_also_with_nothing_to_do(
    reconciler: CommandLine, digest: str
) -> None:
    one(reconciler, "a")
    for _ in range(2):
        refused = reconciler("apply", "--sandbox", "--expect-digest", digest)
        assert (refused.code, refused.out) == (1, "")
        assert "Expected sha256: and 64 lowercase hexadecimal digits" in refused.err
        assert reconciler("apply", "--sandbox", "--auto-approve").code == 0


def test_the_reviewed_digest_is_the_approval(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    reviewed = reconciler("plan", "--sandbox", "--format", "json").document["digest"]
    wrong = reconciler("apply", "--sandbox", "--expect-digest", ANY_DIGEST)
    assert wrong.code == 5
    assert reviewed in wrong.err
    assert reconciler.live() == []
    assert reconciler("apply", "--sandbox", "--expect-digest", reviewed).code == 0
    assert len(reconciler.live()) == 1


def test_the_digest_ignores_layout_and_heeds_live_edits(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[extension("a", description="live"), extension("b")]))
    declare(
        STATE,
        {
            "catalog": "Marketing",
            "extensions": [extension("a", description="declared"), extension("b")],
        },
    )

    def digest() -> str:
        text: str = reconciler("plan", "--sandbox", "--format", "json").document["digest"]
        return text

    first = digest()
    (STATE / "state.yaml").write_text(
        "\n\n# a comment\n" + (STATE / "state.yaml").read_text().replace(",", ",  ")
    )
    assert digest() == first
    edit_live("b", description="undeclared, untouched")
    assert digest() == first
    edit_live("a", description="edited")
    assert digest() != first


def test_a_saved_plan_is_carried_out_once(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    saved = Path("plan.json")
    assert reconciler("plan", "--sandbox", "--out", saved).code == 0
    document = json.loads(saved.read_text())
    assert document == reconciler("show", saved, "--format", "json").document
    assert reconciler("show", saved).out == reconciler("plan", "--sandbox").out
    assert reconciler("apply", "--sandbox", "--plan", saved).code == 0
    assert [item["displayName"] for item in reconciler.live()] == ["a"]
    again = reconciler("apply", "--sandbox", "--plan", saved)
    assert again.code == 5
    assert "may have been applied before" in again.err
    assert len(reconciler.live()) == 1


def test_a_saved_plan_comes_with_the_command_that_applies_it(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    target = ["--sandbox", "--sandbox-db", str(DATABASE), "--auth", "azure-cli"]
    saved = reconciler("plan", *target, "--concurrency", "2", "--out", "my plan.json")
    command = (
        f"reconciler apply --sandbox --sandbox-db {DATABASE} --auth azure-cli --plan 'my plan.json'"
    )
    assert saved.err == f"Saved the plan to my plan.json. To apply exactly this: {command}\n"
    assert reconciler("plan", *target, "--out", "p.json", "-q").err == ""
    assert reconciler(*shlex.split(command)[1:]).code == 0
    assert len(reconciler.live()) == 1
    assert (
        reconciler("drift", "--sandbox", "--out", "p.json").err == "Saved the plan to p.json.\n"
    ), "nothing to apply"


@pytest.mark.parametrize("kind", ["missing", "folder", "not UTF-8", "too large", "endless"])
def test_what_is_no_readable_plan_is_told_apart(kind: str, reconciler: CommandLine) -> None:
    file = Path({"endless": "/dev/zero", "folder": "."}.get(kind, "plan.json"))
    if kind == "not UTF-8":
        file.write_bytes(b'{"\xff": 1}')
    elif kind == "too large":
        with file.open("wb") as sparse:
            sparse.write(b"{")
            sparse.truncate(2 * 1024**3)
    shown = reconciler("show", file)
    assert (shown.code, "Traceback" in shown.err) == (
        1 if kind == "folder" else 3,
        False,
    ), shown.err
    assert kind != "too large" or "larger than 1 GiB, the maximum size of a plan" in shown.out
    assert kind != "endless" or "is not a saved plan: it is not JSON" in shown.out


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_plan_that_powershell_has_rewritten_is_the_same_plan(
    reconciler: CommandLine, encoding: str
) -> None:
    one(reconciler, "\u00fcber \U0001f680")
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    shown = reconciler("show", "plan.json").out
    text = Path("plan.json").read_text("utf-8").replace("\n", "\r\n")
    Path("plan.json").write_bytes(text.encode(encoding))
    assert reconciler("show", "plan.json").out == shown
    marked = reconciler("plan", "--sandbox", "--baseline", "plan.json", "--format", "json").document
    assert marked["changes"][0]["already_pending"] is True
    altered = text.replace('"rg"', '"another"').encode(encoding)
    Path("altered.json").write_bytes(altered)
    refused = reconciler("apply", "--sandbox", "--plan", "altered.json")
    assert (refused.code, "the digest does not match the changes" in refused.err) == (5, True)
    assert reconciler("apply", "--sandbox", "--plan", "plan.json").code == 0
    assert len(reconciler.live()) == 1


@pytest.mark.parametrize("content", ["{}".encode("utf-16-le"), b"\xff\xfe{", "{}".encode("utf-32")])
def test_bytes_in_no_such_encoding_are_no_plan(reconciler: CommandLine, content: bytes) -> None:
    Path("plan.json").write_bytes(content)
    shown = reconciler("show", "plan.json")
    assert (shown.code, "R305" in shown.out) == (3, True)
    assert shown.err == "Error: Stopped because of 1 error in the input files, listed on stdout.\n"


def test_a_saved_plan_does_not_fit_an_edited_tenant(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[extension("a", description="live")]))
    body = extension("a", description="declared")
    declare(STATE, {"catalog": "Marketing", "extensions": [body, extension("new")]})
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    edit_live("a", clientConfiguration={"timeoutInMilliseconds": 500, "maximumRetries": 0})
    stale = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert stale.code == 5
    assert "was changed after the plan was made" in stale.err
    assert [item["displayName"] for item in reconciler.live()] == ["a"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[: len(text) // 2], "not JSON"),
        (
            lambda text: text.replace('"action": "create"', '"action": "destroy"'),
            "does not match the plan schema at $.",
        ),
        (lambda text: text.replace('"rg"', '"another"'), "the digest does not match the changes"),
        (
            lambda text: text.replace(
                '"graph_url": "sandbox"', '"graph_url": "https://graph.microsoft.com/v1.0"'
            ),
            "digest",
        ),
    ],
)
def test_a_spoiled_plan_is_refused(reconciler: CommandLine, spoil: object, said: str) -> None:
    one(reconciler, "a")
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    text = Path("plan.json").read_text()
    spoiled = spoil(text)  # type: ignore[operator]
    assert spoiled != text
    Path("plan.json").write_text(spoiled)
    refused = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert (refused.code, refused.out) == (5, "")
    assert said in refused.err
    assert reconciler.live() == []


def test_a_plan_for_another_graph_is_refused(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    with served_sandbox(reconciler.folder) as url:
        refused = reconciler("apply", "--graph-url", url, "--plan", "plan.json")
    assert refused.code == 5
    assert "made for sandbox, not for 127.0.0.1" in refused.err
    assert reconciler("apply", "--sandbox", "--plan", "missing.json").code == 3


def test_the_target_of_a_plan_is_checked_before_anybody_signs_in(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(reconciler, "a")
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    monkeypatch.setenv("CI", "true")  # signing in would be refused there, with another message
    refused = reconciler("apply", "--plan", "plan.json")
    assert (refused.code, refused.out) == (5, "")
    assert "made for sandbox, not for graph.microsoft.com. Nothing was written." in refused.err
    assert "Use --sandbox." in refused.err


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("command", "way"),
    [
        (["apply", "--sandbox", "--auto-approve"], "apply --plan p.json"),
        (["plan", "--sandbox"], "show p.json"),
        (["drift", "--sandbox"], "show p.json"),
        (["validate"], "show p.json"),
        (["export", "--update", "--sandbox"], "show p.json"),
    ],
)
def test_a_saved_plan_as_path_is_recognized(
    reconciler: CommandLine, command: list[str], way: str, mark: str
) -> None:
    one(reconciler, "a")
    assert reconciler("plan", "--sandbox", "--out", "p.json").code == 0
    Path("p.json").write_text(mark + Path("p.json").read_text(), "utf-8")
    refused = reconciler(*command, "p.json")
    assert (refused.code, refused.out, reconciler.live()) == (1, "", [])
    assert refused.err == f"Error: p.json is a saved plan.\nHint: Run `reconciler {way}`.\n"


def test_the_command_for_a_saved_plan_can_be_pasted(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    assert reconciler("plan", "--sandbox", "--out", "my plan.json").code == 0
    assert (
        "Hint: Run `reconciler show 'my plan.json'`.\n"
        in reconciler("validate", "my plan.json").err
    )


@pytest.mark.parametrize(
    "value", ["Finance\n", "\n  Finance \r\n\n", "Finance\r\nMARKETING\r\n \n", "\n \r\n"]
)
def test_the_variable_for_catalogs_holds_lines(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    other = "11111111-1111-4111-8111-111111111111"
    reconciler.seed(catalog(), catalog("Finance", other))
    declare(
        STATE,
        *({"catalog": name, "extensions": [extension("a")]} for name in ("Finance", "Marketing")),
    )
    monkeypatch.setenv("RECONCILER_CATALOG", value)
    planned = reconciler("plan", "--sandbox", "--format", "json")
    named = {line.strip().casefold() for line in value.splitlines() if line.strip()} or {
        "finance",
        "marketing",
    }
    assert {one["display_name"].casefold() for one in planned.document["catalogs"]} == named
    monkeypatch.setenv("RECONCILER_CATALOG", f"{value}Nowhere\r\n")
    assert "No file declares a catalog named Nowhere.\n" in reconciler("plan", "--sandbox").err


def test_catalog_limits_the_plan(reconciler: CommandLine) -> None:
    other = "11111111-1111-4111-8111-111111111111"
    reconciler.seed(catalog(), catalog("Human Resources", other))
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    declare(STATE, {"catalog": {"id": other}, "extensions": [extension("b")]}, name="b.yaml")
    for name in ("human resources", other):
        planned = reconciler("plan", "--sandbox", "--catalog", name, "--format", "json")
        assert [change["object"]["display_name"] for change in planned.document["changes"]] == ["b"]


def test_options_come_from_the_environment_too(
    reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(reconciler, "a")
    monkeypatch.setenv("RECONCILER_SANDBOX", "true")
    monkeypatch.setenv("RECONCILER_CATALOG", "Marketing\nNo Such Catalog")
    assert "No Such Catalog" in reconciler("plan").err
    monkeypatch.setenv("RECONCILER_CATALOG", "Marketing")
    assert reconciler("plan").code == 0


def test_version_schema_and_completion(reconciler: CommandLine) -> None:
    from reconciler import __version__

    assert reconciler("version").out == reconciler("--version").out == f"reconciler {__version__}\n"
    for name in ("desired-state", "plan"):
        assert reconciler("schema", name).document["$schema"].endswith("2020-12/schema")
    for shell in ("bash", "zsh", "fish"):
        assert "_RECONCILER_COMPLETE" in reconciler("completion", shell).out


def test_verbose_shows_requests_and_quiet_shows_none(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    assert "request ID" in reconciler("plan", "--sandbox", "-v").err
    assert reconciler("plan", "--sandbox").err == ""
    with Store(DATABASE):
        pass
    quiet = reconciler("plan", "-q", "--graph-url", "http://127.0.0.1:9/v1.0", "--max-retries", "0")
    assert quiet.code == 1
    assert quiet.err.startswith("Error: ")


def test_a_real_process_reports_through_its_exit_code(tmp_path: Path) -> None:
    declare(tmp_path / STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    command = [sys.executable, "-m", "reconciler", "plan", "--sandbox", "--detailed-exitcode"]
    ran = subprocess.run(
        command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (2, "")
    assert ran.stdout.endswith(
        "Plan: 1 create, 0 update, 0 rename, 0 replace, 0 delete, 0 blocked, 0 unchanged.\n"
    )


def test_a_plan_whose_guard_was_taken_out_is_refused(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[extension("a", description="live")]))
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a", description="declared")]})
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    document = json.loads(Path("plan.json").read_text())
    change = document["changes"][0]
    spoiled = {
        "no precondition": {"precondition": None},
        "another precondition": {"precondition": {"exists": False, "fingerprint": None}},
        "read-only property": {
            "fields": [*change["fields"], {"path": "/id", "before": None, "after": "x"}]
        },
    }
    for name, members in spoiled.items():
        Path("plan.json").write_text(json.dumps(document | {"changes": [change | members]}))
        assert reconciler("apply", "--sandbox", "--plan", "plan.json").code == 5, name
    Path("plan.json").write_text(
        json.dumps(document | {"summary": document["summary"] | {"create": 9}})
    )
    assert reconciler("show", "plan.json").code == 5
    edit_live("a", description="theirs")
    fresh = reconciler("plan", "--sandbox", "--format", "json").document["changes"][0]
    Path("plan.json").write_text(
        json.dumps(document | {"changes": [change | {"precondition": fresh["precondition"]}]})
    )
    assert reconciler("apply", "--sandbox", "--plan", "plan.json").code == 5
    assert reconciler.live()[0]["description"] == "theirs"


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"graph_url": "http://["}', "", "\ud800".encode("utf-8", "surrogatepass")],
)
def test_whatever_a_plan_file_holds_there_is_no_traceback(
    reconciler: CommandLine, text: str | bytes
) -> None:
    Path("plan.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    shown = reconciler("show", "plan.json", "--format", "json")
    assert (shown.code, shown.document["complete"]) == (3, False)
    assert [one["code"] for one in shown.document["diagnostics"]] == ["R305"]


def test_a_missing_plan_is_an_invalid_file_in_every_format(reconciler: CommandLine) -> None:
    for arguments in (["show", "none.json"], ["apply", "--sandbox", "--plan", "none.json"]):
        assert "R305" in reconciler(*arguments).out
        assert reconciler(*arguments, "--format", "json").document["complete"] is False


def test_no_answer_at_all_is_1_for_a_saved_plan_too(reconciler: CommandLine) -> None:
    one(reconciler, "a")
    with served_sandbox(reconciler.folder) as url:
        assert reconciler("plan", "--graph-url", url, "--out", "plan.json").code == 0
    gone = reconciler("apply", "--graph-url", url, "--plan", "plan.json", "--max-retries", "0")
    assert (gone.code, "got no answer" in gone.err) == (1, True)


def test_catalog_by_id_sees_what_is_declared_by_name_too(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(
        STATE,
        {"catalog": "Marketing", "extensions": [extension("a")]},
        {"catalog": {"id": MARKETING}, "extensions": [extension("A"), extension("b")]},
    )
    for name in ("Marketing", MARKETING):
        planned = reconciler("plan", "--sandbox", "--catalog", name, "--format", "json")
        actions = {
            change["object"]["display_name"]: change["action"]
            for change in planned.document["changes"]
        }
        assert actions == {"a": "blocked", "A": "blocked", "b": "create"}


def test_a_port_in_use_is_named_with_the_way_out(reconciler: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = reconciler("sandbox", "serve", "--port", str(port))
    assert ran.code == 1
    assert (
        ran.err
        == f"Error: Port {port} is already in use.\nHint: Choose another --port; 0 is a free one.\n"
    )
