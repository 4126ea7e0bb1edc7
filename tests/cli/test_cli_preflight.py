"""`preflight` and `plan --preflight` as their users meet them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from harness import FINANCE, CommandLine, Json, Ran, catalog, declare
from tiers import sample

from reconciler.errors import UsageError
from reconciler.settings import CLOUDS, TargetOptions, resolve_settings
from tests.graph.scripted import Reply, Scripted, closed_port, scripted
from tests.preflight.seeds import calls, disabled, logic_app, seed, shared, url_of
from tests.preflight.workflows import request_trigger

STATE = Path("desired_state")
SAVED = Path("plan.json")
NOT_RETRIED = ("--max-retries", "0")


def declared(*extensions: Json, name: str = "Marketing") -> Json:
    """A document of a catalog with these extensions."""
    return {"catalog": name, "extensions": [*extensions]}


def preflight(reconciler: CommandLine, *options: str) -> Ran:
    """How the command ended against the sandbox."""
    return reconciler("preflight", "--sandbox", *options)


def codes(ran: Ran) -> list[str]:
    """The codes of the findings, from JSON."""
    return [finding["code"] for finding in ran.document["diagnostics"]]


@pytest.fixture
def three(reconciler: CommandLine) -> CommandLine:
    """A sound Logic App, one with a warning and one with an error, each called."""
    seed(reconciler, logic_app("a"), logic_app("b", shared), logic_app("c", disabled))
    declare(STATE, declared(calls("a"), calls("b"), calls("c")))
    return reconciler


class TestExitCode:
    def test_sound_is_0(self, reconciler: CommandLine) -> None:
        seed(reconciler, logic_app("a"))
        declare(STATE, declared(calls("a", url=url_of("a"))))
        ran = preflight(reconciler)
        last = "Preflight: 1 Logic App, 0 with errors, 0 with warnings, 1 without findings."
        assert (ran.code, ran.out, ran.err) == (0, f"{last}\n", "")

    def test_a_warning_is_0(self, reconciler: CommandLine) -> None:
        seed(reconciler, logic_app("a", shared))
        declare(STATE, declared(calls("a")))
        ran = preflight(reconciler)
        assert ran.code == 0
        assert "R405 warning" in ran.out

    def test_an_error_is_4(self, three: CommandLine) -> None:
        ran = preflight(three)
        assert ran.code == 4
        last = "Preflight: 3 Logic Apps, 1 with errors, 1 with warnings, 1 without findings."
        assert ran.out.splitlines()[-2:] == ["Found 1 error and 1 warning.", last]

    def test_one_with_errors_and_warnings_counts_once(self, reconciler: CommandLine) -> None:
        def both(properties: Any) -> None:
            disabled(properties)
            shared(properties)

        seed(reconciler, logic_app("a", both), logic_app("b"))
        declare(STATE, declared(calls("a"), calls("b")))
        ran = preflight(reconciler)
        last = "Preflight: 2 Logic Apps, 1 with errors, 0 with warnings, 1 without findings."
        assert (ran.code, ran.last) == (4, last)

    def test_invalid_files_are_3(self, reconciler: CommandLine) -> None:
        declare(STATE, {"catalog": "Marketing", "extensions": [{"displayName": ""}]})
        for more in ((), ("--fix",)):
            assert preflight(reconciler, *more).code == 3

    def test_no_files_are_3(self, reconciler: CommandLine) -> None:
        ran = preflight(reconciler)
        assert ran.code == 3
        assert "reconciler init" in ran.out

    def test_nothing_that_answers_is_1(self, three: CommandLine) -> None:
        arm = f"http://127.0.0.1:{closed_port()}"
        for more in ((), ("--fix",)):
            ran = preflight(three, "--arm-url", arm, *NOT_RETRIED, *more)
            assert (ran.code, ran.out) == (1, "")
            assert f"got no answer from {arm}" in ran.err

    def test_a_server_that_has_answered_nothing_is_asked_about_no_more(
        self, reconciler: CommandLine
    ) -> None:
        """Where it cannot be reached, a run waits once, and not for each Logic App."""
        declare(STATE, declared(*(calls(f"a{number}") for number in range(12))))
        with arm_that_says(Reply(way="drop")) as arm:
            options = ("--arm-url", arm.origin, "--concurrency", "2", *NOT_RETRIED)
            assert preflight(reconciler, *options).code == 1
            seed(reconciler)
            ran = reconciler("plan", "--sandbox", "--preflight", "--format", "json", *options)
        assert (ran.code, codes(ran)) == (0, ["R401"])
        [finding] = ran.document["diagnostics"]
        assert finding["message"].startswith("The Logic Apps were not checked: GET /subscriptions/")
        assert len(arm.seen) < 12

    def test_a_rejected_token_is_1(self, three: CommandLine) -> None:
        with arm_that_says(Reply(401, {"error": {"code": "InvalidAuthenticationTokenTenant"}})) as (
            arm
        ):
            ran = preflight(three, "--arm-url", arm.origin)
        assert ran.code == 1
        assert "InvalidAuthenticationTokenTenant" in ran.err

    def test_no_permission_is_4_and_says_what_it_does_not_prove(
        self, reconciler: CommandLine
    ) -> None:
        seed(reconciler, logic_app("a"), switches=["logic_apps=403"])
        declare(STATE, declared(calls("a")))
        ran = preflight(reconciler)
        assert ran.code == 4
        assert "R401 error" in ran.out
        assert "or it does not exist (this answer does not show which)" in ran.out
        assert "Reader" in ran.out


@contextmanager
def arm_that_says(*script: Any) -> Iterator[Scripted]:
    """An Azure Resource Manager of its own, in another thread."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(scripted(*script)) as server,
    ):
        yield server


def test_one_that_fails_leaves_the_findings_of_the_others(reconciler: CommandLine) -> None:
    declare(STATE, declared(*(calls(name) for name in ("a", "b", "html", "gone", "slow", "c"))))
    apps = {"a": logic_app("a"), "b": logic_app("b", shared), "c": logic_app("c", disabled)}
    replies = {name: Reply(body=app) for name, app in apps.items()} | {
        "html": Reply(200, "<html>"),
        "gone": Reply(404, {"error": {"code": "ResourceNotFound"}}),
        "slow": Reply(way="hang"),
    }
    with arm_that_says(lambda seen: replies[seen.path.rpartition("/")[2]]) as arm:
        options = ("--arm-url", arm.origin, "--timeout", "0.5", *NOT_RETRIED)
        ran = preflight(reconciler, "--format", "json", *options)
    assert ran.code == 4
    found = [(each["code"], each["message"].split('"')[1]) for each in ran.document["diagnostics"]]
    assert found == [
        ("R405", "b"),
        ("R401", "html"),
        ("R401", "gone"),
        ("R401", "slow"),
        ("R404", "c"),
    ]
    assert set(arm.methods) == {"GET"}


def test_nothing_but_get_is_sent_and_no_callback_is_asked_for(three: CommandLine) -> None:
    preflight(three)
    three("plan", "--sandbox", "--preflight")
    preflight(three, "--fix")
    with three.store() as store:
        assert store.callback_requests() == 0
        assert store.extensions() == []


class TestWhatIsChecked:
    def test_several_callers_of_one_logic_app_are_one_read_and_one_finding(
        self, reconciler: CommandLine
    ) -> None:
        other = calls("z", "C", resourceGroupName="RG")  # the same one in another case
        declare(STATE, declared(calls("x", "c"), calls("y", "c"), other))
        with arm_that_says(Reply(body=logic_app("c", disabled))) as arm:
            ran = preflight(reconciler, "--format", "json", "--arm-url", arm.origin)
        assert len(arm.seen) == 1
        assert codes(ran) == ["R404"]
        [shown] = ran.document["logic_apps"]
        assert shown == {"id": logic_app("c")["id"], "extensions": ["x", "y", "z"]}

    def test_what_is_declared_absent_is_not_checked(self, three: CommandLine) -> None:
        gone = {"displayName": "c", "ensure": "absent"}
        declare(STATE, declared(calls("a"), gone))
        ran = preflight(three, "--format", "json")
        assert (ran.code, codes(ran), len(ran.document["logic_apps"])) == (0, [], 1)

    def test_without_a_logic_app_nothing_is_asked(self, reconciler: CommandLine) -> None:
        declare(STATE, declared({"displayName": "c", "ensure": "absent"}))
        ran = reconciler("preflight", "--cloud", "global", "--auth", "environment")
        assert (ran.code, ran.err) == (0, "")
        assert ran.last.startswith("Preflight: 0 Logic Apps,")

    def test_a_catalog_is_selected(self, three: CommandLine) -> None:
        declare(STATE, declared(calls("a")), declared(calls("c"), name="Finance"))
        assert codes(preflight(three, "--format", "json")) == ["R404"]
        assert codes(preflight(three, "--format", "json", "--catalog", "marketing")) == []
        assert codes(preflight(three, "--format", "json", "--catalog", "Finance")) == ["R404"]

    @pytest.mark.parametrize("more", [(), ("--fix",)])
    def test_an_unknown_catalog_is_a_usage_error(
        self, three: CommandLine, more: tuple[str, ...]
    ) -> None:
        ran = preflight(three, "--catalog", "Nowhere", *more)
        assert (ran.code, ran.out) == (1, "")
        assert "Nowhere" in ran.err

    def test_no_more_are_read_at_once_than_allowed(self, reconciler: CommandLine) -> None:
        names = [f"la{number}" for number in range(12)]
        declare(STATE, declared(*map(calls, names)))
        with arm_that_says(Reply(body=logic_app("a"))) as arm:
            preflight(reconciler, "--arm-url", arm.origin, "--concurrency", "2")
        assert sorted(seen.path.rpartition("/")[2] for seen in arm.seen) == sorted(names)
        assert arm.connections <= 2

    def test_findings_are_in_the_order_of_their_places(self, reconciler: CommandLine) -> None:
        """The first Logic App has a finding at its second caller, after that of the next one."""
        seed(reconciler, logic_app("x"), logic_app("y", disabled))
        wrong = calls("c", "x", url=url_of("y"))
        declare(STATE, declared(calls("a", "x"), calls("b", "y"), wrong))
        ran = preflight(reconciler, "--format", "json")
        assert codes(ran) == ["R404", "R407"]
        places = [(each["line"], each["column"]) for each in ran.document["diagnostics"]]
        assert places == sorted(places)

    def test_the_standard_plan_is_told_apart(self, reconciler: CommandLine) -> None:
        site = logic_app("s")["id"].replace("Microsoft.Logic/workflows", "Microsoft.Web/sites")
        seed(reconciler, {"id": site, "kind": "functionapp,workflowapp", "properties": {}})
        declare(STATE, declared(calls("s")))
        assert codes(preflight(reconciler, "--format", "json")) == ["R402"]

    @pytest.mark.parametrize(
        ("subscription", "group", "code"),
        [
            ("38ab2ccc-3747-4567-b36b-9478f5602f0d", "rg", "ResourceNotFound"),
            ("38ab2ccc-3747-4567-b36b-9478f5602f0d", "other", "ResourceGroupNotFound"),
            ("00000000-0000-0000-0000-000000000001", "rg", "SubscriptionNotFound"),
        ],
    )
    def test_each_404_names_what_was_not_found(
        self, three: CommandLine, subscription: str, group: str, code: str
    ) -> None:
        missing = calls("m", "gone", subscriptionId=subscription, resourceGroupName=group)
        declare(STATE, declared(missing))
        ran = preflight(three, "--format", "json")
        [finding] = ran.document["diagnostics"]
        assert (ran.code, finding["code"]) == (4, "R401")
        assert code in finding["message"]
        assert "cannot always be distinguished" in finding["message"]


class TestFormats:
    def test_text_has_place_cause_and_fix(self, three: CommandLine) -> None:
        shown = preflight(three).out
        assert re.search(
            r"^desired_state/state\.yaml:2:\d+: R404 error: Logic App \"c\"", shown, re.MULTILINE
        )
        assert "    Hint: Enable the Logic App.\n" in shown

    def test_json_is_a_document(self, three: CommandLine) -> None:
        document = preflight(three, "--format", "json").document
        assert document["format_version"] == "1"
        assert [each["extensions"] for each in document["logic_apps"]] == [["a"], ["b"], ["c"]]
        assert document["complete"] is False

    def test_sarif_places_each_result(self, three: CommandLine) -> None:
        [run] = preflight(three, "--format", "sarif").document["runs"]
        assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
            ("R405", "warning"),
            ("R404", "error"),
        ]
        for result in run["results"]:
            [location] = result["locations"]
            place = location["physicalLocation"]
            assert place["artifactLocation"]["uri"] == "desired_state/state.yaml"
            assert place["region"]["startLine"] == 2

    def test_github_annotates(self, three: CommandLine) -> None:
        first, second, *_ = preflight(three, "--format", "github").out.splitlines()
        assert first.startswith("::error file=desired_state/state.yaml,line=2,col=")
        assert "title=R404::" in first
        assert second.startswith("::warning file=desired_state/state.yaml,line=2,col=")

    def test_markdown_is_a_table(self, three: CommandLine) -> None:
        shown = preflight(three, "--format", "markdown").out
        assert shown.startswith("### Found 1 error and 1 warning.\n")
        assert shown.count("\n| `R40") == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://management.azure.com",
        "http://192.0.2.1:80",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://evil.example\\@127.0.0.1",
        "http://me:secret@127.0.0.1:1",
        "http://me@localhost",
        "http://127.0.0.1:1/subscriptions",
        "http://127.0.0.1:1/v1.0",
        "http://127.0.0.1:1?x=1",
        "http://127.0.0.1:1#x",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://[::1",
        "ftp://127.0.0.1:1",
        "127.0.0.1:1",
        "",
    ],
)
def test_only_a_plain_address_on_loopback_is_an_arm_url(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_settings(TargetOptions(arm_url=url), {})
    assert "--arm-url" in str(caught.value)
    assert "secret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("host", ["127.0.0.1:1", "LOCALHOST:8484", "[::1]:80", "localhost"])
def test_an_arm_url_keeps_the_claims_of_the_cloud(host: str) -> None:
    for cloud in ("usgov", "china"):
        plain = resolve_settings(TargetOptions(cloud=cloud), {})
        settings = resolve_settings(TargetOptions(cloud=cloud, arm_url=f"http://{host}/"), {})
        assert settings.arm_url == f"http://{host.lower()}"
        assert settings.arm_cloud == plain.arm_cloud
        assert settings.graph_url == plain.graph_url


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_graph_that_is_named_says_which_cloud(cloud: str) -> None:
    graph_url = f"https://{CLOUDS[cloud].graph_host}/v1.0"
    for options in (TargetOptions(graph_url=graph_url), TargetOptions(cloud=cloud)):
        settings = resolve_settings(options, {})
        assert settings.arm_url == f"https://{CLOUDS[cloud].arm.host}"
        assert settings.arm_cloud == CLOUDS[cloud].arm


class TestPlan:
    def plan(self, reconciler: CommandLine, *options: str) -> Ran:
        return reconciler("plan", "--sandbox", "--detailed-exitcode", *options)

    def test_the_findings_change_nothing_else(self, three: CommandLine) -> None:
        without = self.plan(three, "--format", "json")
        checked = self.plan(three, "--format", "json", "--preflight")
        assert without.code == checked.code == 2
        changed = {
            name for name, value in checked.document.items() if value != without.document.get(name)
        }
        assert changed <= {"diagnostics", "document_digest", "created_at"}
        assert checked.document["digest"] == without.document["digest"]
        assert codes(checked) == ["R405", "R404"]

    def test_the_option_has_a_variable(
        self, three: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RECONCILER_PREFLIGHT", "true")
        assert codes(self.plan(three, "--format", "json")) == ["R405", "R404"]

    @pytest.mark.parametrize("format_name", ["text", "markdown", "json"])
    def test_a_saved_plan_shows_the_same_findings(
        self, three: CommandLine, format_name: str
    ) -> None:
        planned = self.plan(three, "--preflight", "--out", str(SAVED), "--format", format_name)
        shown = three("show", str(SAVED), "--format", format_name)
        assert "R404" in planned.out
        assert shown.out == planned.out
        findings = three("show", str(SAVED), "--format", "github").out.splitlines()
        assert [line for line in findings if "title=R404::" in line]

    def test_a_saved_plan_with_findings_applies(self, three: CommandLine) -> None:
        self.plan(three, "--preflight", "--out", str(SAVED))
        ran = three("apply", "--sandbox", "--plan", str(SAVED), "--auto-approve")
        assert ran.code == 0, ran
        assert sorted(each["displayName"] for each in three.live()) == ["a", "b", "c"]

    def test_the_command_that_applies_it_can_be_run(self, three: CommandLine) -> None:
        with arm_that_says(Reply(body=logic_app("a"))) as arm:
            ran = self.plan(three, "--preflight", "--arm-url", arm.origin, "--out", str(SAVED))
        [command] = re.findall(r"To apply exactly this: reconciler (.*)", ran.err)
        assert three(*command.split(), "--auto-approve").code == 0, command

    def test_a_catalog_is_selected(self, three: CommandLine) -> None:
        seed(
            three,
            logic_app("a"),
            logic_app("c", disabled),
            catalogs=[catalog(), catalog("Finance", FINANCE)],
        )
        declare(STATE, declared(calls("a")), declared(calls("c"), name="Finance"))
        assert codes(self.plan(three, "--format", "json", "--preflight")) == ["R404"]
        options = ("--format", "json", "--preflight", "--catalog", "Marketing")
        assert codes(self.plan(three, *options)) == []

    @pytest.mark.parametrize("name", ["Finance", FINANCE])
    def test_a_catalog_that_is_declared_by_id_is_selected_by_either(
        self, reconciler: CommandLine, name: str
    ) -> None:
        finance = catalog("Finance", FINANCE)
        seed(reconciler, logic_app("a", shared), logic_app("c", disabled), catalogs=[finance])
        by_id = {**declared(calls("c")), "catalog": {"id": FINANCE}}
        declare(STATE, declared(calls("a")), by_id)
        options = ("--format", "json", "--preflight", "--catalog", name)
        assert codes(self.plan(reconciler, *options)) == ["R404"]

    @pytest.mark.parametrize(
        "reply",
        sample(
            [
                None,
                Reply(401, {"error": {"code": "InvalidAuthenticationToken"}}),
                Reply(500),
                Reply(200, "<html>"),
                Reply(way="drop"),
                Reply(body={"properties": {"accessEndpoint": "https://[bad/x"}}),
            ],
            lambda reply: reply is None or reply.status == 401,
        ),
    )
    def test_a_check_that_fails_leaves_the_plan_as_it_is(
        self, three: CommandLine, reply: Reply | None
    ) -> None:
        without = self.plan(three, "--format", "json")
        with arm_that_says(reply or Reply()) as arm:
            origin = arm.origin if reply else f"http://127.0.0.1:{closed_port()}"
            options = ("--arm-url", origin, *NOT_RETRIED, "--out", str(SAVED))
            checked = self.plan(three, "--format", "json", "--preflight", *options)
        assert (checked.code, checked.document["digest"]) == (2, without.document["digest"])
        assert set(codes(checked)) & {"R401", "R406"}
        assert three("show", str(SAVED)).code == 0
        assert three("apply", "--sandbox", "--plan", str(SAVED), "--auto-approve").code == 0

    def test_a_baseline_marks_the_same_changes(self, three: CommandLine) -> None:
        self.plan(three, "--out", "base.json")
        without = self.plan(three, "--format", "json", "--baseline", "base.json")
        options = ("--format", "json", "--baseline", "base.json", "--preflight")
        checked = self.plan(three, *options)
        assert checked.document["changes"] == without.document["changes"]
        assert codes(checked) == ["R405", "R404"]

    def test_nothing_pending_stays_0(self, three: CommandLine) -> None:
        three("apply", "--sandbox", "--auto-approve")
        ran = self.plan(three, "--preflight")
        assert ran.code == 0
        assert "R404" in ran.out

    def test_without_the_option_arm_is_not_asked(self, three: CommandLine) -> None:
        with arm_that_says(Reply(body=logic_app("a"))) as arm:
            ran = self.plan(three, "--arm-url", arm.origin, "--format", "json")
        assert (ran.code, arm.seen, codes(ran)) == (2, [], [])


def test_a_trigger_of_another_name_is_a_warning(reconciler: CommandLine) -> None:
    def renamed(properties: Any) -> None:
        properties["definition"]["triggers"] = {"other": request_trigger()}

    seed(reconciler, logic_app("a", renamed))
    declare(STATE, declared(calls("a", url=url_of("a").replace("manual", "other"))))
    ran = preflight(reconciler, "--format", "json")
    assert (ran.code, codes(ran)) == (0, ["R403"])
    assert json.loads(ran.out)["complete"] is True


def test_a_url_that_can_be_fixed_is_noted(reconciler: CommandLine) -> None:
    """A missing url is no fault of the Logic App, but an application cannot write without it."""
    reconciler("sandbox", "reset")
    file = Path("state.yaml")
    shown = reconciler("export", "--sandbox", "--catalog", "Finance")
    file.write_text("".join(line for line in shown.out.splitlines(True) if " url:" not in line))
    ran = reconciler("preflight", "--sandbox", file)
    assert (ran.code, ran.out.count("R40")) == (0, 1)
    assert ran.err.startswith("Note: `url` is missing or wrong in 3 extensions;")
    assert ran.err.endswith("files: reconciler preflight --fix --sandbox state.yaml\n")
    assert reconciler("preflight", "--sandbox", "-q", file).err == ""
    assert "Wrote 3 urls into 1 file." in reconciler("preflight", "--sandbox", "--fix", file).err
    again = reconciler("preflight", "--sandbox", "--fix", file)
    assert again.err == "No file was changed.\n"
    assert reconciler("preflight", "--sandbox", file).err == ""
