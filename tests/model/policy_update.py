"""The update of a policy, as a model. Graph offers only a PUT of the whole policy, without an ETag:
here is every way in which it can meet what others edit at the same time. Each rule returns the
steps that can follow, and between two of them anything else can happen.

The plan was made from `PLANNED`. To apply it, the policy is read (`check`), sent back whole with
our stage changed, and read again (`read_back`). A PUT without an answer stays on its way: it
arrives later, even after the run has ended, or never. A safeguard is what the protocol does to keep
a promise (`tests/model/policy_promises.py`); each can be switched off.

Not modelled: reads that fail, 429 (it leads back to `check`), kills, and the read through beta.
Another run, or another tool, is an editor that sends the whole policy.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.model.policy_worlds import (
    OURS,
    PLANNED,
    Event,
    Policy,
    Put,
    Setting,
    Step,
    Steps,
    World,
    edits,
)


def steps(world: World, setting: Setting) -> Steps:
    """Everything that can happen next."""
    if not world.is_over:
        yield from RULES[world.run.at](world, setting)
    yield from arrivals(world, setting)
    yield from edits(world, setting)
    if world.shown < len(world.log):
        yield Step("    reads show one write more", world._replace(shown=world.shown + 1))


def arrivals(world: World, setting: Setting) -> Steps:
    """Graph applies a PUT that is on its way. If our run still waits for it, it is accepted."""
    for put in world.on_the_way:
        others = tuple(other for other in world.on_the_way if other != put)
        event = Event(put.body, put)
        after = world._replace(on_the_way=others).written(event, setting)
        if world.run.at == "answer" and put.number == world.run.puts:
            text = f"PUT {put.number} is accepted"
            yield _reads_back(after.goes(is_accepted=True), text)
        else:
            yield Step(f"    PUT {put.number} arrives late", after)


def check(world: World, setting: Setting) -> Steps:
    """The policy is sent only if it is as planned. What happens between the read and the PUT is as
    if the PUT was already on its way: they are one step.
    """
    text = f"reads {world.read}"
    if _is_as_planned(world.read, setting):
        yield _sends(world, text, world.read, setting)
    else:
        yield _ends(world, text, "failed", "changed_since")


def _is_as_planned(policy: Policy, setting: Setting) -> bool:
    compares = setting.has("the fingerprint is compared before the PUT")
    return policy.fingerprint == PLANNED.fingerprint or not compares


def _sends(world: World, text: str, read: Policy, setting: Setting) -> Step:
    origin = read if setting.has("the body is built from that read") else PLANNED
    put = Put(world.run.puts + 1, origin.with_our_stage, world.shown)
    after = world.goes(at="answer", read=read, puts=put.number)
    return Step(
        f"{text}: sends PUT {put.number}", after._replace(on_the_way=(*world.on_the_way, put))
    )


def answer(world: World, setting: Setting) -> Steps:
    """Graph refuses the PUT, or no answer arrives (a 409 or a 5xx is none). If Graph accepts it, it
    has arrived (`arrivals`).
    """
    earlier, last = world.on_the_way[:-1], world.on_the_way[-1]
    without = world._replace(on_the_way=earlier)
    text = f"PUT {last.number} is refused"
    if last.number > 1 and setting.has("an earlier PUT makes a refusal unclear"):
        yield _reads_back(without, text)
    else:
        yield _ends(without, text, "failed", "refused")
    if world.lost_answers:
        lost = world._replace(lost_answers=world.lost_answers - 1)
        yield Step(f"PUT {last.number} has no answer", lost.goes(at="unclear"))


def unclear(world: World, setting: Setting) -> Steps:
    """Without an answer: our stage shows, or the PUT is repeated, or the outcome is unknown."""
    policy, text = world.read, f"reads {world.read}"
    if not setting.has("a repeat needs a read that shows the plan's policy"):
        yield _sends(world, "does not read", world.run.read, setting)
    elif policy.stage == OURS:
        yield _judged(world, setting)
    elif _is_as_planned(policy, setting):
        yield _sends(world, text, policy, setting)
        yield _ends(world, f"{text}, has no retries left", "unknown", "answer_lost")
    else:
        yield _ends(world, text, "unknown", "stale_before_retry")


def _reads_back(world: World, text: str) -> Step:
    return Step(text, world.goes(at="read_back", since=len(world.log)))


def read_back(world: World, setting: Setting) -> Steps:
    """The policy is polled until our stage shows, or until all that was applied before shows."""
    policy, text = world.read, f"reads {world.read}"
    if not setting.has("done only after a read-back"):
        yield _ends(world, "does not read", "done")
    elif policy.stage == OURS:
        yield _judged(world, setting)
    elif world.shown < world.run.since:
        return
    elif not world.run.is_accepted:
        yield _ends(world, text, "unknown", "answer_lost")
    elif policy.stage == PLANNED.stage:
        yield _ends(world, text, "unknown", "old_values_shown")
    else:
        yield _ends(world, text, "failed", "value_dropped")


def _judged(world: World, setting: Setting) -> Step:
    """Everything else must be as it was read before the PUT."""
    text, expected = f"reads {world.read}", world.run.read.with_our_stage.fingerprint
    compares = setting.has("everything is compared after the PUT")
    if world.read.fingerprint == expected or not compares:
        return _ends(world, text, "done")
    return _ends(world, text, "failed", "altered_by_write")


def _ends(world: World, text: str, status: str, reason: str = "") -> Step:
    report = f"{text}: reports {status} {reason}".rstrip()
    return Step(report, world.goes(at="", status=status, reason=reason, judged=world.shown))


RULES: dict[str, Callable[[World, Setting], Steps]] = {
    rule.__name__: rule for rule in (check, answer, unclear, read_back)
}
