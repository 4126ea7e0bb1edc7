"""A fresh export, example by example: what it looks like, what it leaves out and says, where it is
saved.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from documents import FORMAT
from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    REQUEST,
    URL,
    CommandLine,
    Json,
    catalog,
    extension,
    write_seed,
)

from reconciler.export.documents import export
from reconciler.export.files import file_names
from reconciler.model.export import ExportedDocument
from reconciler.model.objects import ObjectRef, ObservedScope
from reconciler.model.reason import reason
from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
GOLDEN = Path(__file__).parent / "golden" / "worked-example.yaml"
A, B = (f"00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
SIG = "4Zk1Qw_x9Lm2Np7Rt5Vb8Yc3Hd6Jf0Gs-aEiOuXzB1k"


def live(name: str, extension_id: str = A, type_name: str = REQUEST, **properties: Any) -> Json:
    body = {"id": extension_id, **extension(name, type_name, **properties)}
    body["endpointConfiguration"].setdefault("url", URL)
    return body


def hold(reconciler: CommandLine, *extensions: Json) -> None:
    """A Marketing catalog that holds these, as no create would let them in."""
    reconciler.seed(catalog())
    with Store(reconciler.folder / ".reconciler" / "sandbox.sqlite3") as store:
        for one in extensions:
            store.add("extension", one, MARKETING)


def test_the_worked_example_reads_as_if_somebody_had_written_it(reconciler: CommandLine) -> None:
    exported = reconciler("export", "--sandbox")
    assert exported.code == 0
    if os.environ.get("RENEW_GOLDEN") == "1":
        GOLDEN.write_text(exported.out)
    assert exported.out == GOLDEN.read_text()
    assert exported.err.startswith("Skipped 2 catalogs with nothing to export; use --catalog NAME")


def test_what_all_extensions_share_becomes_a_default(reconciler: CommandLine) -> None:
    waits = {"callbackConfiguration": {"timeoutDuration": "PT1H"}}
    reconciler.seed(catalog(extensions=[live("a", **waits), live("b", B, **waits)]))
    text = reconciler("export", "--sandbox").out
    assert (
        text.count("callbackConfiguration")
        == text.count("azureAdPopTokenAuthentication")
        == text.count(URL)
        == 1
    )
    assert text.endswith("displayName: b\n")
    reconciler.seed(catalog(extensions=[live("a", **waits), live("b", B, ASSIGNMENT)]))
    text = reconciler("export", "--sandbox").out
    assert text.index("callbackConfiguration") > text.index("displayName: a"), "not all have it"
    reconciler.seed(catalog(extensions=[live("a", **waits)]))
    assert "defaults" not in reconciler("export", "--sandbox").out, "one extension shares nothing"


def test_catalogs_of_one_name_are_addressed_by_id(reconciler: CommandLine) -> None:
    reconciler.seed(
        catalog("Sales", MARKETING, [live("a")]), catalog("SALES", FINANCE, [live("b", B)])
    )
    text = reconciler("export", "--sandbox").out
    assert f"catalog:\n  id: {MARKETING} # Sales\n" in text
    assert f"---\ncatalog:\n  id: {MARKETING}" in text, "in the order of names, then ids"


def test_catalogs_are_mappings_only_on_request(reconciler: CommandLine) -> None:
    secret = "see https://x.logic.azure.com/?sig=aB3dE5gH7jK9mN1p"
    reconciler.seed(
        {**catalog(), "description": "for campaigns", "isExternallyVisible": True},
        {**catalog("Twin", FINANCE), "state": "unpublished", "description": secret},
        catalog("twin", MARKETING.replace("3", "4")),
    )
    plain, whole = (
        reconciler("export", "--sandbox", "--catalog", "Marketing", "--catalog", FINANCE, *options)
        for options in ([], ["--catalog-properties"])
    )
    assert plain.out.startswith(f"catalog: Marketing # id {MARKETING}\n\nextensions: []\n")
    assert whole.out == (
        f"catalog: # id {MARKETING}\n"
        "  displayName: Marketing\n"
        "  description: for campaigns\n"
        "  isExternallyVisible: true\n"
        "  state: published\n"
        "\n"
        "extensions: []\n"
        "---\n"
        f"catalog: # id {FINANCE}\n"
        f"  id: {FINANCE}\n"
        "  displayName: Twin\n"
        "  isExternallyVisible: false\n"
        "  state: unpublished\n"
        "\n"
        "extensions: []\n"
    )
    assert "sig=" not in whole.err
    assert f'R306 warning: "Twin" ({FINANCE}): description is omitted, because' in whole.err
    for text in (plain.out, whole.out):
        (reconciler.folder / "a.yaml").write_text(text)
        assert reconciler("plan", "a.yaml", "--sandbox", "--detailed-exitcode").code == 0


def test_with_its_properties_a_catalog_is_never_empty(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(), catalog("Finance", FINANCE))
    exported = reconciler("export", "--sandbox", "--catalog-properties", "--out", "desired")
    assert exported.out == (
        "+ desired/finance.yaml: Finance, 0 extensions\n"
        "+ desired/marketing.yaml: Marketing, 0 extensions\n"
    )
    assert "Skipped" not in exported.err
    document = reconciler("export", "--sandbox", "--catalog-properties", "--format", "json")
    assert document.document["documents"][1]["catalog"] == {
        "displayName": "Marketing",
        "isExternallyVisible": False,
        "state": "published",
    }


def test_catalogs_are_chosen_by_name_or_id_and_then_written_even_when_empty(
    reconciler: CommandLine,
) -> None:
    reconciler.seed(catalog(extensions=[live("a")]), catalog("Finance", FINANCE))
    empty = f"catalog: Finance # id {FINANCE}\n\nextensions: []\n"
    assert reconciler("export", "--sandbox", "--catalog", "FINANCE").out == empty
    assert reconciler("export", "--sandbox", "--catalog", FINANCE.upper()).out == empty
    assert empty not in reconciler("export", "--sandbox").out
    wrong = reconciler("export", "--sandbox", "--catalog", "Finanzen")
    assert (wrong.code, wrong.out) == (1, "")
    assert "Hint: Did you mean Finance?" in wrong.err


def test_what_is_only_worth_a_warning_in_a_file_is_exported(reconciler: CommandLine) -> None:
    endpoint = {
        **extension("a")["endpointConfiguration"],
        "url": "https://portal.example/workflows/0",
    }
    reconciler.seed(catalog(extensions=[live("a", endpointConfiguration=endpoint)]))
    exported = reconciler("export", "--sandbox", "--out", "state")
    assert exported.code == 0 and "warning" not in exported.err
    planned = reconciler("plan", "state", "--sandbox", "--format", "json").document
    assert (planned["changes"], planned["unmanaged"]) == ([], [])
    assert [one["code"] for one in planned["diagnostics"]] == ["R217"]


@pytest.mark.parametrize(
    ("extensions", "said", "kept"),
    [
        ([live("\u200b")], "it is omitted, because `displayName` is blank", 0),
        ([live(" ")], "it is omitted, because `displayName` is blank", 0),
        (
            [live("a", type_name="#microsoft.graph.other"), live("a", B)],
            'its type "other" is unknown',
            1,
        ),
        ([live("a", "no-guid"), live("a", B)], "`id`", 1),
        ([live("a", type_name="#microsoft.graph.other")], 'its type "other" is unknown', 0),
        (
            [live("a", authenticationConfiguration=None)],
            "`authenticationConfiguration` is missing",
            0,
        ),
        (
            [live("a", callbackConfiguration={"timeoutDuration": "PT1M"})],
            (
                'callbackConfiguration is omitted, because `timeoutDuration` is "PT1M", which is'
                " shorter than 5 minutes"
            ),
            1,
        ),
        (
            [live("a", clientConfiguration={"timeoutInMilliseconds": 5, "maximumRetries": 1})],
            "clientConfiguration/timeoutInMilliseconds is omitted",
            1,
        ),
        (
            [
                live(
                    "a",
                    endpointConfiguration={
                        **extension("a")["endpointConfiguration"],
                        "url": f"{URL}&sig={SIG}",
                    },
                )
            ],
            "endpointConfiguration/url is omitted, because `url` contains shared-access parameters",
            1,
        ),
        (
            [live("a", description=5)],
            "description is omitted, because a file would declare another value",
            1,
        ),
        ([live("a", description="\ud800")], "description is omitted", 1),
        ([live("a", description={"a": 1})], "description is omitted", 1),
    ],
)
def test_what_cannot_be_declared_is_left_out_and_told(
    extensions: list[Json], said: str, kept: int, reconciler: CommandLine
) -> None:
    hold(reconciler, *extensions)
    exported = reconciler("export", "--sandbox")
    assert (exported.code, exported.out.count("displayName")) == (0, kept)
    assert "R306 warning: " in exported.err and said in exported.err
    assert SIG not in exported.out + exported.err
    if kept:
        Path("state.yaml").write_text(exported.out)
        assert (
            "0 update, 0 rename, 0 replace, 0 delete, 0 blocked, 1 unchanged."
            in reconciler("plan", "state.yaml", "--sandbox").last
        )


APPROVAL = {
    "@odata.type": "#microsoft.graph.accessPackageRequestApprovalStageCallbackConfiguration"
}


@pytest.mark.parametrize(
    "unknown", [{}, {"region": "westeurope"}, {"region": "westeurope", "ownerTags": ["a", None]}]
)
@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"callbackConfiguration": APPROVAL | {"timeoutDuration": "PT1.5H"}}, 0),
        ({"callbackConfiguration": APPROVAL}, 1),
        ({"callbackConfiguration": {}}, 1),
        ({"callbackConfiguration": {"timeoutDuration": "PT1.5H"}}, 0),
        ({"clientConfiguration": {"timeoutInMilliseconds": 5, "maximumRetries": 7}}, 0),
        (
            {
                "clientConfiguration": {
                    "@odata.type": "#microsoft.graph.other",
                    "maximumRetries": None,
                }
            },
            0,
        ),
    ],
)
def test_an_object_of_which_nothing_can_be_declared_is_left_out_whatever_stands_beside_it(
    properties: Json, expected: int, unknown: Json, reconciler: CommandLine
) -> None:
    ((name, value),) = properties.items()
    hold(reconciler, live("a", **{name: value | unknown}))
    exported = reconciler("export", "--sandbox")
    assert (exported.code, exported.out.count("Configuration: {}")) == (0, expected)
    assert exported.out.count(name) == expected
    if unknown and "@odata.type" in value:
        assert "is omitted" in exported.err


@pytest.mark.parametrize("other_type", [ASSIGNMENT, REQUEST])
def test_extensions_of_one_name_are_pinned_by_id(other_type: str, reconciler: CommandLine) -> None:
    """Of different types, as in Microsoft's list example, or of one type: names are not unique."""
    hold(reconciler, live("a"), live("A", B, other_type), live("b", FINANCE))
    exported = reconciler("export", "--sandbox")
    assert (exported.code, exported.err) == (0, "")
    Path("state.yaml").write_text(exported.out)
    assert [line for line in exported.out.splitlines() if line.startswith("    id: ")] == [
        f"    id: {A}",
        f"    id: {B}",
    ]
    planned = reconciler("plan", "state.yaml", "--sandbox", "--format", "json").document
    assert (planned["changes"], planned["summary"]["unchanged"], planned["unmanaged"]) == (
        [],
        3,
        [],
    )


def test_a_secret_of_one_extension_is_left_out_of_another(reconciler: CommandLine) -> None:
    """By its value alone it is known as a secret once the address of the other one was read."""
    endpoint = {**extension("a")["endpointConfiguration"], "url": f"{URL}&sig={SIG}"}
    hold(
        reconciler,
        live("a", endpointConfiguration=endpoint),
        live("b", B, description=f"key {SIG}"),
    )
    exported = reconciler("export", "--sandbox")
    assert "b" in exported.out and SIG not in exported.out + exported.err
    assert (
        '"b" (00000000-0000-4000-8000-000000000002) in catalog Marketing: description is omitted'
        in exported.err
    )


def test_a_hostile_tenant_acts_on_no_terminal_and_no_runner(reconciler: CommandLine) -> None:
    hostile = "\x1b[2J\u202e##[error]x\n::error::y\n# z"
    hold(reconciler, live(hostile, description=f"a\n{hostile}", authenticationConfiguration={}))
    exported = reconciler("export", "--sandbox")
    hold(reconciler, live("a", description=f"a\n{hostile}"))
    both = exported.err + reconciler("export", "--sandbox").out
    assert "\x1b" not in both and "\u202e" not in both and "##[" not in both
    assert not any(line.lstrip().startswith("::") for line in both.splitlines())


def test_an_unreadable_catalog_is_told_and_the_rest_exported() -> None:
    gone, there = (
        ObjectRef("catalog", FINANCE, "Finance"),
        ObjectRef("catalog", MARKETING, "Marketing"),
    )
    observed = [
        ObservedScope(gone, "unreadable", reason=reason("parent_unreadable", error="HTTP 403")),
        ObservedScope(there, "complete"),
    ]
    exported = export(observed, [gone, there], FORMAT, named=True)
    assert [document.parent for document in exported.documents] == [there]
    assert [(finding.code, finding.message) for finding in exported.diagnostics] == [
        (
            "R307",
            f"Catalog Finance ({FINANCE}) is unreadable: the catalog could not be read: HTTP 403.",
        )
    ]
    assert not exported.complete


def test_an_export_only_looks_and_ends_with_4_where_it_could_not(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    @web.middleware
    async def one_forbidden(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked.append((request.method, request.path))
        if FINANCE in request.path:
            return web.json_response({"error": {"code": "Forbidden", "message": "no"}}, status=403)
        return await handler(request)

    async def story() -> tuple[int | None, str, str]:
        async with serve(database, faults=[one_forbidden]) as url:
            command = [sys.executable, "-m", "reconciler", "export", "--graph-url", url]
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *command, cwd=tmp_path, stdout=pipe, stderr=pipe
            )
            out, err = await process.communicate()
            return process.returncode, out.decode(), err.decode()

    database = tmp_path / "tenant.sqlite3"
    reset(
        database,
        seed=write_seed(
            tmp_path / "seed.json", catalog(extensions=[live("a")]), catalog("F", FINANCE)
        ),
    )
    code, out, err = asyncio.run(story())
    assert (code, out.count("displayName"), "R307 warning: Catalog F" in err) == (4, 1, True)
    assert {method for method, _ in asked} == {"GET"}


def test_json_holds_the_same_documents(reconciler: CommandLine) -> None:
    hold(reconciler, live("${x}", clientConfiguration={"timeoutInMilliseconds": 5}))
    document = reconciler("export", "--sandbox", "--format", "json").document
    assert document["complete"] is True
    [one] = document["documents"]
    assert (one["catalog"], one["extensions"][0]["displayName"]) == ("Marketing", "$${x}")
    assert [finding["code"] for finding in document["diagnostics"]] == ["R306"]


class TestOut:
    def test_a_file_a_catalog_with_the_schema_where_it_lies_beside(
        self, reconciler: CommandLine
    ) -> None:
        reconciler.seed(
            catalog(extensions=[live("a")]), catalog("Größe & Co", FINANCE, [live("b", B)])
        )
        saved = reconciler("export", "--sandbox", "--out", "new/folder")
        assert (
            saved.out == "+ new/folder/grosse-co.yaml: Größe & Co, 1 extension\n"
            "+ new/folder/marketing.yaml: Marketing, 1 extension\n"
        )
        assert (
            saved.err == "To check that these files would change nothing: reconciler plan --sandbox"
            " new/folder\n"
        )
        assert Path("new/folder/marketing.yaml").read_text().startswith("catalog: Marketing # id ")
        Path("schemas").mkdir()
        Path("schemas/desired-state.schema.json").touch()
        reconciler("export", "--sandbox", "--out", "desired_state")
        first = Path("desired_state/marketing.yaml").read_text().split("\n")[0]
        assert first == "# yaml-language-server: $schema=../schemas/desired-state.schema.json"

    def test_nothing_is_overwritten_and_nothing_else_written_then(
        self, reconciler: CommandLine
    ) -> None:
        reconciler.seed(
            catalog(extensions=[live("a")]), catalog("Finance", FINANCE, [live("b", B)])
        )
        Path("out").mkdir()
        Path("out/marketing.yaml").symlink_to("nowhere")
        saved = reconciler("export", "--sandbox", "--out", "out")
        assert saved.code == 1
        assert (
            saved.err == "Error: out/marketing.yaml already exists. Nothing was written.\n"
            "Hint: Choose another --out, or use --update.\n"
        )
        assert [one.name for one in Path("out").iterdir()] == ["marketing.yaml"]

    def test_what_cannot_be_written_whole_is_not_written(self, reconciler: CommandLine) -> None:
        reconciler.seed(catalog(extensions=[live("a")]))
        Path("out").touch()
        saved = reconciler("export", "--sandbox", "--out", "out/sub")
        assert (saved.code, "cannot be written" in saved.err) == (1, True)

    @pytest.mark.parametrize(
        ("names", "files"),
        [
            (["Marketing"], ["marketing"]),
            (["a b", "A  B"], [f"a-b-{MARKETING}", f"a-b-{FINANCE}"]),
            (["CON", "lpt1"], ["catalog-con", "catalog-lpt1"]),
            (["../../etc/passwd", ".hidden"], ["etc-passwd", "hidden"]),
            (["日本", ""], [f"catalog-{MARKETING}", f"catalog-{FINANCE}"]),
            (["x" * 500], ["x" * 60]),
            ([f"a {FINANCE}", "a"], [f"a-{FINANCE}-{MARKETING}", "a"]),
        ],
    )
    def test_every_name_gives_a_harmless_one_of_its_own(
        self, names: list[str], files: list[str]
    ) -> None:
        ids = (MARKETING, FINANCE)
        documents = [
            ExportedDocument(ObjectRef("catalog", catalog_id, name), {}, "", {})
            for catalog_id, name in zip(ids, names, strict=False)
        ]
        assert file_names(documents) == [f"{name}.yaml" for name in files]

    def test_the_next_step_repeats_the_target_options_and_can_be_run(
        self, reconciler: CommandLine
    ) -> None:
        reconciler.seed(catalog(extensions=[live("a")]))
        Path(".reconciler/sandbox.sqlite3").rename("a b.sqlite3")
        target = ("--sandbox", "--sandbox-db", "a b.sqlite3")
        saved = reconciler(
            "export", *target, "--out", "my files", "--catalog", "Marketing", "--max-retries", "1"
        )
        command = saved.err.strip().removeprefix("To check that these files would change nothing: ")
        assert command == "reconciler plan --sandbox --sandbox-db 'a b.sqlite3' 'my files'"
        assert "No changes." in reconciler(*shlex.split(command)[1:]).out
        assert reconciler("export", *target, "--out", "quiet", "-q").err == ""


class TestNothingToExport:
    def test_a_tenant_without_catalogs_is_reported(self, reconciler: CommandLine) -> None:
        reconciler.seed()
        exported = reconciler("export", "--sandbox")
        assert (exported.code, exported.out) == (0, "")
        assert (
            exported.err
            == "Nothing to export: Graph lists no catalog in this tenant that this identity can"
            " read.\n"
        )
        assert reconciler("export", "--sandbox", "--quiet").err == ""

    def test_so_is_one_without_files_to_save(self, reconciler: CommandLine) -> None:
        reconciler.seed()
        exported = reconciler("export", "--sandbox", "--out", "out")
        assert (exported.code, exported.out) == (0, "")
        assert (
            exported.err.startswith("Nothing to export: ") and "reconciler plan" not in exported.err
        )

    def test_json_says_so_by_itself(self, reconciler: CommandLine) -> None:
        reconciler.seed()
        document = reconciler("export", "--sandbox", "--format", "json").document
        assert document == {"complete": True, "documents": [], "files": [], "diagnostics": []}

    def test_catalogs_that_hold_nothing_are_counted(self, reconciler: CommandLine) -> None:
        reconciler.seed(catalog())
        exported = reconciler("export", "--sandbox")
        assert (exported.code, exported.out) == (0, "")
        assert exported.err.startswith(
            "Skipped 1 catalog with nothing to export; use --catalog NAME"
        )

    def test_a_catalog_whose_extensions_cannot_be_declared_is_told_by_its_findings(
        self, reconciler: CommandLine
    ) -> None:
        hold(reconciler, live("a", type_name="#microsoft.graph.other"))
        err = reconciler("export", "--sandbox").err
        assert "R306 warning" in err and "Nothing to export" not in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["desired_state"], "export takes PATH only with --update."),
        (["--update", "--out", "x"], "--update and --out are mutually exclusive."),
        (
            ["--update", "--catalog-properties"],
            "--update and --catalog-properties are mutually exclusive.",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: list[str], message: str, reconciler: CommandLine
) -> None:
    refused = reconciler("export", "--sandbox", *options)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"Error: {message}\nHint: ")
