"""From a format's name to its functions: what `--format` chooses."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Outcome, Plan
from reconciler.model.preflight import Preflight
from reconciler.model.usage import Usage
from reconciler.render.page import Page
from reconciler.render.sentences import Sentences
from reconciler.render.wording import PLAIN, Wording


def rendered_plan(
    plan: Plan, format_name: str, page: Page | None = None, wording: Wording = PLAIN
) -> str:
    """The plan as `text`, `markdown`, `json` or `github`.

    `page` has the maximum size of Markdown.
    """
    match format_name:
        case "json":
            from reconciler.model.plan_document import plan_document
            from reconciler.render.json_document import to_json

            return to_json(plan_document(plan))
        case "markdown":
            from reconciler.render.markdown import plan_markdown

            return plan_markdown(plan, page or Page(), wording)
        case "github":
            from reconciler.render.github import plan_github

            return plan_github(plan, wording)
        case _:
            from reconciler.render.text import plan_text

            return plan_text(plan, wording)


def rendered_summary(
    plan: Plan, format_name: str, page: Page | None = None, wording: Wording = PLAIN
) -> str:
    """The plan in titles and counts as `text` or `markdown`; in any other format, the plan as it
    is.
    """
    match format_name:
        case "markdown":
            from reconciler.render.markdown import summary_markdown

            return summary_markdown(plan, page or Page(), wording)
        case "text":
            from reconciler.render.text import summary_text

            return summary_text(plan, wording)
        case _:
            return rendered_plan(plan, format_name, page, wording)


def rendered_outcomes(
    plan: Plan, outcomes: Sequence[Outcome], format_name: str, wording: Wording = PLAIN
) -> str:
    """The outcomes of a plan's changes, as `text`, `markdown`, `json` (with the plan) or
    `github`.
    """
    match format_name:
        case "json":
            from reconciler.render.json_document import apply_document, to_json

            return to_json(apply_document(plan, outcomes))
        case "markdown":
            from reconciler.render.markdown_tables import outcomes_markdown

            return outcomes_markdown(plan, outcomes, wording)
        case "github":
            from reconciler.render.github import outcomes_github

            return outcomes_github(plan, outcomes, wording)
        case _:
            from reconciler.render.text import outcomes_text

            return outcomes_text(plan, outcomes, wording)


def rendered_findings(
    diagnostics: Sequence[Diagnostic],
    format_name: str,
    conclusion: Sequence[str],
    *,
    tool_version: str,
) -> str:
    """The findings as `text`, `markdown`, `json`, `github` or `sarif`; for the formats that people
    read, with the lines that conclude them.
    """
    match format_name:
        case "json":
            from reconciler.render.json_document import diagnostics_document, to_json

            return to_json(diagnostics_document(diagnostics))
        case "markdown":
            from reconciler.render.markdown_tables import diagnostics_markdown

            return diagnostics_markdown(diagnostics, conclusion)
        case "github":
            from reconciler.render.github import diagnostics_github

            return diagnostics_github(diagnostics, conclusion)
        case "sarif":
            from reconciler.render.sarif import diagnostics_sarif

            return diagnostics_sarif(diagnostics, tool_version)
        case _:
            from reconciler.render.text import diagnostics_text

            return diagnostics_text(diagnostics, conclusion)


def rendered_preflight(preflight: Preflight, format_name: str, *, tool_version: str) -> str:
    """The findings about Logic Apps as `text`, `markdown`, `json`, `github` or `sarif`."""
    from reconciler.render.preflight import conclusion, preflight_document

    if format_name == "json":
        from reconciler.render.json_document import to_json

        return to_json(preflight_document(preflight))
    findings = preflight.diagnostics
    return rendered_findings(
        findings, format_name, conclusion(preflight), tool_version=tool_version
    )


def rendered_usage(usage: Usage, format_name: str, sentences: Sentences) -> str:
    """The usage as `text`, `markdown`, `json` or `mermaid`."""
    match format_name:
        case "json":
            from reconciler.render.json_document import to_json
            from reconciler.render.usage import usage_document

            return to_json(usage_document(usage, sentences))
        case "markdown":
            from reconciler.render.usage_markdown import usage_markdown

            return usage_markdown(usage, sentences)
        case "mermaid":
            from reconciler.render.mermaid import usage_mermaid

            return usage_mermaid(usage)
        case _:
            from reconciler.render.usage_text import usage_text

            return usage_text(usage, sentences)
