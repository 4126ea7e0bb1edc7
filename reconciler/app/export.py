"""The use cases export and export --update: live objects as new files, or brought into files."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.kinds import KINDS, document_format
from reconciler.app.runs import Progress
from reconciler.loader import LoadedState, load_environments, load_texts, read_texts
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.environment import Environment
from reconciler.model.export import Export, Update
from reconciler.model.objects import ObjectRef, ObservedScope, Referring
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.adopt.files import Files


@dataclass(frozen=True, slots=True)
class UpdateFiles:
    """The files at the paths, read once, so that the checked texts are those that are replaced.

    `loaded` is what they declare, or every error in them.
    """

    files: Mapping[str, tuple[Path, str]]
    loaded: LoadedState

    @property
    def texts(self) -> dict[str, str]:
        """The texts by the names of the files."""
        return {name: text for name, (_, text) in self.files.items()}


async def export(
    settings: Settings,
    variables: Mapping[str, str],
    progress: Progress,
    *,
    catalog_properties: bool = False,
    policies: bool = False,
) -> Export:
    """The live objects as desired-state documents, with `catalog_properties` also the catalogs
    themselves, with `policies` also the stages that call an extension; reads Graph, writes nothing.

    Raises:
        UsageError: no catalog of the tenant has a name that was given.
    """
    from reconciler.app.connection import connect
    from reconciler.app.counting import counting
    from reconciler.app.observe import list_parents, observe_listed
    from reconciler.app.referring import referring_inside
    from reconciler.app.selection import select_live
    from reconciler.export.documents import export as exported

    async with connect(settings, variables, progress.remark) as connection:
        parents = await list_parents(connection.graph, KINDS)
        every = [parent.ref for parent in parents]
        chosen = select_live(every, settings.catalogs)
        read = counting("reading catalogs", len(chosen), progress)
        observed = await observe_listed(connection.graph, KINDS, chosen, read)
        readable = [scope.parent for scope in observed if scope.parent and scope.read == "complete"]
        catalogs = readable if policies else []
        referring = await referring_inside(connection.graph, KINDS, "extension", catalogs, progress)
    result = exported(
        [_with(scope, referring) for scope in observed],
        [*every, *(ref for each in referring.values() for ref in each.parents)],
        document_format(),
        named=bool(settings.catalogs),
        to_declare=parents if catalog_properties else (),
    )
    unread = [*_unread(referring)]
    return dataclasses.replace(
        result,
        diagnostics=(*result.diagnostics, *unread),
        complete=result.complete and not unread,
    )


def _with(scope: ObservedScope, referring: Mapping[ObjectRef, Referring]) -> ObservedScope:
    """The scope with what calls its extensions."""
    calling = referring.get(scope.parent) if scope.parent else None
    if calling is None:
        return scope
    return dataclasses.replace(scope, objects=(*scope.objects, *calling.objects))


def _unread(referring: Mapping[ObjectRef, Referring]) -> Iterator[Diagnostic]:
    """R307 for each catalog whose policies could not be read completely."""
    for catalog, calling in referring.items():
        if calling.incomplete is not None:
            message = f"The policies of catalog {catalog} could not be read completely:"
            hint = "Policies may be missing in the export. Export again once they can be read."
            yield Diagnostic("R307", "warning", f"{message} {calling.incomplete}", hint)


def files_to_update(settings: Settings, paths: Sequence[Path]) -> UpdateFiles:
    """The files at the paths, with what they declare in the chosen environment."""
    read = read_texts(paths)
    texts = {name: text for name, (_, text) in read.files.items()}
    loaded = load_texts(texts.items(), document_format(), settings.environment, read.diagnostics)
    return UpdateFiles(read.files, loaded)


async def update(
    settings: Settings, variables: Mapping[str, str], files: UpdateFiles, progress: Progress
) -> Update:
    """The live values for the files, which are valid; `replace` writes them."""
    from reconciler.adopt.update import update as updated
    from reconciler.app.connection import connect
    from reconciler.app.steps import observed, plan_context
    from reconciler.plan.build import build_plan

    async with connect(settings, variables, progress.remark) as connection:
        pairs = await observed(connection, files.loaded.scopes, progress)
        context = plan_context(connection)
    planned = functools.partial(build_plan, kinds=KINDS, context=context)
    return updated(dataclasses.replace(editable(settings, files), planned=planned), pairs)


def editable(settings: Settings, files: UpdateFiles) -> Files:
    """The files as an edit needs them."""
    from reconciler.adopt.files import Files

    others = _other_environments(settings, files.texts)
    return Files(files.texts, document_format(), settings.environment, others=others)


def replace(files: UpdateFiles, updated: Update) -> None:
    """Replaces the files that were edited, all or none.

    Raises:
        UsageError: one cannot be written, or was changed since it was read.
    """
    from reconciler.files import replace_all

    texts = updated.texts
    replace_all({path: (text, texts.get(name, text)) for name, (path, text) in files.files.items()})


def _other_environments(settings: Settings, texts: Mapping[str, str]) -> tuple[Environment, ...]:
    """The other environments of `reconciler.yaml` in which these files are valid."""
    every = load_environments().environments
    others = (environment for environment in every if environment.name != settings.environment_name)
    return tuple(
        other for other in others if not load_texts(texts.items(), document_format(), other).faulty
    )
