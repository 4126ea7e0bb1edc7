"""The use case preflight --fix: the right `url` of each Logic App brought into the files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from reconciler.adopt.given import Given, with_given
from reconciler.app.export import UpdateFiles, editable
from reconciler.app.kinds import document_format
from reconciler.app.preflight import checked, declared_callers, read_logic_apps, result, urls_of
from reconciler.app.runs import Progress
from reconciler.app.selection import select_declared
from reconciler.kinds.extension.fields import URL_PATH
from reconciler.loader import load_texts
from reconciler.model.export import Update
from reconciler.model.preflight import Preflight
from reconciler.settings import Settings


async def preflight_fix(
    settings: Settings, variables: Mapping[str, str], files: UpdateFiles, progress: Progress
) -> tuple[Preflight, Update]:
    """The right `url`s for the files, which are valid, and the findings about the files with them;
    writes nothing. Azure Resource Manager shows an address without any secret in it.

    Raises: as for `preflight`.
    """
    callers = declared_callers(select_declared(files.loaded.scopes, settings.catalogs))
    read = await read_logic_apps(settings, variables, callers, progress)
    urls = chain.from_iterable(map(urls_of, checked(callers, read)))
    values = [Given(caller.source, URL_PATH, url) for caller, url in urls]
    updated = with_given(editable(settings, files), values)
    texts = {**files.texts, **updated.texts}
    loaded = load_texts(texts.items(), document_format(), settings.environment)
    fixed = declared_callers(select_declared(loaded.scopes, settings.catalogs))
    return result(fixed, checked(fixed, read)), updated
