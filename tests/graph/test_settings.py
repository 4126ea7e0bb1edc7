"""Options and environment: which Graph a token may go to, and what is refused before any work."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.model.target import SANDBOX, graph_host
from reconciler.settings import (
    CLOUDS,
    DEFAULT_LOOPBACK_TOKEN,
    LOOPBACK_HOSTS,
    TargetOptions,
    resolve_settings,
)


def resolved(environment=None, **options):
    return resolve_settings(TargetOptions(**options), environment or {})


HOSTS = {
    "global": "graph.microsoft.com",
    "usgov": "graph.microsoft.us",
    "usgov-dod": "dod-graph.microsoft.us",
    "china": "microsoftgraph.chinacloudapi.cn",
}


def test_the_defaults_are_those_of_the_interface():
    found = resolved()
    assert found.graph_url == "https://graph.microsoft.com/v1.0"
    assert found.cloud is CLOUDS["global"]
    assert found.auth == "auto"
    assert found.concurrency == 8
    assert found.timeout_s == 30
    assert found.max_retries == 5
    assert found.catalogs == ()
    assert found.sandbox_db is None
    assert not found.uses_sandbox


def test_the_clouds_are_those_of_the_interface():
    assert {name: cloud.graph_host for name, cloud in CLOUDS.items()} == HOSTS


@pytest.mark.parametrize("name", HOSTS)
def test_a_cloud_is_chosen_by_name(name):
    found = resolved(cloud=name)
    assert (found.graph_url, found.cloud) == (f"https://{HOSTS[name]}/v1.0", CLOUDS[name])


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize(
    "form", ["https://{}/v1.0", "https://{}/v1.0/", "https://{}:443/v1.0", "HTTPS://{}/v1.0"]
)
@pytest.mark.parametrize("case", [str, str.upper])
def test_a_cloud_is_chosen_by_address(name, form, case):
    found = resolved(graph_url=form.format(case(HOSTS[name])))
    assert (found.graph_url, found.cloud) == (f"https://{HOSTS[name]}/v1.0", CLOUDS[name])


@pytest.mark.parametrize(
    ("given_url", "used"),
    [
        ("http://127.0.0.1:8484/v1.0", "http://127.0.0.1:8484/v1.0"),
        ("http://127.0.0.1/v1.0/", "http://127.0.0.1/v1.0"),
        ("http://127.0.0.1:/v1.0", "http://127.0.0.1/v1.0"),
        ("HTTP://LocalHost:80/v1.0", "http://localhost:80/v1.0"),
        ("https://localhost:8443/v1.0", "https://localhost:8443/v1.0"),
        ("http://[::1]:8484/v1.0", "http://[::1]:8484/v1.0"),
        ("http://[::1]/v1.0", "http://[::1]/v1.0"),
        ("http://127.0.0.1:8484/v1.0?", "http://127.0.0.1:8484/v1.0"),
        ("http://127.0.0.1:8484/v1.0#", "http://127.0.0.1:8484/v1.0"),
        (" http://127.0.0.1:8484/v1.0", "http://127.0.0.1:8484/v1.0"),
        ("http://127.0.0.1:8484/v1.0\n", "http://127.0.0.1:8484/v1.0"),
    ],
)
def test_loopback_needs_no_cloud_and_no_credential(given_url, used):
    found = resolved(graph_url=given_url)
    assert (found.graph_url, found.cloud) == (used, None)
    assert found.loopback_token == DEFAULT_LOOPBACK_TOKEN == "loopback-token-not-secret"


REFUSED = [
    "http://graph.microsoft.com/v1.0",
    "http://127.0.0.2:8484/v1.0",
    "http://0.0.0.0/v1.0",
    "http://[::2]/v1.0",
    "http://[::ffff:127.0.0.1]/v1.0",
    "http://127.1/v1.0",
    "http://2130706433/v1.0",
    "http://localhost.example/v1.0",
    "http://localhost./v1.0",
    "http://127.0.0.1.nip.io/v1.0",
    "http://192.168.0.1/v1.0",
    "https://graph.example/v1.0",
    "https://graph.microsoft.com.evil.example/v1.0",
    "https://evil-graph.microsoft.com/v1.0",
    "https://graph.microsoft.com./v1.0",
    "https://graph.microsoft.de/v1.0",
    "https://graph.microsoft.com:8443/v1.0",
    "https://graph.microsoft.us:80/v1.0",
    "https://graph.microsoft.com:0/v1.0",
    "https://user@graph.microsoft.com/v1.0",
    "https://user:secretword@graph.microsoft.com/v1.0",
    "https://@graph.microsoft.com/v1.0",
    "http://user:secretword@127.0.0.1/v1.0",
    "http://graph.microsoft.com@127.0.0.1/v1.0",
    "http://127.0.0.1\\@evil.example/v1.0",
    "https://graph.microsoft.com#@evil.example/v1.0",
    "https://graph.microsoft.com?@evil.example/v1.0",
    "https://graph.microsoft.com/v1.0?x=1",
    "https://graph.microsoft.com/v1.0#x",
    "http://127.0.0.1/v1.0?x=1",
    "https://graph.microsoft.com",
    "https://graph.microsoft.com/",
    "https://graph.microsoft.com/beta",
    "https://graph.microsoft.com/V1.0",
    "https://graph.microsoft.com/v1.0/identityGovernance",
    "https://graph.microsoft.com/v1.0;x",
    "https://graph.microsoft.com//v1.0",
    "https://graph.microsoft.com/x/../v1.0",
    "https://graph.microsoft.com/%761.0",
    "ftp://127.0.0.1/v1.0",
    "//127.0.0.1/v1.0",
    "127.0.0.1:8484/v1.0",
    "graph.microsoft.com/v1.0",
    "http:///v1.0",
    "/v1.0",
    "v1.0",
    "",
    " ",
    "sandbox",
    "http://[::1/v1.0",
    "http://127.0.0.1:x/v1.0",
    "http://127.0.0.1:99999/v1.0",
    "http://127.0.0.1:-1/v1.0",
    "http://127.0.0.1:0/v1.0",
    "https://graph\u3002microsoft.com/v1.0",
    "https://\uff47raph.microsoft.com/v1.0",
    "https://graph.microsoft.com\u2100.evil.example/v1.0",
]


@pytest.mark.parametrize("graph_url", REFUSED)
def test_every_other_address_is_refused_with_a_way_out_and_without_showing_a_password(graph_url):
    with pytest.raises(UsageError) as caught:
        resolved(graph_url=graph_url)
    assert "--graph-url" in str(caught.value)
    assert caught.value.hint
    assert "secretword" not in f"{caught.value} {caught.value.hint}"


@given(st.text() | st.from_regex(r"\Ahttps?://[-a-z0-9.@:/\\#?\[\]%]{0,40}/v1\.0[/?#]?\Z"))
def test_whatever_is_accepted_is_loopback_or_a_cloud_over_https(graph_url):
    try:
        found = resolved(graph_url=graph_url)
    except UsageError:
        return
    parts = urlsplit(found.graph_url)
    assert parts.path == "/v1.0"
    assert parts.query == parts.fragment == ""
    assert parts.hostname in LOOPBACK_HOSTS or (
        parts.scheme == "https" and parts.hostname in HOSTS.values()
    )
    assert (found.cloud is None) == (parts.hostname in LOOPBACK_HOSTS)


def test_the_sandbox_has_no_cloud_and_a_database():
    found = resolved(sandbox=True)
    assert found.graph_url == SANDBOX
    assert found.cloud is None
    assert found.uses_sandbox
    assert found.sandbox_db == Path(".reconciler/sandbox.sqlite3")
    assert resolved(sandbox=True, sandbox_db=Path("x")).sandbox_db == Path("x")


def test_a_database_alone_is_refused_rather_than_taken_for_a_tenant():
    with pytest.raises(UsageError, match="without --sandbox"):
        resolved(sandbox_db=Path("x"))
    assert not resolved(sandbox_db=Path("x"), graph_url="http://127.0.0.1:8484/v1.0").uses_sandbox


@pytest.mark.parametrize(
    "options",
    [
        {"sandbox": True, "cloud": "global"},
        {"sandbox": True, "graph_url": "http://127.0.0.1/v1.0"},
        {"sandbox": True, "graph_url": ""},
        {"cloud": "global", "graph_url": "https://graph.microsoft.com/v1.0"},
        {"cloud": "usgov", "graph_url": "http://127.0.0.1/v1.0"},
        {"cloud": "usgov", "graph_url": ""},
        {"sandbox": True, "cloud": "china", "graph_url": "http://127.0.0.1/v1.0"},
    ],
)
def test_two_targets_at_once_are_refused(options):
    with pytest.raises(UsageError, match="mutually exclusive"):
        resolved(**options)


@pytest.mark.parametrize("options", [{}, {"sandbox": True}, {"graph_url": "http://127.0.0.1/v1.0"}])
def test_the_loopback_token_comes_from_the_environment(options):
    assert resolved({"RECONCILER_LOOPBACK_TOKEN": "mine"}, **options).loopback_token == "mine"
    assert (
        resolved({"RECONCILER_LOOPBACK_TOKEN": ""}, **options).loopback_token
        == DEFAULT_LOOPBACK_TOKEN
    )
    assert resolved({"OTHER": "x"}, **options).loopback_token == DEFAULT_LOOPBACK_TOKEN


@pytest.mark.parametrize("token", ["line\nbreak", "a b", "ünicode", "tab\t", " ", "\x00"])
def test_a_loopback_token_that_no_header_can_carry_is_refused_unshown(token):
    with pytest.raises(UsageError, match="RECONCILER_LOOPBACK_TOKEN") as caught:
        resolved({"RECONCILER_LOOPBACK_TOKEN": token})
    assert token.strip() == "" or token not in str(caught.value)


def test_the_other_options_come_through():
    found = resolved(
        auth="azure-cli", catalogs=("A", "B"), concurrency=3, timeout_s=1.5, max_retries=0
    )
    assert found.auth == "azure-cli"
    assert found.catalogs == ("A", "B")
    assert found.concurrency == 3
    assert found.timeout_s == 1.5
    assert found.max_retries == 0


@pytest.mark.parametrize(
    ("graph_url", "host"),
    [
        (SANDBOX, "sandbox"),
        ("http://127.0.0.1:8484/v1.0", "127.0.0.1"),
        ("http://[::1]:8484/v1.0", "::1"),
        ("https://graph.microsoft.com/v1.0", "graph.microsoft.com"),
    ],
)
def test_the_host_of_a_digest_has_no_port(graph_url, host):
    assert graph_host(graph_url) == host


@pytest.mark.parametrize(
    ("named", "authority"),
    [
        ("https://127.0.0.1:8443", "https://127.0.0.1:8443"),
        ("https://localhost:8443/", "https://localhost:8443"),
        ("https://LOCALHOST", "https://localhost"),
        ("https://[::1]:1", "https://[::1]:1"),
        ("", None),
        ("http://127.0.0.1:8443", None),
        ("127.0.0.1:8443", None),
        ("//127.0.0.1", None),
        ("https://login.microsoftonline.us", None),
        ("https://127.0.0.2", None),
        ("https://127.0.0.1.evil.example", None),
        ("https://127.0.0.1@evil.example", None),
        ("https://evil.example\\@127.0.0.1", None),
        ("https://user@127.0.0.1", None),
        ("https://127.0.0.1/adfs", None),
        ("https://127.0.0.1?x=https://evil.example", None),
        ("https://127.0.0.1#evil.example", None),
        ("https://127.0.0.1:99999", None),
        ("https://[::1", None),
    ],
)
def test_only_https_on_loopback_replaces_the_authority_of_the_cloud(named, authority):
    settings = resolve_settings(TargetOptions(cloud="china"), {"AZURE_AUTHORITY_HOST": named})
    assert settings.loopback_authority == authority
    assert settings.cloud == CLOUDS["china"]
