"""Whatever Graph answers, every command says in printable words what is wrong, and ends with its
documented code.
"""

import asyncio
import json

import pytest

from reconciler.cli import run
from tests.graph.scripted import CATALOG, Reply, listing, refused, scripted
from tests.harness import declare, extension

LONE = "\ud800"
NAME = f"notify{LONE}\x1b[31m"
ID = "90a31e24-0000-0000-0000-000000000001"
LIVE = extension("notify", id=ID, description="other")
DECLARED = {"catalog": "Marketing", "extensions": [extension("notify", description="declared")]}
COMMANDS = {
    "plan": ["plan"],
    "plan as JSON": ["plan", "--format", "json"],
    "plan as Markdown": ["plan", "--format", "markdown"],
    "plan for GitHub": ["plan", "--format", "github"],
    "drift": ["drift"],
    "export": ["export"],
}


def nested(levels):
    """An object so deep."""
    value = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


def raw(number):
    """A listing whose one extension has this number, as it is written, where a whole number
    belongs.
    """
    text = json.dumps(listing({**LIVE, "clientConfiguration": {"timeoutInMilliseconds": "@"}}).body)
    return Reply(body=text.replace('"@"', number))


UNREADABLE = {
    "endless": Reply(200, b" " * 65_536, way="endless"),
    "NaN": raw("NaN"),
    "infinite": raw("1e999"),
    "a member twice": Reply(
        body=json.dumps(listing(LIVE).body).replace('"id":', '"description": "other", "id":')
    ),
    "400 levels in a text": listing({**LIVE, "description": nested(400)}),
    "400 levels in a number": listing(
        {**LIVE, "clientConfiguration": {"timeoutInMilliseconds": nested(400)}}
    ),
    "400 levels in what is unknown": listing({**LIVE, "unknown": nested(400)}),
    "id with a lone surrogate": listing({**LIVE, "id": f"x{LONE}"}),
    "long id": listing({**LIVE, "id": "x" * 100_000}),
    "id that acts on a terminal": listing({**LIVE, "id": "x\x1b[31m\n"}),
    "link with a lone surrogate": listing(LIVE, link=f"http://127.0.0.1/{LONE}"),
    "long link": listing(LIVE, link="http://127.0.0.1/" + "x" * 100_000),
    "refusal with a lone surrogate": Reply(
        400,
        {
            "error": {
                "code": f"A{LONE}",
                "message": f"B{LONE}\x1b[31m\n",
                "innerError": {"request-id": LONE},
            }
        },
        {"request-id": ""},
    ),
    "headers that are not ASCII": refused(400, request_id="r\xff\x80", Retry_After="caf\xe9"),
}
ODD_AND_READABLE = listing(
    {
        **LIVE,
        "description": NAME,
        "lastModifiedBy": NAME,
        "lastModifiedDateTime": NAME,
        "clientConfiguration": {"timeoutInMilliseconds": [{NAME: LONE}], NAME: 1},
        NAME: {NAME: NAME},
    },
    {**LIVE, "id": "e-2", "displayName": NAME},
    {**LIVE, "id": "e-3", "displayName": "type", "@odata.type": f"#microsoft.graph.x{LONE}"},
    {
        **LIVE,
        "id": "e-4",
        "displayName": "lists",
        "clientConfiguration": [1],
        "callbackConfiguration": LONE,
    },
)


@pytest.fixture
def ran(tmp_path, monkeypatch, capsys):
    """Runs a command against a Graph that answers this to a listing of extensions: its code, and
    all it printed.
    """
    declare(tmp_path / "desired_state", DECLARED)
    monkeypatch.chdir(tmp_path)

    def ran(reply, *arguments):
        def answer(seen):
            is_listing = seen.path.endswith("customWorkflowExtensions")
            return reply if is_listing else listing({"id": CATALOG, "displayName": "Marketing"})

        async def against_it():
            async with scripted(answer) as graph:
                to_it = ["--graph-url", graph.base, "--max-retries", "0"]
                return await asyncio.to_thread(run, [*arguments, *to_it])

        code = asyncio.run(against_it())
        return code, "".join(capsys.readouterr())

    return ran


@pytest.mark.parametrize("answer", UNREADABLE)
def test_what_cannot_be_used_is_unreadable(ran, answer):
    code, printed = ran(UNREADABLE[answer], "plan")
    assert code == 4
    assert "could not be read completely" in printed
    assert "the catalog could not be read" in printed
    assert_printable(printed)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_can_be_read_is_shown(ran, command):
    code, printed = ran(ODD_AND_READABLE, *COMMANDS[command])
    assert code == 0
    assert "notify" in printed
    assert_printable(printed)


@pytest.mark.parametrize("command", ["drift", "export", "plan as JSON"])
def test_other_commands_say_so_too(ran, command):
    for answer in ("NaN", "400 levels in a text", "long id"):
        code, printed = ran(UNREADABLE[answer], *COMMANDS[command])
        assert code in (1, 4)
        # A document has the code of the sentence, with what was wrong.
        as_json = "--format" in COMMANDS[command]
        assert ('"code": "parent_unreadable"' if as_json else "could not be read") in printed
        assert ('"read": "unreadable"' in printed) is as_json
        assert_printable(printed)


def test_a_saved_plan_of_odd_values_is_read_back(ran):
    assert ran(ODD_AND_READABLE, "plan", "--out", "plan.json")[0] == 0
    assert run(["show", "plan.json"]) == 0


def assert_printable(printed):
    """Nothing in it is a traceback, acts on a terminal, or cannot be encoded."""
    assert "Traceback" not in printed
    assert [line for line in printed.split("\n") if not line.isprintable()] == []
