"""What holds in every cell, whatever status is expected there. A law yields a sentence for each
violation.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from fault_kinds import RETRY_AFTER_S
from fault_story import DECLARED, Live, Story
from harness import MARKETING, Json
from objects import explained

from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.graph.retry import FIRST_WAIT_S
from reconciler.model.plan import Outcome

MAX_REQUESTS = 40


def there_are_no_duplicates(story: Story) -> Iterator[str]:
    for moment, live in {"after the run": story.after, "at the end": story.at_the_end}.items():
        for catalog_id, extensions in live.items():
            names = Counter(str(extension["displayName"]).casefold() for extension in extensions)
            yield from (
                f"{name} exists {count} times in {catalog_id} {moment}"
                for name, count in names.items()
                if count > 1
            )


def the_report_is_true(story: Story) -> Iterator[str]:
    """Done is live, failed and skipped are unchanged; unknown names the object to check."""
    for outcome in story.outcomes:
        name, catalog_id = (
            outcome.change.object.display_name,
            str(outcome.change.parents[0].id or MARKETING),
        )
        before, after = named(story.before, catalog_id, name), named(story.after, catalog_id, name)
        if outcome.status == "done" and name in not_yet_live(story.after, catalog_id):
            yield f"{name} is done but not live"
        if outcome.status in ("failed", "skipped") and before != after:
            yield f"{name} is {outcome.status} but was written"
        if outcome.status != "done" and not explained(outcome):
            yield f"{name} is {outcome.status} without a reason"
        if outcome.status == "unknown" and not names_what_to_check(outcome):
            yield (
                f"{name} is unknown, and the error does not name the object to check:"
                f" {explained(outcome)}"
            )


def nothing_else_changes(story: Story) -> Iterator[str]:
    """The untouched extension stays byte for byte, and no undeclared extension appears."""
    for catalog_id, extensions in story.after.items():
        names = {extension["displayName"] for extension in extensions}
        undeclared = names - {extension["displayName"] for extension in DECLARED[catalog_id]}
        yield from (
            f"{name} is live in {catalog_id}, but no file declares it" for name in undeclared
        )
    if named(story.before, MARKETING, "kept") != named(story.after, MARKETING, "kept"):
        yield "the extension without a planned change was changed"


def the_other_changes_are_applied(story: Story) -> Iterator[str]:
    for name in {"changed", "new", "other"} - story.touched.keys():
        if story.status_of(name) != "done":
            yield (
                f"{name} is not affected by the fault, but is {story.status_of(name)} instead of"
                " done"
            )


def nothing_is_lost(story: Story) -> Iterator[str]:
    """The next run plans exactly what is not live, and after it everything is as declared."""
    missing = sorted(
        name for catalog_id in DECLARED for name in not_yet_live(story.after, catalog_id)
    )
    if sorted(story.planned_again) != missing:
        yield f"not live are {missing}, but the second run plans {story.planned_again}"
    yield from (
        f"the second run: {outcome.change.action} is {outcome.status}: {explained(outcome)}"
        for outcome in story.outcomes_again
        if outcome.status != "done"
    )
    for catalog_id in DECLARED:
        yield from (
            f"{name} is not live at the end" for name in not_yet_live(story.at_the_end, catalog_id)
        )


def a_create_is_not_repeated_early(story: Story) -> Iterator[str]:
    """A POST that may have been applied is repeated at most once, and only after all polls."""
    if story.fault.startswith("429"):
        return
    posts = story.sent("POST")
    if len(posts) > 2:
        yield f"the POST was sent {len(posts)} times"
    for first, second in pairwise(posts):
        waited_s = sum(story.waits[first.waited : second.waited])
        if waited_s < sum(POLL_WAITS_S):
            yield f"the POST was repeated after {waited_s} s of polls, not {sum(POLL_WAITS_S)} s"


def waits_are_as_asked(story: Story) -> Iterator[str]:
    """After a 429 the next request waits for Retry-After, the first time exactly.

    Without Retry-After the same request waits half of `FIRST_WAIT_S`: the jitter of these runs is
    always 0.
    """
    throttled = (
        [seen for seen in story.seen if seen.faulty] if story.fault.startswith("429") else []
    )
    asked_s = RETRY_AFTER_S.get(story.fault)
    wait_s = asked_s or FIRST_WAIT_S / 2
    for seen in throttled:
        later = story.seen[story.seen.index(seen) + 1 :]
        same = (seen.method, seen.target)
        following = next(
            (after for after in later if asked_s or (after.method, after.target) == same), None
        )
        waits = story.waits[seen.waited : following.waited] if following else [wait_s]
        if sum(waits) < wait_s or (seen is throttled[0] and wait_s not in waits):
            yield (
                f"after a 429 to {seen.step}, {following and following.step} waited {waits}, not"
                f" {wait_s} s"
            )


def requests_are_bounded(story: Story) -> Iterator[str]:
    if len(story.seen) > MAX_REQUESTS:
        yield f"{len(story.seen)} requests were sent, more than {MAX_REQUESTS}"


def no_other_server_is_called(story: Story) -> Iterator[str]:
    if story.foreign_connections:
        yield "a redirect was followed to another server"


LAWS = (
    there_are_no_duplicates,
    the_report_is_true,
    nothing_else_changes,
    the_other_changes_are_applied,
    nothing_is_lost,
    a_create_is_not_repeated_early,
    waits_are_as_asked,
    requests_are_bounded,
    no_other_server_is_called,
)


def named(live: Live, catalog_id: str, name: str) -> list[Json]:
    return [extension for extension in live[catalog_id] if extension["displayName"] == name]


def not_yet_live(live: Live, catalog_id: str) -> list[str]:
    """The names of the catalog's extensions that are not live as declared."""
    return [
        declared["displayName"]
        for declared in DECLARED[catalog_id]
        if not any(
            shows(extension, declared)
            for extension in named(live, catalog_id, declared["displayName"])
        )
    ]


def shows(live: Any, declared: Any) -> bool:
    """True if the live value contains everything that is declared."""
    if isinstance(declared, dict):
        return isinstance(live, dict) and all(
            shows(live.get(key), value) for key, value in declared.items()
        )
    return bool(live == declared)


def names_what_to_check(outcome: Outcome) -> bool:
    ref, parent = outcome.change.object, outcome.change.parents[0]
    return (ref.id or f'"{ref.display_name}" in catalog {parent}') in explained(outcome)
