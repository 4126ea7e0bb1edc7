"""Warns when a plan changes a large share of the managed objects: often the cause is one value
in `defaults`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reconciler.diff.compare import declared_rows
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.objects import Desired, Inherited
from reconciler.model.plan import Change
from reconciler.render.nouns import common_noun, plural

MANAGED_AT_LEAST = 10
"""With fewer objects, a large share is only a few changes, and a reviewer reads each."""
CHANGED_ABOVE_PERCENT = 30
CAUSES_LISTED = 5

Defaults = Mapping[SourceLocation | None, Inherited | None]


def mass_change(
    changes: Sequence[Change], unchanged: int, desired: Sequence[Desired]
) -> Iterator[Diagnostic]:
    """R314 when more than 30 % of at least ten managed objects would change, with what they have
    in common.

    Managed objects are live and declared: creates and blocked changes do not count.
    """
    changed = [change for change in changes if change.action in ("update", "rename")]
    managed = len(changed) + unchanged
    if managed < MANAGED_AT_LEAST or len(changed) * 100 <= managed * CHANGED_ABOVE_PERCENT:
        return
    defaults: Defaults = {declared.source: declared.inherited for declared in desired}
    causes = Counter(place for change in changed if (place := _cause(change, defaults)) is not None)
    listed = causes.most_common(CAUSES_LISTED)
    what = common_noun(change.object for change in changed)
    of_all = f"{len(changed)} of {managed} managed {plural(what)}"
    share = f"{of_all} would change ({len(changed) / managed:.0%})"
    hint = "Check that this many changes are intended before you apply them."
    if listed:
        hint = f"{hint} One value in `defaults` changes every {what} of its document."
    yield Diagnostic(
        "R314",
        "warning",
        f"{share}{_through(listed, len(changed))}.",
        hint,
        listed[0][0] if listed else None,
    )


def _cause(change: Change, defaults: Defaults) -> SourceLocation | None:
    """The `defaults` that all changed values of the object come from; None if there are none."""
    inherited = defaults.get(change.source)
    rows = declared_rows(change.fields)
    if inherited is None or not all(inherited.covers(row.path) for row in rows):
        return None
    return inherited.source


def _through(listed: Sequence[tuple[SourceLocation, int]], changed: int) -> str:
    if not listed:
        return ""
    causes = [
        f"{number} through `defaults` at {place.file}:{place.line}" for place, number in listed
    ]
    others = changed - sum(number for _, number in listed)
    if len(causes) == 1 and not others:
        return f", all through `defaults` at {listed[0][0].file}:{listed[0][0].line}"
    if others:
        causes.append(f"{others} otherwise")
    return f": {', '.join(causes)}"
