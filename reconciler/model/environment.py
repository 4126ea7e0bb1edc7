"""An environment: the same files for another tenant, with other values of the variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of `reconciler.yaml`; omitted members come from options and environment
    variables.

    `not_secret` lists texts in values of variables that look like a key but are not a secret.
    """

    name: str
    tenant_id: str | None = None
    cloud: str | None = None
    client_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    not_secret: tuple[str, ...] = ()
