"""The use case auth check: whose token it is."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.app.runs import Checked
from reconciler.errors import AuthenticationError
from reconciler.model.identity import Assertion
from reconciler.settings import Settings, refuse_token_of_another_tenant, sign_in_variables


async def auth_check(settings: Settings, variables: Mapping[str, str]) -> Checked:
    """The identity in the access token; requests a token, sends nothing to Graph.

    Raises:
        AuthenticationError: there is no token, and no assertion was sent that would explain why.
    """
    from reconciler.auth.credentials import open_tokens
    from reconciler.auth.identity import identity_of

    shown: list[Assertion] = []
    try:
        tokens = open_tokens(settings, sign_in_variables(settings, variables), shown.append)
        token = await tokens.token()
    except AuthenticationError as error:
        if not shown:
            raise
        return Checked(None, shown[-1], error)
    identity, assertion = identity_of(token), shown[-1] if shown else None
    try:
        refuse_token_of_another_tenant(settings, identity)
    except AuthenticationError as error:
        return Checked(identity, assertion, error)
    return Checked(identity, assertion)
