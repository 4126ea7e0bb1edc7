"""Tenants as nasty as the sandbox can hold them, and the command line against one of them."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import ASSIGNMENT, REQUEST, SUBSCRIPTION, URL, Json, Ran, write_seed
from hypothesis import strategies as st

from reconciler.cli import run
from reconciler.model.learned import forget_learned
from reconciler.sandbox.store import Store, reset
from reconciler.sandbox.switches import parse_switches

SIG = "4Zk1Qw_x9Lm2Np7Rt5Vb8Yc3Hd6Jf0Gs-aEiOuXzB1k"
NASTY = [
    "a", "A", "b", "notify-approvers", "É", "E\u0301", "null", "NULL", "~", "no", "Yes", "on",
    "true", "1e3", "0x1F", "12", "1_000", "12:30:45", "2024-01-02", "2024-01-02T03:04:05Z", ".inf",
    "-", "- a", "?", "? a", ": a", "a: b", "a:", "a #b", "#a", "&a", "*a", "!a", "!!int 3", "|",
    ">", "%YAML 1.2", "@a", "`a", "'a'", '"a"', "it's", 'a "b"', "{a: b}", "[a]", "a, b", "---",
    "--- a", "...", "<<", "=", "${x}", "$${x}", "$$${x}", "${", "$", "a${b}c", "\\n", "\\", " a",
    "a ", " ", "", "\ta", "a\tb", "a\nb", "a\n", "\na", "a\r\nb", "a\rb", "a\u0085b", "a\u2028b",
    "\ufeffa", "a\u202eb", "a\u200bb", "\u3164", "a\x00b", "\x1b[31mred", "\x7f", "🎉", "👩‍👩‍👧",
    "\ud800", "a\udc00", "\ufffe", "日本語", "##[error]x", "::error::x", "a\n::error::x\nb",
    "a\n  indented\n\nb\n", "a \nb", "a\n\n", "  a\nb", "x" * 300, "y " * 200, f"see sig={SIG}",
    "bearer\nabcdefgh1234567", f"Bearer {SIG}", "32efb28c-9a7a-446c-986b-ca6528c6669d", "con",
    "../../etc/passwd", "a/b", "C:\\x", ".hidden", "__proto__", "value", "id",
]  # fmt: skip
texts = st.sampled_from(NASTY) | st.text(max_size=12)
names = st.sampled_from(["a", "A", "b", "c", "d e", "É"]) | texts
finite = st.floats(
    allow_nan=False, allow_infinity=False
)  # any other number makes an answer unreadable
odd_values = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | finite
    | st.just([])
    | st.just({"a": [1, None]})
    | texts
)
timeouts = st.sampled_from(
    [
        "PT5M",
        "PT60M",
        "P1D",
        "PT24H",
        "P14D",
        "PT1.5H",
        "PT300.5S",
        "PT4M59S",
        "P14DT1S",
        "P30D",
        "PT0S",
        "P1W",
        "1h",
        "",
    ]
)
urls = st.sampled_from(
    [URL, f"{URL}&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIG}", URL.replace("https", "http"),
     "https://", "x y", "https://user:pw@host/", f"{URL}&x=${{y}}", "HTTPS://h/p#a, b", "https://h/é"]
)  # fmt: skip
guids = st.sampled_from(
    [SUBSCRIPTION, SUBSCRIPTION.upper(), "11111111-2222-4333-8444-555555555555"]
)


@pytest.fixture(autouse=True)
def no_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing here speaks TLS, and reading 150 certificates for every command takes longer than
    some of them.
    """
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))


def sometimes(draw: st.DrawFn, one_in: int) -> bool:
    return draw(st.integers(1, one_in)) == one_in


@st.composite
def endpoints(draw: st.DrawFn) -> Any:
    if sometimes(draw, 25):
        return draw(st.sampled_from([None, {}]))
    kind = (
        "#microsoft.graph.httpRequestEndpoint"
        if sometimes(draw, 25)
        else ("#microsoft.graph.logicAppTriggerEndpointConfiguration")
    )
    return {
        "@odata.type": kind,
        "subscriptionId": draw(odd_values if sometimes(draw, 25) else guids),
        "resourceGroupName": draw(
            texts if sometimes(draw, 8) else st.sampled_from(["rg", "RG", "rg-2"])
        ),
        "logicAppWorkflowName": draw(
            texts if sometimes(draw, 8) else st.sampled_from(["la", "la-2", "la-3"])
        ),
        "url": draw(urls | st.none()),
    }


@st.composite
def authentications(draw: st.DrawFn) -> Any:
    pop = {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}
    token = {
        "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
        "resourceId": draw(guids),
    }
    odd = [{"@odata.type": "#microsoft.graph.basicAuthentication", "username": "u"}, {}, None]
    odd += [
        {"@odata.type": token["@odata.type"], "resourceId": "no guid"},
        {"@odata.type": token["@odata.type"]},
    ]
    return draw(st.sampled_from([pop, pop, pop, token, token, draw(st.sampled_from(odd))]))


@st.composite
def callbacks(draw: st.DrawFn) -> Any:
    kind = draw(
        st.sampled_from(
            ["customExtensionCallbackConfiguration"] * 3
            + ["accessPackageRequestApprovalStageCallbackConfiguration"]
        )
    )
    named = draw(st.sampled_from(["timeoutDuration", "timeoutDuration", "durationBeforeTimeout"]))
    whole = {"@odata.type": f"microsoft.graph.{kind}", named: draw(timeouts)}
    odd = [{}, {"@odata.type": f"microsoft.graph.{kind}"}, {**whole, "more": draw(odd_values)}]
    return draw(st.sampled_from([whole, whole, None, draw(st.sampled_from(odd))]))


@st.composite
def clients(draw: st.DrawFn) -> Any:
    members = {
        "timeoutInMilliseconds": st.sampled_from(
            [1000, 1000, 200, 2000, 199, 2001, 1000.0, 1000.5, "1000", True, None]
        ),
        "maximumRetries": st.sampled_from([0, 1, 1, 2, None]),
        "retryBackoff": odd_values,
    }
    whole = draw(st.fixed_dictionaries({}, optional=members))
    return draw(st.sampled_from([whole, whole, None, {}]))


@st.composite
def live_extensions(draw: st.DrawFn, extension_id: str) -> Json:
    """An extension as the store holds it, sound more often than not."""
    kind = draw(
        st.sampled_from(
            [REQUEST] * 6
            + [ASSIGNMENT] * 3
            + ["#microsoft.graph.customAccessPackageWorkflowExtension"]
        )
    )
    body = {
        "id": extension_id,
        "@odata.type": kind,
        "displayName": draw(odd_values if sometimes(draw, 20) else names),
        "description": draw(texts | st.none() if not sometimes(draw, 20) else odd_values),
        "endpointConfiguration": draw(endpoints()),
        "authenticationConfiguration": draw(authentications()),
        "clientConfiguration": draw(clients()),
        "callbackConfiguration": draw(callbacks()),
    }
    if sometimes(draw, 10):
        del body[
            draw(st.sampled_from([name for name in body if name not in ("id", "@odata.type")]))
        ]
    return body


@st.composite
def sound_extensions(draw: st.DrawFn, extension_id: str) -> Json:
    """An extension all of which can be declared, in as many ways as there are; its name is its own,
    but for case.
    """
    kind = draw(st.sampled_from([REQUEST, REQUEST, ASSIGNMENT]))
    lead = draw(st.sampled_from(["a", "A", "it's ", "x: ", "# ", 'q"', "日", "${v}"]))
    kept = (
        text for text in NASTY if SIG not in text and "\ud800" not in text and "\udc00" not in text
    )
    client = {
        "timeoutInMilliseconds": st.sampled_from([200, 1000, None]),
        "maximumRetries": st.sampled_from([0, 1, None]),
    }
    pop = {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}
    token = {
        "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
        "resourceId": draw(guids),
    }
    callback = {"timeoutDuration": draw(st.sampled_from(["PT5M", "PT1H", "P1D"]))}
    return {
        "id": extension_id,
        "@odata.type": kind,
        "displayName": f"{lead}{extension_id[-3:]}",
        "description": draw(st.none() | st.sampled_from(list(kept))),
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": draw(guids),
            "resourceGroupName": draw(st.sampled_from(["rg", "RG", "rg 2", "x, y"])),
            "logicAppWorkflowName": draw(st.sampled_from(["la", "la-2", "#la"])),
            "url": draw(st.sampled_from([URL, URL.replace("manual", "other")])),
        },
        "authenticationConfiguration": draw(st.sampled_from([pop, pop, token])),
        "clientConfiguration": draw(st.none() | st.fixed_dictionaries(client)),
        "callbackConfiguration": (
            draw(st.sampled_from([None, callback, callback])) if kind == REQUEST else None
        ),
    }


@st.composite
def sound_tenants(draw: st.DrawFn) -> list[Json]:
    """Two catalogs, all of which can be declared."""
    names = ["Marketing", draw(st.sampled_from(["Finance", "no", "F: #1"]))]
    return [
        {
            "id": f"c{number:07}-0000-4000-8000-000000000000",
            "displayName": name,
            "inside": [
                draw(sound_extensions(f"{number:08}-0000-4000-8000-{n:012}"))
                for n in range(draw(st.integers(0, 3)))
            ],
        }
        for number, name in enumerate(names)
    ]


@st.composite
def properties_of_catalogs(draw: st.DrawFn) -> Json:
    """What else a catalog has, sound more often than not."""
    states = ["published", "published", "unpublished", "unknownFutureValue", ""]
    types = ["userManaged", "userManaged", "serviceDefault", "serviceManaged"]
    return {
        "description": draw(odd_values if sometimes(draw, 15) else texts | st.none()),
        "state": draw(odd_values if sometimes(draw, 20) else st.sampled_from(states)),
        "isExternallyVisible": draw(odd_values if sometimes(draw, 20) else st.booleans()),
        "catalogType": draw(st.sampled_from(types)),
    }


@st.composite
def tenants(draw: st.DrawFn, *, catalogs: int = 3) -> list[Json]:
    """Catalogs with extensions in them, as the store holds them."""
    held = []
    for number in range(draw(st.integers(1, catalogs))):
        ids = [f"{number:08}-0000-4000-8000-{n:012}" for n in range(draw(st.integers(0, 4)))]
        name = draw(st.sampled_from(["Marketing", "marketing", "General"]) | texts)
        inside = [draw(live_extensions(one)) for one in ids]
        held.append(
            {
                "id": f"c{number:07}-0000-4000-8000-000000000000",
                "displayName": name,
                **draw(properties_of_catalogs()),
                "inside": inside,
            }
        )
    return held


@st.composite
def switches(draw: st.DrawFn) -> list[str]:
    """Every switch that changes what a read answers."""
    values = {
        "timeout_answer": ["timeoutDuration", "durationBeforeTimeout", "both"],
        "page_size": ["1", "2", "100"],
        "filter_or": ["accept", "refuse"],
        "list_order": ["insertion", "reverse", "shuffle"],
        "extra_properties": ["true", "false"],
        "empty_pages": ["true", "false"],
        "wrap_answers": ["true", "false"],
    }
    return [f"{name}={draw(st.sampled_from(allowed))}" for name, allowed in values.items()]


@dataclass
class Place:
    """A folder with a sandbox of its own, and the command line in this process."""

    folder: Path

    def __call__(self, *arguments: str | Path) -> Ran:
        forget_learned()  # each command is a process of its own
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(
                [
                    str(argument)
                    for argument in (*arguments, "--sandbox", "--sandbox-db", self.database)
                ]
            )
        return Ran(code, out.getvalue(), err.getvalue())

    @property
    def database(self) -> Path:
        return self.folder / "tenant.sqlite3"

    def store(self) -> Store:
        return Store(self.database)

    def live(self, held: Sequence[Json]) -> None:
        """From now on the catalogs hold these extensions, and no others."""
        with self.store() as store:
            for one in store.extensions():
                store.remove("extension", one["id"])
            for catalog in held:
                for one in catalog["inside"]:
                    store.add("extension", one, catalog["id"])

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(text.encode("utf-8"))
        return file


@contextmanager
def place(held: Sequence[Json], chosen: Sequence[str] = ()) -> Iterator[Place]:
    """A folder, made the working folder, whose sandbox holds these catalogs, each with its
    extensions `inside`.
    """
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        here = Place(Path(folder))
        reset(
            here.database,
            seed=write_seed(here.folder / "seed.json"),
            switches=parse_switches(chosen),
        )
        with here.store() as store:
            for catalog in held:
                store.add(
                    "catalog",
                    {key: value for key, value in catalog.items() if key != "inside"},
                    catalog["id"],
                )
                for one in catalog["inside"]:
                    store.add("extension", one, catalog["id"])
        os.chdir(folder)
        try:
            yield here
        finally:
            os.chdir(before)
