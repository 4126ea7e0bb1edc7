"""The state of one change on its way through the write loop; only `apply` sets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.apply.expectation import Expectation
from reconciler.diff.patch import patched
from reconciler.errors import ReconcilerError, ServiceRefusalError
from reconciler.model.graph import Request
from reconciler.model.kind import Body, Kind
from reconciler.model.objects import Observed
from reconciler.model.plan import Change, FieldChange
from reconciler.model.reason import Reason

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient, Sending


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a write that Graph accepted, and whether it showed that a value was dropped."""

    request_id: str | None
    showed_loss: bool


@dataclass(slots=True)
class Writing:
    """One change: what it becomes, which body is next, and what may have been applied so far.

    * `change`: with the id of the object, as soon as it exists.
    * `delete_after`: of a replacement, the delete that follows this create.
    * `new_parent`: the kind of the parent, if this run created that. `parent_waits_s`: pauses that
      are left until Graph must know it.
    * `before`: the objects of the last check.
    * `bodies`: those still to be tried, the next one first; `spellings`: of those sent.
    * `sending`: the request that is repeated until its answer is clear.
    * `delete_accepted`: Graph has answered a delete with success.
    * `may_be_written`: an attempt may have been applied. `repeated`: the create was sent twice.
    * `lost`: the answers to a create that do not tell whether it was applied.
    * `first_refusal`: HTTP 400 for the first body. `notes`: what is unusual about the result.
    * `accepted`: the first answer, if the values are now sent under another name.
    """

    change: Change
    kind: Kind
    delete_after: Change | None = None
    new_parent: Kind | None = None
    parent_waits_s: list[float] = field(default_factory=list)
    before: Sequence[Observed] = ()
    bodies: Sequence[Body] = ()
    sending: Sending | None = None
    delete_accepted: bool = False
    may_be_written: bool = False
    accepted: Accepted | None = None
    repeated: bool = False
    lost: list[ReconcilerError] = field(default_factory=list)
    first_refusal: ServiceRefusalError | None = None
    spellings: list[str] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    request_id: str | None = None
    _expected: Expectation | None = None

    @property
    def is_create(self) -> bool:
        """True until the object exists."""
        return self.change.object.id is None

    def parent_lags(self, error: object) -> bool:
        """True if the error is that Graph does not know the new parent yet, wherever it is read."""
        return self.new_parent is not None and _status(error) == 404

    def is_kept_out(self, error: object) -> bool:
        """True if the error is that the creator of the new parent has no role in it."""
        return self.new_parent is not None and _status(error) == 403

    @property
    def met_only_conflicts(self) -> bool:
        """True if HTTP 409 was the answer to every attempt of the create."""
        return bool(self.lost) and all(_status(error) == 409 for error in self.lost)

    @property
    def is_delete(self) -> bool:
        """True if the object must not exist afterwards."""
        return self.change.action == "delete"

    @property
    def untried(self) -> bool:
        """True if the values can still be sent under another name."""
        return any(body.spelling not in self.spellings for body in self.bodies)

    @property
    def reads_all(self) -> bool:
        """True if the name must be free among all objects in the same parents."""
        return self.change.action in ("create", "rename")

    @property
    def expected(self) -> Expectation:
        """What a read-back must show; known from the first check on."""
        if self._expected is None:
            raise AssertionError("a write is checked first")
        return self._expected

    def begin(self, own: Observed | None) -> None:
        """The first check has passed: from the object as it is follow the bodies, and what it must
        be after the change. Later checks change neither: the first body may have been refused.
        """
        if self._expected is not None:
            return
        if self.is_delete:
            self._expected = Expectation(self.kind, {}, own, absent=True)
            self.bodies = [Body({})]
            return
        properties = patched(own.properties if own else {}, self.change.fields)
        ours = self.kind.sends_differences or self.kind.is_foreign
        sent = patched({}, self.change.fields) if ours else properties
        self._expected = Expectation(self.kind, sent, own)
        self.bodies = self.kind.bodies(self.change.object, own, properties)

    def exists_as(self, object_id: str) -> None:
        """From now on, the change is about this object."""
        self.change = replace(self.change, object=replace(self.change.object, id=object_id))

    def request(self, graph: GraphClient) -> Request:
        """The write with the next body."""
        api, parents, body = self.kind.api, self.change.parents, self.bodies[0]
        if self.is_create and api.create is not None:
            return api.create(graph, parents, body)
        if self.is_delete and api.delete is not None:
            return api.delete(graph, parents, self.change.object)
        if self.is_delete or api.update is None:
            raise AssertionError("the plan blocks what a kind does not offer")
        return api.update(graph, parents, self.change.object, body)

    def next_body(self) -> None:
        """The first body was refused, or did not help: the second one is a request of its own."""
        self.bodies = self.bodies[1:]
        self.sending = None

    def start_again(self) -> None:
        """The create is sent a second time, as it was the first time."""
        properties = self.expected.properties
        self.bodies = self.kind.bodies(self.change.object, None, properties)
        self.spellings.clear()
        self.first_refusal = None
        self.sending = None

    def second_spelling(self, live: Observed, accepted: Accepted) -> None:
        """The same values under the name that was not tried yet, as an update of what is live: the
        write carries everything that the service has filled in meanwhile.
        """
        wanted = self.expected.properties
        rows = [
            FieldChange(path, None, value)
            for path, value in wanted.items()
            if value is not None or not self.kind.fields.field(path).computed_from
        ]
        properties = patched(live.properties, rows)
        bodies = self.kind.bodies(self.change.object, live, properties)
        self.bodies = [body for body in bodies if body.spelling not in self.spellings][:1]
        self.sending = None
        self.accepted = accepted


def _status(error: object) -> int | None:
    """The HTTP status of a refusal."""
    return error.status if isinstance(error, ServiceRefusalError) else None
