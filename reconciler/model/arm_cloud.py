"""Azure Resource Manager in each cloud, for the settings of every command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArmCloud:
    """Azure Resource Manager in one cloud: its host, the host that its tokens are for (None: the
    same), and the hosts that can issue a token there, the usual one first (docs/graph.md §9.4).

    `documented`: Microsoft documents the claims of a policy for this cloud.
    """

    host: str
    audience_host: str | None = None
    issuer_hosts: tuple[str, ...] = ("sts.windows.net",)
    documented: bool = False

    @property
    def scope(self) -> str:
        """The scope of a token for it."""
        return f"https://{self.audience_host or self.host}/.default"
