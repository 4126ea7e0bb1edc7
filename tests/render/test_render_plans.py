"""The lines that scripts and reviewers rely on."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render_samples import (
    ABSENT,
    BASED,
    DIGEST,
    DRIFT,
    EMPTY,
    FINDINGS,
    MARKETING,
    OUTCOMES,
    REMOVING,
    RICH,
    WORDING,
    because,
    ref,
)
from tiers import examples

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import (
    Action,
    Change,
    FieldChange,
    Outcome,
    Plan,
    PlannedScope,
    Unmanaged,
)
from reconciler.model.reason import reason
from reconciler.render.findings import verdict
from reconciler.render.github import plan_github
from reconciler.render.markdown import plan_markdown, summary_markdown
from reconciler.render.markdown_tables import diagnostics_markdown, outcomes_markdown
from reconciler.render.page import SMALLEST_BYTES, Page
from reconciler.render.text import diagnostics_text, outcomes_text, plan_text, summary_text, wrapped
from reconciler.render.wording import Wording

NO_CHANGES = "No changes. What is live matches what is declared."
NOTHING = "Plan: 0 create, 0 update, 0 rename, 0 replace, 0 delete, 0 blocked, 2 unchanged."


def _rows(words: str, index: int, action: Action) -> tuple[FieldChange, ...]:
    """Rows that differ from change to change, so that none is folded."""
    before, after = (None, f"{words} {index}") if action == "create" else (words, None)
    return (FieldChange(("description",), before, after),)


def large(number: int, words: str) -> Plan:
    actions: tuple[Action, ...] = ("blocked", "create")
    changes = [
        Change(
            action,
            ref(f"{words} {index}"),
            (MARKETING,),
            because(words),
            _rows(words, index, action),
        )
        for index in range(number)
        for action in actions
    ]
    unmanaged = tuple(Unmanaged(ref(f"{words} {index}"), (MARKETING,)) for index in range(number))
    findings = tuple(Diagnostic("R301", "warning", words, words) for _ in range(number))
    return replace(RICH, changes=tuple(changes), unmanaged=unmanaged, diagnostics=findings)


def test_the_text_ends_in_digest_and_the_stable_line() -> None:
    assert plan_text(RICH, WORDING).split("\n")[-3:] == [
        f"Digest: {DIGEST}",
        "Plan: 1 create, 2 update, 1 rename, 0 replace, 0 delete, 2 blocked, 3 unchanged.",
        "",
    ]


def test_without_changes_the_text_says_so_before_its_last_line() -> None:
    assert plan_text(EMPTY).split("\n")[-4:] == [f"Digest: {DIGEST}", NO_CHANGES, NOTHING, ""]
    assert NO_CHANGES not in plan_text(RICH, WORDING)


def test_a_plan_with_blocked_changes_alone_is_not_one_without_changes() -> None:
    blocked = replace(RICH, changes=RICH.blocked)
    for output in (
        plan_text(blocked, WORDING),
        plan_markdown(blocked, wording=WORDING),
        plan_github(blocked, WORDING),
    ):
        assert NO_CHANGES not in output


def test_the_symbol_of_a_field_stands_in_column_0() -> None:
    lines = plan_text(RICH, WORDING).split("\n")
    assert '~   callbackConfiguration/timeoutDuration: "PT30M" -> "PT1H"' in lines
    assert '~   description: "Überholt" -> null (cleared)' in lines
    assert "+   clientConfiguration/maximumRetries: 2" in lines
    assert '>   displayName: "old-name" -> "new-name"' in lines
    assert '!   description: null -> "x"' in lines
    assert (
        "    because the live values differ from the declared ones, at"
        " desired_state/marketing.yaml:14" in lines
    )
    assert "    at desired_state/marketing.yaml:34" in lines, "a blocked change has a long reason"


def test_blocked_changes_come_first_in_their_catalog() -> None:
    text = plan_text(RICH, WORDING)
    assert (
        text.index("Catalog Marketing")
        < text.index("! blocked two-of-them")
        < text.index("+ create notify-finance")
    )
    markdown = plan_markdown(RICH, wording=WORDING)
    assert markdown.index("**Blocked**") < markdown.index("<details>")


@pytest.mark.parametrize("read", ["absent", "unreadable"])
def test_a_catalog_that_could_not_be_read_is_named_though_nothing_is_declared_in_it(
    read: str,
) -> None:
    plan = replace(EMPTY, scopes=(PlannedScope(ABSENT, read),))
    text = plan_text(plan, WORDING)
    assert "\nCatalog Sales: " in text
    assert "This plan is incomplete: catalog Sales " in text
    assert "Sales" in plan_markdown(plan, wording=WORDING)
    assert plan_github(plan, WORDING).startswith("::warning title=Incomplete plan::")


def test_drift_shows_declared_and_live_and_how_to_resolve_it() -> None:
    text = plan_text(RICH, DRIFT)
    assert '~   callbackConfiguration/timeoutDuration: declared "PT1H", live "PT30M"\n' in text
    assert '>   displayName: declared "new-name", live "old-name"\n' in text
    assert (
        "\n+ missing in the tenant: notify-finance"
        " (accessPackageAssignmentRequestWorkflowExtension)\n" in text
    )
    assert "\n~ changed notify-approvers (" in text
    assert (
        "    the live extension was last changed 2022-11-02T19:57:41Z by owner@contoso.com\n"
        in text
    )
    assert (
        "    the live extension was last changed 2022-11-02T19:57:41Z;"
        " Graph does not say by whom\n" in text
    )
    assert "clientConfiguration" not in text, "a missing extension has no live value to compare"
    assert "last changed" not in plan_text(RICH, WORDING)
    assert (
        '~   callbackConfiguration/timeoutDuration: declared "PT1H", live "PT30M"\n'
        in plan_markdown(RICH, wording=DRIFT)
    )
    for output in (text, plan_markdown(RICH, wording=DRIFT)):
        assert "To resolve:" in output
        target = "--graph-url http://127.0.0.1:8484/v1.0"
        assert f"To make the tenant match the files, run: reconciler apply {target}\n" in output
        assert (
            f"To make the files match the tenant, run: reconciler export --update {target}\n"
            in output
        )
        assert (
            f"To add unmanaged extensions to the files, run: reconciler export --update {target}\n"
            in output
        )
        assert "keeps the declarations of missing extensions" in output
    assert "To resolve:" not in plan_text(EMPTY, DRIFT)
    production = replace(BASED, graph_url="https://graph.microsoft.com/v1.0")
    assert "run: reconciler apply --environment production\n" in plan_text(production, DRIFT)
    assert "run: reconciler export --update --environment production\n" in plan_markdown(
        production, wording=DRIFT
    )
    on_sandbox = replace(RICH, graph_url="sandbox", changes=RICH.changes[2:])
    assert "run: reconciler apply --sandbox\n" in plan_text(on_sandbox, DRIFT)
    assert "files, run: reconciler export --update --sandbox\n" in plan_text(on_sandbox, WORDING)
    altered = replace(RICH, graph_url="http://127.0.0.1:8484/v1.0;reboot")
    assert "run: reconciler apply\n" in plan_text(altered, DRIFT), (
        "a saved plan adds nothing else to a command"
    )
    assert "missing extensions" not in plan_text(on_sandbox, DRIFT)


def test_drift_ends_in_a_line_of_its_own() -> None:
    counts = "1 missing, 3 changed, 2 unmanaged, 2 blocked, 3 unchanged."
    assert plan_text(RICH, DRIFT).endswith(f"\nDrift: {counts}\n")
    assert plan_github(RICH, DRIFT).endswith(f"\nDrift: {counts}\n")
    assert summary_text(RICH, DRIFT).endswith(f"\nDrift: {counts}\n")
    assert f"\n### Drift: {counts}\n" in plan_markdown(RICH, wording=DRIFT)
    assert f"\n### Drift for production: {counts}\n" in plan_markdown(BASED, wording=DRIFT)
    nothing = "Drift: 0 missing, 0 changed, 0 unmanaged, 0 blocked, 2 unchanged."
    assert plan_text(EMPTY, DRIFT).endswith(f"\n{NO_CHANGES}\n{nothing}\n")


@pytest.mark.parametrize(
    ("declared", "shown", "drift"),
    [
        (None, '"https://old" -> (known after apply)', 'not declared, live "https://old"'),
        (
            "https://new",
            '"https://old" -> "https://new"',
            'declared "https://new", live "https://old"',
        ),
    ],
)
def test_a_value_that_the_service_computes_is_known_after_apply(
    declared: str | None, shown: str, drift: str
) -> None:
    path = ("endpointConfiguration", "url")
    row = FieldChange(path, "https://old", declared, computed=declared is None)
    plan = replace(RICH, changes=(replace(RICH.changes[2], fields=(row,)),))
    assert f"\n~   endpointConfiguration/url: {shown}\n" in plan_text(plan, WORDING)
    assert f"\n~   endpointConfiguration/url: {drift}\n" in plan_text(plan, DRIFT)
    assert f"\n+   endpointConfiguration/url: {shown.partition(' -> ')[2]}\n" in plan_markdown(
        plan, wording=WORDING
    )


def test_a_catalog_counts_its_changes_in_its_heading() -> None:
    text = plan_text(RICH, WORDING)
    marketing = "\nCatalog Marketing (32efb28c-0a1b-4c3d-8e4f-000000000001): "
    assert f"{marketing}1 create, 1 update, 1 rename, 1 blocked\n" in text
    assert "\nCatalog Sales: does not exist, 1 blocked\n" in text
    assert f"{marketing}1 missing, 2 changed, 1 blocked\n" in plan_text(RICH, DRIFT)
    assert "</code>: 1 create, 1 update, 1 rename</summary>" in plan_markdown(RICH, wording=WORDING)
    assert "</code>: 1 missing, 2 changed</summary>" in plan_markdown(RICH, wording=DRIFT)


def creates(number: int, *, odd: bool = False) -> Plan:
    """Creates that set the same resource group and each another Logic App; an odd one is in another
    group.
    """
    changes = [
        Change(
            "create",
            ref(f"e{index}"),
            (MARKETING,),
            reason("not_live"),
            (
                FieldChange(("displayName",), None, f"e{index}"),
                FieldChange(("endpointConfiguration", "logicAppWorkflowName"), None, f"la-{index}"),
                FieldChange(
                    ("endpointConfiguration", "resourceGroupName"),
                    None,
                    "rg-2" if odd and not index else "rg",
                ),
            ),
            source=SourceLocation("desired_state/marketing.yaml", index + 1),
        )
        for index in range(number)
    ]
    return replace(EMPTY, changes=tuple(changes))


def test_what_all_creates_of_a_catalog_set_is_shown_once() -> None:
    for output in (plan_text(creates(3)), plan_markdown(creates(3))):
        assert output.count('+   endpointConfiguration/resourceGroupName: "rg"\n') == 1
        assert output.index("+ the same in all 3 creates below:\n") < output.index("+ create e0")
        assert [output.count(f'logicAppWorkflowName: "la-{index}"\n') for index in range(3)] == [
            1,
            1,
            1,
        ]
        assert (
            output.count(
                "    because no extension of this catalog has this name, at"
                " desired_state/marketing.y"
            )
            == 3
        )
        assert "displayName" not in output, "the title has the name"
    for plan, times in ((creates(2), 2), (creates(3, odd=True), 2)):
        assert plan_text(plan, WORDING).count('resourceGroupName: "rg"\n') == times
        assert "the same in all" not in plan_text(plan, WORDING) + plan_markdown(
            plan, wording=WORDING
        )


def test_a_create_whose_name_row_differs_from_its_title_shows_it() -> None:
    first = creates(1).changes[0]
    rows = (FieldChange(("displayName",), None, "another"), *first.fields[1:])
    assert '+   displayName: "another"\n' in plan_text(
        replace(EMPTY, changes=(replace(first, fields=rows),))
    )


def test_sixty_changes_need_less_than_half_of_the_lines_they_had() -> None:
    lines = plan_text(creates(60)).count("\n")
    assert lines < 60 * 4 + 20


def test_a_summary_has_titles_and_counts_only() -> None:
    lines = summary_text(RICH, WORDING).split("\n")
    assert "+ create notify-finance (accessPackageAssignmentRequestWorkflowExtension)" in lines
    assert "Catalog Sales: does not exist, 1 blocked" in lines
    assert [line for line in lines if line.startswith(("Unmanaged", "Warnings", "="))] == [
        "= 3 unchanged",
        "Unmanaged, left alone: 2",
        "Warnings: 2",
    ]
    assert (
        lines[-2]
        == "Plan: 1 create, 2 update, 1 rename, 0 replace, 0 delete, 2 blocked, 3 unchanged."
    )
    assert not [line for line in lines if line.startswith(" ")]
    markdown = summary_markdown(RICH)
    assert (
        "* `+ create notify-finance (accessPackageAssignmentRequestWorkflowExtension)`\n"
        in markdown
    )
    assert "Unmanaged, left alone: 2\n" in markdown
    for absent in ("because", "timeoutDuration", "```diff", "R302"):
        assert absent not in summary_text(RICH, WORDING) + markdown


def test_a_summary_of_a_large_plan_fits_its_page_and_counts_the_rest() -> None:
    output = summary_markdown(large(400, "x" * 50), Page(SMALLEST_BYTES))
    assert len(output.encode()) <= SMALLEST_BYTES
    shown = output.count("\n* `")
    assert f"**Truncated: {800 - shown} changes omitted to fit the size limit.**" in output


def removals(number: int) -> Plan:
    """A create of each of so many extensions, and then a delete of one."""
    create = RICH.changes[1]
    creates = [
        replace(create, object=replace(create.object, display_name=f"new {index}"))
        for index in range(number)
    ]
    [delete] = [change for change in REMOVING.changes if change.object.display_name == "old-audit"]
    return replace(REMOVING, changes=(*creates, delete))


@pytest.mark.parametrize("rendered", [plan_markdown, summary_markdown])
@pytest.mark.parametrize("wording", [WORDING, DRIFT])
def test_what_is_removed_comes_first_and_is_the_last_to_be_omitted(
    rendered: Callable[..., str], wording: Wording
) -> None:
    page = rendered(removals(500), Page(SMALLEST_BYTES), wording)
    assert "Truncated" in page
    assert page.index("old-audit") < page.index("new 0")


def test_a_deletion_is_annotated_as_a_warning_after_the_finding_about_all() -> None:
    """GitHub shows ten annotations of a level."""
    changes = tuple(change for change in REMOVING.changes if change.removes) * 5
    limit, *deleted = plan_github(replace(REMOVING, changes=changes), WORDING).splitlines()
    assert limit.startswith("::warning title=R316::")
    assert len(deleted) == 10
    assert all("title=Plan%3A" in line for line in deleted[:-1])


def test_what_a_replacement_keeps_is_not_shown_as_different() -> None:
    replaced = replace(REMOVING, changes=REMOVING.changes[1:2])
    assert "displayName" not in plan_github(replaced, WORDING)
    for output in (
        plan_github(replaced, WORDING),
        plan_text(replaced, DRIFT),
        plan_markdown(replaced, wording=DRIFT),
    ):
        changed = {line.strip() for line in output.replace("%0A", "\n").splitlines()}
        assert not [line for line in changed if re.match(r"(-/\+|[-+~]) +displayName", line)]
        assert [line for line in changed if re.match(r"~ +description", line)]


def test_drift_says_what_an_update_of_the_files_leaves() -> None:
    words = "export --update keeps the declarations of absent extensions: remove them by hand."
    removing, other = plan_text(REMOVING, DRIFT), plan_text(RICH, DRIFT)
    assert (words in removing, words in other) == (True, False)
    by_file = replace(REMOVING.changes[2], reason=reason("unmanaged"))
    assert words not in plan_text(replace(REMOVING, changes=(by_file,)), DRIFT)


def test_the_list_of_unmanaged_extensions_says_that_nothing_deletes_them() -> None:
    for output in (
        plan_text(RICH, WORDING),
        plan_markdown(RICH, wording=WORDING),
        plan_text(RICH, DRIFT),
    ):
        assert "Unmanaged, left alone:" in output
        assert (
            "Removing a declaration does not delete the extension in the tenant; it becomes"
            " unmanaged." in output
        )
    assert "Removing a declaration" not in plan_text(EMPTY)


def test_every_command_in_a_plan_is_for_the_target_of_the_plan() -> None:
    sandbox = replace(RICH, graph_url="sandbox", environment="staging")
    for output in (
        plan_text(sandbox, WORDING),
        plan_markdown(sandbox, wording=WORDING),
        plan_text(sandbox, DRIFT),
    ):
        commands = re.findall(r"run: reconciler (.*)", output)
        assert commands
        assert all(command.endswith(" --sandbox --environment staging") for command in commands)


def test_before_an_apply_only_the_outcomes_say_that_there_is_nothing_to_do() -> None:
    before_apply = Wording(before_apply=True)
    for render in (plan_text, plan_github):
        assert NO_CHANGES not in render(EMPTY, before_apply)
        assert NO_CHANGES in render(EMPTY)
    assert NO_CHANGES not in plan_markdown(EMPTY, wording=before_apply)
    assert NO_CHANGES in plan_markdown(EMPTY)


@pytest.mark.parametrize(
    ("line", "wrapped_line"),
    [
        (
            "~   description: " + "word " * 12 + "end",
            ["~   description: word word word", "~     word word word word word word"],
        ),
        ("+ create name (" + "x" * 45 + ")", ["+ create name", "+     (" + "x" * 45 + ")"]),
        (
            "    because one two three four five six",
            ["    because one two three four five", "      six"],
        ),
        ("Digest: sha256:" + "5f " * 32, ["Digest: sha256:" + "5f " * 32]),
        (
            '+   a: "two  blanks  stay  together  here"',
            ["+   a:", '+     "two  blanks  stay  together  here"'],
        ),
    ],
)
def test_a_long_line_keeps_symbol_and_indent_on_a_terminal(
    line: str, wrapped_line: list[str]
) -> None:
    assert wrapped(line, 35).split("\n")[: len(wrapped_line)] == wrapped_line


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 200))
def test_wrapping_loses_no_word_and_leaves_the_last_line_whole(width: int) -> None:
    text = plan_text(RICH, DRIFT)
    result = wrapped(text, width)
    assert result.split("\n")[-2] == text.split("\n")[-2]
    assert [word for word in result.split() if len(word) > 3] == [
        word for word in text.split() if len(word) > 3
    ]
    symbols = {line[:2] for line in result.split("\n") if line and line[0] in "+~>!=-"}
    assert symbols <= {"+ ", "~ ", "> ", "! ", "= "}


def test_apply_ends_in_its_stable_line() -> None:
    assert (
        outcomes_text(RICH, OUTCOMES, WORDING).split("\n")[-2]
        == "Apply: 1 created, 1 updated, 0 renamed, 0 replaced, 0 deleted, 1 failed, 1 skipped, 1"
        " unknown."
    )
    assert (
        outcomes_text(EMPTY, ())
        == f"{NO_CHANGES}\nApply: 0 created, 0 updated, 0 renamed, 0 replaced, 0 deleted, 0 failed,"
        " 0 skipped, 0 unknown.\n"
    )


@pytest.mark.parametrize(
    ("findings", "files", "extensions", "last"),
    [
        (FINDINGS, 2, 4, "Found 3 errors and 1 warning in 2 files."),
        (FINDINGS[:1], 1, 0, "Found 1 error in 1 file."),
        ((), 2, 4, "Valid: 2 files, 4 extensions."),
        ((), 1, 1, "Valid: 1 file, 1 extension."),
        (FINDINGS[2:3], 1, 1, "Found 1 warning in 1 file.\nValid: 1 file, 1 extension."),
    ],
)
def test_the_verdict_counts_rightly(
    findings: tuple[Diagnostic, ...], files: int, extensions: int, last: str
) -> None:
    assert diagnostics_text(
        findings, verdict(findings, files=files, extensions=extensions)
    ).endswith(last + "\n")


@pytest.mark.parametrize(
    ("words", "number"),
    [("x", 2000), ("🎉|`" * 300, 40), pytest.param("\x00" * 3000, 60, marks=pytest.mark.thorough)],
)
def test_a_comment_fits_and_says_what_it_leaves_out(words: str, number: int) -> None:
    plan = large(number, words)
    why = reason("refused", note={"code": words})
    outputs = [
        plan_markdown(plan, wording=DRIFT),
        outcomes_markdown(
            plan, [Outcome(change, "failed", reason=why, error=words) for change in plan.changes]
        ),
        diagnostics_markdown(plan.diagnostics, verdict(plan.diagnostics, files=1, extensions=1)),
    ]
    for output in outputs:
        assert len(output.encode()) <= 60_000
        assert "**Truncated: " in output
    assert f"{number} missing, 0 changed, {number} unmanaged, {number} blocked" in outputs[0]
    assert outputs[0].index("**Truncated: ") < outputs[0].index("**Blocked**")
    assert outputs[0].count("<details>") == outputs[0].count("</details>")


def of_many_catalogs(number: int) -> Plan:
    changes = tuple(
        replace(change, parents=(ObjectRef("catalog", f"id-{index}", f"{'&' * 300} {index}"),))
        for index in range(number)
        for change in large(3, "x" * 300).pending
    )
    return replace(RICH, changes=changes)


def test_many_catalogs_fit_too() -> None:
    output = plan_markdown(of_many_catalogs(200))
    assert len(output.encode()) <= 60_000
    assert re.search(r"\*\*Truncated: [0-9]+ changes", output)


@settings(max_examples=examples(80))
@given(
    st.integers(SMALLEST_BYTES, 1_000_000),
    st.integers(1, 60),
    st.sampled_from(["x", "🎉|`" * 300, "\x00" * 900, "&" * 1000, "`" * 700]),
    st.sampled_from([None, "https://github.example/o/r/actions/runs/1"]),
    st.booleans(),
)
def test_a_page_of_any_size_holds_whole_changes_and_counts_the_rest(
    room: int, number: int, words: str, url: str | None, drift: bool
) -> None:
    altered = {
        "tenant_id": words,
        "graph_url": words,
        "tool_version": words,
    }  # no digest covers all of these
    plan = replace(large(number, words), diagnostics=RICH.diagnostics, **altered)
    output = plan_markdown(plan, Page(room, url), replace(WORDING, drift=drift))
    assert len(output.encode()) <= room
    title = "+ missing in the tenant: " if drift else "+ create "
    begun, ended = output.count(f"\n{title}"), output.count("\n+   description: ")
    assert drift or begun == ended, "a change is there with all its rows, or not at all"
    omitted = {
        noun: int(count)
        for count, noun in re.findall(
            r"(\d+) (blocked change|change|unmanaged extension)s?[ ,]", _note(output)
        )
    }
    assert omitted.get("change", 0) == number - begun
    assert ("**Truncated: " in output) == bool(_note(output))
    assert not _note(output) or (url or "text and JSON formats") in _note(output)


def _note(output: str) -> str:
    return next((line for line in output.split("\n") if "**Truncated: " in line), "")


def test_a_larger_page_shows_the_whole_of_it() -> None:
    plan = large(300, "x" * 200)
    assert "**Truncated: " in plan_markdown(plan, wording=WORDING)
    whole = plan_markdown(plan, Page(1_000_000))
    assert "**Truncated: " not in whole
    assert whole.count("\n+ create ") == 300


def test_what_was_pending_before_stands_in_a_section_of_its_own() -> None:
    output = plan_markdown(BASED, wording=WORDING)
    own, _, before = output.partition("**Already pending before this change: 2**")
    assert "+ create notify-finance" in own
    assert "> rename new-name" in own
    assert "~ update" not in own
    assert before.count("~ update") == 2
    assert "**Already pending" not in plan_markdown(RICH, wording=WORDING)
    assert plan_text(BASED, WORDING).count("already pending in the baseline") == 2
    blocked = replace(
        BASED, changes=tuple(replace(one, already_pending=True) for one in BASED.blocked)
    )
    assert plan_markdown(blocked, wording=WORDING).count(" (already pending) |") == 2


@pytest.mark.parametrize(
    ("plan", "drift", "first"),
    [
        (RICH, False, "<!-- reconciler:plan -->"),
        (EMPTY, False, "<!-- reconciler:plan -->"),
        (RICH, True, "<!-- reconciler:drift -->"),
        (BASED, False, "<!-- reconciler:plan:production -->"),
        (BASED, True, "<!-- reconciler:drift:production -->"),
    ],
)
def test_the_first_line_is_the_hidden_marker_of_an_environment(
    plan: Plan, drift: bool, first: str
) -> None:
    lines = plan_markdown(plan, wording=replace(WORDING, drift=drift)).split("\n")
    assert lines[0] == first
    assert DIGEST in lines[4]


def test_github_shows_ten_of_a_kind_and_counts_the_others() -> None:
    lines = plan_github(large(13, "x")).split("\n")
    for kind in ("error", "warning", "notice"):
        own = [line for line in lines if line.startswith(f"::{kind} ")]
        assert len(own) == 10
        assert ("and 3 " if kind != "warning" else "and 4 ") in own[-1]
        assert not [line for line in own[:-1] if "which GitHub" in line]
