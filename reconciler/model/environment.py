"""An environment: the same files against another tenant, with other values in some places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of `reconciler.yaml`; what it leaves out comes from options and variables as usual.

    `not_secret` names the texts in values of variables that look like a key and are not a secret.
    """

    name: str
    tenant_id: str | None = None
    cloud: str | None = None
    client_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    not_secret: tuple[str, ...] = ()
