"""The result of a live check as text and as JSON: answers with their evidence, what was not tried,
and what could not be removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.model.live_facts import (
    NOT_TRIED,
    Fact,
    Left,
    LiveFacts,
    Observation,
    ProbeResult,
    Seen,
)
from reconciler.model.target import SANDBOX
from reconciler.render.escape import visible
from reconciler.render.json_document import to_json
from reconciler.render.nouns import counted, noun

MAX_INSIDE = 20
"""How many objects of others are named for one that contains them."""


def writes_text(where: str, name: str) -> str:
    """What a live check is about to write, before it is approved."""
    return (
        f"A live check in {visible(where)} writes only objects that it creates itself:\n"
        f"+ 3 catalogs named {name} or {name}-2, not published\n"
        "+ about 20 extensions in them, which name the Logic App; it is not started\n"
        "+ 3 access packages and 6 policies in them, by which nobody can request anything\n"
        "~ changes of these extensions and policies\n"
        "- all of these objects at the end, also after Ctrl-C or an error\n"
        "It lists access packages and policies, and keeps nothing of those of others.\n"
    )


def place(tenant_id: str, graph_url: str, environment: str | None) -> str:
    """Where something is written, for a question."""
    where = "the sandbox" if graph_url == SANDBOX else f"tenant {tenant_id}"
    return f"{where}, environment {environment}" if environment else where


def facts_text(facts: LiveFacts, removal: Sequence[str]) -> str:
    """Each question with its answers, then what was not tried, the lines about the removal, and how
    to make the sandbox behave so if something was decided.
    """
    tried = [result for result in facts.results if result.not_tried is None]
    lines = [""]
    for result in tried:
        lines += [*_result_lines(result), ""]
    lines += ["Not tried:", *_not_tried_lines(facts)]
    lines += [f"  {probe} {question} ({why})" for probe, question, why in NOT_TRIED]
    lines += ["", *removal, "", answered(facts)]
    if facts.decided:
        # A command to copy begins in column 0, where no line is wrapped on a terminal.
        lines += ["The sandbox behaves as observed with:", sandbox_line(facts)]
    return "".join(f"{visible(line)}\n" for line in lines)


def _not_tried_lines(facts: LiveFacts) -> Iterator[str]:
    """One line for all probes that were not tried for the same reason."""
    probes: dict[str, list[str]] = {}
    for result in facts.results:
        if result.not_tried is not None:
            probes.setdefault(result.not_tried, []).append(result.probe)
    for why, ids in probes.items():
        yield f"  {', '.join(dict.fromkeys(ids))} ({why})"


def answered(facts: LiveFacts) -> str:
    """How many of the questions that can be tried were answered; each switch is one."""
    total = sum(len(result.facts) for result in facts.results)
    return f"{len(facts.decided)} of {total} questions answered."


def _result_lines(result: ProbeResult) -> Iterator[str]:
    yield f"{result.probe} {result.question}"
    for fact in result.facts:
        yield from _fact_lines(fact)
    for observation in result.observations:
        yield f"  also observed: {observation.what}: {observation.result}"


def _fact_lines(fact: Fact) -> Iterator[str]:
    if fact.value is None:
        yield f"? {fact.switch}: unknown ({fact.reason})"
    else:
        yield f"= {fact.switch}: {fact.value} ({certainty(fact)})"
    for seen in fact.seen:
        yield f"    {_seen_text(seen)}"


def certainty(fact: Fact) -> str:
    """How sure the answer is: how often the same was observed."""
    return "observed once" if fact.times == 1 else f"observed {fact.times} times"


def _seen_text(seen: Seen) -> str:
    status = f"HTTP {seen.status}" if seen.status else "no usable answer"
    code = f" {seen.code}" if seen.code else ""
    request_id = f" (request ID {seen.request_id})" if seen.request_id else ""
    return f"{seen.method} {seen.path}: {status}{code}{request_id}"


def removal_lines(removed: int, left: Sequence[Left], clean_command: str) -> list[str]:
    """That everything was removed; or what was not, and the command that tries it again."""
    if left:
        return left_lines(left, clean_command)
    if not removed:
        return ["Nothing was created."]
    number = "the one object" if removed == 1 else f"all {removed} objects"
    return [f"Removed {number} of this live check."]


def left_lines(left: Sequence[Left], clean_command: str) -> list[str]:
    """What could not be removed, and the command that tries it again where that can help; nothing
    if all is removed.
    """
    if not left:
        return []
    lines = ["! Not removed:", *(line for each in left for line in _left_lines(each))]
    if any(each.is_kept for each in left):
        lines.append(
            "What others have created stays, and so does what contains it. Delete it in the"
            " Microsoft Entra admin center if it is not needed."
        )
    if not all(each.is_kept for each in left):
        lines.append(f"To remove what is left: {clean_command}")
    return lines


def _left_lines(left: Left) -> Iterator[str]:
    where = f"{noun(left.kind)} {left.name} ({left.id or 'id unknown'})"
    yield visible(f"  {where}: {left.reason}")
    for inside in left.inside[:MAX_INSIDE]:
        yield visible(f"    contains {noun(inside.kind)} {inside.name}")
    if len(left.inside) > MAX_INSIDE:
        yield f"    contains {len(left.inside) - MAX_INSIDE} more"


def sandbox_line(facts: LiveFacts) -> str:
    """The command that serves a sandbox with every decided switch."""
    switches = "".join(f" --set {name}={value}" for name, value in facts.decided.items())
    return f"reconciler sandbox serve{switches}"


def facts_json(facts: LiveFacts) -> str:
    """The same for scripts and for keeping: without ids and names of the tenant."""
    return to_json(
        {
            "version": 1,
            "tool_version": facts.tool_version,
            "graph": facts.graph,
            "identity": facts.identity,
            "facts": [_fact(result, fact) for result in facts.results for fact in result.facts],
            "observations": [
                _observation(result, observation)
                for result in facts.results
                for observation in result.observations
            ],
            "not_tried": _not_tried(facts),
            "left": [{"kind": each.kind, "reason": each.reason} for each in facts.left],
            "sandbox": sandbox_line(facts),
        }
    )


def _fact(result: ProbeResult, fact: Fact) -> dict[str, Any]:
    return {
        "switch": fact.switch,
        "value": fact.value,
        "reason": fact.reason,
        "certainty": certainty(fact) if fact.value is not None else "unknown",
        "probe": result.probe,
        "question": result.question,
        "seen": [_seen(seen) for seen in fact.seen],
    }


def _observation(result: ProbeResult, observation: Observation) -> dict[str, Any]:
    return {
        "probe": result.probe,
        "what": observation.what,
        "result": observation.result,
        "seen": [_seen(seen) for seen in observation.seen],
    }


def _seen(seen: Seen) -> dict[str, Any]:
    return {
        "method": seen.method,
        "path": seen.path,
        "status": seen.status,
        "code": seen.code,
        "request_id": seen.request_id,
    }


def _not_tried(facts: LiveFacts) -> list[dict[str, Any]]:
    refused = [
        (result.probe, result.question, result.not_tried)
        for result in facts.results
        if result.not_tried is not None
    ]
    return [
        {"probe": probe, "question": question, "reason": why}
        for probe, question, why in (*refused, *NOT_TRIED)
    ]


def cleaned_text(removed: int, left: Sequence[Left], clean_command: str) -> str:
    """What a clean-up has removed, and what is left."""
    lines = [
        f"Removed {counted(removed, 'object')} of live checks.",
        *left_lines(left, clean_command),
    ]
    return "".join(f"{visible(line)}\n" for line in lines)


def others_lines(others: Sequence[tuple[str, str]]) -> list[str]:
    """For each other tenant and host of Graph, how many runs have left objects there."""
    return [
        visible(
            f"Note: {counted(runs, 'live check')} in tenant {tenant_id} ({host}) left objects; run"
            " the command again with the options for it."
        )
        for (tenant_id, host), runs in Counter(others).items()
    ]


def cleaned_json(removed: int, left: Sequence[Left]) -> str:
    """The same for scripts."""
    return to_json({"removed": removed, "left": [_left(each) for each in left]})


def _left(left: Left) -> dict[str, Any]:
    """With names, unlike the document of a live check: it is not for keeping."""
    return {
        "kind": left.kind,
        "name": left.name,
        "id": left.id,
        "reason": left.reason,
        "inside": [{"kind": inside.kind, "name": inside.name} for inside in left.inside],
    }
