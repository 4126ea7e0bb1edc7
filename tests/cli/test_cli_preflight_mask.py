"""No secret that Azure Resource Manager answers is in any byte that a command writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import CommandLine, Json, declare
from tiers import sample

from reconciler.model.learned import forget_learned
from tests.auth.entra import jwt
from tests.cli.test_cli_preflight import arm_that_says
from tests.graph.scripted import Reply, Seen
from tests.preflight.seeds import calls, logic_app, seed, url_of
from tests.preflight.workflows import request_trigger

STATE = Path("desired_state")
SAVED = Path("plan.json")
SIGNATURE = "Zq7Xw9Vb3_Kt5Rm-xP0dLs8wX7qZa1b2c3d4e5f6g7h"
KEY = "Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4fGh7jKl0nOp3rStUvWxYz0123456789AbCdEfGhIjKl1mNoPqRs=="
TOKEN = jwt(sub="nobody", tid="x", marks="Hd6Jf0Gs-aEiOuXzB1k4Zk1Qw")
SAS_URL = f"{url_of('la')}&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIGNATURE}"
PLANTED = (SAS_URL, f"AccountKey={KEY};", f"Bearer {TOKEN}", f"Endpoint=x;SharedAccessKey={KEY}")
OTHER_FORMATS = ("json", "markdown", "github", "sarif")
MARKS = (SIGNATURE, SIGNATURE[8:30], KEY[:40], KEY[20:60], TOKEN.split(".")[1])


def planted(secret: str) -> Json:
    """A Logic App that has the secret wherever an answer can have a text, shown or not."""

    def spoil(properties: Any) -> None:
        properties["state"] = secret
        properties["accessEndpoint"] = secret
        access = properties["accessControl"]["triggers"]
        access["sasAuthenticationPolicy"]["state"] = secret
        policy = access["openAuthenticationPolicies"]["policies"].pop("x")
        for claim in policy["claims"]:
            claim["value"] = secret
        access["openAuthenticationPolicies"]["policies"] = {secret: policy, "y": {"type": secret}}
        definition = properties["definition"]
        definition["triggers"] = {secret: request_trigger(), "t": {"type": secret}}
        definition["actions"] = {"call": {"type": "Http", "inputs": {"uri": secret}}}
        properties["parameters"] = {"key": {"type": "String", "value": secret}}

    return {**logic_app("la", spoil), "tags": {"key": secret, secret: "x"}}


def hidden(secret: str) -> Json:
    """A sound Logic App with the secret where nothing of it is shown."""

    def spoil(properties: Any) -> None:
        properties["definition"]["actions"] = {"call": {"inputs": {"uri": secret}}}

    return {**logic_app("la", spoil), "tags": {"key": secret}}


def refused(status: int, secret: str) -> Reply:
    """A refusal that repeats the secret."""
    error = {"code": f"Code {secret}", "message": f"The key {secret} is no good."}
    headers = {"x-ms-request-id": "r", "Retry-After": "0"}
    return Reply(status, {"error": error}, headers)


def replies(secret: str) -> list[Reply]:
    """Answers that hold the secret."""
    return [
        Reply(body=planted(secret)),
        Reply(body=hidden(secret)),
        refused(403, secret),
        refused(404, secret),
        refused(503, secret),
        refused(401, secret),
        Reply(200, f"<html>{secret}</html>"),
        Reply(200, json.dumps({secret: 1})[:-1] + f", {json.dumps(secret)}: 2}}"),
        Reply(307, headers={"Location": f"https://evil.example/?sig={SIGNATURE}"}),
    ]


CASES = [(secret, name) for secret in PLANTED for name in ("text", *OTHER_FORMATS)]


@pytest.mark.parametrize(
    ("secret", "format_name"),
    sample(CASES, ((SAS_URL, "text"), (SAS_URL, "json"), (PLANTED[2], "text")).__contains__),
)
def test_no_secret_of_an_answer_is_written(
    secret: str, format_name: str, reconciler: CommandLine
) -> None:
    """Every answer in text; what differs by format is the first one."""
    file = STATE / "state.yaml"
    for reply in replies(secret) if format_name == "text" else replies(secret)[:1]:
        seed(reconciler)
        declare(STATE, {"catalog": "Marketing", "extensions": [calls("la"), calls("m", "gone")]})
        texts: list[str] = []
        for command in commands(format_name):
            forget_learned()
            with arm_that_says(answering(secret, reply)) as arm:
                options = ("--arm-url", arm.origin, "--max-retries", "0", "-v")
                ran = reconciler(*command, "--sandbox", *options)
                assert arm.seen
            texts += [ran.out, ran.err, file.read_text()]
        texts.append(SAVED.read_text() if SAVED.exists() else "")
        for mark in MARKS:
            assert not any(mark in text for text in texts), (mark, reply)


def commands(format_name: str) -> list[list[str]]:
    """Every command that asks Azure Resource Manager."""
    of_plan = "text" if format_name == "sarif" else format_name
    return [
        ["preflight", "--format", format_name],
        ["plan", "--preflight", "--out", str(SAVED), "--format", of_plan],
        ["preflight", "--fix", "--format", format_name],
    ]


def answering(secret: str, reply: Reply) -> Callable[[Seen], Reply]:
    """An Azure Resource Manager that gives this answer about every workflow."""
    return lambda seen: Reply(body={"kind": secret}) if "sites" in seen.path else reply


def test_a_secret_is_masked_and_not_merely_missing(reconciler: CommandLine) -> None:
    declare(STATE, {"catalog": "Marketing", "extensions": [calls("la")]})
    with arm_that_says(Reply(body=planted(SAS_URL))) as arm:
        ran = reconciler("preflight", "--sandbox", "--arm-url", arm.origin)
    assert "sig=***" in ran.out
    assert ran.code == 4
