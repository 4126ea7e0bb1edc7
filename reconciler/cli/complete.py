"""Shell completion of values: environments, catalogs, switches and commands.

A shell waits for the answer and shows whatever is printed meanwhile. So nothing here imports the
SDK, and a file that cannot be read gives no values and no error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_RECONCILER_COMPLETE"
"""In the environment of a process that a shell starts to complete a command line."""

Complete = Callable[[click.Context, click.Parameter, str], list["CompletionItem[Any]"]]


def _completing(values: Callable[[click.Context], Iterable[str]]) -> Complete:
    """A function as click wants it: those of the values that begin with what was typed; none if
    there is an error.
    """

    def complete(
        context: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem[Any]]:
        """The values to offer."""
        from click.shell_completion import CompletionItem

        try:
            fitting = [
                value
                for value in values(context)
                if value.casefold().startswith(incomplete.casefold())
            ]
        except Exception:  # noqa: BLE001 - a traceback would appear in the middle of the command line
            return []
        return [CompletionItem(value) for value in dict.fromkeys(fitting) if value.isprintable()]

    return complete


def _environments(_context: click.Context) -> Sequence[str]:
    from reconciler.app.files import environment_names

    return environment_names()


def _catalogs(context: click.Context) -> Iterator[str]:
    """The names, or else the ids, of the catalogs in the files at PATH that can be read."""
    from reconciler.loader import read_texts
    from reconciler.model.nodes import data_of
    from reconciler.settings import DEFAULT_PATH
    from reconciler.yaml import read_documents

    # click leaves the words before an option without a value unparsed.
    paths = [path for path in map(Path, context.args) if path.exists()]
    for _, text in read_texts(paths or (DEFAULT_PATH,)).files.values():
        for document in map(data_of, read_documents(text)[0]):
            catalog = document.get("catalog") if isinstance(document, dict) else None
            members = catalog if isinstance(catalog, dict) else {"displayName": catalog}
            name = members.get("displayName") or members.get("id")
            if isinstance(name, str) and "${" not in name:
                yield name


def _switches(_context: click.Context) -> Iterator[str]:
    from reconciler.sandbox.switches import allowed_values

    for name, values in allowed_values().items():
        yield from (f"{name}={value}" for value in values)


def _commands(context: click.Context) -> Sequence[str]:
    """The commands of the group that the words before name."""
    group = context.find_root().command
    for name in context.params.get("names") or ():
        group = group.commands[name] if isinstance(group, click.Group) else group
    return list(group.commands) if isinstance(group, click.Group) else []


environments, catalogs, switches, commands = map(
    _completing, (_environments, _catalogs, _switches, _commands)
)
