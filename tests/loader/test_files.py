"""Paths, folders, links and bytes: R001 to R005, without blocking and without reading too much."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from documents import FORMAT

from reconciler.loader import LoadedState, finding, load, reading

EMPTY = "catalog: Marketing\nextensions: []\n"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, content: str | bytes = EMPTY) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def found(state: LoadedState) -> list[tuple[str, str, int | None, int | None]]:
    """The errors; of the valid files beside them, each declares nothing (R312)."""
    assert {d.code for d in state.diagnostics if d.severity == "warning"} <= {"R312"}
    return [(d.code, d.place.file, d.place.line, d.place.column) for d in state.errors if d.place]


def test_folders_are_searched_sorted_and_hidden_ones_passed_over() -> None:
    for name in (
        "d/b.yaml",
        "d/a/z.yml",
        "d/.hidden.yaml",
        "d/.git/x.yaml",
        "d/readme.md",
        "d/c.YAML",
        "d/q.yaml/in.yaml",
    ):
        write(name, "- fault\n")
    assert [file for _, file, _, _ in found(load([Path("d")], FORMAT))] == [
        "d/a/z.yml",
        "d/b.yaml",
        "d/c.YAML",
        "d/q.yaml/in.yaml",
    ]


def test_places_are_relative_to_the_working_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write("d/a.yaml", "- fault\n")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert found(load([tmp_path / "d"], FORMAT)) == [("R102", "../d/a.yaml", 1, 1)]


def test_a_named_file_needs_no_suffix_and_may_be_hidden() -> None:
    assert load([write(".state")], FORMAT).files == 1


def test_missing_paths_and_empty_folders_are_reported_beside_the_rest() -> None:
    write("ok.yaml")
    Path("empty").mkdir()
    state = load([Path("nowhere"), Path("empty"), Path("ok.yaml"), Path("x\0y")], FORMAT)
    assert [(code, file) for code, file, _, _ in found(state)] == [
        ("R002", "empty"),
        ("R001", "nowhere"),
        ("R001", "x\\x00y"),
    ]
    assert (state.files, state.scopes) == (1, ())


def test_a_missing_path_is_named_with_the_two_ways_out() -> None:
    [diagnostic] = load([Path("desired_state")], FORMAT).diagnostics
    assert diagnostic.message == "No desired state found: `desired_state` does not exist."
    assert (
        diagnostic.hint
        == "Check the working folder and the path. For a new repository, run `reconciler init ."
        " --ci none`."
    )
    [elsewhere] = load([Path("/nowhere/else")], FORMAT).diagnostics
    assert elsewhere.message == "No desired state found: `/nowhere/else` does not exist.", (
        "as it was typed"
    )
    Path("link").symlink_to("gone")
    assert "does not exist" in load([Path("link")], FORMAT).diagnostics[0].message


def test_no_path_at_all_finds_nothing() -> None:
    assert [d.code for d in load([], FORMAT).diagnostics] == ["R002"]


def test_the_same_file_is_read_once() -> None:
    write("d/a.yaml", "- fault\n")
    Path("d/again.yaml").symlink_to("a.yaml")
    Path("link").symlink_to("d")
    state = load([Path("d"), Path("d/a.yaml"), Path("./d/../d/a.yaml"), Path("link")], FORMAT)
    assert state.files == len(state.diagnostics) == 1


def test_links_out_of_the_folder_are_refused_and_inside_followed() -> None:
    write("outside/a.yaml")
    write("d/sub/in.yaml")
    Path("d/out.yaml").symlink_to("../outside/a.yaml")
    Path("d/folder").symlink_to("../outside")
    Path("d/inside.yaml").symlink_to("sub/in.yaml")
    Path("d/loop").symlink_to(".")
    Path("d/notes.md").symlink_to("/etc/hostname")
    state = load([Path("d")], FORMAT)
    assert found(state) == [("R003", "d/folder", None, None), ("R003", "d/out.yaml", None, None)]
    assert state.files == 1


def test_a_link_whose_name_only_begins_like_the_folder_leads_out() -> None:
    write("d/ok.yaml")
    write("d-secret/a.yaml")
    Path("d/x.yaml").symlink_to("../d-secret/a.yaml")
    assert [code for code, *_ in found(load([Path("d")], FORMAT))] == ["R003"]


def test_broken_and_circular_links_cannot_be_read() -> None:
    Path("d").mkdir()
    Path("d/broken.yaml").symlink_to("gone.yaml")
    Path("d/circle.yaml").symlink_to("circle.yaml")
    assert found(load([Path("d")], FORMAT)) == [
        ("R001", "d/broken.yaml", None, None),
        ("R001", "d/circle.yaml", None, None),
    ]


def test_pipes_sockets_and_devices_never_block() -> None:
    Path("d").mkdir()
    os.mkfifo("d/pipe.yaml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("d/socket.yaml")
        state = load([Path("d"), Path("d/pipe.yaml"), Path("/dev/zero"), Path("/dev/null")], FORMAT)
    assert [code for code, *_ in found(state)] == ["R001"] * 4


def test_size_is_limited_by_what_stat_says_and_by_what_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = 1024 * 1024
    write("exact.yaml", EMPTY + "#" * (limit - len(EMPTY)))
    write("more.yaml", EMPTY + "#" * (limit + 1 - len(EMPTY)))
    write("two.yaml", b"a" * 2 * limit)
    assert [(code, file) for code, file, *_ in found(load([Path()], FORMAT))] == [
        ("R004", "more.yaml"),
        ("R004", "two.yaml"),
    ]
    true_stat = os.fstat

    def before_it_grew(descriptor: int) -> os.stat_result:
        return os.stat_result((*true_stat(descriptor)[:6], 10, 0, 0, 0))

    monkeypatch.setattr(reading.os, "fstat", before_it_grew)
    assert [(code, file) for code, file, *_ in found(load([Path()], FORMAT))] == [
        ("R004", "more.yaml"),
        ("R004", "two.yaml"),
    ]


def test_what_is_not_utf_8_is_refused_with_its_line() -> None:
    write("latin.yaml", "catalog: M\r\n# ü\xe4\n".encode().replace("ä".encode(), b"\xe4"))
    write("utf16.yaml", EMPTY.encode("utf-16"))
    write("surrogate.yaml", b"catalog: \xed\xa0\x80\n")
    assert found(load([Path()], FORMAT)) == [
        ("R005", "latin.yaml", 2, 4),
        ("R005", "surrogate.yaml", 1, 10),
        ("R005", "utf16.yaml", None, None),
    ]


def test_a_byte_order_mark_shifts_nothing() -> None:
    write("bom.yaml", b"\xef\xbb\xbfcatalog: M\nextensions: []\n")
    write("fault.yaml", b"\xef\xbb\xbf- a\n")
    assert found(load([Path()], FORMAT)) == [("R102", "fault.yaml", 1, 1)]


def test_a_file_that_vanishes_midway_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    write("d/a.yaml")
    true_open = os.open

    def gone(path: Path, flags: int) -> int:
        Path(path).unlink()
        return true_open(path, flags)

    monkeypatch.setattr(reading.os, "open", gone)
    assert found(load([Path("d")], FORMAT)) == [("R001", "d/a.yaml", None, None)]


def test_a_folder_that_vanishes_midway_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    write("d/a.yaml")
    write("d/sub/b.yaml")
    true_scandir = os.scandir

    def gone(folder: Path) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        if folder.name == "sub":
            Path("d").rename("elsewhere")
        return true_scandir(folder)

    monkeypatch.setattr(finding.os, "scandir", gone)
    assert found(load([Path("d")], FORMAT)) == [
        ("R001", "d/a.yaml", None, None),
        ("R001", "d/sub", None, None),
    ]


def test_a_working_folder_that_has_vanished_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = write("kept.yaml")
    Path("gone").mkdir()
    monkeypatch.chdir("gone")
    (tmp_path / "gone").rmdir()
    assert found(load([Path(), Path("a.yaml")], FORMAT)) == [
        ("R001", ".", None, None),
        ("R001", "a.yaml", None, None),
    ]
    assert load([tmp_path / kept], FORMAT).errors == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_reported() -> None:
    write("d/a.yaml").chmod(0)
    write("d/closed/b.yaml")
    Path("d/closed").chmod(0)
    state = load([Path("d")], FORMAT)
    Path("d/closed").chmod(0o700)
    assert found(state) == [("R001", "d/a.yaml", None, None), ("R001", "d/closed", None, None)]


def test_very_deep_folders_are_searched() -> None:
    fd = os.open(".", os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("d", dir_fd=fd)
        fd, before = os.open("d", os.O_RDONLY, dir_fd=fd), fd
        os.close(before)
    file = os.open("a.yaml", os.O_CREAT | os.O_WRONLY, dir_fd=fd)
    os.write(file, EMPTY.encode())
    os.close(file)
    os.close(fd)
    try:
        assert load([Path("d")], FORMAT).files == 1
    finally:  # pytest's own clean-up recurses
        subprocess.run(["rm", "-rf", "d"], check=True)


def test_odd_file_names_are_shown_printable() -> None:
    os.close(os.open(b"\xff\n\xe2\x80\xae.yaml", os.O_CREAT | os.O_WRONLY))
    Path(os.fsdecode(b"\xff\n\xe2\x80\xae.yaml")).write_text("- a\n")
    assert [file for _, file, *_ in found(load([Path()], FORMAT))] == ["\\udcff\\n\\u202e.yaml"]
