"""Files are written all or none: when they change meanwhile, are read-only, or the disk is full."""

from __future__ import annotations

import asyncio
import queue
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clock import TIMEOUT_S
from harness import CommandLine, catalog
from test_update import HEAD, ITEM, live

from reconciler.errors import UsageError
from reconciler.files import replace_all, write_new
from reconciler.sandbox.server import serve

OLD, NEW = f"{HEAD}{ITEM}    description: old\n", f"{HEAD}{ITEM}    description: new\n"


@contextmanager
def served(database: Path, meanwhile: Callable[[], Any]) -> Iterator[str]:
    """The address of a sandbox that does something before its first answer."""
    waiting = [meanwhile]

    @web.middleware
    async def meddling(
        request: web.Request, handler: Callable[[web.Request], Any]
    ) -> web.StreamResponse:
        if waiting:
            waiting.pop()()
        answer: web.StreamResponse = await handler(request)
        return answer

    async def run() -> None:
        async with serve(database, faults=[meddling]) as url:
            ready.put(url)
            await asyncio.to_thread(done.wait)

    ready, done = queue.Queue[str](), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield ready.get(timeout=TIMEOUT_S)
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda file: file.write_text("catalog: [\n"),
            "was changed by another program during this run. Nothing was written.",
        ),
        (
            lambda file: file.write_text(NEW),
            "was changed by another program during this run. Nothing was written.",
        ),
        (
            lambda file: file.unlink(),
            "cannot be written: No such file or directory. Nothing was written.",
        ),
    ],
    ids=["faulty", "edited", "gone"],
)
@pytest.mark.parametrize("meddled_with", ["a.yaml", "b.yaml"])
def test_a_file_that_changes_during_an_update_ends_it(
    change: Callable[[Path], Any], said: str, meddled_with: str, reconciler: CommandLine
) -> None:
    """Whether it was to be edited (a) or not (b): the proof was about both."""
    texts = {"a.yaml": OLD, "b.yaml": "catalog: Finance\nextensions: []\n"}
    for name, text in texts.items():
        Path(name).write_text(text)
    reconciler.seed(
        catalog(extensions=[live(description="new")]),
        catalog("Finance", "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"),
    )
    database = Path(".reconciler/sandbox.sqlite3")
    with served(database, lambda: change(Path(meddled_with))) as url:
        updated = reconciler("export", "--update", "a.yaml", "b.yaml", "--graph-url", url)
    assert (updated.code, updated.out) == (1, "")
    assert f"{meddled_with} {said}" in updated.err
    assert "Traceback" not in updated.err
    other = next(name for name in texts if name != meddled_with)
    assert Path(other).read_text() == texts[other]
    assert not list(Path().glob(".*.partial"))


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """No file may become larger, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def pair(folder: Path) -> dict[Path, tuple[str, str]]:
    """Two files as they were read, and new texts, of which the second is large."""
    texts = {folder / "a.yaml": ("old", "new"), folder / "b.yaml": ("old", "x" * 100_000)}
    for file, (before, _) in texts.items():
        file.write_text(before)
    return texts


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_without_room_for_all_no_file_is_replaced(tmp_path: Path) -> None:
    texts = pair(tmp_path)
    with (
        room_for(50_000),
        pytest.raises(UsageError, match=r"b\.yaml cannot be written: .*\. Nothing was written\.$"),
    ):
        replace_all(texts)
    assert contents(tmp_path) == {"a.yaml": "old", "b.yaml": "old"}


def test_without_room_for_all_no_file_is_new(tmp_path: Path) -> None:
    with (
        room_for(50_000),
        pytest.raises(UsageError, match=r"b\.yaml cannot be written: .*\. Nothing was written\.$"),
    ):
        write_new(tmp_path / "new", {"a.yaml": "a", "b.yaml": "x" * 100_000})
    assert contents(tmp_path) == {}


def test_what_was_replaced_before_a_refusal_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, replace = pair(tmp_path), Path.replace

    def refused(partial: Path, file: str) -> Path:
        if file.endswith("b.yaml"):
            raise OSError(5, "Input/output error")
        return replace(partial, file)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(
        UsageError,
        match=r"b\.yaml cannot be written: Input/output error\. Written already: .*a\.yaml\.$",
    ):
        replace_all(texts)
    assert contents(tmp_path) == {"a.yaml": "new", "b.yaml": "old"}


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    texts = pair(tmp_path)
    (tmp_path / "b.yaml").chmod(0o444)
    with pytest.raises(UsageError, match=r"b\.yaml is read-only\. Nothing was written\.$"):
        replace_all(texts)
    assert contents(tmp_path) == {"a.yaml": "old", "b.yaml": "old"}


def test_a_read_only_file_may_be_checked(tmp_path: Path) -> None:
    texts = pair(tmp_path)
    (tmp_path / "b.yaml").chmod(0o444)
    replace_all({**texts, tmp_path / "b.yaml": ("old", "old")})
    assert contents(tmp_path) == {"a.yaml": "new", "b.yaml": "old"}


def test_a_file_that_has_changed_meanwhile_is_left(tmp_path: Path) -> None:
    texts = pair(tmp_path)
    (tmp_path / "b.yaml").write_text("changed")
    with pytest.raises(
        UsageError,
        match=r"b\.yaml was changed by another program during this run\. Nothing was written\.$",
    ):
        replace_all(texts)
    assert contents(tmp_path) == {"a.yaml": "old", "b.yaml": "changed"}
