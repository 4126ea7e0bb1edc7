"""What an extension calls: its Logic App."""

from __future__ import annotations

from reconciler.kinds.extension.fields import BEARER, LOGIC_APP_PATHS, URL_PATH
from reconciler.model.logic_app import Caller, LogicApp
from reconciler.model.objects import Desired, Observed, Path
from reconciler.model.odata import ODATA_TYPE

_AUTHENTICATION_TYPE: Path = ("authenticationConfiguration", ODATA_TYPE)


def logic_app(observed: Observed) -> str | None:
    """`resourceGroupName/logicAppWorkflowName`; None if the extension does not have both names.

    Source: docs/graph.md §2.6.
    """
    _, *paths = LOGIC_APP_PATHS  # the subscription is an id that says nothing to a reader
    names = [observed.properties.get(path) for path in paths]
    texts = [name for name in names if isinstance(name, str) and name]
    return "/".join(texts) if len(texts) == len(paths) else None


def caller(desired: Desired) -> Caller:
    """What a declaration says about the Logic App that the extension calls."""
    names = [_text(desired, path) for path in LOGIC_APP_PATHS]
    declared = [name for name in names if name]
    return Caller(
        str(desired.ref),
        desired.source,
        LogicApp(*declared) if len(declared) == len(names) else None,
        _text(desired, URL_PATH),
        bearer=_text(desired, _AUTHENTICATION_TYPE) == BEARER,
    )


def _text(desired: Desired, path: Path) -> str | None:
    value = desired.properties.get(path)
    return value if isinstance(value, str) and value else None
