"""Whether a saved plan is for the Graph that the options name: known before anybody signs in."""

from __future__ import annotations

from reconciler.errors import StalePlanError
from reconciler.model.plan import Plan
from reconciler.settings import SANDBOX, Settings, graph_host


def refuse_plan_of_another_target(settings: Settings, saved: Plan) -> None:
    """Nothing, when the saved plan was made for this Graph and environment.

    Raises:
        StalePlanError: it was not.
    """
    host, planned_host = graph_host(settings.graph_url), graph_host(saved.graph_url)
    if planned_host != host:
        options = "--sandbox" if planned_host == SANDBOX else "the target options that the plan was made with"
        raise StalePlanError(
            f"The plan was made for {planned_host}, not for {host}; nothing was written.", hint=f"Give {options}."
        )
    chosen = settings.environment_name
    if saved.environment != chosen:
        raise StalePlanError(
            f"The plan was made for {_named(saved.environment)}, not for {_named(chosen)}; nothing was written.",
            hint=f"Give --environment {saved.environment}." if saved.environment else "Leave --environment out.",
        )


def _named(environment: str | None) -> str:
    return f"environment {environment}" if environment else "no environment"
