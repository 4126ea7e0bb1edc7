"""What probes share: the Graph that they ask, and the own objects that they make and wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from reconciler.errors import JournalError
from reconciler.live_check import bodies, requests
from reconciler.live_check.exchange import Exchanges, Result
from reconciler.live_check.notes import undecided
from reconciler.live_check.owned import Owned, OwnObject, is_named, usable_id
from reconciler.live_check.polling import LIMIT_S, turns
from reconciler.model.live_facts import OwnKind
from reconciler.model.logic_app import LogicApp

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient
    from reconciler.live_check.journal import Journal

NOUNS: Mapping[OwnKind, str] = {
    "catalog": "a catalog",
    "extension": "an extension",
    "access_package": "an access package",
    "policy": "a policy",
}
_ATTEMPTS = 3
"""To create something without a clear answer; each under a name of its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An own object as a read showed it, after so many reads and seconds in which it was stale."""

    body: Mapping[str, Any]
    result: Result
    stale_reads: int
    stale_s: float


@dataclass(slots=True)
class Trial:
    """One live check. `name` is that of its catalog, and begins those of all its objects.

    `trigger_url` is the address of the Logic App's trigger, if that is known. `remark` shows the
    operator what takes time.
    """

    graph: GraphClient
    journal: Journal
    name: str
    app: LogicApp
    identity: Literal["app", "user", "unknown"]
    trigger_url: str | None = None
    remark: Callable[[str], None] = lambda _text: None
    owned: Owned = field(default_factory=Owned)
    catalog: OwnObject | None = None
    package: OwnObject | None = None
    catalog_names: set[str] = field(default_factory=set)
    """Those of the catalogs that were about to be created."""
    unsure: set[str] = field(default_factory=set)
    """Those of them whose create had no clear answer."""
    deleted: list[OwnObject] = field(default_factory=list)
    """The catalogs whose deletion was accepted."""
    removed: int = 0
    _count: int = 0

    @property
    def exchanges(self) -> Exchanges:
        """How requests are sent."""
        return Exchanges(self.graph)

    def new_name(self, of: str) -> str:
        """A name that no other object has."""
        self._count += 1
        return f"{self.name}-{of}-{self._count}"

    async def create(
        self,
        kind: OwnKind,
        body: Mapping[str, Any],
        parent: OwnObject | None = None,
    ) -> tuple[OwnObject | None, Result]:
        """The new object, or None, and the answer to its create, which is sent again after HTTP 404
        for a while: what it is created in is new itself, and possibly does not show yet.

        Raises:
            JournalError: it cannot be recorded; nothing was sent.
        """
        catalog_id = parent.id if parent and kind == "extension" else None
        request = requests.create(self.graph, kind, body, catalog_id)
        name = str(body["displayName"])
        made: dict[str, OwnObject] = {}
        results: list[Result] = []

        def record(result: Result) -> None:
            """Records the object, even if the run is interrupted meanwhile."""
            results.append(result)
            own_id = usable_id(result.single) if result.accepted else None
            if own_id is not None and own_id not in made:
                made[own_id] = OwnObject(kind, own_id, name, parent.id if parent else None)
                self.owned.add(made[own_id])
                self.journal.created(self.name, made[own_id])

        self._begin(kind, name)
        try:
            async for turn in turns(self.graph.limits.retry):
                result = await self.exchanges.send(request, record)
                if result.status != 404 or turn.last:
                    break
        finally:
            self._end(kind, name, results, made=bool(made))
        return next(iter(made.values()), None), result

    def _begin(self, kind: OwnKind, name: str) -> None:
        """A create is about to leave."""
        self.journal.creating(self.name, kind, name)
        if kind == "catalog":
            self.catalog_names.add(name)
            self.unsure.add(name)

    def _end(self, kind: OwnKind, name: str, results: list[Result], *, made: bool) -> None:
        """The answers to a create are known: with its object, or refused every time. HTTP 409
        counts as a refusal here: a search by the name finds what it may hide.
        """
        refused = [not each.may_be_applied or each.status == 409 for each in results]
        if made:
            self.unsure.discard(name)
        elif refused and all(refused):
            self.journal.refused(self.name, kind, name)
            self.unsure.discard(name)

    def adopted_catalog(self, items: Iterable[Mapping[str, Any]]) -> OwnObject | None:
        """The catalog of the run among those that a search by its name has shown."""
        for body in items:
            own_id = usable_id(body)
            if body.get("displayName") == self.name and own_id is not None:
                own = OwnObject("catalog", own_id, self.name)
                self.unsure.discard(self.name)
                self.owned.add(own)
                self.journal.created(self.name, own)
                return own
        return None

    async def make(
        self,
        kind: OwnKind,
        body_of: Callable[[str], Mapping[str, Any]],
        of: str,
        parent: OwnObject | None = None,
    ) -> tuple[OwnObject, Shown]:
        """A new object that reads show, and how it is shown. `body_of` gets its name.

        Raises:
            UndecidedError: it could not be created, or does not show.
        """
        for _ in range(_ATTEMPTS):
            own, result = await self.create(kind, body_of(self.new_name(of)), parent)
            if own is not None:
                return own, await self.shown(own)
            if not result.may_be_applied:
                break
        raise undecided(f"{NOUNS[kind]} could not be created", result)

    async def extension(self, of: str, **members: Any) -> tuple[OwnObject, Shown]:
        """A new extension in the catalog.

        Raises:
            UndecidedError: as for `make`.
        """
        return await self.make("extension", self.extension_body(**members), of, self.own_catalog)

    def extension_body(self, **members: Any) -> Callable[[str], Mapping[str, Any]]:
        """The body of an extension by its name, with the url if that is known."""
        url = self.trigger_url
        return lambda name: bodies.extension(name, self.app, url=url, **members)

    async def new_package(self, of: str) -> OwnObject:
        """A new access package in the catalog.

        Raises:
            UndecidedError: as for `make`.
        """
        catalog = self.own_catalog
        own, _ = await self.make(
            "access_package", lambda name: bodies.access_package(name, catalog.id), of, catalog
        )
        return own

    async def policy(self, of: str, package: OwnObject | None = None) -> OwnObject:
        """A new policy in that access package, by default the one that all probes share.

        Raises:
            UndecidedError: as for `make`.
        """
        package = package or self.own_package
        own, _ = await self.make(
            "policy", lambda name: bodies.policy(name, package.id), of, package
        )
        return own

    @property
    def own_catalog(self) -> OwnObject:
        """The catalog of the run.

        Raises:
            UndecidedError: it could not be created.
        """
        if self.catalog is None:
            raise undecided("a catalog could not be created")
        return self.catalog

    @property
    def own_package(self) -> OwnObject:
        """The access package of the run.

        Raises:
            UndecidedError: it could not be created.
        """
        if self.package is None:
            raise undecided("an access package could not be created")
        return self.package

    async def shown(
        self,
        own: OwnObject,
        expected: Callable[[Mapping[str, Any]], bool] = lambda _body: True,
        expand: str | None = None,
        limit_s: float = LIMIT_S,
    ) -> Shown:
        """The object once a read shows it as expected, within so many seconds.

        Raises:
            UndecidedError: it does not within the limit.
        """
        request = requests.get(self.graph, own, expand)
        async for turn in turns(self.graph.limits.retry, limit_s):
            result = await self.exchanges.send(request)
            body = result.single
            if self.shows(own, result) and expected(body):
                return Shown(body, result, turn.number - 1, turn.elapsed_s)
        raise undecided(f"{NOUNS[own.kind]} does not show as written", result)

    def shows(self, own: OwnObject, read: Result) -> bool:
        """True if the read shows the object under a name of the run: from then on it may be
        written.
        """
        is_own = read.accepted and is_named(read.single, self.name)
        if is_own:
            self.owned.show(own)
        return is_own

    async def until_gone(self, own: OwnObject) -> tuple[float, Result]:
        """The seconds until a read of the object answers 404, and that answer.

        Raises:
            UndecidedError: it still shows at the limit.
        """
        request = requests.get(self.graph, own)
        async for turn in turns(self.graph.limits.retry):
            result = await self.exchanges.send(request)
            if result.status == 404:
                return turn.elapsed_s, result
        raise undecided(f"the deletion of {NOUNS[own.kind]} does not show", result)

    async def exists(self, own: OwnObject) -> bool:
        """True if a read shows the object, False if it answers 404; at the first try.

        Raises:
            UndecidedError: neither.
        """
        result = await self.exchanges.send(requests.get(self.graph, own))
        if not result.accepted and result.status != 404:
            raise undecided(f"{NOUNS[own.kind]} cannot be read", result)
        return result.accepted

    async def put(self, own: OwnObject, body: Mapping[str, Any]) -> Result:
        """The answer to a PUT."""
        return await self.exchanges.send(requests.put(self.graph, own, body))

    async def delete(self, own: OwnObject) -> Result:
        """The answer to a DELETE; what was deleted is no longer own, even if the run is interrupted
        meanwhile.
        """

        def record(result: Result) -> None:
            """Records the deletion."""
            if result.accepted:
                self.forget(own)
                if own.kind == "catalog":
                    self.deleted.append(own)

        return await self.exchanges.send(requests.delete(self.graph, own), record)

    def forget(self, own: OwnObject) -> None:
        """The object no longer exists, nor does what a catalog held. If that cannot be recorded,
        it is removed once more by --clean, which finds nothing.
        """
        for inner in self.owned.newest("extension", own.id) if own.kind == "catalog" else ():
            self.forget(inner)
        self.owned.remove(own)
        self.removed += 1
        with suppress(JournalError):
            self.journal.removed(self.name, own)

    def restore(self, own: OwnObject) -> None:
        """The object still exists, although its deletion was accepted.

        Raises:
            JournalError: it cannot be recorded.
        """
        self.removed -= 1
        self.journal.created(self.name, own)

    def end(self) -> None:
        """Nothing of the run is left."""
        with suppress(JournalError):
            self.journal.ended(self.name)
