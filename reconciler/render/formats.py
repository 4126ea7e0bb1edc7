"""From a format's name to its functions: what `--format` chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Outcome, Plan
from reconciler.render.page import Page


def rendered_plan(
    plan: Plan,
    format_name: str,
    page: Page | None = None,
    *,
    drift: bool = False,
    before_apply: bool = False,
) -> str:
    """The plan as `text`, `markdown`, `json` or `github`; `drift` words it as declared and live
    state.

    `page` has the maximum size of Markdown. `before_apply`: outcomes follow, which say when there
    was nothing to do.
    """
    match format_name:
        case "json":
            from reconciler.render.json_document import plan_document, to_json

            return to_json(plan_document(plan))
        case "markdown":
            from reconciler.render.markdown import plan_markdown

            return plan_markdown(plan, page or Page(), drift=drift, before_apply=before_apply)
        case "github":
            from reconciler.render.github import plan_github

            return plan_github(plan, drift=drift, before_apply=before_apply)
        case _:
            from reconciler.render.text import plan_text

            return plan_text(plan, drift=drift, before_apply=before_apply)


def rendered_summary(
    plan: Plan, format_name: str, page: Page | None = None, *, drift: bool = False
) -> str:
    """The plan in titles and counts as `text` or `markdown`; in any other format, the plan as it
    is.
    """
    match format_name:
        case "markdown":
            from reconciler.render.markdown import summary_markdown

            return summary_markdown(plan, page or Page(), drift=drift)
        case "text":
            from reconciler.render.text import summary_text

            return summary_text(plan, drift=drift)
        case _:
            return rendered_plan(plan, format_name, page, drift=drift)


def rendered_outcomes(plan: Plan, outcomes: Sequence[Outcome], format_name: str) -> str:
    """The outcomes of a plan's changes, as `text`, `markdown`, `json` (with the plan) or
    `github`.
    """
    match format_name:
        case "json":
            from reconciler.render.json_document import apply_document, to_json

            return to_json(apply_document(plan, outcomes))
        case "markdown":
            from reconciler.render.markdown import outcomes_markdown

            return outcomes_markdown(outcomes, complete=plan.complete)
        case "github":
            from reconciler.render.github import outcomes_github

            return outcomes_github(outcomes, complete=plan.complete)
        case _:
            from reconciler.render.text import outcomes_text

            return outcomes_text(outcomes, complete=plan.complete)


def rendered_findings(
    diagnostics: Sequence[Diagnostic],
    format_name: str,
    checked: Mapping[str, int],
    *,
    tool_version: str,
) -> str:
    """The findings of a validation as `text`, `markdown`, `json`, `github` or `sarif`.

    `checked` counts `files`, `extensions`, `environments`.
    """
    match format_name:
        case "json":
            from reconciler.render.json_document import diagnostics_document, to_json

            return to_json(diagnostics_document(diagnostics))
        case "markdown":
            from reconciler.render.markdown import diagnostics_markdown

            return diagnostics_markdown(diagnostics, **checked)
        case "github":
            from reconciler.render.github import diagnostics_github

            return diagnostics_github(diagnostics, **checked)
        case "sarif":
            from reconciler.render.sarif import diagnostics_sarif

            return diagnostics_sarif(diagnostics, tool_version)
        case _:
            from reconciler.render.text import diagnostics_text

            return diagnostics_text(diagnostics, **checked)
