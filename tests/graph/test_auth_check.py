"""`auth check` from the command line to Entra: what is to be registered shows when it is needed, and no secret does."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from reconciler.cli import run
from tests.graph.entra import (
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

CI = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": APPLICATION, "CI": "true", "GITHUB_ACTIONS": "true"}
FEATURE = "repo:Contoso/Identity:environment:feature"
PULL = "repo:Contoso/Identity:pull_request"
TO_REGISTER = "The exact subject to register in a federated credential of the application, case included:\n  {}\n"
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
    ran = subprocess.run([sys.executable, "-m", "reconciler", *arguments], capture_output=True, text=True, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def check(monkeypatch, capsys, tls):
    """Runs `auth check --cloud global` against the authority: what it printed, and what the authority got."""

    def check(*arguments, job=None, call=None, **variables):
        async def checked():
            async with entra(tls) as authority, github(**(job or {})) as of_github:
                named = {"AZURE_AUTHORITY_HOST": authority.origin}
                for name, value in (CI | named | (of_github if job is not None else {}) | variables).items():
                    monkeypatch.setenv(name, value)
                target = ("--cloud", "global", "--max-retries", "0")
                ran = await asyncio.to_thread(call or in_this_process(capsys), "auth", "check", *target, *arguments)
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
    assert (ran.code, ran.err) == (0, "")
    assert f"Tenant       {TENANT}\n" in ran.out
    assert f"Application  {APPLICATION} (no signed-in user)\n" in ran.out
    assert "plan, drift, export: needs EntitlementManagement.Read.All: EntitlementManagement.Read.All is" in ran.out
    assert f"Assertion issuer    {ISSUER}\nAssertion subject   {SUBJECT}\nAssertion audience  {AUDIENCE}\n" in ran.out
    assert ran.out.endswith(TO_REGISTER.format(SUBJECT))
    assert len(authority.forms) == 1


@pytest.mark.parametrize("call", [None, as_a_process], ids=["here", "as a process"])
def test_a_refused_subject_is_printed_all_the_same_and_no_other_identity_is_tried(check, call):
    ran, authority = check(job={"sub": FEATURE}, call=call, AZURE_CLIENT_SECRET=SECRET)
    assert ran.code == 1
    assert ran.out.startswith(f"Graph        https://graph.microsoft.com/v1.0\nAssertion issuer    {ISSUER}\n")
    assert ran.out.endswith(TO_REGISTER.format(FEATURE))
    error, hint = ran.err.splitlines()
    assert error.startswith(REFUSED.format(700213))
    assert hint.startswith("Hint: ")
    assert f"issuer '{ISSUER}', subject '{FEATURE}' and audience '{AUDIENCE}'" in hint
    assert len(authority.forms) == 1


@pytest.mark.parametrize("subject", [PULL, "repo:Contoso/Identity:ref:refs/heads/main"])
def test_a_subject_without_an_environment_is_said_to_be_shared(check, subject):
    ran, _ = check(job={"sub": subject})
    assert f"{TO_REGISTER.format(subject)}This subject is shared by every workflow of the repository" in ran.out
    assert ran.out.splitlines()[-1].startswith("environment, ")


@pytest.mark.parametrize("subject", [FEATURE, f"{FEATURE}:ref:refs/heads/main", "system:serviceaccount:ci:reconciler"])
def test_any_other_subject_is_not(check, subject):
    ran, _ = check(job={"sub": subject})
    assert ran.out.endswith(TO_REGISTER.format(subject))


def test_a_file_that_has_expired_tells_its_subject_and_who_must_renew_it(check, tmp_path):
    file = tmp_path / "assertion"
    file.write_text(assertion(exp=1, aud=[AUDIENCE]))
    ran, _ = check(AZURE_FEDERATED_TOKEN_FILE=str(file))
    assert ran.code == 1
    assert f"Assertion audience  {AUDIENCE}\n" in ran.out
    assert ran.err.startswith(REFUSED.format(700024))
    assert "whatever writes the file must renew it" in ran.err


def test_json_tells_the_assertion_too(check):
    shown = {"issuer": ISSUER, "subject": SUBJECT, "audience": AUDIENCE}
    ran, _ = check("--format", "json", job={})
    document = json.loads(ran.out)
    assert (document["assertion"], document["kind"], document["tenant_id"]) == (shown, "app", TENANT)
    ran, _ = check("--format", "json", job={"sub": FEATURE})
    document = json.loads(ran.out)
    assert (ran.code, document["assertion"]) == (1, shown | {"subject": FEATURE})
    assert (document["kind"], document["tenant_id"], document["permissions"]) == ("unknown", None, [])


def test_an_assertion_that_cannot_be_read_says_so(check, tmp_path):
    file = tmp_path / "assertion"
    file.write_text("not-a-json.web-token")
    ran, _ = check(AZURE_FEDERATED_TOKEN_FILE=str(file), AZURE_TENANT_ID=APPLICATION)
    assert ran.code == 1
    assert ran.out.count("not readable") == 3
    assert "to register" not in ran.out


def test_a_secret_shows_no_assertion(check):
    ran, authority = check("--format", "json", AZURE_CLIENT_SECRET=SECRET)
    assert (ran.code, json.loads(ran.out)["assertion"]) == (0, None)
    assert authority.forms[0]["client_secret"] == SECRET
    ran, _ = check(AZURE_CLIENT_SECRET=SECRET)
    assert "Assertion" not in ran.out


def test_a_wrong_secret_prints_nothing_but_the_error(check):
    ran, _ = check(AZURE_CLIENT_SECRET="1d-of-the-secret")
    assert (ran.code, ran.out) == (1, "")
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
    ran, authority = check("--auth", "github-oidc", job=None if address is None else {}, **variables)
    assert (ran.code, ran.out) == (1, "")
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
    assert (ran.code, ran.err) == (0, "")
    assert f"Tenant       {TENANT}\n" in ran.out
    assert [form["client_id"] for form in authority.forms] == [APPLICATION]
    ran, authority = check("--environment", "there", job={}, **signs | {"AZURE_TENANT_ID": TENANT})
    assert ran.code == 1
    assert f"AZURE_TENANT_ID is {TENANT}, but environment there is tenant {APPLICATION}" in ran.err
    assert authority.forms == []


def test_a_token_for_another_tenant_than_the_environments_is_told(check, monkeypatch, tmp_path):
    """The Azure CLI gives a token for whatever tenant it is signed in to, whoever is asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler.yaml").write_text(f"environments:\n  there: {{tenant_id: {APPLICATION}}}\n")
    answer = {"accessToken": ACCESS_TOKEN, "expires_on": 4_000_000_000, "tenant": TENANT, "tokenType": "Bearer"}
    program = tmp_path / "bin" / "az"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    ran, authority = check("--environment", "there", "--auth", "azure-cli", AZURE_TENANT_ID="", PATH=path)
    assert ran.code == 1
    assert f"The token is for tenant {TENANT}, but environment there is tenant {APPLICATION}" in ran.err
    assert f"Tenant       {TENANT}\n" in ran.out
    assert authority.forms == []
