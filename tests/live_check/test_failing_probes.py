"""A probe that is refused, fails or gets no answer leaves its switches unknown, and changes no
other answer.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from checks import NAME, Checked, checked, opened, own_names
from harness import tenant

from reconciler.errors import AuthenticationError, JournalError, ServiceRefusalError
from reconciler.live_check import bodies
from reconciler.live_check.check import PROBES, Run, Stop, removed
from reconciler.live_check.probe import Probe
from reconciler.live_check.probes.updating import PROBE as UPDATING
from reconciler.model.live_facts import Inside, Left, LiveFacts
from reconciler.render.live_check import facts_json, facts_text, removal_lines
from reconciler.sandbox.errors import GraphError

FAULTS = ("403", "500", "dropped")
QUICK = (("P2", "500"), ("P11", "dropped"))
POLICY_PROBES = [probe for probe in PROBES if probe.needs_policy]


class DuringProbe:
    """A fault that every request of one probe meets."""

    def __init__(self, probe: Probe, fault: str) -> None:
        self._probe = probe
        self._fault = fault
        self._run: Run | None = None

    def report(self, run: Run, _probe: Probe) -> None:
        """A probe begins."""
        self._run = run

    @property
    def middleware(self) -> Middleware:
        """The fault, as part of the server."""

        @web.middleware
        async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await failed(request, handler, self._fault if self._active else "")

        return meet

    @property
    def _active(self) -> bool:
        """True while this probe is asking: those before it have their results."""
        return self._run is not None and len(self._run.results) == PROBES.index(self._probe)


async def failed(request: web.Request, handler: Handler, fault: str) -> web.StreamResponse:
    """The answer with that fault; none without."""
    if fault == "dropped":
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    if fault:
        raise GraphError(int(fault), "Injected", "The test refuses this.")
    return await handler(request)


def refusing(method: str, suffix: str, status: str = "403") -> Middleware:
    """Every request of this kind is refused."""

    @web.middleware
    async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
        here = request.method == method and request.path.endswith(suffix)
        return await failed(request, handler, status if here else "")

    return meet


SOUND: dict[str, str | None] = {}


def sound_values(folder: Path) -> dict[str, str | None]:
    """What a sandbox without faults answers."""
    if not SOUND:
        SOUND.update(asyncio.run(checked(folder)).values)
    return SOUND


def cases() -> list[Any]:
    """Every fault in every probe."""
    return [
        pytest.param(
            probe,
            fault,
            id=f"{probe.id} {probe.switches[0]} {fault}",
            marks=() if (probe.id, fault) in QUICK else (pytest.mark.thorough,),
        )
        for probe in PROBES
        for fault in FAULTS
    ]


@pytest.mark.parametrize(("probe", "fault"), cases())
def test_a_probe_that_fails_is_unknown_and_changes_no_other_answer(
    probe: Probe, fault: str, tmp_path: Path
) -> None:
    (tmp_path / "sound").mkdir()
    during = DuringProbe(probe, fault)
    done = asyncio.run(checked(tmp_path, faults=[during.middleware], report=during.report))
    expected = sound_values(tmp_path / "sound") | dict.fromkeys(probe.switches)
    assert done.values == expected
    assert all(done.facts[switch].reason for switch in probe.switches)
    assert (done.run.error, done.left_behind) == (None, [])
    assert all(left.id is None for left in done.run.left)


@pytest.mark.parametrize(
    "suffix",
    ["/accessPackages", pytest.param("/assignmentPolicies", marks=pytest.mark.thorough)],
)
def test_without_the_right_to_create_access_packages_the_policy_probes_are_not_tried(
    suffix: str, tmp_path: Path
) -> None:
    (tmp_path / "sound").mkdir()
    done = asyncio.run(checked(tmp_path, faults=[refusing("POST", suffix)]))
    hidden = [switch for probe in POLICY_PROBES for switch in probe.switches]
    assert done.values == sound_values(tmp_path / "sound") | dict.fromkeys(hidden)
    not_tried = [result for result in done.run.results if result.not_tried]
    assert len(not_tried) == len(POLICY_PROBES) > 0
    assert all("HTTP 403 Injected" in str(result.not_tried) for result in not_tried)
    assert (done.run.left, done.left_behind) == ((), [])


def test_without_the_right_to_create_a_catalog_the_run_ends_with_the_error(tmp_path: Path) -> None:
    done = asyncio.run(checked(tmp_path, faults=[refusing("POST", "/catalogs")]))
    assert "HTTP 403" in str(done.run.error)
    assert len(done.run.results) == len(PROBES)
    assert set(done.values.values()) == {None}
    assert (done.run.left, done.left_behind) == ((), [])


def test_a_catalog_whose_answer_was_lost_is_used_and_removed(tmp_path: Path) -> None:
    created: list[str] = []

    @web.middleware
    async def lose_first(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "POST" and not created:
            created.append(request.path)
            raise GraphError(504, "GatewayTimeout", "The answer is lost.")
        return answer

    done = asyncio.run(checked(tmp_path, faults=[lose_first], probes=[UPDATING]))
    assert created
    assert (done.run.error, done.run.left, done.left_behind) == (None, (), [])
    assert done.values["put"] == "replace"


def test_a_catalog_that_never_shows_ends_the_run_with_the_error(tmp_path: Path) -> None:
    done = asyncio.run(checked(tmp_path, faults=[refusing("POST", "/catalogs", "504")]))
    assert isinstance(done.run.error, ServiceRefusalError), done.run.error
    [left] = done.run.left
    assert (left.kind, left.name, left.id) == ("catalog", NAME, None)


def test_what_cannot_be_deleted_is_left_and_named(tmp_path: Path) -> None:
    done = asyncio.run(checked(tmp_path, faults=[refusing_deletes_of_packages()], probes=()))
    kinds = {left.kind for left in done.run.left}
    assert kinds == {"access_package", "catalog"}
    assert all(left.id and "HTTP 403 Injected" in left.reason for left in packages(done))
    assert len(done.left_behind) == len(done.run.left)


def packages(done: Checked) -> list[object]:
    return [left for left in done.run.left if left.kind == "access_package"]


def refusing_deletes_of_packages() -> Middleware:
    @web.middleware
    async def meet(request: web.Request, handler: Handler) -> web.StreamResponse:
        here = request.method == "DELETE" and "/accessPackages/" in request.path
        return await failed(request, handler, "403" if here else "")

    return meet


def test_the_code_of_a_refusal_of_the_url_decides_without_the_url_too(tmp_path: Path) -> None:
    done = asyncio.run(checked(tmp_path, "app_only_without_url=refuse", url=None))
    assert done.values["app_only_without_url"] == "refuse"
    assert done.values["put"] is None
    assert done.values["unique_catalog_names"] == "false"
    assert "HTTP 403" in str(done.facts["put"].reason)


def test_an_identity_that_only_reads_is_refused_at_the_first_write(tmp_path: Path) -> None:
    done = asyncio.run(checked(tmp_path, faults=[refusing("POST", "", "403")]))
    assert "HTTP 403" in str(done.run.error)
    assert done.left_behind == []


def test_what_graph_calls_an_error_is_kept_only_if_it_is_a_code(tmp_path: Path) -> None:
    @web.middleware
    async def naming(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path.endswith("/accessPackages"):
            raise GraphError(403, "Contoso GmbH (secret)", "Contoso GmbH refuses this.")
        return await handler(request)

    done = asyncio.run(checked(tmp_path, faults=[naming], probes=POLICY_PROBES))
    facts = LiveFacts("0", "sandbox", "app", tuple(done.run.results), done.run.left)
    for text in (facts_text(facts, ()), facts_json(facts)):
        assert "HTTP 403 (omitted)" in text
        assert "Contoso" not in text


def test_what_others_have_created_is_in_no_file() -> None:
    inside = (Inside("extension", "Contoso GmbH"),)
    left = Left("catalog", NAME, "an-id", "kept", is_kept=True, inside=inside)
    document = facts_json(LiveFacts("0", "sandbox", "app", (), (left,)))
    assert '"left": [' in document
    assert "Contoso" not in document
    assert "    contains extension Contoso GmbH" in removal_lines(1, (left,), "clean")


@pytest.mark.parametrize("refusals", [1, 4])
def test_a_404_to_a_delete_of_what_no_read_has_shown_is_not_believed_at_once(
    refusals: int, tmp_path: Path
) -> None:
    """The second catalog of the same name is never read, and may be too new to be deleted."""
    answers: Counter[str] = Counter()

    @web.middleware
    async def not_yet(request: web.Request, handler: Handler) -> web.StreamResponse:
        parts = request.path.partition("/catalogs/")[2].split("/")
        if request.method == "DELETE" and len(parts) == 1:
            answers[parts[0]] += 1
            if answers[parts[0]] <= refusals:
                raise GraphError(404, "ResourceNotFound", "It does not show yet.")
        return await handler(request)

    async def clean_unseen() -> list[str]:
        async with tenant(tmp_path, faults=[not_yet]) as held:
            async with opened(held, tmp_path / "live-check.jsonl") as trial:
                await trial.create("catalog", bodies.catalog(NAME))
                removal = await removed(trial, Stop())
            assert removal.left == ()
            return own_names(held.store)

    assert asyncio.run(clean_unseen()) == []
    assert max(answers.values()) == refusals + 1


def test_a_token_that_is_rejected_ends_the_run_and_what_is_left_is_named(tmp_path: Path) -> None:
    requests: Counter[str] = Counter()

    @web.middleware
    async def rejecting(request: web.Request, handler: Handler) -> web.StreamResponse:
        requests["all"] += 1
        if requests["all"] > 40:
            raise GraphError(401, "InvalidAuthenticationToken", "The token is expired.")
        return await handler(request)

    done = asyncio.run(checked(tmp_path, faults=[rejecting]))
    assert isinstance(done.run.error, AuthenticationError)
    assert len(done.run.left) == len(done.left_behind) > 3
    assert all(left.id and "the run ended before" in left.reason for left in done.run.left)
    assert done.run.results[-1].not_tried == "an error ended the run before"
    assert done.values["wrap_answers"] == "false", "what was decided stays"


def test_a_journal_that_is_full_ends_the_run_and_everything_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lines = os.write, Counter[str]()

    def write(descriptor: int, content: bytes) -> int:
        lines["recorded"] += content.startswith(b'{"time"')
        if content.startswith(b'{"time"') and lines["recorded"] > 20:
            raise OSError(28, "No space left on device")
        return real(descriptor, content)

    monkeypatch.setattr(os, "write", write)
    done = asyncio.run(checked(tmp_path))
    assert isinstance(done.run.error, JournalError)
    assert (done.run.left, done.left_behind) == ((), [])
