"""`--environment`, `--baseline` and the pages, as an operator uses them."""

import json
from pathlib import Path

import pytest
from harness import MARKETING, CommandLine, catalog, declare, extension

from reconciler.errors import AuthenticationError, UsageError
from reconciler.model.environment import Environment
from reconciler.model.identity import Identity
from reconciler.settings import (
    TargetOptions,
    refuse_token_of_another_tenant,
    resolve_settings,
    sign_in_variables,
)

TENANT, OTHER = "38ab2ccc-3747-4567-b36b-9478f5602f0d", "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"
ENVIRONMENTS = """\
environments:
  staging: {variables: {stage: test}}
  production: {variables: {stage: live}}
"""


@pytest.fixture
def two(reconciler: CommandLine) -> CommandLine:
    """A folder whose one file is for two environments."""
    Path("reconciler.yaml").write_text(ENVIRONMENTS)
    body = extension("mail", description="for ${stage}")
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [body]})
    reconciler.seed(catalog())
    return reconciler


def test_validate_checks_every_environment(two: CommandLine) -> None:
    assert two("validate").out == "Valid: 2 files, 1 extension, in 2 environments.\n"
    Path("reconciler.yaml").write_text(ENVIRONMENTS.replace("stage: live", "stag: live"))
    ran = two("validate")
    assert ran.code == 3
    assert "R209" in ran.out
    assert "environment production" in ran.out
    assert "staging" not in ran.out


@pytest.mark.parametrize("command", ["validate", "plan", "drift", "apply", "auth"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_faulty_file_of_environments_ends_every_command_with_3(
    two: CommandLine, command: str, form: str
) -> None:
    Path("reconciler.yaml").write_text(ENVIRONMENTS + "more: 1\n")
    arguments = [command] if command != "auth" else ["auth", "check"]
    chosen = [] if command == "validate" else ["--sandbox", "--environment", "production"]
    ran = two(*arguments, *chosen, "--format", form)
    assert ran.code == 3
    if form == "json":
        assert ran.document["complete"] is False
        assert [(one["code"], one["file"], one["line"]) for one in ran.document["diagnostics"]] == [
            ("R101", "reconciler.yaml", 4)
        ]
    else:
        assert ran.out.startswith("reconciler.yaml:4:1: R101 error")


def test_an_environment_that_is_not_there_is_a_usage_error(two: CommandLine) -> None:
    ran = two("plan", "--sandbox", "--environment", "prod")
    assert ran.code == 1
    assert "No environment named prod in reconciler.yaml." in ran.err
    assert "It names: staging, production." in ran.err
    assert (
        "Did you mean production? It names:"
        in two("plan", "--sandbox", "--environment", "prodution").err
    )
    Path("reconciler.yaml").unlink()
    ran = two("plan", "--sandbox", "--environment", "prod")
    assert ran.code == 1
    assert "this folder has no reconciler.yaml" in ran.err


def test_without_a_choice_it_says_that_there_is_one(two: CommandLine) -> None:
    declare(Path("plain"), {"catalog": "Marketing", "extensions": []})
    for command in (["plan", "plain"], ["drift", "plain"], ["auth", "check"]):
        assert (
            "Note: No environment was chosen; reconciler.yaml names staging, production."
            in two(*command, "--sandbox").err
        )
        assert two(*command, "--sandbox", "-q").err == ""
        assert "Note" not in two(*command, "--sandbox", "--environment", "staging").err
    Path("reconciler.yaml").unlink()
    assert two("plan", "plain", "--sandbox").err == ""


def test_without_a_choice_nothing_is_applied(two: CommandLine) -> None:
    """Without an environment nothing checks that one is signed in to the tenant that was
    intended.
    """
    declare(Path("plain"), {"catalog": "Marketing", "extensions": [extension("plain")]})
    assert two("plan", "plain", "--sandbox", "--out", "plan.json").code == 0
    for approved in (["plain", "--auto-approve"], ["--plan", "plan.json"]):
        refused = two("apply", *approved, "--sandbox")
        assert (refused.code, refused.out, two.live()) == (1, "", [])
        assert (
            "No environment was chosen, and reconciler.yaml names staging, production."
            in refused.err
        )
        assert "Choose one with --environment NAME." in refused.err
    Path("reconciler.yaml").write_text(ENVIRONMENTS + "more: 1\n")
    faulty = two("apply", "plain", "--auto-approve", "--sandbox")
    assert (faulty.code, two.live()) == (3, [])
    assert faulty.out.startswith("reconciler.yaml:4:1: R101 error")
    Path("reconciler.yaml").unlink()
    assert two("apply", "plain", "--auto-approve", "--sandbox").code == 0


def test_a_plan_is_for_one_environment(two: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = two("plan", "--sandbox")
    assert ran.code == 3
    assert "no environment is chosen" in ran.out
    plans = {
        name: two("plan", "--sandbox", "--environment", name, "--format", "json").document
        for name in ("staging", "production")
    }
    assert {name: plan["environment"] for name, plan in plans.items()} == {
        "staging": "staging",
        "production": "production",
    }
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "production")
    ran = two("plan", "--sandbox", "--out", "plan.json")
    assert 'description: "for live"' in ran.out
    assert "for environment production" in ran.out.splitlines()[0]
    monkeypatch.delenv("RECONCILER_ENVIRONMENT")
    ran = two("apply", "--sandbox", "--plan", "plan.json", "--environment", "staging")
    assert ran.code == 5
    assert "made for environment production" in ran.err
    assert two("apply", "--sandbox", "--plan", "plan.json").code == 1
    assert two.live() == []
    assert two("apply", "--sandbox", "--plan", "plan.json", "--environment", "production").code == 0
    assert [one["description"] for one in two.live()] == ["for live"]


def test_the_digest_is_of_one_environment_though_the_changes_are_the_same(two: CommandLine) -> None:
    Path("reconciler.yaml").write_text(ENVIRONMENTS.replace("test", "live"))
    digests = [
        two("plan", "--sandbox", "--environment", name, "--format", "json").document["digest"]
        for name in ("staging", "production")
    ]
    assert digests[0] != digests[1]
    ran = two("apply", "--sandbox", "--environment", "production", "--expect-digest", digests[0])
    assert ran.code == 5
    assert (
        two("apply", "--sandbox", "--environment", "production", "--expect-digest", digests[1]).code
        == 0
    )


def test_a_baseline_marks_what_was_pending_before(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    first = {"catalog": "Marketing", "extensions": [extension("old"), extension("edited")]}
    declare(Path("base"), first)
    assert reconciler("plan", "base", "--sandbox", "--out", "base.json").code == 0
    edited = extension("edited", description="by this pull request")
    declare(
        Path("desired_state"),
        {"catalog": {"id": MARKETING}, "extensions": [extension("old"), edited, extension("new")]},
    )
    without = reconciler("plan", "--sandbox", "--format", "json").document
    ran = reconciler(
        "plan", "--sandbox", "--baseline", "base.json", "--out", "plan.json", "--format", "json"
    )
    assert ran.code == 0
    assert {
        one["object"]["display_name"]: one["already_pending"] for one in ran.document["changes"]
    } == {
        "edited": False,
        "new": False,
        "old": True,
    }
    assert ran.document["digest"] == without["digest"]
    shown = reconciler("show", "plan.json", "--format", "markdown").out
    assert (
        shown.index("+ create edited")
        < shown.index("**Already pending before this change: 1**")
        < shown.index("+ create old")
    )
    assert reconciler("apply", "--sandbox", "--plan", "plan.json").code == 0


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [(None, 3, "R305"), ("{}", 3, "R305"), ("{", 3, "R305")],
)
def test_a_baseline_that_is_no_plan_is_told(
    two: CommandLine, text: str | None, code: int, said: str
) -> None:
    if text is not None:
        Path("base.json").write_text(text)
    ran = two("plan", "--sandbox", "--environment", "staging", "--baseline", "base.json")
    assert ran.code == code
    assert said in ran.out


def test_a_baseline_of_another_environment_is_refused(two: CommandLine) -> None:
    assert two("plan", "--sandbox", "--environment", "staging", "--out", "base.json").code == 0
    ran = two("plan", "--sandbox", "--environment", "production", "--baseline", "base.json")
    assert ran.code == 5
    assert "(environment staging)" in ran.err


def test_a_saved_drift_shows_again_in_its_own_words(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[extension("mail", description="by hand")]))
    declare(
        Path("desired_state"),
        {"catalog": "Marketing", "extensions": [extension("mail", description="as agreed")]},
    )
    ran = reconciler("drift", "--sandbox", "--out", "drift.json", "--detailed-exitcode")
    assert ran.code == 2
    assert "To resolve:" in ran.out
    assert reconciler("show", "drift.json", "--drift").out == ran.out
    assert "To resolve:" not in reconciler("show", "drift.json").out
    markdown = reconciler("show", "drift.json", "--drift", "--format", "markdown").out
    assert markdown.startswith("<!-- reconciler:drift -->\n")
    assert "reconciler export --update" in markdown


def test_a_page_is_as_long_as_it_may_be_and_links_to_the_rest(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    many = [extension(f"e{number}", description="x" * 200) for number in range(60)]
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": many})
    arguments = (
        "plan",
        "--sandbox",
        "--format",
        "markdown",
        "--details-url",
        "https://github.example/runs/1",
    )
    cut = reconciler(*arguments, "--max-bytes", "10000").out
    assert len(cut.encode()) <= 10_000
    assert "[Full plan](<https://github.example/runs/1>)." in cut
    assert "Truncated" not in reconciler(*arguments, "--max-bytes", "1000000").out


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://x/> **bold**", "x", "https://a b", f"https://{'x' * 2000}"],
)
def test_a_details_address_that_is_none_is_refused(reconciler: CommandLine, url: str) -> None:
    ran = reconciler("show", "plan.json", "--details-url", url)
    assert ran.code == 1
    assert "--details-url" in ran.err


class TestSettings:
    def test_the_cloud_of_an_environment_is_taken_and_not_contradicted(self) -> None:
        environment = Environment("gov", cloud="usgov")
        settings = resolve_settings(TargetOptions(), {}, environment)
        assert settings.graph_url == "https://graph.microsoft.us/v1.0"
        assert resolve_settings(TargetOptions(cloud="usgov"), {}, environment) == settings
        with pytest.raises(UsageError, match="environment gov is in usgov"):
            resolve_settings(TargetOptions(cloud="global"), {}, environment)
        assert resolve_settings(TargetOptions(sandbox=True), {}, environment).cloud is None

    @pytest.mark.parametrize(
        ("given", "environment", "expected"),
        [
            ({}, Environment("e", TENANT, client_id=OTHER), (TENANT, OTHER)),
            (
                {"AZURE_CLIENT_ID": TENANT},
                Environment("e", TENANT, client_id=OTHER),
                (TENANT, TENANT),
            ),
            ({"AZURE_TENANT_ID": TENANT.upper()}, Environment("e", TENANT), (TENANT, None)),
            ({"AZURE_TENANT_ID": OTHER}, Environment("e"), (OTHER, None)),
            ({}, Environment("e"), (None, None)),
        ],
    )
    def test_who_signs_in_and_where(
        self,
        given: dict[str, str],
        environment: Environment,
        expected: tuple[str | None, str | None],
    ) -> None:
        settings = resolve_settings(TargetOptions(), {}, environment)
        found = sign_in_variables(settings, given | {"OTHER": "kept"})
        assert (found.get("AZURE_TENANT_ID"), found.get("AZURE_CLIENT_ID")) == expected
        assert found["OTHER"] == "kept"

    @pytest.mark.parametrize("tenant_id", [OTHER, None])
    def test_a_token_for_another_tenant_is_refused_before_anything_is_sent(
        self, tenant_id: str | None
    ) -> None:
        settings = resolve_settings(TargetOptions(), {}, Environment("e", TENANT))
        with pytest.raises(AuthenticationError, match=f"environment e is tenant {TENANT}"):
            refuse_token_of_another_tenant(settings, Identity("app", tenant_id))
        refuse_token_of_another_tenant(settings, Identity("app", TENANT.upper()))

    def test_another_tenant_in_the_variables_is_refused(self) -> None:
        settings = resolve_settings(TargetOptions(), {}, Environment("e", TENANT))
        with pytest.raises(
            UsageError, match=f"AZURE_TENANT_ID is {OTHER}, but environment e is tenant {TENANT}"
        ):
            sign_in_variables(settings, {"AZURE_TENANT_ID": OTHER})


def test_the_saved_document_names_the_environment_only_where_there_is_one(two: CommandLine) -> None:
    Path("plain").mkdir()
    declare(Path("plain"), {"catalog": "Marketing", "extensions": []})
    assert "environment" not in json.loads(
        two("plan", "plain", "--sandbox", "--format", "json").out
    )
