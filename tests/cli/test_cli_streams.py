"""Every command under many encodings, and with stdin, stdout and stderr closed, full or without a
reader.
"""

import asyncio
import itertools
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import SUBSCRIPTION, CommandLine, catalog, declare, extension, write_seed
from tiers import sample

from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset

ENCODINGS = [
    "ascii",
    "utf-8",
    "iso-8859-1",
    "cp1252",
    "koi8-r",
    "shift_jis",
    "gb18030",
    "utf-16",
    "utf-7",
    "cp037",
]
LOGIC_APP = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Logic/workflows/la"
)
STDIN, STDOUT, STDERR = (
    ("open", "closed"),
    ("open", "closed", "full", "gone"),
    ("open", "closed", "full"),
)
COMMANDS = {
    "help": (["--help"], 0),
    "version": (["version"], 0),
    "schema": (["schema", "plan"], 0),
    "validate": (["validate"], 0),
    "invalid": (["validate", "invalid.yaml"], 3),
    "plan": (["plan", "--sandbox", "--detailed-exitcode"], 2),
    "plan as JSON": (["plan", "--sandbox", "--format", "json"], 0),
    "drift": (["drift", "--sandbox", "--format", "markdown"], 0),
    "show": (["show", "plan.json"], 0),
    "export": (["export", "--sandbox"], 0),
    "auth": (["auth", "check", "--sandbox"], 0),
    "usage": (["plan", "--nonsense"], 1),
    "unapproved": (["apply", "--sandbox"], 4),
    "apply": (["apply", "--plan", "plan.json", "--sandbox"], 0),
}
NAME = "Zugriff \u2013 承認 é 🚀"
ALL = bool(os.environ.get("ALL_STREAMS"))
"""Every combination, a few minutes, instead of every pair."""


def chosen(encoding: int) -> list[dict[str, Any]]:
    """The cases of one encoding: over all encodings every pair of command, stdin, stdout and stderr
    is among them.
    """
    if ALL:
        combined = itertools.product(COMMANDS, STDIN, STDOUT, STDERR)
    else:
        combined = (
            (
                name,
                STDIN[(number + encoding // 2) % 2],
                STDOUT[(number + encoding) % 4],
                STDERR[(number + encoding // 3) % 3],
            )
            for number, name in enumerate(COMMANDS)
        )
    return [
        dict(zip(("name", "stdin", "stdout", "stderr"), case, strict=True)) for case in combined
    ]


def test_every_pair_is_among_the_cases() -> None:
    cases = [case for encoding in range(len(ENCODINGS)) for case in chosen(encoding)]
    factors = {"name": tuple(COMMANDS), "stdin": STDIN, "stdout": STDOUT, "stderr": STDERR}
    for first, second in itertools.combinations(factors, 2):
        met = {(case[first], case[second]) for case in cases}
        assert met == set(itertools.product(factors[first], factors[second])), (first, second)


def expected_code(case: dict[str, Any]) -> int:
    """A result that is lost is none: 6 after a write, else 1; whatever else happens to a stream
    changes nothing.
    """
    _, code = COMMANDS[case["name"]]
    if case["stdout"] != "full" or case["name"] == "usage":
        return code
    return 6 if case["name"] == "apply" else 1


@pytest.mark.parametrize("encoding", sample(ENCODINGS, {"utf-8", "ascii"}.__contains__))
def test_no_stream_and_no_encoding_ends_a_command_otherwise(
    encoding: str, reconciler: CommandLine
) -> None:
    declare(
        Path("desired_state"),
        {"catalog": "Marketing", "extensions": [extension(NAME, description=NAME)]},
    )
    Path("invalid.yaml").write_text(
        f"catalog: {NAME}\nextensions: [{{displayName: {NAME}}}]\n", "utf-8"
    )
    seed = write_seed(Path("seed.json"), catalog(extensions=[extension("unmanaged " + NAME)]))
    reset(Path("seeded.sqlite3"), seed=seed)
    assert (
        reconciler("plan", "--sandbox", "--sandbox-db", "seeded.sqlite3", "--out", "plan.json").code
        == 0
    )
    cases = chosen(ENCODINGS.index(encoding))
    for number, case in enumerate(cases):
        own = (
            ["--sandbox-db", f"{number}.sqlite3"]
            if "--sandbox" in COMMANDS[case["name"]][0]
            else []
        )
        if own:
            Path(own[1]).write_bytes(Path("seeded.sqlite3").read_bytes())
        case["command"] = [*COMMANDS[case["name"]][0], *own]
    Path("cases.json").write_text(json.dumps(cases), "utf-8")
    program = Path(__file__).with_name("stream_runs.py")
    command = [sys.executable, program, encoding, "cases.json", "results.json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    for ended in json.loads(Path("results.json").read_text("utf-8")):
        assert ended["code"] == expected_code(ended), ended
        assert "Traceback" not in ended["printed"]["stdout"] + ended["printed"]["stderr"], ended
        if ended["stdout"] == "full" and ended["stderr"] == "open" and ended["name"] != "usage":
            assert (
                "could not be written to stdout: No space left on device"
                in ended["printed"]["stderr"]
            ), ended
        if ended["name"] == "apply":
            with Store(ended["command"][-1]) as store:
                assert NAME in [item["displayName"] for item in store.extensions()]


def test_what_an_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    declare(tmp_path / "desired_state", {"catalog": NAME, "extensions": []})
    printed = subprocess.run(
        [sys.executable, "-m", "reconciler", "plan", "--sandbox"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "iso-8859-1"},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode("iso-8859-1")
    assert "Zugriff \\u2013 \\u627f\\u8a8d é \\U0001f680" in printed


def applied(folder: Path, unbuffered: str, size_bytes: int) -> tuple[int, bytes, bytes, int]:
    """How an apply of a saved plan ended whose stdout is a file that may grow so long, and how much
    is live.
    """

    def no_larger() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    async def story() -> tuple[int, bytes, bytes]:
        async with serve(database) as url:
            command = [sys.executable, "-m", "reconciler"]
            # Whoever measures the coverage of a child writes a file too, and longer ones.
            environment = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith("COVERAGE_")
            }
            environment["PYTHONUNBUFFERED"] = unbuffered
            target = ["--graph-url", url]
            planning = await asyncio.create_subprocess_exec(
                *command,
                "plan",
                "--out",
                "plan.json",
                *target,
                cwd=folder,
                stdout=asyncio.subprocess.DEVNULL,
            )
            assert await planning.wait() == 0
            with (folder / "report").open("wb") as report:
                process = await asyncio.create_subprocess_exec(
                    *[
                        *command,
                        "apply",
                        "--no-journal",  # that is a file too
                        "--plan",
                        "plan.json",
                        "--format",
                        "json",
                        *target,
                    ],
                    cwd=folder,
                    env=environment,
                    stdout=report,
                    stderr=asyncio.subprocess.PIPE,
                    preexec_fn=no_larger,
                )
                _, err = await process.communicate()
            assert process.returncode is not None
            return process.returncode, (folder / "report").read_bytes(), err

    database = folder / "tenant.sqlite3"
    reset(database, seed=write_seed(folder / "seed.json", catalog()))
    declare(
        folder / "desired_state",
        {"catalog": "Marketing", "extensions": [extension(name) for name in "abc"]},
    )
    code, report, err = asyncio.run(story())
    with Store(database) as store:
        return code, report, err, len(store.extensions())


@pytest.mark.parametrize("unbuffered", sample(["", "1"], "".__eq__))
def test_a_disk_that_fills_up_during_the_report_shows_in_the_exit_code(
    unbuffered: str, tmp_path: Path
) -> None:
    code, report, err, live = applied(tmp_path, unbuffered, 1_000)
    assert (code, len(report), live) == (6, 1_000, 3)
    assert b"could not be written to stdout: File too large." in err and b"Traceback" not in err


def test_a_reader_that_takes_its_time_gets_everything(reconciler: CommandLine) -> None:
    """A pipe that does not block was handed on by Node: a full one takes nothing, and
    asks to wait.
    """
    reconciler.seed(
        catalog(extensions=[extension(f"{number}", description="x" * 900) for number in range(200)])
    )
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    command = [sys.executable, "-m", "reconciler", "export", "--sandbox"]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        exported = b"".join(iter(lambda: os.read(reader, 65536), b""))
        assert process.stderr is not None and process.stderr.read() == b""
    os.close(reader)
    assert process.returncode == 0
    assert exported.decode() == reconciler("export", "--sandbox").out and len(exported) > 65536


def test_closed_streams_are_not_given_to_files(tmp_path: Path) -> None:
    """Else the journal has the number of stdout, and whatever a program started by this one prints
    goes into it.
    """
    program = """
import os, sys
from reconciler.__main__ import main
try:
    main()
except SystemExit as ended:
    opened = os.open("opened", os.O_WRONLY | os.O_CREAT)
    os.write(opened, f"{ended.code} {opened > 2}".encode())
"""
    script = 'exec "$0" -c "$1" version <&- >&- 2>&-'
    subprocess.run(
        ["sh", "-c", script, sys.executable, program], cwd=tmp_path, timeout=60, check=True
    )
    assert (tmp_path / "opened").read_text() == "0 True"


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--out"),
        ("drift", "--out"),
        ("live-check", "--logic-app", LOGIC_APP, "--out"),
        ("apply", "--journal"),
    ],
)
def test_a_named_pipe_is_refused_before_anything_is_read(
    arguments: tuple[str, ...], reconciler: CommandLine
) -> None:
    """Opening it would wait for a reader, which a signal does not end."""
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": []})
    os.mkfifo("pipe")
    ran = reconciler(*arguments, "pipe", "--sandbox")
    assert (ran.code, ran.out) == (1, "")
    assert "pipe cannot be written: it is a named pipe, a socket or a disk. Nothing was" in ran.err
    assert "Hint: Choose another file" in ran.err
    assert not Path(".reconciler").exists(), "not even the sandbox was opened"


def test_a_pipe_that_is_open_is_written_through(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [extension("a")]})
    reader, writer = os.pipe()
    ran = reconciler("plan", "--sandbox", "--out", f"/dev/fd/{writer}")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(os.read(reader, 65536))["summary"]["create"] == 1
    os.close(reader)
    os.close(writer)


def test_a_device_stays_a_device(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": []})
    try:
        os.mknod("null", 0o020644, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only an administrator makes devices")
    assert reconciler("plan", "--sandbox", "--out", "null").code == 0
    assert Path("null").is_char_device()
    full = reconciler("plan", "--sandbox", "--out", "/dev/full")
    assert (full.code, "/dev/full cannot be written: No space left on device." in full.err) == (
        1,
        True,
    )


@pytest.mark.parametrize(
    "path", sample(["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"], "/dev/stdout".__eq__)
)
def test_stdout_by_its_path_is_not_replaced(path: str, reconciler: CommandLine) -> None:
    """Where it leads to a file, both the plan and what is printed after it arrive there."""
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": []})
    command = [sys.executable, "-m", "reconciler", "plan", "--sandbox", "--out", path]
    with Path("both").open("wb") as both:
        ran = subprocess.run(command, stdout=both, stderr=subprocess.PIPE, check=True)
    assert ran.stderr == b"", "there is no file to apply later"
    printed = Path("both").read_text()
    assert printed.startswith("{") and printed.splitlines()[-1].startswith("Plan: 0 create")


def test_a_link_stays_and_what_it_leads_to_is_replaced_with_its_mode(
    reconciler: CommandLine,
) -> None:
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": []})
    target = Path("elsewhere/plan.json")
    target.parent.mkdir()
    for mode in (0o640, 0o600):
        target.write_text("old")
        target.chmod(mode)
        if os.geteuid() == 0:
            os.chown(target, 12345, 12345)
        owner = target.stat().st_uid
        Path("link").unlink(missing_ok=True)
        Path("link").symlink_to(target)
        assert reconciler("plan", "--sandbox", "--out", "link").code == 0
        assert Path("link").is_symlink() and json.loads(target.read_text())["changes"] == []
        assert (target.stat().st_mode & 0o777, target.stat().st_uid) == (mode, owner)
    assert [file.name for file in target.parent.iterdir()] == ["plan.json"]


def test_a_link_to_nothing_gets_its_file(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": []})
    Path("link").symlink_to("plan.json")
    assert reconciler("plan", "--sandbox", "--out", "link").code == 0
    assert Path("link").is_symlink() and Path("plan.json").is_file()


def test_a_read_only_plan_is_not_replaced(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": []})
    Path("plan.json").write_text("old")
    Path("plan.json").chmod(0o444)
    refused = reconciler("plan", "--sandbox", "--out", "plan.json")
    assert (refused.code, refused.out, Path("plan.json").read_text()) == (1, "", "old")
    assert "plan.json is read-only." in refused.err
