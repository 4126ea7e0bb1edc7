"""Removes what a live check has made: policies, then access packages, extensions and catalogs.

Only own objects are removed: those with a known id, catalogs with an exact name of the run, and
what is in these under a name that begins with it. What contains anything else is kept. It is tried
again for a while: reads lag, and what was removed before may still prevent a removal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import UndecidedError
from reconciler.live_check import bodies, policies, polling, requests
from reconciler.live_check.exchange import Result
from reconciler.live_check.foreign import Foreign
from reconciler.live_check.owned import ORDER, OwnObject, is_named, usable_id
from reconciler.live_check.polling import Turn, turns
from reconciler.live_check.trial import Trial
from reconciler.model.graph import Request
from reconciler.model.json_values import JsonObject
from reconciler.model.live_facts import Left, OwnKind

LIMIT_S = 180.0
"""How long the removal is tried: a catalog shows what was removed in it for a while."""
_SIGHTINGS = 3
"""The turns that must show what others have put into an object before the clean-up ends for it."""
_INSIDE: Mapping[OwnKind, tuple[str, str]] = {
    "access_package": ("accessPackages", "catalog/id"),
    "policy": ("assignmentPolicies", "accessPackage/id"),
}


@dataclass(slots=True)
class Cleaning:
    """One clean-up. `unsure`: names of catalogs that may exist without a known id; `searched` is
    true if the last search for them was answered, with usable ids. `undeleted`: catalogs that reads
    still show after their deletion was accepted.
    """

    trial: Trial
    unsure: set[str]
    searched: bool = False
    refusals: dict[str, Result] = field(default_factory=dict)
    missing_since_s: dict[str, float] = field(default_factory=dict)
    undeleted: list[Left] = field(default_factory=list)
    foreign: Foreign = field(init=False)

    def __post_init__(self) -> None:
        """Begins with nothing that was seen."""
        self.foreign = Foreign(self.trial.owned, self.trial.name)

    async def run(self) -> None:
        """Removes everything, as far as possible within the limit, and reads back that no catalog
        is left.
        """
        await self._remove_all()
        for own in self.trial.deleted:
            await self._confirm(own)

    async def _remove_all(self) -> None:
        async for turn in turns(self.trial.graph.limits.retry, LIMIT_S):
            await self._adopt()
            for kind in ORDER:
                for own in self.trial.owned.newest(kind):
                    await self._remove(own, turn)
            if self._is_done(turn):
                return

    def _is_done(self, turn: Turn) -> bool:
        """True if all is removed that can be."""
        searched = not self.unsure or turn.elapsed_s >= polling.LIMIT_S
        rest = self._rest()
        self.trial.remark(f"removing, {len(rest)} left")
        if not searched or not all(map(self.foreign.keeps, rest)):
            return False
        return not rest or turn.number >= _SIGHTINGS

    def _rest(self) -> list[OwnObject]:
        return [own for kind in ORDER for own in self.trial.owned.newest(kind)]

    def left(self, *, absent_if_not_found: bool) -> tuple[Left, ...]:
        """What may still exist. With `absent_if_not_found`, a catalog that a search does not show
        was never created.
        """
        left = map(self._left, self._rest())
        unsure = set() if absent_if_not_found and self.searched else self.unsure
        why = "its creation had no clear answer, and it was not seen since"
        without_id = (Left("catalog", name, None, why) for name in sorted(unsure))
        return (*left, *self.undeleted, *without_id)

    def _left(self, own: OwnObject) -> Left:
        if self.foreign.keeps(own):
            why = self._why_kept(own)
            inside = self.foreign.inside(own)
            return Left(own.kind, own.name, own.id, why, is_kept=True, inside=inside)
        return Left(own.kind, own.name, own.id, self._why_left(own))

    def _why_kept(self, own: OwnObject) -> str:
        if self.foreign.is_renamed(own):
            return "reads show its id under another name, so it may be somebody's"
        return "it contains objects that no live check has created"

    def _why_left(self, own: OwnObject) -> str:
        refusal = self.refusals.get(own.id)
        if refusal:
            return f"its deletion failed ({refusal})"
        if self.foreign.is_unread(own):
            return "whether it contains objects of others cannot be read"
        return "the run ended before it could be removed"

    async def _remove(self, own: OwnObject, turn: Turn) -> None:
        """Deletes it if nothing in it is foreign, and a read has shown it as own: just now, or
        earlier if this read has no answer.
        """
        if self.foreign.holds(own):
            return
        read = await self.trial.exchanges.send(requests.get(self.trial.graph, own))
        self._record_name(own, read)
        if self.foreign.is_renamed(own):
            return
        result = await self.trial.delete(own) if self.trial.owned.is_shown(own) else read
        if result.accepted:
            return
        self.refusals[own.id] = result
        if read.status == result.status == 404:
            self._note_missing(own, turn)
        else:
            self.missing_since_s.pop(own.id, None)
            await self._unbind(own)

    def _note_missing(self, own: OwnObject, turn: Turn) -> None:
        """An object is gone once nothing but 404 was answered for a while: it may be so new that it
        does not show yet, and reads differ for a while.
        """
        since_s = self.missing_since_s.setdefault(own.id, turn.elapsed_s)
        if turn.elapsed_s - since_s >= polling.LIMIT_S:
            self.trial.forget(own)

    async def _confirm(self, own: OwnObject) -> None:
        """Its deletion counts once a read answers HTTP 404; until then it is left."""
        try:
            await self.trial.until_gone(own)
        except UndecidedError as error:
            self.undeleted.append(Left("catalog", own.name, own.id, str(error)))
            self.trial.restore(own)

    async def _unbind(self, own: OwnObject) -> None:
        """Ends the calls of a policy that cannot be deleted, so that its extensions can be."""
        if own.kind != "policy" or not self.trial.owned.owns("access_package", own.parent_id):
            return
        try:
            read = await policies.whole(self.trial, own, at_once=True)
        except UndecidedError:
            return
        if policies.called(read):
            changes: JsonObject = {bodies.SETTINGS: []}
            await self.trial.put(own, bodies.policy_put(read, str(own.parent_id), **changes))

    async def _adopt(self) -> None:
        """Finds the objects whose ids are not known: a create may have been applied without an
        answer.
        """
        graph, owned = self.trial.graph, self.trial.owned
        self.searched = True
        for name in sorted(self.trial.catalog_names):
            listed = await self._list(requests.catalogs_named(graph, name))
            same = [body for body in listed.items if body.get("displayName") == name]
            self.searched = self.searched and listed.accepted and all(map(usable_id, same))
            self._add("catalog", listed.items, None, name)
        for catalog in owned.newest("catalog"):
            builder = requests.collection(graph, "extension", catalog.id)
            extensions = await self._list(Request.to(builder))
            self._add("extension", extensions.items, catalog)
            self.foreign.record(catalog, "extension", extensions, extensions.items)
            await self._find_inside("access_package", catalog)
        for package in owned.newest("access_package"):
            await self._find_inside("policy", package)

    async def _find_inside(self, kind: OwnKind, parent: OwnObject) -> None:
        """Finds them in both ways: each can show less than there is (docs/graph.md §7.2). Only the
        expanded ones are certainly inside: a filter can be ignored.
        """
        member, path = _INSIDE[kind]
        builder = requests.collection(self.trial.graph, kind)
        listed = await self._list(Request.to(builder, filter=f"{path} eq '{parent.id}'"))
        self._add(kind, listed.items, parent)
        expanded = requests.get(self.trial.graph, parent, member)
        read = await self.trial.exchanges.send(expanded)
        inside = read.single.get(member)
        items = inside if isinstance(inside, list) else []
        self._add(kind, items, parent)
        self._record_name(parent, read)
        self.foreign.record(parent, kind, read, items)

    def _record_name(self, own: OwnObject, read: Result) -> None:
        self.trial.shows(own, read)
        self.foreign.record_name(own, read)

    async def _list(self, request: Request) -> Result:
        return await self.trial.exchanges.list(request)

    def _add(
        self, kind: OwnKind, items: Sequence[Any], parent: OwnObject | None, exact: str = ""
    ) -> None:
        """Adopts those with a name of the run, or with exactly this one."""
        for body in bodies.objects(items):
            own_id, name = usable_id(body), str(body.get("displayName"))
            is_own = name == exact if exact else is_named(body, self.trial.name)
            if own_id is not None and is_own:
                new = OwnObject(kind, own_id, name, parent.id if parent else None)
                if self.trial.owned.add(new):
                    self.unsure.discard(name)
