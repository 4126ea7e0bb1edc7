"""The files to be edited, and how they are read and planned."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from reconciler.loader import LoadedState, load_texts
from reconciler.loader.format import DocumentFormat
from reconciler.loader.scopes import reference
from reconciler.model.environment import Environment
from reconciler.model.objects import DesiredScope, ObjectRef, ObservedScope
from reconciler.model.plan import Plan

Pairs: TypeAlias = Sequence[tuple[DesiredScope, ObservedScope]]


def _no_plan(_pairs: Pairs) -> Plan:
    raise AssertionError("these files are not compared with live objects")


@dataclass(frozen=True, slots=True)
class Files:
    """The texts of the files by name, the environment for which they are read, and how a plan is
    made where they are compared with live objects.

    `others` are the other environments for which they are valid, and must stay valid.
    """

    texts: Mapping[str, str]
    document_format: DocumentFormat
    environment: Environment | None
    planned: Callable[[Pairs], Plan] = _no_plan
    others: tuple[Environment, ...] = ()

    def loaded(self, texts: Mapping[str, str], environment: Environment | None) -> LoadedState:
        """These texts, read for this environment."""
        return load_texts(texts.items(), self.document_format, environment)

    def declared(self, texts: Mapping[str, str]) -> Sequence[DesiredScope]:
        """What these texts declare; nothing if they have an error."""
        return self.loaded(texts, self.environment).scopes

    def plan(self, declared: Sequence[DesiredScope], pairs: Pairs) -> Plan:
        """The plan for the declared scopes, compared with what was observed for the pairs. Of what
        is declared in the tenant, only objects of the pairs were observed.
        """
        observed = {_key(desired.parent): live for desired, live in pairs}
        selected = {
            each.ref.key
            for desired, _ in pairs
            if desired.parent is None
            for each in desired.objects
        }
        return self.planned(
            [
                (_selected(desired, selected), observed[_key(desired.parent)])
                for desired in declared
                if _key(desired.parent) in observed
            ]
        )


def _selected(scope: DesiredScope, keys: Collection[tuple[str, str]]) -> DesiredScope:
    """The scope, whose unmanaged objects are added to the files, not deleted; that of the tenant
    with these objects only.
    """
    if scope.parent is not None:
        return replace(scope, deletes_unmanaged=None)
    return replace(scope, objects=tuple(each for each in scope.objects if each.ref.key in keys))


def _key(parent: ObjectRef | None) -> tuple[str, ...]:
    return reference(parent) if parent else ()
