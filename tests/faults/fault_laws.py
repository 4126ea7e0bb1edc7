"""What holds in every cell, whatever word is expected there. A law yields what it finds broken, in words."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from fault_kinds import ASKED_S
from fault_story import DECLARED, Live, Story
from harness import MARKETING, Json

from reconciler.apply.confirm import POLL_WAITS_S
from reconciler.graph.retry import FIRST_WAIT_S
from reconciler.model.plan import Outcome

MAX_REQUESTS = 40


def there_are_no_twins(story: Story) -> Iterator[str]:
    for moment, live in {"after the run": story.after, "at the end": story.at_the_end}.items():
        for catalog_id, extensions in live.items():
            names = Counter(str(one["displayName"]).casefold() for one in extensions)
            yield from (f"{name} is there {n} times in {catalog_id} {moment}" for name, n in names.items() if n > 1)


def the_report_is_true(story: Story) -> Iterator[str]:
    """Done is live, failed and skipped are as before; what is unknown says where to look."""
    for outcome in story.outcomes:
        name, catalog_id = outcome.change.extension.display_name, str(outcome.change.catalog.id or MARKETING)
        before, after = named(story.before, catalog_id, name), named(story.after, catalog_id, name)
        if outcome.status == "done" and name in not_yet_live(story.after, catalog_id):
            yield f"{name} is done but not live"
        if outcome.status in ("failed", "skipped") and before != after:
            yield f"{name} is {outcome.status} but was written"
        if outcome.status != "done" and not outcome.error:
            yield f"{name} is {outcome.status} without a reason"
        if outcome.status == "unknown" and not says_where_to_look(outcome):
            yield f"{name} is unknown, and the error does not tell where to look: {outcome.error}"


def nothing_else_changes(story: Story) -> Iterator[str]:
    """The untouched extension stays byte for byte, and nothing comes up that nobody declared."""
    for catalog_id, extensions in story.after.items():
        names = {one["displayName"] for one in extensions} - {one["displayName"] for one in DECLARED[catalog_id]}
        yield from (f"{name} came from nowhere" for name in names)
    if named(story.before, MARKETING, "kept") != named(story.after, MARKETING, "kept"):
        yield "the extension that needed nothing was changed"


def the_other_changes_are_carried_out(story: Story) -> Iterator[str]:
    for name in {"changed", "new", "other"} - story.touched.keys():
        if story.status_of(name) != "done":
            yield f"{name} has nothing to do with the fault but is {story.status_of(name)}"


def nothing_is_lost(story: Story) -> Iterator[str]:
    """The next run plans what is not live, nothing else, and then everything is as declared."""
    missing = sorted(name for catalog_id in DECLARED for name in not_yet_live(story.after, catalog_id))
    if sorted(story.planned_again) != missing:
        yield f"{missing} are not live, but {story.planned_again} are planned again"
    yield from (f"the second run could not {one.change.action}" for one in story.outcomes_again if one.status != "done")
    yield from (f"{name} is not live at the end" for one in DECLARED for name in not_yet_live(story.at_the_end, one))


def a_create_is_not_repeated_in_doubt(story: Story) -> Iterator[str]:
    """A POST without a clear no goes out once more at most, and only after the whole re-read window."""
    if story.fault.startswith("429"):
        return
    posts = story.sent("POST")
    if len(posts) > 2:
        yield f"the POST was sent {len(posts)} times"
    for one, other in pairwise(posts):
        waited_s = sum(story.waits[one.waited : other.waited])
        if waited_s < sum(POLL_WAITS_S):
            yield f"the POST was sent again after looking for {waited_s} s"


def waits_are_as_asked(story: Story) -> Iterator[str]:
    """Whatever comes next waits as long as Graph asked, to the second the first time.

    Where Graph did not say how long, the same request waits for half the first pause: the tenant's dice show the least.
    """
    throttled = [one for one in story.seen if one.faulty] if story.fault.startswith("429") else []
    asked_s = ASKED_S.get(story.fault)
    wait_s = asked_s or FIRST_WAIT_S / 2
    for one in throttled:
        later = story.seen[story.seen.index(one) + 1 :]
        again = next((it for it in later if asked_s or (it.method, it.target) == (one.method, one.target)), None)
        waits = story.waits[one.waited : again.waited] if again else [wait_s]
        if sum(waits) < wait_s or (one is throttled[0] and wait_s not in waits):
            yield f"after a 429 to {one.step} came {again and again.step} with the waits {waits}, not {wait_s} s"


def requests_are_bounded(story: Story) -> Iterator[str]:
    if len(story.seen) > MAX_REQUESTS:
        yield f"{len(story.seen)} requests were made"


def nobody_else_is_visited(story: Story) -> Iterator[str]:
    if story.strangers:
        yield "a redirect was followed to another server"


LAWS = (
    there_are_no_twins,
    the_report_is_true,
    nothing_else_changes,
    the_other_changes_are_carried_out,
    nothing_is_lost,
    a_create_is_not_repeated_in_doubt,
    waits_are_as_asked,
    requests_are_bounded,
    nobody_else_is_visited,
)


def named(live: Live, catalog_id: str, name: str) -> list[Json]:
    return [one for one in live[catalog_id] if one["displayName"] == name]


def not_yet_live(live: Live, catalog_id: str) -> list[str]:
    """The names of what is declared for the catalog and not there as declared."""
    return [
        declared["displayName"]
        for declared in DECLARED[catalog_id]
        if not any(shows(one, declared) for one in named(live, catalog_id, declared["displayName"]))
    ]


def shows(live: Any, declared: Any) -> bool:
    """True when the live value has everything that is declared."""
    if isinstance(declared, dict):
        return isinstance(live, dict) and all(shows(live.get(key), value) for key, value in declared.items())
    return bool(live == declared)


def says_where_to_look(outcome: Outcome) -> bool:
    extension, error = outcome.change.extension, str(outcome.error)
    return (extension.id or f"“{extension.display_name}” in catalog {outcome.change.catalog}") in error
