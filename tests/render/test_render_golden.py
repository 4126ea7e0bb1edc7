"""What each format looks like, for one rich plan and an empty one."""

from collections.abc import Callable

import pytest
from render_samples import BASED, DRIFT, EMPTY, FINDINGS, OUTCOMES, REMOVING, RICH, WORDING

from reconciler.model.plan_document import plan_document
from reconciler.render.findings import verdict
from reconciler.render.github import diagnostics_github, outcomes_github, plan_github
from reconciler.render.json_document import apply_document, diagnostics_document, to_json
from reconciler.render.markdown import plan_markdown, summary_markdown
from reconciler.render.markdown_tables import diagnostics_markdown, outcomes_markdown
from reconciler.render.sarif import diagnostics_sarif
from reconciler.render.text import diagnostics_text, outcomes_text, plan_text, summary_text

VERDICT = verdict(FINDINGS, files=3, extensions=4)
RENDERINGS: dict[str, Callable[[], str]] = {
    "plan.txt": lambda: plan_text(RICH, WORDING),
    "plan.md": lambda: plan_markdown(RICH, wording=WORDING),
    "plan.github.txt": lambda: plan_github(RICH, WORDING),
    "plan.json": lambda: to_json(plan_document(RICH)),
    "based.txt": lambda: plan_text(BASED, WORDING),
    "based.md": lambda: plan_markdown(BASED, wording=WORDING),
    "drift.txt": lambda: plan_text(RICH, DRIFT),
    "drift.md": lambda: plan_markdown(RICH, wording=DRIFT),
    "drift.github.txt": lambda: plan_github(RICH, DRIFT),
    "removing.txt": lambda: plan_text(REMOVING, WORDING),
    "removing.md": lambda: plan_markdown(REMOVING, wording=WORDING),
    "removing.github.txt": lambda: plan_github(REMOVING, WORDING),
    "removing.json": lambda: to_json(plan_document(REMOVING)),
    "removing.drift.txt": lambda: plan_text(REMOVING, DRIFT),
    "removing.drift.md": lambda: plan_markdown(REMOVING, wording=DRIFT),
    "removing.summary.md": lambda: summary_markdown(REMOVING, wording=WORDING),
    "summary.txt": lambda: summary_text(RICH),
    "summary.md": lambda: summary_markdown(RICH),
    "empty.txt": lambda: plan_text(EMPTY),
    "empty.md": lambda: plan_markdown(EMPTY),
    "empty.github.txt": lambda: plan_github(EMPTY),
    "empty.json": lambda: to_json(plan_document(EMPTY)),
    "apply.txt": lambda: outcomes_text(RICH, OUTCOMES, WORDING),
    "apply.md": lambda: outcomes_markdown(RICH, OUTCOMES, WORDING),
    "apply.github.txt": lambda: outcomes_github(RICH, OUTCOMES, WORDING),
    "apply.json": lambda: to_json(apply_document(RICH, OUTCOMES)),
    "validate.txt": lambda: diagnostics_text(FINDINGS, VERDICT),
    "validate.md": lambda: diagnostics_markdown(FINDINGS, VERDICT),
    "validate.github.txt": lambda: diagnostics_github(FINDINGS, VERDICT),
    "validate.json": lambda: to_json(diagnostics_document(FINDINGS)),
    "validate.sarif": lambda: diagnostics_sarif(FINDINGS, "0.1.0"),
}


@pytest.mark.parametrize("name", RENDERINGS)
def test_a_rendering_is_as_its_golden_file(name: str, golden: Callable[[str, str], None]) -> None:
    golden(name, RENDERINGS[name]())
