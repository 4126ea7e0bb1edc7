"""Entra's token endpoint and GitHub's token service on 127.0.0.1, which know one application and
judge as they do.

The wording of the refusals is Microsoft's; the trace ids stand on lines of their own or in the same
one, as seen.
"""

from __future__ import annotations

import base64
import itertools
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

from tests.graph.scripted import Reply, Scripted, Seen, scripted

TENANT = "11111111-2222-3333-4444-555555555555"
APPLICATION = "99999999-8888-7777-6666-555555555555"
SECRET = "the~Right.Secret8Q~value-of-it"
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:Contoso/Identity:environment:reconciler-plan"
AUDIENCE = "api://AzureADTokenExchange"
RUN_TOKEN = "the-run-token-of-the-job"
FEDERATED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def jwt(**claims: Any) -> str:
    """An unsigned JSON Web Token with these claims."""
    parts = ({"alg": "RS256"}, claims, {"signed": "not"})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )


def assertion(**claims: Any) -> str:
    """What the application's federated credential matches; `claims` replace."""
    return jwt(
        **{"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "exp": time.time() + 300, **claims}
    )


ACCESS_TOKEN = jwt(
    tid=TENANT, appid=APPLICATION, idtyp="app", roles=["EntitlementManagement.Read.All"]
)


@dataclass
class Entra:
    """The endpoint as a script, with what it got: forms of exchanges; `shown` are the assertions
    among them.

    `says` answers every exchange in place of its own judgement.
    """

    audience: str = AUDIENCE
    secret_has_expired: bool = False
    says: Callable[[dict[str, str]], Reply] | None = None
    forms: list[dict[str, str]] = field(default_factory=list)
    served: Scripted | None = None

    @property
    def origin(self) -> str:
        assert self.served
        return self.served.origin

    @property
    def shown(self) -> list[str]:
        return [form["client_assertion"] for form in self.forms]

    def __call__(self, seen: Seen) -> Reply:
        # Else the credential keeps the connection, and a TLS server that stops waits 30 s for its
        # goodbye.
        return replace(self._answer(seen), headers={"Connection": "close"})

    def _answer(self, seen: Seen) -> Reply:
        tenant, _, path = seen.target.lstrip("/").partition("/")
        if tenant != TENANT:
            return refusal(
                400,
                "invalid_request",
                f"AADSTS90002: Tenant '{tenant}' not found. Check to make sure.",
            )
        if (seen.method, path) == ("GET", "v2.0/.well-known/openid-configuration"):
            base = f"{self.origin}/{TENANT}"
            endpoints = {
                f"{name}_endpoint": f"{base}/oauth2/v2.0/{name}"
                for name in ("token", "authorization")
            }
            return Reply(200, {"issuer": f"{base}/v2.0", **endpoints})
        assert (seen.method, path) == ("POST", "oauth2/v2.0/token"), seen
        self.forms.append(
            {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        )
        return (self.says or self._judge)(self.forms[-1])

    def _judge(self, form: dict[str, str]) -> Reply:
        assert form["grant_type"] == "client_credentials"
        assert form["scope"].endswith("/.default")
        if form["client_id"] != APPLICATION:
            said = (
                f"AADSTS700016: Application with identifier '{form['client_id']}' was not found in"
                " the directory."
            )
            return refusal(400, "unauthorized_client", said)
        said = (
            self._against_assertion(form)
            if "client_assertion" in form
            else self._against_secret(form)
        )
        if said:
            return refusal(401, "invalid_client", said)
        return Reply(
            200, {"token_type": "Bearer", "expires_in": 3599, "access_token": ACCESS_TOKEN}
        )

    def _against_secret(self, form: dict[str, str]) -> str | None:
        if form["client_secret"] != SECRET:
            return (
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the"
                " secret value."
            )
        return (
            "AADSTS7000222: The provided client secret keys are expired."
            if self.secret_has_expired
            else None
        )

    def _against_assertion(self, form: dict[str, str]) -> str | None:
        assert form["client_assertion_type"] == FEDERATED
        body = form["client_assertion"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        none = "No matching federated identity record found for presented assertion"
        if claims["exp"] < time.time():
            return (
                "AADSTS700024: Client assertion is not within its valid time range. Current time:"
                " 2026-01-01T00:00Z"
            )
        if claims["iss"] != ISSUER:
            return f"AADSTS700211: {none} issuer '{claims['iss']}'."
        if claims["sub"] != SUBJECT:
            code = "7002138" if claims["sub"].casefold() == SUBJECT.casefold() else "700213"
            return f"AADSTS{code}: {none} subject '{claims['sub']}'."
        audiences = [claims["aud"]] if isinstance(claims["aud"], str) else claims["aud"]
        if self.audience not in audiences:
            return f"AADSTS700212: {none} audience '{audiences[0]}'."
        return None


def refusal(status: int, error: str, said: str) -> Reply:
    """An error body as Entra writes it."""
    between = " " if "federated" in said else "\r\n"
    ids = ("Trace ID: 0a", "Correlation ID: 0b", "Timestamp: 2026-01-01 00:00:00Z")
    code = int(said.partition(":")[0].removeprefix("AADSTS"))
    return Reply(
        status,
        {"error": error, "error_description": between.join((said, *ids)), "error_codes": [code]},
    )


@asynccontextmanager
async def entra(tls: ssl.SSLContext, **known: Any) -> AsyncIterator[Entra]:
    """A running endpoint."""
    endpoint = Entra(**known)
    async with scripted(endpoint, token=None, tls=tls) as endpoint.served:
        yield endpoint


@asynccontextmanager
async def github(**claims: Any) -> AsyncIterator[dict[str, str]]:
    """A job's token service, as the variables that name it; every token is another one, for the
    audience asked for.
    """
    numbers = itertools.count(1)

    def gives(seen: Seen) -> Reply:
        return Reply(
            200,
            {"value": assertion(**{"aud": seen.query["audience"], "jti": next(numbers), **claims})},
        )

    async with scripted(gives, token=RUN_TOKEN) as served:
        yield {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{served.origin}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": RUN_TOKEN,
        }
