"""What holds in every cell, whatever status is expected there. A law yields a sentence for each
violation.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

from fault_kinds import RETRY_AFTER_S
from fault_story import Live, Seen, Story
from harness import MARKETING, Json
from objects import explained

from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.model.plan import Outcome
from reconciler.network.retry import FIRST_WAIT_S

MAX_REQUESTS = 40


class Traffic(Protocol):
    """What a run has sent: its requests at which the fault can occur, and all its waits."""

    fault: str
    foreign_connections: int

    @property
    def seen(self) -> Sequence[Seen]:
        """The requests, in the order in which they arrived."""

    @property
    def waits(self) -> Sequence[float]:
        """The waits, in seconds."""


def there_are_no_duplicates(story: Story) -> Iterator[str]:
    """Two have a name only after a replacement that stopped half-way, and it says so."""
    for moment, live in {"after the run": story.after, "at the end": story.at_the_end}.items():
        for catalog_id, extensions in live.items():
            names = Counter(str(extension["displayName"]).casefold() for extension in extensions)
            yield from (
                f"{name} exists {count} times in {catalog_id} {moment}"
                for name, count in names.items()
                if count > (2 if live is story.after and says_both(story, name) else 1)
            )


def says_both(story: Story, name: str) -> bool:
    """True if the change of this name is a replacement that may have stopped half-way."""
    replacements = (each for each in story.outcomes if each.change.action == "replace")
    return any(
        each.change.object.display_name == name and (remains(each) or each.status == "unknown")
        for each in replacements
    )


def remains(outcome: Outcome) -> bool:
    """True if the outcome names a new object, and the old one beside it."""
    return outcome.reason is not None and outcome.reason.code == "old_remains"


def the_report_is_true(story: Story) -> Iterator[str]:
    """Done is live, failed and skipped are unchanged; unknown names the object to check."""
    for outcome in story.outcomes:
        name, catalog_id = (
            outcome.change.object.display_name,
            str(outcome.change.parents[0].id or MARKETING),
        )
        before, after = named(story.before, catalog_id, name), named(story.after, catalog_id, name)
        if outcome.status == "done" and name in not_as_declared(story, story.after, catalog_id):
            yield f"{name} is done but not as declared"
        if remains(outcome):
            yield from names_both(outcome, before, after)
        elif outcome.status in ("failed", "skipped") and before != after:
            yield f"{name} is {outcome.status} but was written"
        if outcome.status != "done" and not explained(outcome):
            yield f"{name} is {outcome.status} without a reason"
        if outcome.status == "unknown" and not names_what_to_check(outcome):
            yield (
                f"{name} is unknown, and the error does not name the object to check:"
                f" {explained(outcome)}"
            )


def names_both(outcome: Outcome, before: list[Json], after: list[Json]) -> Iterator[str]:
    """The old object is as it was, the new one is beside it, and the outcome names both; if it is
    unknown, the old one may be gone.
    """
    if not all(each["id"] in explained(outcome) for each in [*before, *after]):
        yield f"the outcome does not name both: {explained(outcome)}"
    if outcome.status == "failed" and (len(after) != 2 or before[0] not in after):
        yield "the old one is said to remain, but does not"
    if not outcome.written:
        yield "something was written, and the outcome does not say so"


def nothing_else_changes(story: Story) -> Iterator[str]:
    """The untouched extension stays byte for byte, and no undeclared extension appears."""
    for catalog_id, extensions in story.after.items():
        names = {extension["displayName"] for extension in extensions}
        undeclared = names - {each["displayName"] for each in story.plot.declared[catalog_id]}
        yield from (
            f"{name} is live in {catalog_id}, but no file declares it" for name in undeclared
        )
    if named(story.before, MARKETING, "kept") != named(story.after, MARKETING, "kept"):
        yield "the extension without a planned change was changed"


def nothing_is_lost_on_the_way(story: Story) -> Iterator[str]:
    """What is replaced is never gone without another in its place."""
    for name in {body["displayName"] for body in story.plot.live} - {"gone"}:
        if not named(story.after, MARKETING, name):
            yield f"{name} is gone and nothing has its place"


def the_other_changes_are_applied(story: Story) -> Iterator[str]:
    for name in {"other", *story.plot.changes.values()} - {*story.touched.values()}:
        if story.status_of(name) != "done":
            yield (
                f"{name} is not affected by the fault, but is {story.status_of(name)} instead of"
                " done"
            )


def nothing_is_lost(story: Story) -> Iterator[str]:
    """The next run plans exactly what is not as declared, and shows how to finish a replacement
    that stopped half-way; after it everything is as declared.
    """
    assert story.second is not None
    missing = sorted(
        name
        for catalog_id in story.plot.declared
        for name in not_as_declared(story, story.after, catalog_id)
    )
    pending = [*story.second.pending, *story.unfinished]
    planned = sorted(str(change.object.display_name) for change in pending)
    if planned != missing:
        yield f"not as declared are {missing}, but the second run plans {planned}"
    if len(story.second.blocked) != len(story.unfinished):
        yield f"the second run is blocked: {story.second.blocked}"
    yield from (
        f"the second run: {outcome.change.action} is {outcome.status}: {explained(outcome)}"
        for outcome in story.outcomes_again
        if outcome.status != "done"
    )
    for catalog_id in story.plot.declared:
        yield from (
            f"{name} is not as declared at the end"
            for name in not_as_declared(story, story.at_the_end, catalog_id)
        )


def a_create_is_not_repeated_early(story: Story) -> Iterator[str]:
    """A POST that may have been applied is repeated at most once, and only after all polls."""
    if story.fault.startswith("429"):
        return
    posts = story.sent(story.plot.create)
    if len(posts) > 2:
        yield f"the POST was sent {len(posts)} times"
    for first, second in pairwise(posts):
        waited_s = sum(story.waits[first.waited : second.waited])
        if waited_s < sum(POLL_WAITS_S):
            yield f"the POST was repeated after {waited_s} s of polls, not {sum(POLL_WAITS_S)} s"


def a_delete_comes_after_the_create(story: Story) -> Iterator[str]:
    """The old object is deleted only after a read has shown the new one."""
    steps = [seen.step for seen in story.seen]
    if "DELETE old" in steps and "read-back, POST new" not in steps[: steps.index("DELETE old")]:
        yield "the old one was deleted before a read showed the new one"


def waits_are_as_asked(story: Traffic) -> Iterator[str]:
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


def requests_are_bounded(story: Traffic) -> Iterator[str]:
    if len(story.seen) > MAX_REQUESTS:
        yield f"{len(story.seen)} requests were sent, more than {MAX_REQUESTS}"


def no_other_server_is_called(story: Traffic) -> Iterator[str]:
    if story.foreign_connections:
        yield "a redirect was followed to another server"


LAWS = (
    there_are_no_duplicates,
    the_report_is_true,
    nothing_else_changes,
    nothing_is_lost_on_the_way,
    the_other_changes_are_applied,
    nothing_is_lost,
    a_create_is_not_repeated_early,
    a_delete_comes_after_the_create,
    waits_are_as_asked,
    requests_are_bounded,
    no_other_server_is_called,
)


def named(live: Live, catalog_id: str, name: str) -> list[Json]:
    return [extension for extension in live[catalog_id] if extension["displayName"] == name]


def not_as_declared(story: Story, live: Live, catalog_id: str) -> list[str]:
    """The names of the catalog's extensions that are not live as declared, or not once; and of
    those that are live although they are declared absent.
    """
    return [
        declared["displayName"]
        for declared in story.plot.declared[catalog_id]
        if not is_as_declared(named(live, catalog_id, declared["displayName"]), declared)
    ]


def is_as_declared(of_the_name: list[Json], declared: Json) -> bool:
    if declared.get("ensure") == "absent":
        return not of_the_name
    return len(of_the_name) == 1 and shows(of_the_name[0], declared)


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
