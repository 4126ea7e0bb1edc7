"""The documentation says what the code does: every command, option, code, switch, property, path
and shown output.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click
import pytest
from doc_pages import (
    ADRS,
    CONTRIBUTING,
    PAGES,
    README,
    REFERENCE,
    ROOT,
    SANDBOX,
    Block,
    anchor,
    blocks,
    headings,
    inline_code,
    links,
    plain,
    rows,
    section,
    text_of,
)
from doc_shell import Shell, missing_line, steps
from tiers import sample

from reconciler import __version__, errors
from reconciler.app.kinds import document_format
from reconciler.auth.refusals import HINTS
from reconciler.cli import cli
from reconciler.loader import load, load_environments
from reconciler.loader.schemas import schema_text
from reconciler.model.diagnostic import CODES
from reconciler.render.titles import SYMBOLS
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.switches import Switches, parse_switches

EXIT_CODES = ("0", "1", "2", "3", "4", "5", "6", "130")
SHARED = ("Target options", "Output options", "Page options")
NEEDS_NO_TENANT = ("validate", "show", "schema", "version", "completion", "help", "sandbox")


def leaves(group: click.Group = cli, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its full name."""
    for one in group.commands.values():
        full = f"{name} {one.name}".strip()
        if isinstance(one, click.Group):
            yield from leaves(one, full)
        else:
            yield full, one


def options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and one.name != "help"]


COMMANDS = dict(leaves())
OPTIONS = [(name, option) for name, command in COMMANDS.items() for option in options(command)]


def option_rows(command: str) -> dict[str, list[str]]:
    """The rows for the options of a command by option name, those of the tables it refers to
    included.
    """
    own = section(REFERENCE, f"`{command}`")
    texts = [own, *(section(REFERENCE, title) for title in SHARED if f"(#{anchor(title)})" in own)]
    found = {}
    for row in rows("\n".join(texts)):
        for name in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row[0]):
            found[name] = row
    return found


class TestCommands:
    def test_the_reference_has_a_section_for_every_command_and_for_no_other(self) -> None:
        titles = [
            plain(title) for title in headings(REFERENCE) if re.fullmatch(r"`[a-z -]+`", title)
        ]
        assert sorted(titles) == sorted(COMMANDS)

    @pytest.mark.parametrize(
        ("command", "option"), OPTIONS, ids=lambda one: getattr(one, "name", one)
    )
    def test_an_option_stands_in_the_reference_with_variable_default_and_choices(
        self, command: str, option: click.Option
    ) -> None:
        documented = option_rows(command)
        for name in option.opts:
            assert name in documented, f"{command} {name} is not in docs/reference.md"
            cells = documented[name]
            assert plain(cells[1]) == (option.envvar or "none")
            default = option.get_default(click.Context(COMMANDS[command]))
            if (
                isinstance(default, str | int | float | Path)
                and not isinstance(default, bool)
                and not option.count
            ):
                shown = f"{default:g}" if isinstance(default, float) else str(default)
                assert shown in plain(cells[2]).split()
            if isinstance(option.type, click.Choice):
                assert set(map(str, option.type.choices)) <= set(
                    re.findall(r"`([\w-]+)`", cells[3])
                )

    @pytest.mark.parametrize("command", COMMANDS)
    def test_the_reference_gives_a_command_no_option_it_does_not_have(self, command: str) -> None:
        assert set(option_rows(command)) == {
            name for option in options(COMMANDS[command]) for name in option.opts
        }

    @pytest.mark.parametrize("command", COMMANDS)
    def test_the_readme_names_every_command(self, command: str) -> None:
        named = [plain(row[0]) for row in rows(section(README, "Commands"))]
        assert any(
            command == name or name.startswith(f"{command} ") or command in name.split(", ")
            for name in named
        )

    def test_every_variable_of_ours_is_documented_and_read(self) -> None:
        pattern = re.compile(r"(?<!_)\bRECONCILER_[A-Z_]+\b")
        read = {
            one
            for file in (ROOT / "reconciler").rglob("*.py")
            for one in pattern.findall(file.read_text("utf-8"))
        }
        told = {one for page in PAGES for one in pattern.findall(text_of(page))}
        assert told == read
        assert set(pattern.findall(text_of(REFERENCE))) == read


class TestCodes:
    @pytest.mark.parametrize(
        ("page", "title"),
        [(README, "Commands"), (REFERENCE, "Exit codes")],
        ids=["readme", "reference"],
    )
    def test_every_exit_code_is_explained_and_no_other(self, page: Path, title: str) -> None:
        codes = [row[0] for row in rows(section(page, title)) if row[0].isdecimal()]
        assert codes == list(EXIT_CODES)

    def test_no_exception_ends_with_another_exit_code(self) -> None:
        classes = [
            one
            for one in vars(errors).values()
            if isinstance(one, type) and hasattr(one, "exit_code")
        ]
        assert {str(one.exit_code) for one in classes} <= set(EXIT_CODES)

    def test_the_reference_lists_every_diagnostic_with_its_meaning_and_a_fix(self) -> None:
        table = [row for row in rows(section(REFERENCE, "Diagnostics")) if len(row) == 4]
        assert {row[0]: plain(row[1]) for row in table} == {
            code: plain(meaning) for code, meaning in CODES.items()
        }
        assert [row[0] for row in table] == sorted(CODES)
        assert all(row[2] and row[3] for row in table)

    def test_the_reference_lists_every_refusal_of_entra_that_has_a_hint(self) -> None:
        table = [
            row for row in rows(section(REFERENCE, "Signing in")) if row[0].startswith("AADSTS")
        ]
        assert sorted(row[0].removeprefix("AADSTS") for row in table) == sorted(HINTS)

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_a_page_names_no_code_that_does_not_exist(self, page: Path) -> None:
        assert set(re.findall(r"\bR\d{3}\b", text_of(page))) <= set(CODES)

    def test_the_reference_shows_every_symbol_of_a_text_plan(self) -> None:
        shown = section(REFERENCE, "Plan in text").split("```")[1]
        assert all(f"{symbol} {action}" in shown for action, symbol in SYMBOLS.items())


class TestDocuments:
    def test_every_property_of_the_desired_state_is_explained(self) -> None:
        schema = json.loads(schema_text("desired-state"))
        told = {plain(row[0]) for row in rows(section(REFERENCE, "Desired state"))}
        extension = schema["$defs"]["extension"]["properties"]
        catalog = schema["$defs"]["catalog"]["then"]["properties"]
        policy = schema["$defs"]["policy"]["properties"]
        nested = {
            f"{name}/{member}"
            for name in (*extension, *policy)
            for member in schema["$defs"].get(name, {}).get("properties", {})
        }
        objects = {*extension, *catalog, *policy}
        assert told == set(schema["properties"]) | objects | nested

    def test_every_member_of_the_plan_document_is_explained(self) -> None:
        schema = json.loads(schema_text("plan"))
        text = section(REFERENCE, "Plan document")
        told = {plain(row[0]).removesuffix("[]") for row in rows(text)}
        assert set(schema["properties"]) <= told
        inner = [*schema["properties"]["summary"]["properties"]]
        inner += [
            member
            for name in ("change", "field", "diagnostic")
            for member in schema["$defs"][name]["properties"]
        ]
        assert [member for member in inner if f"`{member}`" not in text] == []

    def test_the_shown_desired_state_is_valid(self, tmp_path: Path) -> None:
        for block in blocks(REFERENCE, "yaml"):
            file = tmp_path / "shown.yaml"
            file.write_text(block.text, "utf-8")
            assert load([file], document_format()).errors == ()

    def test_the_shown_environments_are_valid_and_every_property_is_explained(
        self, tmp_path: Path
    ) -> None:
        [block] = blocks(REFERENCE, "yml")
        file = tmp_path / "reconciler.yaml"
        file.write_text(block.text, "utf-8")
        assert [one.name for one in load_environments(file).environments] == [
            "staging",
            "production",
        ]
        told = {plain(row[0]) for row in rows(section(REFERENCE, "Environments"))}
        assert told == set(
            json.loads(schema_text("environments"))["$defs"]["environment"]["properties"]
        )

    def test_the_shown_seed_is_one(self, tmp_path: Path) -> None:
        [block] = blocks(SANDBOX, "json")
        file = tmp_path / "seed.json"
        file.write_text(block.text, "utf-8")
        assert len(load_seed(file)) == 2


class TestSandbox:
    def test_every_switch_is_explained_with_default_and_values(self) -> None:
        table = {plain(row[0]): row for row in rows(section(SANDBOX, "Switches"))}
        assert list(table) == [one.name for one in fields(Switches)]
        kinds = get_type_hints(Switches)
        for one in fields(Switches):
            values, default = table[one.name][1], plain(table[one.name][2])
            assert default == str(one.default).lower() or default == one.default
            assert parse_switches([f"{one.name}={default}"]) == Switches()
            if kinds[one.name] is int and not one.metadata["allowed"]:
                assert values == f"a whole number from {one.metadata['minimum']}"
            else:
                allowed: tuple[Any, ...] = (
                    get_args(kinds[one.name]) or one.metadata["allowed"] or ("true", "false")
                )
                assert re.findall(r"`(\w+)`", values) == [str(value) for value in allowed]

    def test_every_switch_names_the_probe_that_decides_it(self) -> None:
        table = {plain(row[0]): row[5] for row in rows(section(SANDBOX, "Switches"))}
        for switch in fields(Switches):
            probes = re.findall(r"P[1-9][0-9]?", table[switch.name])
            assert probes == [switch.metadata["probe"]] * bool(switch.metadata["probe"])

    def test_every_switch_of_an_open_question_exists(self) -> None:
        table = rows(section(ROOT / "docs/graph.md", "8 Open questions"))
        told = {name for row in table for name in re.findall(r"`(\w+)`", row[1])}
        assert told
        assert told <= {one.name for one in fields(Switches)}


class TestPages:
    def test_the_readme_stays_short(self) -> None:
        assert len(text_of(README).splitlines()) < 200

    def test_the_readme_has_the_headings_that_a_newcomer_searches_for(self) -> None:
        searched = ["Install", "Authenticate", "Plan", "Apply", "Delete", "Troubleshoot"]
        assert [heading for heading in headings(README) if heading in searched] == searched

    @pytest.mark.parametrize("page", ADRS, ids=lambda page: page.name)
    def test_a_decision_is_short_and_whole(self, page: Path) -> None:
        assert len(text_of(page).splitlines()) <= 40
        assert headings(page)[0].startswith(page.name[:4] + " ")
        assert headings(page)[1:] in (
            ["Context", "Decision", "Consequences"],
            ["Context", "Decision", "Alternatives", "Consequences"],
        )

    def test_decisions_are_numbered_without_a_gap(self) -> None:
        assert [page.name[:4] for page in ADRS] == [
            f"{number:04}" for number in range(1, len(ADRS) + 1)
        ]

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_every_link_leads_somewhere(self, page: Path) -> None:
        for link in links(page):
            if re.match(r"https?:", link):
                continue
            path, _, fragment = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page.name} links to {link}"
            assert not fragment or fragment in map(anchor, headings(target)), (
                f"{page.name} links to {link}"
            )

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_every_path_of_the_repository_that_is_named_exists(self, page: Path) -> None:
        folders = "reconciler|schemas|desired_state|tests|docs|\\.github|\\.ci"
        for code in inline_code(page):
            if re.fullmatch(rf"(?:{folders})/[\w./-]*|(?:Makefile|\w+\.toml|[A-Z]+\.md)", code):
                assert (ROOT / code).exists(), f"{page.name} names {code}"

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_a_page_points_at_nothing_that_readers_do_not_have(self, page: Path) -> None:
        private = re.compile(
            r"\.\./shared|graph-contract|sdk-facts|interface\.md|house\.md|/work/|/tmp/|pypi|/root/",
            re.IGNORECASE,
        )
        assert private.findall(text_of(page)) == []

    def test_the_changelog_tells_what_is_missing(self) -> None:
        title, newest = headings(ROOT / "CHANGELOG.md")[:2]
        assert title == "Changelog"
        assert newest == "[Unreleased]" or newest.startswith(f"[{__version__}] - ")
        assert "Known gaps" in headings(ROOT / "CHANGELOG.md")


def session(page: Path, block: Block) -> str:
    return f"{page.name}:{block.line}"


CONSOLES = sample([page for page in PAGES if blocks(page, "console")], README.__eq__)
SCRIPTS = [
    pytest.param(line.partition("#")[0].strip(), id=f"{session(page, block)}-{line[:50]}")
    for page in PAGES
    for block in blocks(page, "sh")
    for line in block.text.splitlines()
]
SPANS = sorted(
    {
        code
        for page in PAGES
        for code in inline_code(page)
        if re.match(r"(reconciler|make) [a-z]", code) and not re.search(r"…|\|", code)
    }
)


class TestShownCommands:
    @pytest.mark.parametrize("page", CONSOLES, ids=lambda page: page.name)
    def test_a_session_runs_as_printed(self, page: Path, tmp_path: Path) -> None:
        """Blocks of a page run one after another, in one copy of the worked example."""
        shell = Shell(tmp_path)
        try:
            for block in blocks(page, "console"):
                for step in steps(block):
                    real = shell.run(step.command)
                    line = missing_line(step.shown, real)
                    assert line is None, (
                        f"{session(page, block)}: `{step.command}` does not say\n{line}\nbut"
                        f" says\n{real}"
                    )
        finally:
            shell.close()

    @pytest.mark.parametrize("command", [*SCRIPTS, *SPANS])
    def test_a_command_can_be_given_as_it_is_written(self, command: str, tmp_path: Path) -> None:
        """It runs where it needs no tenant; elsewhere its options and arguments are understood."""
        program, *arguments = shlex.split(command)
        if program == "make":
            targets = re.findall(
                r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
            )
            assert {argument for argument in arguments if "=" not in argument} <= set(targets)
            return
        assert program == "reconciler"
        understood(cli, arguments)
        if arguments[0] in NEEDS_NO_TENANT or "--sandbox" in arguments:
            shell = Shell(tmp_path)
            shell.run(command)
            assert shell.exit_code == 0

    @pytest.mark.thorough
    def test_the_demo_ends_with_nothing_left_to_do(self, tmp_path: Path) -> None:
        shell = Shell(tmp_path)
        shown = shell.run("make demo")
        assert shell.exit_code == 0, shown
        assert "- deleted expiry-reminder in Finance" in shown
        assert "3 created, 2 updated, 0 renamed, 0 replaced, 1 deleted, 0 failed" in shown
        assert shown.endswith("0 blocked, 6 unchanged.\n")

    def test_the_build_runs_what_contributing_says(self) -> None:
        assert "`.ci/run`" in text_of(CONTRIBUTING)
        run = (ROOT / ".ci/run").read_text("utf-8")
        assert {"make lint", "make test", "make test-thorough"} <= set(run.splitlines())
        assert "\nexport COVERAGE=1" in run, "without it nothing measures the coverage"


def understood(command: click.Command, arguments: list[str]) -> None:
    """Nothing, if click understands every option and argument; commands are not run."""
    while isinstance(command, click.Group):
        assert arguments[0] in command.commands, f"there is no command {arguments[0]}"
        command, arguments = command.commands[arguments[0]], arguments[1:]
    command.make_context(command.name, list(arguments), **cli.context_settings)


class TestTheComparison:
    """The comparison of shown and real output is a guard of its own: it must see what is wrong."""

    @pytest.mark.parametrize(
        ("shown", "real"),
        [
            ("a\nb\n", "a\nb\n"),
            ("…\nb\n", "a\nb\n"),
            ("a\n…\n", "a\nb\nc\n"),
            ("a\n…\nc\n", "a\nb\nc\n"),
            ("a … c\n", "a b c\n"),
            ("…\n", ""),
            (
                "x (request ID 00000000-0000-0000-0000-000000000000)\n",
                "x (request ID 9e4e3e85-2d33-43ca-afa1-121030b5a628)\n",
            ),
        ],
    )
    def test_what_is_as_shown_passes(self, shown: str, real: str) -> None:
        assert missing_line(shown, real) is None

    @pytest.mark.parametrize(
        ("shown", "real"),
        [
            ("a\nc\n", "a\nb\nc\n"),
            ("a\n", "a\nb\n"),
            ("b\n…\na\n", "a\nb\n"),
            ("…\nx\n", "a\nb\n"),
            ("a … d\n", "a b c\n"),
            ("a.c\n", "abc\n"),
            ("", "a\n"),
        ],
    )
    def test_what_is_not_as_shown_is_seen(self, shown: str, real: str) -> None:
        assert missing_line(shown, real) is not None
