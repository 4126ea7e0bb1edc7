"""Checks, before signing in, that a saved plan is for the Graph that the options select."""

from __future__ import annotations

from reconciler.errors import StalePlanError
from reconciler.model.plan import Plan
from reconciler.model.target import SANDBOX, graph_host
from reconciler.settings import Settings


def refuse_plan_of_another_target(settings: Settings, saved: Plan) -> None:
    """Returns if the saved plan was made for this Graph and environment.

    Raises:
        StalePlanError: it was not.
    """
    host, planned_host = graph_host(settings.graph_url), graph_host(saved.graph_url)
    if planned_host != host:
        options = (
            "--sandbox"
            if planned_host == SANDBOX
            else "the target options that the plan was made with"
        )
        raise StalePlanError(
            f"The plan was made for {planned_host}, not for {host}. Nothing was written.",
            hint=f"Use {options}.",
        )
    chosen = settings.environment_name
    if saved.environment != chosen:
        raise StalePlanError(
            f"The plan was made for {_named(saved.environment)}, not for {_named(chosen)}. Nothing"
            " was written.",
            hint=(
                f"Use --environment {saved.environment}."
                if saved.environment
                else "Omit --environment."
            ),
        )


def _named(environment: str | None) -> str:
    return f"environment {environment}" if environment else "no environment"
