"""`auth check` from the command line to Entra: what is to be registered shows when it is needed,
and no secret does.
"""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from reconciler.cli import run
from tests.auth.entra import (
    ACCESS_TOKEN,
    APPLICATION,
    AUDIENCE,
    ISSUER,
    RUN_TOKEN,
    SECRET,
    SUBJECT,
    TENANT,
    assertion,
    entra,
    github,
)
from tests.graph.scripted import closed_port

CI = {
    "AZURE_TENANT_ID": TENANT,
    "AZURE_CLIENT_ID": APPLICATION,
    "CI": "true",
    "GITHUB_ACTIONS": "true",
}
FEATURE = "repo:Contoso/Identity:environment:feature"
PULL = "repo:Contoso/Identity:pull_request"
TO_REGISTER = (
    "Register exactly this subject in a federated credential of the application (case-sensitive):\n"
    "  {}\n"
)
REFUSED = "Error: No token for https://graph.microsoft.com/.default: AADSTS{}: "


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def in_this_process(capsys):
    def call(*arguments):
        code = run(arguments)
        return Ran(code, *capsys.readouterr())

    return call


def as_a_process(*arguments):
    ran = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def check(monkeypatch, capsys, tls):
    """Runs `auth check --cloud global` against the authority: what it printed, and what the
    authority got.
    """

    def check(*arguments, job=None, call=None, **variables):
        async def checked():
            async with entra(tls) as authority, github(**(job or {})) as of_github:
                named = {"AZURE_AUTHORITY_HOST": authority.origin}
                for name, value in (
                    CI | named | (of_github if job is not None else {}) | variables
                ).items():
                    monkeypatch.setenv(name, value)
                target = ("--cloud", "global", "--max-retries", "0")
                ran = await asyncio.to_thread(
                    call or in_this_process(capsys), "auth", "check", *target, *arguments
                )
                return ran, authority

        ran, authority = asyncio.run(checked())
        for secret in (
            SECRET,
            RUN_TOKEN,
            ACCESS_TOKEN,
            "eyJ",
            *(form.get("client_assertion", SECRET) for form in authority.forms),
        ):
            assert secret not in ran.out + ran.err
        return ran, authority

    return check


@pytest.mark.parametrize("call", [None, as_a_process], ids=["here", "as a process"])
def test_a_job_of_github_sees_its_identity_and_the_subject_to_register(check, call):
    ran, authority = check(job={}, call=call)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert f"Tenant: {TENANT}\n" in ran.out
    assert f"Identity: application {APPLICATION} (no signed-in user)\n" in ran.out
    assert (
        "plan, drift, export, usage: needs EntitlementManagement.Read.All, or the role"
        " Catalog reader" in ran.out
    )
    assert "(the token has EntitlementManagement.Read.All)\n" in ran.out
    assert (
        f"Assertion issuer: {ISSUER}\nAssertion subject: {SUBJECT}\nAssertion audience:"
        f" {AUDIENCE}\n" in ran.out
    )
    assert ran.out.endswith(TO_REGISTER.format(SUBJECT))
    assert len(authority.forms) == 1


@pytest.mark.parametrize("call", [None, as_a_process], ids=["here", "as a process"])
def test_a_refused_subject_is_printed_all_the_same_and_no_other_identity_is_tried(check, call):
    ran, authority = check(job={"sub": FEATURE}, call=call, AZURE_CLIENT_SECRET=SECRET)
    assert ran.code == 1
    assert ran.out.startswith(
        f"Graph: https://graph.microsoft.com/v1.0\nAssertion issuer: {ISSUER}\n"
    )
    assert ran.out.endswith(TO_REGISTER.format(FEATURE))
    error, hint = ran.err.splitlines()
    assert error.startswith(REFUSED.format(700213))
    assert hint.startswith("Hint: ")
    assert f"issuer '{ISSUER}', subject '{FEATURE}' and audience '{AUDIENCE}'" in hint
    assert len(authority.forms) == 1


@pytest.mark.parametrize("subject", [PULL, "repo:Contoso/Identity:ref:refs/heads/main"])
def test_a_subject_without_an_environment_is_said_to_be_shared(check, subject):
    ran, _ = check(job={"sub": subject})
    assert (
        f"{TO_REGISTER.format(subject)}This subject is shared by every workflow of the repository"
        in ran.out
    )
    assert ran.out.splitlines()[-1].startswith("environment instead, ")


@pytest.mark.parametrize(
    "subject", [FEATURE, f"{FEATURE}:ref:refs/heads/main", "system:serviceaccount:ci:reconciler"]
)
def test_any_other_subject_is_not(check, subject):
    ran, _ = check(job={"sub": subject})
    assert ran.out.endswith(TO_REGISTER.format(subject))


def test_a_file_that_has_expired_tells_its_subject_and_who_must_renew_it(check, tmp_path):
    file = tmp_path / "assertion"
    file.write_text(assertion(exp=1, aud=[AUDIENCE]))
    ran, _ = check(AZURE_FEDERATED_TOKEN_FILE=str(file))
    assert ran.code == 1
    assert f"Assertion audience: {AUDIENCE}\n" in ran.out
    assert ran.err.startswith(REFUSED.format(700024))
    assert "the program that writes it must renew it" in ran.err


def test_json_tells_the_assertion_too(check):
    shown = {"issuer": ISSUER, "subject": SUBJECT, "audience": AUDIENCE}
    ran, _ = check("--format", "json", job={})
    document = json.loads(ran.out)
    assert (document["assertion"], document["kind"], document["tenant_id"]) == (
        shown,
        "app",
        TENANT,
    )
    ran, _ = check("--format", "json", job={"sub": FEATURE})
    document = json.loads(ran.out)
    assert ran.code == 1, ran.err
    assert document["assertion"] == shown | {"subject": FEATURE}
    assert (document["kind"], document["tenant_id"], document["permissions"]) == (
        "unknown",
        None,
        [],
    )


def test_an_assertion_that_cannot_be_read_says_so(check, tmp_path):
    file = tmp_path / "assertion"
    file.write_text("not-a-json.web-token")
    ran, _ = check(AZURE_FEDERATED_TOKEN_FILE=str(file), AZURE_TENANT_ID=APPLICATION)
    assert ran.code == 1
    assert ran.out.count("not readable") == 3
    assert "to register" not in ran.out


def test_a_secret_shows_no_assertion(check):
    ran, authority = check("--format", "json", AZURE_CLIENT_SECRET=SECRET)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["assertion"] is None
    assert authority.forms[0]["client_secret"] == SECRET
    ran, _ = check(AZURE_CLIENT_SECRET=SECRET)
    assert "Assertion" not in ran.out


def test_a_wrong_secret_prints_nothing_but_the_error(check):
    ran, _ = check(AZURE_CLIENT_SECRET="1d-of-the-secret")
    assert ran.code == 1, ran.err
    assert ran.out == ""
    assert ran.err.startswith(REFUSED.format(7000215))
    assert "1d-of-the-secret" not in ran.err


def test_an_untrusted_certificate_is_one_line_with_the_variable_that_helps(check):
    ran, authority = check(job={}, SSL_CERT_FILE="")
    assert ran.code == 1
    error, hint = ran.err.splitlines()
    assert "CERTIFICATE_VERIFY_FAILED" in error
    assert "SSL_CERT_FILE" in hint
    assert authority.forms == []


@pytest.mark.parametrize("address", [None, "http://127.0.0.1:1", "ftp://x"])
def test_a_job_that_gets_no_token_of_github_has_nothing_to_register(check, address):
    variables = {} if address is None else {"ACTIONS_ID_TOKEN_REQUEST_URL": address}
    ran, authority = check(
        "--auth", "github-oidc", job=None if address is None else {}, **variables
    )
    assert ran.code == 1, ran.err
    assert ran.out == ""
    assert ran.err.startswith("Error: ")
    assert authority.served.seen == []


def test_a_subject_cannot_forge_a_line(check):
    ran, _ = check(job={"sub": "x\nplan: granted\x1b[2J"})
    assert "\nplan: granted" not in ran.out + ran.err
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.parametrize("mode", ["environment", "github-oidc"])
def test_an_environment_of_the_repository_says_who_signs_in(check, monkeypatch, tmp_path, mode):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler.yaml").write_text(
        f"environments:\n  here: {{tenant_id: {TENANT}, client_id: {APPLICATION}}}\n"
        f"  there: {{tenant_id: {APPLICATION}}}\n"
    )
    signs = {"AZURE_TENANT_ID": "", "AZURE_CLIENT_ID": "", "AZURE_CLIENT_SECRET": SECRET}
    ran, authority = check("--environment", "here", "--auth", mode, job={}, **signs)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert f"Tenant: {TENANT}\n" in ran.out
    assert [form["client_id"] for form in authority.forms] == [APPLICATION]
    ran, authority = check("--environment", "there", job={}, **signs | {"AZURE_TENANT_ID": TENANT})
    assert ran.code == 1
    assert f"AZURE_TENANT_ID is {TENANT}, but environment there is tenant {APPLICATION}" in ran.err
    assert authority.forms == []


def test_a_token_for_another_tenant_than_the_environments_is_reported(check, monkeypatch, tmp_path):
    """The Azure CLI gives a token for whatever tenant it is signed in to, whoever is asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler.yaml").write_text(
        f"environments:\n  there: {{tenant_id: {APPLICATION}}}\n"
    )
    answer = {
        "accessToken": ACCESS_TOKEN,
        "expires_on": 4_000_000_000,
        "tenant": TENANT,
        "tokenType": "Bearer",
    }
    folder = executable(tmp_path, "az", f"echo '{json.dumps(answer)}'")
    path = f"{folder}:{os.environ['PATH']}"
    ran, authority = check(
        "--environment", "there", "--auth", "azure-cli", AZURE_TENANT_ID="", PATH=path
    )
    assert ran.code == 1
    assert (
        f"The token is for tenant {TENANT}, but environment there is tenant {APPLICATION}"
        in ran.err
    )
    assert f"Tenant: {TENANT}\n" in ran.out
    assert authority.forms == []


def executable(folder, name, script):
    """An executable shell script with this name, in a folder of its own; the folder."""
    file = folder / "bin" / name
    file.parent.mkdir()
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file.parent


NOBODY = {"CI": "", "GITHUB_ACTIONS": "", "AZURE_TENANT_ID": "", "AZURE_CLIENT_ID": ""}
CLI = {
    "missing": (
        None,
        "auto chose azure-cli, and the Azure CLI (az) is not installed or not on PATH.",
    ),
    "signed out": (
        "echo \"Please run 'az login'\" >&2; exit 1",
        "auto chose azure-cli, and the Azure CLI (az) is not si",
    ),
    "broken": (
        "echo boom >&2; exit 3",
        "auto chose azure-cli, and the Azure CLI (az) returned no token: boom",
    ),
    "no JSON": (
        "echo hello",
        "auto chose azure-cli, and the Azure CLI (az) returned no token: Unexpected output",
    ),
}


@pytest.mark.parametrize("case", CLI)
def test_without_a_token_of_the_azure_cli_it_says_why_and_how_to_sign_in(check, tmp_path, case):
    script, message = CLI[case]
    path = str(tmp_path) if script is None else str(executable(tmp_path, "az", script))
    ran, authority = check(PATH=path, **NOBODY)
    assert ran.code == 1, ran.err
    assert ran.out == ""
    error, hint = ran.err.splitlines()
    assert error.startswith(f"Error: Not signed in. --auth {message}")
    assert hint.startswith(
        "Hint: Sign in with `az login --tenant <tenant>`, or choose another --auth: github-oidc, "
    )
    assert hint.endswith("To try without a tenant, use --sandbox.")
    assert authority.forms == []


def test_the_hint_names_the_tenant_and_a_refusal_of_entra_through_the_cli_keeps_its_code(
    check, tmp_path
):
    refused = "AADSTS700082: The refresh token has expired due to inactivity."
    folder = executable(tmp_path, "az", f"echo 'ERROR: {refused} Run az login' >&2; exit 1")
    ran, _ = check("--auth", "azure-cli", PATH=str(folder), **NOBODY | {"AZURE_TENANT_ID": TENANT})
    error, hint = ran.err.splitlines()
    assert error.startswith(REFUSED.format(700082))
    assert f"`az login --tenant {TENANT}`" in hint


@pytest.mark.thorough
def test_without_a_managed_identity_it_says_so(check):
    nowhere = f"http://127.0.0.1:{closed_port()}"
    ran, _ = check(
        "--auth", "managed-identity", AZURE_POD_IDENTITY_AUTHORITY_HOST=nowhere, **NOBODY
    )
    assert ran.code == 1, ran.err
    assert ran.out == ""
    error, hint = ran.err.splitlines()
    assert error.startswith(
        "Error: Not signed in. --auth is managed-identity, and no managed identity is available"
    )
    assert "AZURE_CLIENT_ID" in hint


def test_a_token_without_claims_on_loopback_is_an_unknown_identity(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = in_this_process(capsys)
    on_loopback = call("auth", "check", "--graph-url", "http://127.0.0.1:1/v1.0")
    assert on_loopback.code == 0, on_loopback.err
    assert on_loopback.err == ""
    assert "\nIdentity: unknown (loopback token)\n" in on_loopback.out
    sandbox = call("auth", "check", "--sandbox")
    assert (
        sandbox.out
        == "Graph: sandbox\nIdentity: unknown (sandbox token)\nplan, drift, export, usage: needs"
        " EntitlementManagement.Read.All, or the role Catalog reader on each catalog (cannot be"
        " checked)\napply: needs EntitlementManagement.ReadWrite.All, or the role Catalog owner"
        " on each catalog (cannot be checked)\nlive-check: needs"
        " EntitlementManagement.ReadWrite.All, as it creates catalogs\npreflight: needs the Azure"
        " role Reader on each Logic App, nothing in Graph\nvalidate, show, schema: needs no token\n"
    )
