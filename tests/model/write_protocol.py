"""The rules of the write protocol. Each returns the steps that a run can take next, and has the
name of the function of `reconciler/apply` that it models, for example `check`. Between two steps of
a run anything else can happen (`tests/model/worlds.py`).

A safeguard is what the protocol does to keep a promise (`tests/model/promises.py`). Each can be
switched off; a test shows which promise is broken then. Not modelled: permits, a graceful stop, the
names of other objects, and therefore renames.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.model.worlds import (
    GONE,
    OLD_TYPE,
    Event,
    Live,
    Run,
    Setting,
    Step,
    Steps,
    World,
    goes,
    is_over,
    misfortunes,
    next_run,
    possible_reads,
    reads,
    time_passes,
)


def steps(world: World, setting: Setting) -> Steps:
    """Everything that can happen next."""
    for run in world.runs:
        if not run.is_over:
            yield from RULES[run.at](world, run, setting)
    yield from time_passes(world, setting.lag)
    yield from misfortunes(world, setting)
    yield from next_run(world, setting)


# Before the first write


def settle_journal(world: World, run: Run, setting: Setting) -> Steps:
    """A write that the journal shows as unsettled is looked for: a create for the whole search
    time, an update or a delete until reads return what was sent.
    """
    if run.open is None or not setting.has("the journal is read back"):
        yield goes(world, run, "finds nothing to settle", at="build_plan", open=None)
        return
    verb, target, goal = run.open
    if verb == "DELETE" and not setting.has("the journal deletes nothing"):
        text = "deletes what the journal names"
        yield goes(world, run, text, at="send", verb=verb, target=target)
    for after, live in reads(world):
        if live is None and setting.has("what stays open blocks its name"):
            yield ends(after, run, "blocked", "unsettled_write")
            continue
        shows = live is None or (verb != "POST" and live.get(target, GONE) == goal)
        if shows or is_over(world, run, setting):
            text = f"has settled its journal, sees {_list(live)}"
            yield goes(after, run, text, at="build_plan", open=None)


def build_plan(world: World, run: Run, setting: Setting) -> Steps:
    """One reading decides on the change, or that there is none, or that the name is blocked."""
    for after, live in reads(world):
        if live is None:
            yield ends(after, run, "blocked", "parent_unreadable")
        elif len(live) > 1 and setting.has("duplicates block their name"):
            yield ends(after, run, "blocked", "name_ambiguous", *live)
        else:
            yield _planned(after, run, *min(live.items(), default=("", GONE)))


def _planned(world: World, run: Run, target: str, content: str) -> Step:
    if content == run.wants:
        return ends(world, run, "unchanged")
    if content == GONE:
        change, verb = "create", "POST"
    elif run.wants == GONE:
        change, verb = "delete", "DELETE"
    elif content.startswith(OLD_TYPE) == run.wants.startswith(OLD_TYPE):
        change, verb = "update", "PUT"
    else:
        change, verb = "replace", "POST"
    text = f"plans to {change} {target}".rstrip()
    aim = {"change": change, "verb": verb, "target": target, "planned": content}
    return goes(world, run, text, at="check", **aim)


# Check


def check(world: World, run: Run, setting: Setting) -> Steps:
    """The name is free, or the object is as planned; then the write may be sent."""
    run = run._replace(outdated=not any(fits(run, live) for live in possible_reads(world)))
    if not setting.has(_check_before(run)):
        yield goes(world, run, "does not check", at="send")
        return
    for after, live in reads(world):
        if live is None and setting.has("unreadable is not absent"):
            yield _unreadable(after, run)
        else:
            yield _checked(after, run, live or {})


def fits(run: Run, live: Live) -> bool:
    """True if nothing else has the name, and what is to be changed or replaced is as planned."""
    is_free = run.verb != "POST" or not others(run, live)
    return is_free and live.get(run.target, GONE) == run.planned


def others(run: Run, live: Live) -> frozenset[str]:
    """The objects of the name beside the run's own and the one that it replaces."""
    return frozenset(live) - {run.own, run.target}


def _check_before(run: Run) -> str:
    waited = run.sending or run.repeated or run.may_be_written
    return "a check after every wait" if waited else "a check before the write"


def _unreadable(world: World, run: Run) -> Step:
    if run.may_be_written:
        return looks(world, run, "cannot check")
    return ends(world, run, "failed", "check_failed")


def _checked(world: World, run: Run, live: Live) -> Step:
    """The step after a reading: send, or why not."""
    text, content = f"checks, sees {_list(live)}", live.get(run.target, GONE)
    if fits(run, live):
        return goes(world, run, text, at="send")
    if run.may_be_written and (run.verb == "POST" or content == run.goal):
        return looks(world, run, text)
    if run.may_be_written:
        return ends(world, run, "unknown", "stale_before_retry", run.target)
    if content == run.goal == GONE:
        return ends(world, run, "done")
    return ends(world, run, "failed", _stale_because(run, live), *live)


def _stale_because(run: Run, live: Live) -> str:
    content = live.get(run.target, GONE)
    if run.verb == "POST" and others(run, live):
        content = live[min(others(run, live))]
        return "already_applied" if content == run.wants else "name_taken"
    return {run.goal: "already_applied", GONE: "gone"}.get(content, "changed_since")


# Send, classify


def send(world: World, run: Run, setting: Setting) -> Steps:
    """The attempt is recorded before it is made."""
    first = setting.has("the journal knows of a write before Graph")
    entry = run.entry if first else run.open
    line = ("sending", run.verb, "same request" if run.sending else "new request")
    yield goes(world, run, f"records {run.verb}", *line, at="attempt", open=entry, sending=True)


def attempt(world: World, run: Run, setting: Setting) -> Steps:
    """Graph applies the write or not, and its answer arrives or not."""
    for verdict in ("refused", "throttled"):
        yield goes(world, run, f"sends {run.verb}: {verdict}", at="classify", verdict=verdict)
    name = f"{run.name}-{len(world.log)}" if run.verb == "POST" else run.target
    if run.verb == "POST" or name in world.live:
        yield from _applied(world, run, name, setting)
    elif run.verb == "DELETE":
        yield goes(world, run, "sends DELETE: not found", at="classify", verdict="accepted")
    if world.left.lost_answers:
        text = f"sends {run.verb}: not applied, no answer"
        yield goes(world.after("lost_answers"), run, text, at="classify", verdict="unclear")


def _applied(world: World, run: Run, name: str, setting: Setting) -> Steps:
    accepted = {"at": "classify", "verdict": "accepted"}
    accepted |= {"own": name} if run.verb == "POST" else {}
    whole = world.written(Event(name, run.goal, run.name, run.outdated), setting.lag)
    yield goes(whole, run, f"sends {run.verb}: applied", **accepted)
    if run.bodies > 1 and run.change != "replace":
        half = Event(name, f"half {run.goal}", run.name, run.outdated)
        text = f"sends {run.verb}: applied but for one value"
        yield goes(world.written(half, setting.lag), run, text, **accepted)
    if world.left.lost_answers:
        text = f"sends {run.verb}: applied, no answer"
        yield goes(whole.after("lost_answers"), run, text, at="classify", verdict="unclear")


def classify(world: World, run: Run, setting: Setting) -> Steps:
    """What the answer means: try again, look what is live, or give up."""
    line, verdict = ("answered", run.verdict), run.verdict
    if verdict == "unclear" and not setting.has("unclear is not refused"):
        verdict = "refused"
    may_be_written = run.may_be_written or verdict in ("accepted", "unclear")
    is_open = may_be_written and (verdict != "accepted" or setting.has("accepted is not settled"))
    run = run._replace(may_be_written=may_be_written, open=run.entry if is_open else None)
    if verdict == "throttled" or (verdict == "unclear" and run.verb != "POST"):
        yield goes(world, run, "waits", *line, at="check")
    if verdict == "refused" and run.bodies > 1:
        text = "takes the other spelling"
        yield goes(world, run, text, *line, at="check", bodies=1, sending=False)
    if run.change == "replace" and not setting.has("the old one waits for the new one"):
        yield _goes_on(world, run, *line)
    if verdict == "accepted" and not setting.has("done only after a read-back"):
        yield ends(world, run, "done")
    elif may_be_written:
        yield looks(world, run, "waits for what shows", *line)
    else:
        yield goes(world, run, "gives up", *line, at="refused")


def refused(world: World, run: Run, _setting: Setting) -> Steps:
    """Nothing was written."""
    yield ends(world, run, "failed", "refused")


# Read back


def looks(world: World, run: Run, text: str, *line: str) -> Step:
    """The step that begins a search for what was created, or the read-back of a known object."""
    if run.own or run.verb != "POST":
        return goes(world, run, text, *line, at="read_back", since=len(world.log))
    return goes(world, run, text, *line, at="search", since=len(world.log), seen=frozenset())


def search(world: World, run: Run, setting: Setting) -> Steps:
    """A create of unclear result: the catalog is listed for the whole search time."""
    for after, live in reads(world):
        if live is None:
            yield ends(after, run, "unknown", "search_failed")
            continue
        seen = dict(run.seen) | {name: live[name] for name in others(run, live)}
        if seen != dict(run.seen):
            text = f"searches, sees {_list(live)}"
            yield goes(after, run, text, seen=frozenset(seen.items()))
        whole = "an adoption" if seen else "a second create"
        if is_over(world, run, setting) or not setting.has(f"{whole} after the whole search"):
            yield _find_lost_create(after, run, seen, setting)


def _find_lost_create(world: World, run: Run, seen: Live, setting: Setting) -> Step:
    """The only candidate is adopted; if there is none, the create is sent once more."""
    if not seen and run.repeated:
        return ends(world, run, "unknown", "never_appeared")
    if not seen:
        again = {"at": "check", "repeated": True, "sending": False, "bodies": setting.bodies}
        return goes(world, run, "has searched, sees nothing", **again)
    candidate, content = min(seen.items())
    is_as_sent = content in (run.wants, f"half {run.wants}")
    if len(seen) > 1 and setting.has("of several candidates none is adopted"):
        return ends(world, run, "unknown", "others_found", *seen)
    if not is_as_sent and setting.has("only what is as sent is adopted"):
        return ends(world, run, "unknown", "others_found", *seen)
    run = run._replace(own=candidate, seen=frozenset(seen.items()))
    return looks(world, run, f"has searched, adopts {candidate}")


def read_back(world: World, run: Run, setting: Setting) -> Steps:
    """What was written is read until it shows, or until the whole time is over."""
    name = run.own if run.verb == "POST" else run.target
    for after, live in reads(world):
        if live is None:
            yield ends(after, run, "unknown", "read_back_failed")
        elif live.get(name, GONE) == run.goal:
            yield _confirmed(after, run, live, setting)
        elif is_over(world, run, setting):
            yield _not_shown(after, run, live.get(name, GONE))


def _confirmed(world: World, run: Run, live: Live, setting: Setting) -> Step:
    namesakes = others(run, live)
    if run.verb == "DELETE" or not run.own:
        return ends(world, run, "done")
    if namesakes and setting.has("a read-back looks for others of the name"):
        return ends(world, run, "failed", "twin_created", run.own, *namesakes)
    if run.change == "replace":
        return _goes_on(world, run, "outcome", "done", "")
    return ends(world, run, "done")


def _goes_on(world: World, run: Run, *line: str) -> Step:
    """The second write of a replace begins like any other, with its check."""
    fresh = {"may_be_written": False, "repeated": False, "sending": False, "open": None}
    return goes(world, run, "goes on to delete", *line, at="check", verb="DELETE", **fresh)


def _not_shown(world: World, run: Run, content: str) -> Step:
    """The whole time is over, and reads do not return what was written."""
    if content.startswith("half") and run.bodies > 1:
        aim = {"verb": "PUT", "target": run.own or run.target, "planned": content}
        text = "sends the missing value in the other spelling"
        return goes(world, run, text, at="check", bodies=1, sending=False, **aim)
    if run.verb != "POST" and run.verdict != "accepted":
        return ends(world, run, "unknown", "answer_lost")
    if run.verb == "DELETE":
        return ends(world, run, "unknown", "still_shown", run.target)
    if content in (GONE, run.planned):
        why = "not_shown_yet" if content == GONE else "old_values_shown"
        return ends(world, run, "unknown", why)
    return ends(world, run, "failed", "value_dropped")


REASONS = frozenset(
    {
        "parent_unreadable",
        "name_ambiguous",
        "unsettled_write",
        "check_failed",
        "already_applied",
        "name_taken",
        "gone",
        "changed_since",
        "refused",
        "stale_before_retry",
        "search_failed",
        "never_appeared",
        "others_found",
        "read_back_failed",
        "not_shown_yet",
        "old_values_shown",
        "still_shown",
        "answer_lost",
        "twin_created",
        "value_dropped",
    }
)


def ends(world: World, run: Run, status: str, reason: str = "", *ids: str) -> Step:
    """The step with which the run reports this outcome. What is unknown stays open."""
    old_remains = run.change == "replace" and run.verb == "DELETE" and status != "done"
    ids = (run.own, run.target) if old_remains else ids
    text = " ".join(filter(None, ["reports", status, reason, *sorted(ids)]))
    stays_open = run.open if status in ("unknown", "blocked") else None
    now = run._replace(status=status, reason=reason, ids=frozenset(ids), open=stays_open)
    return goes(world, now, text, "outcome", status, reason, at="ended", since=0)


def _list(live: Live | None) -> str:
    if live is None:
        return "no answer"
    return ", ".join(f"{name} ({content})" for name, content in live.items()) or "nothing"


RULES: dict[str, Callable[[World, Run, Setting], Steps]] = {
    rule.__name__: rule
    for rule in (
        settle_journal,
        build_plan,
        check,
        send,
        attempt,
        classify,
        refused,
        search,
        read_back,
    )
}
