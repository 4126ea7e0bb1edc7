"""A repository on GitHub and a tenant for every test, the tenant's server for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from github_api import served
from harness import catalog, served_sandbox, write_seed
from runner import Runner
from world import DATABASE, World

from reconciler.sandbox.store import reset


@pytest.fixture(scope="session")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder and the address of a tenant, served in a process of its own for all tests; each
    empties it first.
    """
    folder = tmp_path_factory.mktemp("tenant")
    (folder / DATABASE).parent.mkdir()
    reset(folder / DATABASE, seed=write_seed(folder / "seed.json", catalog()))
    with served_sandbox(folder) as url:
        yield folder, url


@pytest.fixture
def played(tmp_path: Path) -> Iterator[World]:
    """A repository whose workflows run as they are, with our action played: for what happens around
    it.
    """
    checkout, base = tmp_path / "checkout", tmp_path / "base"
    checkout.mkdir()
    base.mkdir()
    with served() as hub:
        new = World(tmp_path, hub, Runner(hub, tmp_path, checkout, base))
        new.play()
        yield new


@pytest.fixture
def world(played: World, graph: tuple[Path, str]) -> World:
    """The same with the real action, and a tenant with one empty catalog, which the plan
    environment may only read.
    """
    played.runner.action = None
    played.tenant = graph[0]
    target = {"RECONCILER_GRAPH_URL": graph[1]}
    read_only = {"RECONCILER_LOOPBACK_TOKEN": "loopback-read-only-token-not-secret"}
    played.runner.environments = {"reconciler-plan": target | read_only, "reconciler-apply": target}
    played.live()
    return played
