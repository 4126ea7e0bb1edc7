"""Reading and writing an own policy: each expanded member in a request of its own, since whether
one request can expand several is one of the questions (docs/graph.md §7.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.live_check import bodies
from reconciler.live_check.bodies import SETTINGS
from reconciler.live_check.exchange import Result
from reconciler.live_check.notes import undecided
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.polling import LIMIT_S
from reconciler.live_check.trial import Trial
from reconciler.model.json_values import JsonObject

EXPANDS = {SETTINGS: f"{SETTINGS}($expand=customExtension)", "questions": "questions"}


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a PUT of a policy, and the policy as it is read then; None if the PUT was not
    accepted.
    """

    result: Result
    read: JsonObject | None


async def whole(
    trial: Trial, own: OwnObject, marker: str | None = None, *, at_once: bool = False
) -> JsonObject:
    """The policy with its questions and stage settings, once it shows this description; `at_once`
    without polling.

    Raises:
        UndecidedError: it does not, or a member is missing in the answer.
    """
    read: JsonObject = {}
    for member, expand in EXPANDS.items():
        shown = await trial.shown(
            own,
            lambda body: marker is None or body.get("description") == marker,
            expand,
            limit_s=0 if at_once else LIMIT_S,
        )
        if not isinstance(shown.body.get(member), list):
            raise undecided(f"a policy was answered without {member}", shown.result)
        read = {**read, **shown.body}
    return read


async def change(trial: Trial, own: OwnObject, read: Mapping[str, Any], **changes: Any) -> Written:
    """PUT the policy as it was read, with these changes and a new description, which marks the
    read-back.

    Raises:
        UndecidedError: the change was accepted and does not show.
    """
    marker = trial.new_name("marker")
    body = bodies.policy_put(read, trial.own_package.id, description=marker, **changes)
    result = await trial.put(own, body)
    return Written(result, await whole(trial, own, marker) if result.accepted else None)


async def bind(
    trial: Trial, own: OwnObject, read: Mapping[str, Any], *extensions: OwnObject
) -> Written:
    """The same, with these extensions as all that the policy calls, at one stage."""
    stages = [bodies.stage(bodies.CREATED_STAGE, extension.id) for extension in extensions]
    return await change(trial, own, read, **{SETTINGS: stages})


async def bound(trial: Trial, of: str) -> tuple[OwnObject, OwnObject, JsonObject]:
    """A new policy that calls a new extension, both of them, and the policy as it is read.

    Raises:
        UndecidedError: one could not be made, or is not bound.
    """
    extension, _ = await trial.extension(of)
    own = await trial.policy(of)
    written = await bind(trial, own, await whole(trial, own), extension)
    if written.read is None or called(written.read) != [extension.id]:
        raise undecided("a policy does not call the extension as written", written.result)
    return own, extension, written.read


def called(read: Mapping[str, Any]) -> Sequence[str]:
    """The ids of the extensions that the policy calls."""
    return [bodies.called(setting) for setting in bodies.objects(read.get(SETTINGS))]
