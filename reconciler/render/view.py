"""One view of plans, outcomes and findings that every format for people draws on: order, names, counts, sentences.

All text that comes from here is visible and on one line (`escape.visible`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.extension import Catalog, ExtensionRef, Read
from reconciler.model.plan import Action, Change, FieldChange, Outcome, Plan
from reconciler.render.escape import json_value, visible

NO_CHANGES = "No changes. What is live matches what is declared."
SYMBOLS: dict[Action, str] = {"create": "+", "update": "~", "rename": ">", "blocked": "!"}
DONE: dict[Action, str] = {"create": "created", "update": "updated", "rename": "renamed", "blocked": "changed"}
READ_FAULTS: dict[Read, str] = {
    "unreadable": "could not be read completely, so nothing is concluded about it",
    "absent": "does not exist",
}
NO_CHANGES_READ = "No changes in what could be read."
ON_TOP = frozenset({"R314"})
LOOK_AT = "run reconciler plan again: it shows whether the change has arrived"


@dataclass(frozen=True, slots=True)
class CatalogView:
    """One catalog with its changes, blocked ones first, otherwise in the plan's order."""

    catalog: Catalog
    read: Read
    changes: tuple[Change, ...]

    @property
    def heading(self) -> str:
        """`Marketing (32efb28c-…)`, and what went wrong with reading it."""
        fault = READ_FAULTS.get(self.read)
        return catalog_title(self.catalog) + (f": {fault}" if fault else "")


def target(plan: Plan) -> str:
    """`tenant … at sandbox`, and the environment in front where one was chosen."""
    environment = f"environment {plan.environment}, " if plan.environment else ""
    return f"{environment}tenant {visible(plan.tenant_id)} at {visible(plan.graph_url)}"


def ways_out(plan: Plan) -> list[str]:
    """The two ways out of drift, as commands for the plan's environment."""
    chosen = f" --environment {plan.environment}" if plan.environment else ""
    missing = any(change.action == "create" for change in plan.changes)
    return [
        f"to make what is live match the files again: reconciler apply{chosen}",
        f"to keep what is live: reconciler export --update{chosen}, which also adds what no file declares"
        + ("; and remove the declarations of what is not live" if missing else ""),
    ]


def by_catalog(plan: Plan) -> list[CatalogView]:
    """The catalogs that a reader must know of: those with changes, and those that could not be read."""
    reads: dict[Catalog, Read] = {planned.catalog: planned.read for planned in plan.catalogs}
    changes: dict[Catalog, list[Change]] = {catalog: [] for catalog in reads}
    for change in (*plan.blocked, *plan.pending):
        changes.setdefault(change.catalog, []).append(change)
    views = [CatalogView(catalog, reads.get(catalog, "complete"), tuple(own)) for catalog, own in changes.items()]
    return [view for view in views if view.changes or view.read != "complete"]


def incomplete(plan: Plan) -> str:
    """Why the plan is not the whole truth, in one sentence; "" when it is."""
    faults = [
        f"catalog {catalog_title(planned.catalog)} {READ_FAULTS[planned.read]}"
        for planned in plan.catalogs
        if planned.read != "complete"
    ]
    return f"This plan is incomplete: {'; '.join(faults)}." if faults else ""


def nothing_to_do(plan: Plan) -> list[str]:
    """The line that says so, when there is nothing to do; what could not be read is not claimed to match."""
    if plan.changes:
        return []
    return [NO_CHANGES if plan.complete else NO_CHANGES_READ]


def nothing_done(outcomes: Sequence[Outcome], *, complete: bool) -> list[str]:
    """The same line after an apply that had nothing to do."""
    if outcomes:
        return []
    return [NO_CHANGES if complete else NO_CHANGES_READ]


def plan_line(plan: Plan) -> str:
    """The stable last line: `Plan: 2 create, 0 update, … 0 unchanged.`"""
    counts = plan.summary
    del counts["unmanaged"]
    return "Plan: " + ", ".join(f"{count} {action}" for action, count in counts.items()) + "."


def apply_line(outcomes: Sequence[Outcome]) -> str:
    """The stable last line: `Apply: 2 created, 0 updated, … 0 unknown.`"""
    counts = Counter(DONE[one.change.action] if one.status == "done" else one.status for one in outcomes)
    words = ("created", "updated", "renamed", "replaced", "deleted", "failed", "skipped", "unknown")
    return "Apply: " + ", ".join(f"{counts[word]} {word}" for word in words) + "."


def findings_line(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """`Found 3 errors and 1 warning in 2 files.`; the files are those that were looked at."""
    severities = Counter(diagnostic.severity for diagnostic in diagnostics)
    found = [counted(severities[severity], severity) for severity in ("error", "warning") if severities[severity]]
    where = f" in {counted(files, 'file')}" if files else ""
    return f"Found {' and '.join(found)}{where}."


def verdict(diagnostics: Sequence[Diagnostic], *, files: int, extensions: int, environments: int = 0) -> list[str]:
    """The closing lines of `validate`: what was found, and `Valid: …` when no error is among it."""
    lines = [findings_line(diagnostics, files)] if diagnostics else []
    if not has_errors(diagnostics):
        everywhere = f", in {counted(environments, 'environment')}" if environments else ""
        lines.append(f"Valid: {counted(files, 'file')}, {counted(extensions, 'extension')}{everywhere}.")
    return lines


def has_errors(diagnostics: Sequence[Diagnostic]) -> bool:
    """True when a finding is more than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def findings_on_top(plan: Plan) -> list[Diagnostic]:
    """The finding about the plan as a whole, which a reader must see before the changes; no more than one.

    A plan of ours has no second one, and a saved one that anybody may have written must not fill the page with them.
    """
    return [finding for finding in plan.diagnostics if finding.code in ON_TOP][:1]


def findings_below(plan: Plan) -> list[Diagnostic]:
    """The findings about single catalogs, extensions and changes."""
    on_top = findings_on_top(plan)
    return [finding for finding in plan.diagnostics if finding not in on_top]


def findings_title(diagnostics: Sequence[Diagnostic]) -> str:
    """The heading over a plan's findings."""
    return "Findings" if has_errors(diagnostics) else "Warnings"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def label(name: str | None) -> str:
    """The name as it reads in a sentence; quoted where it would be lost otherwise (empty, blanks at an end)."""
    return visible(name) if name and name == name.strip() else json_value(name or "")


def catalog_label(catalog: Catalog) -> str:
    """The catalog's display name, or its id where that is all there is."""
    return label(str(catalog))


def catalog_title(catalog: Catalog) -> str:
    """`Marketing (32efb28c-…)`."""
    return catalog_label(catalog) + (f" ({visible(catalog.id)})" if catalog.id and catalog.display_name else "")


def extension_title(extension: ExtensionRef) -> str:
    """`notify-approvers (accessPackage…WorkflowExtension, id …)`."""
    identity = f", id {visible(extension.id)}" if extension.id else ""
    return f"{label(extension.display_name)} ({visible(extension.type)}{identity})"


def change_title(change: Change) -> str:
    """`~ update notify-approvers (…)`."""
    return f"{SYMBOLS[change.action]} {change.action} {extension_title(change.extension)}"


def place_text(place: SourceLocation | None, *, column: bool = False) -> str:
    """`desired_state/finance.yaml:14`, with the column where one is asked for; "" without a place.

    A finding about a file or path as a whole has its name alone.

    A name that begins with a colon is led by `./`: at the start of a line the runner would take `::` for a command.
    """
    if place is None:
        return ""
    file = visible(place.file)
    lead = "./" if file.lstrip().startswith(":") else ""
    line = "" if place.line is None else f":{place.line}"
    return f"{lead}{file}{line}" + (f":{place.column}" if line and column else "")


def last_changed(change: Change) -> str:
    """`last changed 2022-11-02T19:57:41Z by owner@contoso.com`, as far as Graph tells; otherwise ""."""
    when = f" {visible(change.last_modified_at)}" if change.last_modified_at else ""
    who = f" by {visible(change.last_modified_by)}" if change.last_modified_by else ""
    return f"last changed{when}{who}" if when or who else ""


def details(change: Change, *, drift: bool) -> list[str]:
    """Why the change is there, which line asks for it, and for drift who changed the live object when."""
    place = place_text(change.source)
    lines = [
        f"because {visible(change.because)}",
        f"at {place}" if place else "",
        last_changed(change) if drift else "",
        "pending already in the baseline" if change.already_pending else "",
    ]
    return [line for line in lines if line]


def field_path(field: FieldChange) -> str:
    """`callbackConfiguration/timeoutDuration`: the JSON Pointer without its first slash."""
    return visible(pointer(field.path)[1:])


def after_note(field: FieldChange) -> str:
    """What a null means: the property is cleared; a trigger url is not, Graph computes it from the Logic App."""
    if field.after is not None:
        return ""
    return " (Graph computes it anew)" if field.path == ("endpointConfiguration", "url") else " (cleared)"


def pointer(path: Sequence[str]) -> str:
    """The JSON Pointer (RFC 6901) of the path."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def outcome_line(outcome: Outcome) -> str:
    """What came of one change, in one line: `+ created NAME in CATALOG (request id …)`."""
    change = outcome.change
    what = f"{label(change.extension.display_name)} in {catalog_label(change.catalog)}"
    reason = visible(outcome.error or change.because)
    told = outcome.request_id is None or outcome.request_id in reason
    request = "" if told else f" (request id {visible(outcome.request_id or '')})"
    return {
        "done": f"{SYMBOLS[change.action]} {DONE[change.action]} {what}{request}",
        "failed": f"! failed to {change.action} {what}{request}: {reason}",
        "skipped": f"! skipped {what}{request}: {reason}",
        "unknown": f"! unknown whether {what} was {DONE[change.action]}{request}: {reason}",
    }[outcome.status]


def outcome_notes(outcome: Outcome) -> list[str]:
    """What an operator should know or do beside the outcome itself."""
    notes = [f"note: {visible(outcome.note)}"] if outcome.note else []
    return [*notes, LOOK_AT] if outcome.status == "unknown" else notes
