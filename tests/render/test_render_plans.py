"""The lines that scripts and reviewers rely on."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render_samples import ABSENT, BASED, DIGEST, EMPTY, FINDINGS, MARKETING, OUTCOMES, RICH, ref
from tiers import examples

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Change, FieldChange, Outcome, Plan, PlannedCatalog, Unmanaged
from reconciler.render.github import plan_github
from reconciler.render.markdown import diagnostics_markdown, outcomes_markdown, plan_markdown
from reconciler.render.page import SMALLEST_BYTES, Page
from reconciler.render.text import diagnostics_text, outcomes_text, plan_text

NO_CHANGES = "No changes. What is live matches what is declared."
NOTHING = "Plan: 0 create, 0 update, 0 rename, 0 replace, 0 delete, 0 blocked, 2 unchanged."


def large(number: int, words: str) -> Plan:
    changes = [
        Change(action, MARKETING, ref(f"{words} {index}"), words, (FieldChange(("description",), words, None),))
        for index in range(number)
        for action in ("blocked", "create")
    ]
    unmanaged = tuple(Unmanaged(MARKETING, ref(f"{words} {index}")) for index in range(number))
    findings = tuple(Diagnostic("R301", "warning", words, words) for _ in range(number))
    return replace(RICH, changes=tuple(changes), unmanaged=unmanaged, diagnostics=findings)


def test_the_text_ends_in_digest_and_the_stable_line() -> None:
    assert plan_text(RICH).split("\n")[-3:] == [
        f"Digest: {DIGEST}",
        "Plan: 1 create, 2 update, 1 rename, 0 replace, 0 delete, 2 blocked, 3 unchanged.",
        "",
    ]


def test_without_changes_the_text_says_so_before_its_last_line() -> None:
    assert plan_text(EMPTY).split("\n")[-4:] == [f"Digest: {DIGEST}", NO_CHANGES, NOTHING, ""]
    assert NO_CHANGES not in plan_text(RICH)


def test_a_plan_with_blocked_changes_alone_is_not_one_without_changes() -> None:
    blocked = replace(RICH, changes=RICH.blocked)
    for output in (plan_text(blocked), plan_markdown(blocked), plan_github(blocked)):
        assert NO_CHANGES not in output


def test_the_symbol_of_a_field_stands_in_column_0() -> None:
    lines = plan_text(RICH).split("\n")
    assert '~   callbackConfiguration/timeoutDuration: "PT30M" -> "PT1H"' in lines
    assert '~   description: "Überholt" -> null (cleared)' in lines
    assert '+   displayName: "notify-finance"' in lines
    assert '>   displayName: "old-name" -> "new-name"' in lines
    assert '!   description: null -> "x"' in lines
    assert "    at desired_state/marketing.yaml:14" in lines


def test_blocked_changes_come_first_in_their_catalog() -> None:
    text = plan_text(RICH)
    assert text.index("Catalog Marketing") < text.index("! blocked two-of-them") < text.index("+ create notify-finance")
    markdown = plan_markdown(RICH)
    assert markdown.index("**Blocked**") < markdown.index("<details>")


@pytest.mark.parametrize("read", ["absent", "unreadable"])
def test_a_catalog_that_could_not_be_read_is_named_though_nothing_is_declared_in_it(read: str) -> None:
    plan = replace(EMPTY, catalogs=(PlannedCatalog(ABSENT, read),))
    text = plan_text(plan)
    assert "\nCatalog Sales: " in text
    assert "This plan is incomplete: catalog Sales " in text
    assert "Sales" in plan_markdown(plan)
    assert plan_github(plan).startswith("::warning title=Incomplete plan::")


def test_drift_tells_who_changed_it_and_the_ways_out() -> None:
    text = plan_text(RICH, drift=True)
    assert "    last changed 2022-11-02T19:57:41Z by owner@contoso.com\n" in text
    assert "    last changed 2022-11-02T19:57:41Z\n" in text
    assert "reconciler apply" in text
    assert "reconciler export --update" in text
    assert "last changed" not in plan_text(RICH)
    assert "Two ways out" not in plan_text(EMPTY, drift=True)
    assert "reconciler apply --environment production\n" in plan_text(BASED, drift=True)
    assert "reconciler export --update --environment production, " in plan_markdown(BASED, drift=True)
    assert "remove the declarations" in text
    assert "remove the declarations" not in plan_text(replace(RICH, changes=RICH.changes[2:]), drift=True)


def test_apply_ends_in_its_stable_line() -> None:
    assert outcomes_text(OUTCOMES).split("\n")[-2] == (
        "Apply: 1 created, 1 updated, 0 renamed, 0 replaced, 0 deleted, 1 failed, 1 skipped, 1 unknown."
    )
    assert outcomes_text(()) == (
        f"{NO_CHANGES}\n"
        "Apply: 0 created, 0 updated, 0 renamed, 0 replaced, 0 deleted, 0 failed, 0 skipped, 0 unknown.\n"
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
def test_the_verdict_counts_rightly(findings: tuple[Diagnostic, ...], files: int, extensions: int, last: str) -> None:
    assert diagnostics_text(findings, files=files, extensions=extensions).endswith(last + "\n")


@pytest.mark.parametrize(("words", "number"), [("x", 2000), ("🎉|`" * 300, 40), ("\x00" * 3000, 60)])
def test_a_comment_fits_and_says_what_it_leaves_out(words: str, number: int) -> None:
    plan = large(number, words)
    outputs = [
        plan_markdown(plan, drift=True),
        outcomes_markdown([Outcome(change, "failed", error=words, note=words) for change in plan.changes]),
        diagnostics_markdown(plan.diagnostics, files=1, extensions=1),
    ]
    for output in outputs:
        assert len(output.encode()) <= 60_000
        assert "**Cut: " in output
    assert f"{number} blocked, {number} create" in outputs[0]
    assert outputs[0].index("**Cut: ") < outputs[0].index("**Blocked**")
    assert outputs[0].count("<details>") == outputs[0].count("</details>")


def of_many_catalogs(number: int) -> Plan:
    changes = tuple(
        replace(change, catalog=replace(change.catalog, display_name=f"{'&' * 300} {index}"))
        for index in range(number)
        for change in large(3, "x" * 300).pending
    )
    return replace(RICH, changes=changes)


def test_many_catalogs_fit_too() -> None:
    output = plan_markdown(of_many_catalogs(200))
    assert len(output.encode()) <= 60_000
    assert re.search(r"\*\*Cut: [0-9]+ changes", output)


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
    altered = {"tenant_id": words, "graph_url": words, "tool_version": words}  # no digest covers all of these
    plan = replace(large(number, words), diagnostics=RICH.diagnostics, **altered)
    output = plan_markdown(plan, Page(room, url), drift=drift)
    assert len(output.encode()) <= room
    begun, ended = output.count("\n+ create "), output.count("\n+   description: null\n")
    assert begun == ended, "a change is there with all its rows, or not at all"
    cut = {
        noun: int(count)
        for count, noun in re.findall(r"(\d+) (blocked change|change|unmanaged extension)s?[ ,]", _note(output))
    }
    assert cut.get("change", 0) == number - begun
    assert ("**Cut: " in output) == bool(_note(output))
    assert not _note(output) or (url or "Text and JSON output") in _note(output)


def _note(output: str) -> str:
    return next((line for line in output.split("\n") if "**Cut: " in line), "")


def test_a_larger_page_shows_the_whole_of_it() -> None:
    plan = large(300, "x" * 200)
    assert "**Cut: " in plan_markdown(plan)
    whole = plan_markdown(plan, Page(1_000_000))
    assert "**Cut: " not in whole
    assert whole.count("\n+ create ") == 300


def test_what_was_pending_before_stands_in_a_section_of_its_own() -> None:
    output = plan_markdown(BASED)
    own, _, before = output.partition("**Already pending before this change: 2**")
    assert "+ create notify-finance" in own
    assert "> rename new-name" in own
    assert "~ update" not in own
    assert before.count("~ update") == 2
    assert "**Already pending" not in plan_markdown(RICH)
    assert plan_text(BASED).count("pending already in the baseline") == 2
    blocked = replace(BASED, changes=tuple(replace(one, already_pending=True) for one in BASED.blocked))
    assert plan_markdown(blocked).count(" (pending already) |") == 2


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
def test_the_first_line_is_the_hidden_marker_of_an_environment(plan: Plan, drift: bool, first: str) -> None:
    lines = plan_markdown(plan, drift=drift).split("\n")
    assert lines[0] == first
    assert DIGEST in lines[4]


def test_github_shows_ten_of_a_kind_and_counts_the_others() -> None:
    lines = plan_github(large(13, "x")).split("\n")
    for kind in ("error", "warning", "notice"):
        own = [line for line in lines if line.startswith(f"::{kind} ")]
        assert len(own) == 10
        assert ("and 3 " if kind != "warning" else "and 4 ") in own[-1]
        assert not [line for line in own[:-1] if "more that GitHub" in line]
