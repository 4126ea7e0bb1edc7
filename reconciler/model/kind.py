"""What the engine may know of a kind of object: one record per kind, made in `kinds/`.

The engine (loader, diff, plan, apply, export, adopt, render, graph) reads these records and knows
no kind by name. `app` hands them in their order of work: parents and objects that others refer to
come first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from reconciler.model.fields import Fields
from reconciler.model.objects import (
    NAME,
    Desired,
    ObjectRef,
    Observed,
    Parents,
    Path,
    Value,
)

if TYPE_CHECKING:
    from reconciler.errors import ServiceError
    from reconciler.model.diagnostic import Diagnostic, SourceLocation
    from reconciler.model.fault import Fault
    from reconciler.model.graph import Graph, Request
    from reconciler.model.nodes import Mapping as MappingNode
    from reconciler.model.nodes import Node, Scalar
    from reconciler.model.objects import Inherited
    from reconciler.model.plan import Action, Change
    from reconciler.model.reason import Reason


@dataclass(frozen=True, slots=True)
class Declaration:
    """One mapping of a file that declares an object, with the defaults of its document merged in.

    `written` is the mapping as it stands in the file. `display_name` and `pinned_id` are None if
    absent or invalid. `absent`: the object must not exist; no defaults are merged in then.
    """

    kind: str
    written: MappingNode
    merged: MappingNode
    defaults: Node | None
    parents: Parents
    source: SourceLocation
    display_name: str | None = None
    pinned_id: str | None = None
    inherited: Inherited | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """One body of a write. `spelling` names it where a kind has several for the same properties."""

    members: Mapping[str, Any]
    spelling: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a guard sees beside the change: the object before it, the unmanaged objects and the
    planned creates of its kind in the same parents, and whether the token is an application's,
    without a user.
    """

    before: Observed | None
    unmanaged: Sequence[Observed]
    created: Sequence[Change]
    app_only: bool


@dataclass(frozen=True, slots=True)
class Permission:
    """What writing a kind needs: a permission of the token, or the role that grants the same. Shown
    for HTTP 403; `note` says what else it needs. `read_all` reads every object of the kind.
    """

    write: str
    role: str
    note: str = ""
    read_all: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search for references inside some parents shows.

    `objects`: all that match a reference, each read whole, perhaps with others; `others`: further
    objects of the kind. `errors`: why it is not certain which objects a reference matches.
    """

    objects: tuple[Observed, ...]
    others: tuple[ObjectRef, ...] = ()
    errors: Mapping[ObjectRef, ServiceError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A further read of an object that is to be changed, for what its own answer does not show.

    * `read`: the answer; raises ServiceError.
    * `problem`: (object, that answer or its error) → why the object must not be changed; None if it
      may be.
    """

    read: Callable[[Graph, ObjectRef], Awaitable[Mapping[str, Any]]]
    problem: Callable[[Observed, Mapping[str, Any] | ServiceError], Reason | None]


Find: TypeAlias = (
    "Callable[[Graph, Sequence[ObjectRef]], Awaitable[Mapping[ObjectRef, Sequence[Observed] |"
    " ServiceError]]]"
)
Locate: TypeAlias = "Callable[[Graph], Awaitable[Iterable[tuple[Parents, ObjectRef]]]]"
Search: TypeAlias = "Callable[[Graph, Parents, Sequence[ObjectRef]], Awaitable[Found]]"


@dataclass(frozen=True, slots=True)
class Api:
    """How a kind is read and written; None: not offered, and the plan blocks with a code.

    * `list`: every object in these parents, complete; raises ServiceError.
    * `get`: one object, None for 404; raises ServiceError if the answer is another object.
    * `locate` (of kinds that are read on demand): every object of the tenant, with its parents,
      found in another way than by listing them parent by parent. If both ways agree, nothing is
      missing. None: `list` alone is complete.
    * `search` (of kinds that are read on demand): what references name in these parents, in at
      least two ways where nothing matches; raises ServiceError.
    * `find` (of kinds that contain others): for each reference all live matches, by id or name.
    * `batches`: the references in groups that one `find` can look up together.
    * `create`, `update`, `delete`: the request as data.
    """

    list: Callable[[Graph, Parents], Awaitable[tuple[Observed, ...]]]
    get: Callable[[Graph, Parents, str], Awaitable[Observed | None]]
    locate: Locate | None = None
    search: Search | None = None
    find: Find | None = None
    batches: Callable[[Sequence[ObjectRef]], Iterable[Sequence[ObjectRef]]] | None = None
    create: Callable[[Graph, Parents, Body], Request] | None = None
    update: Callable[[Graph, Parents, ObjectRef, Body], Request] | None = None
    delete: Callable[[Graph, Parents, ObjectRef], Request] | None = None

    def offers(self, action: Action) -> bool:
        """True if every write that the action consists of is offered."""
        writes = {
            "create": (self.create,),
            "update": (self.update,),
            "rename": (self.update,),
            "replace": (self.create, self.delete),
            "delete": (self.delete,),
            "blocked": (),
        }
        return None not in writes[action]


def _nothing(*_arguments: Any) -> Iterator[Any]:
    """For a kind without rules or guards of its own."""
    return iter(())


def _no_fault(_member: str, _value: Scalar) -> None:
    """For a kind without a secret of its own."""


def _no_target(_observed: Observed) -> None:
    """For a kind whose objects call nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Everything that is true of one kind of object only.

    * `name`: "extension": in plans, messages, the digest. `plural`: its list in a document.
    * `parents`: names of the kinds that contain it, outermost first.
    * `fields`: the table of its writable members.
    * `observe`: the object in an answer: (parents, body) → Observed; raises ServiceAnswerError.
    * `bodies`: (object, as observed before, properties after) → the bodies to try, in order.
    * `content`: everything of an observed object that counts, comparable: hashed before a write,
      and compared after it to prove that nothing else changed. Subtractive: the answer without
      named exclusions.
    * `rules`: what is wrong with one declaration, offline: (declaration, invalid nodes) → faults.
    * `rules_among`: the same for one declaration among all in the same outermost parent.
    * `value_rules`: the same for a mapping alone, before merging; `defaults` are checked with it.
    * `secret_rule`: (member, value) → the fault of a value with a secret, where the kind has a code
      of its own for it.
    * `guard`: (change, surroundings) → warnings, and reasons that block the change.
    * `second_look`: what else must be read before an object is changed.
    * `notes`: what is worth a note about an update: (object before, object after) → reasons.
    * `refusals`: Graph's error code → reason code, where there is specific advice.
    * `sends_differences`: an update sends only what differs (PATCH), not the whole object.
    * `no_role_inside`: the reason code of HTTP 403 in an object that the same run created.
    * `target`: what a live object calls outside of Graph, in one line; None if it does not say so.
    * `reasons`: code → sentence, for the codes that only this kind has or words in its own way.
    * `on_demand`: not read with its scope, only those that are declared, and all where a plan must
      know who refers to something.
    """

    name: str
    plural: str
    parents: tuple[str, ...]
    fields: Fields
    api: Api
    observe: Callable[[Parents, Mapping[str, Any]], Observed]
    bodies: Callable[[ObjectRef, Observed | None, Mapping[Path, Value]], Sequence[Body]]
    content: Callable[[Observed], Any]
    permission: Permission
    declare: Callable[[Declaration], Desired]
    rules: Callable[[Declaration, set[Node]], Iterable[Fault]] = _nothing
    rules_among: Callable[[Declaration, Sequence[Declaration]], Iterable[Fault]] = _nothing
    value_rules: Callable[[Node | None, set[Node]], Iterable[Fault]] = _nothing
    secret_rule: Callable[[str, Scalar], Fault | None] = _no_fault
    guard: Callable[[Change, Surroundings], Iterable[Diagnostic | Reason]] = _nothing
    second_look: SecondLook | None = None
    notes: Callable[[Observed, Observed], Iterable[Reason]] = _nothing
    refusals: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    target: Callable[[Observed], str | None] = _no_target
    sends_differences: bool = False
    no_role_inside: str = ""
    lists_unmanaged: bool = True
    on_demand: bool = False

    @property
    def is_written(self) -> bool:
        """True if its objects are created or updated, not only read."""
        return self.api.create is not None or self.api.update is not None

    @property
    def writes_names(self) -> bool:
        """True if its objects can be renamed."""
        return NAME in self.fields.members

    @property
    def is_foreign(self) -> bool:
        """True if its objects are found, never created: only some of their members are ours."""
        return self.api.create is None


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of a run, in their order of work."""

    all: tuple[Kind, ...]

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.all)

    def named(self, name: str) -> Kind:
        """The kind of this name."""
        return next(kind for kind in self.all if kind.name == name)

    def order(self, name: str) -> int:
        """The place of the kind in the order of work."""
        return [kind.name for kind in self.all].index(name)

    def referring_to(self, name: str) -> tuple[Kind, ...]:
        """The kinds that are read on demand and refer to objects of this kind."""
        return tuple(kind for kind in self.all if kind.on_demand and name in kind.fields.refers_to)

    def inside(self, outermost: str | None) -> tuple[Kind, ...]:
        """The kinds whose outermost parent is of this kind; for None those of the tenant."""
        return tuple(
            kind for kind in self.all if (kind.parents[0] if kind.parents else None) == outermost
        )
