"""One view of plans, outcomes and findings that every format for people draws on: order, names,
counts, sentences.

All text that comes from here is visible and on one line (`escape.visible`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.extension import Catalog, ExtensionRef, Read
from reconciler.model.plan import ACTIONS, Action, Change, FieldChange, Outcome, Plan
from reconciler.render import drift as drift_words
from reconciler.render.escape import json_value, visible

NO_CHANGES = "No changes. What is live matches what is declared."
SYMBOLS: dict[Action, str] = {"create": "+", "update": "~", "rename": ">", "blocked": "!"}
DONE: dict[Action, str] = {
    "create": "created",
    "update": "updated",
    "rename": "renamed",
    "blocked": "changed",
}
READ_FAULTS: dict[Read, str] = {
    "unreadable": "could not be read completely, so every change in it is blocked",
    "absent": "does not exist",
}
NO_CHANGES_READ = "No changes in the catalogs that could be read."
ON_TOP = frozenset({"R314"})
AFTER_UNKNOWN = "to see whether the change was applied, run reconciler plan"
UNMANAGED = "Unmanaged, left alone"
SHARED_AMONG = 3
"""From so many creates on, a catalog shows the properties that all of them set once."""


@dataclass(frozen=True, slots=True)
class CatalogView:
    """One catalog with its changes, blocked ones first, otherwise in the plan's order."""

    catalog: Catalog
    read: Read
    changes: tuple[Change, ...]

    def heading(self, *, drift: bool = False) -> str:
        """`Marketing (32efb28c-…): 2 create, 1 update`, and why it could not be read."""
        parts = [READ_FAULTS.get(self.read, ""), action_counts(self.changes, drift=drift)]
        return ": ".join(
            part for part in (catalog_title(self.catalog), ", ".join(filter(None, parts))) if part
        )


def target(plan: Plan) -> str:
    """`tenant … at sandbox`, and the environment in front where one was chosen."""
    environment = f"environment {plan.environment}, " if plan.environment else ""
    return f"{environment}tenant {visible(plan.tenant_id)} at {visible(plan.graph_url)}"


def by_catalog(plan: Plan) -> list[CatalogView]:
    """The catalogs that a reader must know of: those with changes, and those that could not be
    read.
    """
    reads: dict[Catalog, Read] = {planned.catalog: planned.read for planned in plan.catalogs}
    changes: dict[Catalog, list[Change]] = {catalog: [] for catalog in reads}
    for change in (*plan.blocked, *plan.pending):
        changes.setdefault(change.catalog, []).append(change)
    views = [
        CatalogView(catalog, reads.get(catalog, "complete"), tuple(own))
        for catalog, own in changes.items()
    ]
    return [view for view in views if view.changes or view.read != "complete"]


def incomplete(plan: Plan) -> str:
    """Which catalogs the plan does not cover, and why, in one sentence; "" when it covers all."""
    faults = [
        f"catalog {catalog_title(planned.catalog)} {READ_FAULTS[planned.read]}"
        for planned in plan.catalogs
        if planned.read != "complete"
    ]
    return f"This plan is incomplete: {'; '.join(faults)}." if faults else ""


def nothing_to_do(plan: Plan) -> list[str]:
    """The line that says so when there is nothing to do; catalogs that could not be read are not
    said to match.
    """
    if plan.changes:
        return []
    return [NO_CHANGES if plan.complete else NO_CHANGES_READ]


def nothing_done(outcomes: Sequence[Outcome], *, complete: bool) -> list[str]:
    """The same line after an apply that had nothing to do."""
    if outcomes:
        return []
    return [NO_CHANGES if complete else NO_CHANGES_READ]


def last_line(plan: Plan, *, drift: bool = False) -> str:
    """The stable last line: `Plan: 2 create, 0 update, … 0 unchanged.` or `Drift: 2 missing, … 0
    unchanged.`
    """
    counts = drift_words.counts(plan) if drift else plan.summary
    if not drift:
        del counts["unmanaged"]
    return (
        f"{'Drift' if drift else 'Plan'}: "
        + ", ".join(f"{count} {word}" for word, count in counts.items())
        + "."
    )


def unmanaged_notes(plan: Plan) -> tuple[str, str]:
    """What to know about the unmanaged extensions of a plan, below their list."""
    return (
        "Removing a declaration does not delete the extension in the tenant; it becomes unmanaged.",
        (
            "To add unmanaged extensions to the files, run:"
            f" {drift_words.command(plan, 'export --update')}"
        ),
    )


def action_counts(changes: Iterable[Change], *, drift: bool = False) -> str:
    """`2 create, 1 update`, or for drift `2 missing, 1 changed`; "" without a change."""
    words: Mapping[Action, str] = (
        drift_words.WORDS if drift else {action: action for action in ACTIONS}
    )
    counts = Counter(words[change.action] for change in changes)
    return ", ".join(
        f"{counts[word]} {word}" for word in dict.fromkeys(words.values()) if counts[word]
    )


def apply_line(outcomes: Sequence[Outcome]) -> str:
    """The stable last line: `Apply: 2 created, 0 updated, … 0 unknown.`"""
    counts = Counter(
        DONE[outcome.change.action] if outcome.status == "done" else outcome.status
        for outcome in outcomes
    )
    words = ("created", "updated", "renamed", "replaced", "deleted", "failed", "skipped", "unknown")
    return "Apply: " + ", ".join(f"{counts[word]} {word}" for word in words) + "."


def findings_line(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """`Found 3 errors and 1 warning in 2 files.`; the files are those that were checked."""
    severities = Counter(diagnostic.severity for diagnostic in diagnostics)
    counts = [
        counted(severities[severity], severity)
        for severity in ("error", "warning")
        if severities[severity]
    ]
    where = f" in {counted(files, 'file')}" if files else ""
    return f"Found {' and '.join(counts)}{where}."


def verdict(
    diagnostics: Sequence[Diagnostic], *, files: int, extensions: int, environments: int = 0
) -> list[str]:
    """The last lines of `validate`: how many findings there are, and `Valid: …` when none of them
    is an error.
    """
    lines = [findings_line(diagnostics, files)] if diagnostics else []
    if not has_errors(diagnostics):
        everywhere = f", in {counted(environments, 'environment')}" if environments else ""
        lines.append(
            f"Valid: {counted(files, 'file')}, {counted(extensions, 'extension')}{everywhere}."
        )
    return lines


def has_errors(diagnostics: Sequence[Diagnostic]) -> bool:
    """True when a finding is more than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def findings_on_top(plan: Plan) -> list[Diagnostic]:
    """The finding about the plan as a whole, which a reader must see before the changes; no more
    than one.

    A plan of ours has no second one, and a saved one that anybody may have written must not fill
    the page with them.
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
    """The name as it reads in a sentence; quoted where it would be lost otherwise (empty, blanks at
    an end).
    """
    return visible(name) if name and name == name.strip() else json_value(name or "")


def catalog_label(catalog: Catalog) -> str:
    """The catalog's display name, or its id where that is all there is."""
    return label(str(catalog))


def catalog_title(catalog: Catalog) -> str:
    """`Marketing (32efb28c-…)`."""
    return catalog_label(catalog) + (
        f" ({visible(catalog.id)})" if catalog.id and catalog.display_name else ""
    )


def extension_title(extension: ExtensionRef) -> str:
    """`notify-approvers (accessPackage…WorkflowExtension, id …)`."""
    identity = f", id {visible(extension.id)}" if extension.id else ""
    return f"{label(extension.display_name)} ({visible(extension.type)}{identity})"


def change_title(change: Change, *, drift: bool = False) -> str:
    """`~ update notify-approvers (…)`; for drift `+ missing in the tenant: NAME (…)` and `~ changed
    NAME (…)`.
    """
    word = drift_words.TITLES[change.action] if drift else change.action
    return f"{SYMBOLS[change.action]} {word} {extension_title(change.extension)}"


def own_rows(
    change: Change, shared: Collection[FieldChange] = (), *, drift: bool = False
) -> list[FieldChange]:
    """The rows to show below the title of a change.

    A create does not repeat its name, nor the rows that are shown once for its catalog. Drift shows
    no rows for what is missing in the tenant: there is no live value to compare.
    """
    if change.action != "create":
        return list(change.fields)
    name = FieldChange(("displayName",), None, change.extension.display_name)
    return [] if drift else [row for row in change.fields if row != name and row not in shared]


def shared_rows(changes: Iterable[Change]) -> list[FieldChange]:
    """The rows that all creates among the changes have in common, when there are many."""
    creates = [change for change in changes if change.action == "create"]
    if len(creates) < SHARED_AMONG:
        return []
    return [row for row in creates[0].fields if all(row in create.fields for create in creates[1:])]


def shared_title(changes: Iterable[Change]) -> str:
    """The line over the shared rows."""
    number = sum(change.action == "create" for change in changes)
    return f"{SYMBOLS['create']} the same in all {number} creates below:"


def place_text(place: SourceLocation | None, *, column: bool = False) -> str:
    """`desired_state/finance.yaml:14`, with the column if `column` is true; "" without a place.

    A finding about a whole file or path has no line.

    A name that begins with a colon gets the prefix `./`: GitHub's runner would read `::` at the
    start of a line as a command.
    """
    if place is None:
        return ""
    file = visible(place.file)
    lead = "./" if file.lstrip().startswith(":") else ""
    line = "" if place.line is None else f":{place.line}"
    return f"{lead}{file}{line}" + (f":{place.column}" if line and column else "")


def details(change: Change, *, drift: bool) -> list[str]:
    """The reason for the change, the line that declares it, and for drift who last changed the live
    extension.
    """
    because, place = f"because {visible(change.because)}", place_text(change.source)
    at = f"at {place}" if place else ""
    # The reason of a blocked change is a sentence of its own, often with places in it.
    reason = [because, at] if change.action == "blocked" or not at else [f"{because}, {at}"]
    lines = [
        *reason,
        drift_words.last_changed(change) if drift else "",
        "already pending in the baseline" if change.already_pending else "",
    ]
    return [line for line in lines if line]


def field_path(field: FieldChange) -> str:
    """`callbackConfiguration/timeoutDuration`: the JSON Pointer without its first slash."""
    return visible(pointer(field.path)[1:])


def after_text(field: FieldChange) -> str:
    """The value after an apply.

    A null clears the property. A trigger url that becomes null is not cleared: Graph looks it up
    from the Logic App.
    """
    if field.after is not None:
        return json_value(field.after)
    return "(known after apply)" if field.path == drift_words.URL else "null (cleared)"


def pointer(path: Sequence[str]) -> str:
    """The JSON Pointer (RFC 6901) of the path."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def outcome_line(outcome: Outcome) -> str:
    """The result of one change, in one line: `+ created NAME in CATALOG (request ID …)`."""
    change = outcome.change
    what = f"{label(change.extension.display_name)} in {catalog_label(change.catalog)}"
    reason = visible(outcome.error or change.because)
    is_in_reason = outcome.request_id is None or outcome.request_id in reason
    request = "" if is_in_reason else f" (request ID {visible(outcome.request_id or '')})"
    return {
        "done": f"{SYMBOLS[change.action]} {DONE[change.action]} {what}{request}",
        "failed": f"! failed to {change.action} {what}{request}: {reason}",
        "skipped": f"! skipped {what}{request}: {reason}",
        "unknown": (
            f"? outcome unknown: {what} may have been {DONE[change.action]}{request}: {reason}"
        ),
    }[outcome.status]


def outcome_notes(outcome: Outcome) -> list[str]:
    """What an operator should know or do beside the outcome itself."""
    notes = [f"note: {visible(outcome.note)}"] if outcome.note else []
    return [*notes, AFTER_UNKNOWN] if outcome.status == "unknown" else notes
