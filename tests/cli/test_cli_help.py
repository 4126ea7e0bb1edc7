"""`help` and `--help`, and what the command line answers to the commands of other tools."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from harness import CommandLine

from reconciler.cli import cli
from reconciler.cli.help import ELSEWHERE, EXAMPLES
from reconciler.settings import AUTH_MODES


def commands(group: click.Group = cli, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command and group by its full name; "" is the command line itself."""
    yield path, group
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, full)
        else:
            yield full, command


COMMANDS = dict(commands())
WORDS = [(group, word, hint) for group, words, hint in ELSEWHERE for word in words.split()]


def parsed(arguments: list[str]) -> None:
    """Nothing if click accepts the command line; nothing is run.

    Raises:
        click.ClickException: it does not.
    """
    command: click.Command = cli
    while isinstance(command, click.Group):
        assert arguments[0] in command.commands, arguments
        command, arguments = command.commands[arguments[0]], arguments[1:]
    command.make_context(command.name, list(arguments), **cli.context_settings)


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_help_prints_what_the_option_prints(
        self, reconciler: CommandLine, command: str
    ) -> None:
        shown = reconciler("help", *command.split())
        assert (shown.code, shown.err) == (0, "")
        assert (
            shown.out
            == reconciler(*command.split(), "--help").out
            == reconciler(*command.split(), "-h").out
        )

    @pytest.mark.parametrize("command", COMMANDS)
    def test_no_help_truncates_a_text_or_is_wider_than_80_columns(
        self, reconciler: CommandLine, command: str
    ) -> None:
        shown = reconciler("help", *command.split()).out
        assert "..." not in shown.replace("[ARGS]...", "").replace("[PATH]...", "")
        assert [line for line in shown.splitlines() if len(line) > 80] == []

    def test_the_help_names_the_commands_in_the_order_of_their_use(
        self, reconciler: CommandLine
    ) -> None:
        listed = re.findall(
            r"^  ([a-z-]+)  ", reconciler("help").out.partition("Commands:")[2], re.MULTILINE
        )
        assert listed[:4] == ["init", "validate", "plan", "apply"]
        assert set(listed) == set(cli.commands)

    @pytest.mark.parametrize("mode", AUTH_MODES)
    def test_the_help_names_every_way_to_sign_in_unbroken(
        self, reconciler: CommandLine, mode: str
    ) -> None:
        assert re.search(
            rf"(?<![\w-]){mode}(?![\w-])", reconciler("plan", "--help").out.partition("--auth")[2]
        )

    @pytest.mark.parametrize("command", EXAMPLES)
    def test_the_examples_are_printed_and_can_be_run_as_they_are(
        self, reconciler: CommandLine, command: str
    ) -> None:
        shown = reconciler("help", *command.split()).out.partition("\n  Examples:\n")[2]
        examples = re.findall(r"^    reconciler (.+)$", shown, re.MULTILINE)
        assert examples
        for example in examples:
            assert example.startswith(command)
            parsed(shlex.split(example.partition(" > ")[0]))

    def test_the_commands_on_top_can_be_run_as_they_are(self, reconciler: CommandLine) -> None:
        examples = re.findall(r"^  [^:]+: +reconciler (.+)$", reconciler("help").out, re.MULTILINE)
        assert len(examples) == 3
        for example in examples:
            parsed(shlex.split(example))


class TestUnknownCommands:
    @pytest.mark.parametrize(("group", "word", "hint"), WORDS)
    def test_a_command_of_another_tool_is_answered_with_what_does_it_here(
        self, reconciler: CommandLine, group: str, word: str, hint: str
    ) -> None:
        ran = reconciler(*group.split(), word)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.endswith(f"Error: No such command '{word}'.\nHint: {hint}\n")
        assert reconciler("help", *group.split(), word).err == ran.err

    def test_no_command_is_in_the_table_and_no_word_twice(self) -> None:
        words = [f"{group} {word}".strip() for group, word, _ in WORDS]
        assert set(words).isdisjoint(COMMANDS)
        assert len(set(words)) == len(words)

    @pytest.mark.parametrize("hint", sorted({hint for _, _, hint in WORDS}))
    def test_every_command_in_a_hint_exists(self, hint: str) -> None:
        for command in re.findall(r"`reconciler ([^`]+)`", hint):
            parsed(shlex.split(command))
        assert " yet" not in hint, "what is not built now can be built without this being read"

    def test_upper_case_is_no_other_word(self, reconciler: CommandLine) -> None:
        assert "Hint: Run `reconciler export`" in reconciler("Import").err

    @pytest.mark.parametrize(
        ("arguments", "end"),
        [
            (
                ["plan", "-sandbox"],
                "No such option '-s'.\nHint: Write `--sandbox`, with two dashes.\n",
            ),
            (
                ["apply", "-auto-approve"],
                "No such option '-a'.\nHint: Write `--auto-approve`, with two dashes.\n",
            ),
            (
                ["plan", "-out=p.json"],
                "No such option '-o'.\nHint: Write `--out`, with two dashes.\n",
            ),
            (["plan", "-target=x"], "No such option '-t'.\n"),
            (["-v", "plan"], "No such option '-v'.\nHint: Write -v after the command.\n"),
            (
                ["--sandbox", "plan"],
                "No such option '--sandbox'.\nHint: Write --sandbox after the command.\n",
            ),
            (["--nothing", "plan"], "No such option '--nothing'.\n"),
        ],
    )
    def test_an_option_as_other_tools_write_it_is_answered_with_its_form_here(
        self, reconciler: CommandLine, arguments: list[str], end: str
    ) -> None:
        ran = reconciler(*arguments)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.endswith(f"Error: {end}")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["plann"], "No such command 'plann'. Did you mean 'plan'?"),
            (["help", "plann"], "No such command 'plann'. Did you mean 'plan'?"),
            (["sandbox", "srve"], "No such command 'srve'. Did you mean 'serve'?"),
            (["nonsense"], "No such command 'nonsense'."),
            (["help", "plan", "now"], "'reconciler plan' has no subcommand 'now'."),
            (
                ["plan", "--sandbx"],
                "No such option '--sandbx'. (Did you mean one of: '--sandbox', '--sandbox-db'?)",
            ),
        ],
    )
    def test_a_misspelling_is_answered_with_the_nearest_name(
        self, reconciler: CommandLine, arguments: list[str], message: str
    ) -> None:
        ran = reconciler(*arguments)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.endswith(f"Error: {message}\n")
