"""The Logic App of a live check and the address of its trigger, as the command line gives them."""

from __future__ import annotations

import re

from reconciler.errors import UsageError
from reconciler.model.logic_app import LogicApp

_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"/resourceGroups/(?P<group>[^/?#%\s]{1,90})"
    r"/providers/Microsoft\.Logic/workflows/(?P<name>[^/?#%\s]{1,80})",
    re.IGNORECASE | re.ASCII,
)
_TRIGGER_URL = re.compile(r"https://[a-z0-9.-]+(?::443)?/[!-~]{1,2000}", re.IGNORECASE | re.ASCII)
_SIGNATURE = re.compile(r"[?&;](?:sig|sp|sv)=", re.IGNORECASE)
_MAX_SHOWN = 200
"""Characters of an invalid value that are shown."""
_USUAL_HINT = (
    "Give /subscriptions/GUID/resourceGroups/GROUP/providers/Microsoft.Logic/workflows/NAME, as the"
    " portal shows it in the properties of the Logic App."
)
_QUOTE = re.compile("['\"`\u2018\u2019\u201c\u201d]")
_HINTS = (
    (
        re.compile(r"https?:", re.IGNORECASE),
        "This is a URL. Copy the resource ID instead: the portal shows it in the properties of the"
        " Logic App.",
    ),
    (
        re.compile(r"[a-z]:[/\\].*subscriptions[/\\]", re.IGNORECASE),
        "Git Bash has put a Windows path before /subscriptions. Set MSYS_NO_PATHCONV=1 for this"
        " command.",
    ),
    (
        re.compile(r".*/Microsoft\.Web/sites/", re.IGNORECASE),
        "This is a Logic App on the Standard plan. One on the Consumption plan"
        " (Microsoft.Logic/workflows) is needed.",
    ),
    (
        re.compile(rf"{_RESOURCE_ID.pattern}/", re.IGNORECASE | re.ASCII),
        "End the value with the name of the workflow; remove what follows it.",
    ),
)
"""What is recognised at the beginning of an invalid value, and what to do."""


def logic_app_of(resource_id: str | None) -> LogicApp:
    """The Logic App that the option names; blanks around its value and a slash after it do not
    count.

    Raises:
        UsageError: it is missing or malformed.
    """
    given = resource_id or ""
    value = given.strip().removesuffix("/")
    if not value:
        raise UsageError("--logic-app is missing.", hint=_USUAL_HINT)
    match = _RESOURCE_ID.fullmatch(value)
    if match is None or _QUOTE.search(value):
        raise UsageError(
            "--logic-app is not the resource ID of a Logic App on the Consumption plan:"
            f" {_shown(given)}",
            hint=_hint(value),
        )
    return LogicApp(match["subscription"], match["group"], match["name"])


def _hint(value: str) -> str:
    if _QUOTE.search(value):
        return "Remove the quotes that are part of the value."
    return next((hint for pattern, hint in _HINTS if pattern.match(value)), _USUAL_HINT)


def _shown(value: str) -> str:
    """The value on one line, secrets masked before it is truncated."""
    from reconciler.render.escape import visible

    shown = visible(value)
    return shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}… (truncated)"


def trigger_url_of(trigger_url: str | None) -> str | None:
    """The address of the trigger, as it was given.

    Raises:
        UsageError: it is malformed, or a secret.
    """
    if trigger_url is not None and _SIGNATURE.search(trigger_url):
        raise UsageError(
            "--trigger-url contains a shared-access signature (sig, sp or sv), which is a secret.",
            hint="Give the address without these parameters; keep api-version.",
        )
    if trigger_url is not None and not _TRIGGER_URL.fullmatch(trigger_url):
        raise UsageError(
            "--trigger-url is not an https address.",
            hint="For example https://HOST:443/workflows/ID/triggers/manual/paths/invoke"
            "?api-version=2016-10-01.",
        )
    return trigger_url
