"""Policy stages on the command line: --no-beta-check, exit codes, and the journal."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from harness import CommandLine, Json, declare

from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store
from reconciler.settings import DEFAULT_JOURNAL
from tests.kinds.policy_runs import (
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    POLICY,
    SETTINGS,
    Requests,
    document,
    finance,
    policy,
    stages,
)

STATE = Path("desired_state")
DATABASE = Path(".reconciler/sandbox.sqlite3")
HIDES = policy(betaOnly={"isDenyPolicy": True})


@pytest.fixture
def declared(reconciler: CommandLine) -> CommandLine:
    """The command line, where a policy is declared to call notify at one more stage."""
    declare(STATE, document(stages(**{CREATED: "notify"})))
    return reconciler


@contextmanager
def served(
    command: CommandLine, *policies: Json, switches: Sequence[str] = ()
) -> Iterator[Requests]:
    """A sandbox in place of the default one, for all commands; its requests."""
    command.seed(finance(), policies=policies or [policy()], switches=switches)
    requests = Requests()
    with start_blocking_portal() as portal:
        serving = serve(DATABASE, faults=[requests.watch])
        with (
            portal.wrap_async_context_manager(serving) as url,
            pytest.MonkeyPatch.context() as set_,
        ):
            set_.setenv("RECONCILER_GRAPH_URL", url)
            yield requests


def calls() -> dict[str, str]:
    """Stage → the id of the extension that the policy calls there."""
    with Store(DATABASE) as store:
        (stored,) = (each for each in store.policies() if each["id"] == POLICY)
    return {each["stage"]: each["customExtension"]["id"] for each in stored[SETTINGS]}


def lines(event: str) -> list[Json]:
    """The lines of the journal with this event."""
    every = [json.loads(line) for line in DEFAULT_JOURNAL.read_text().splitlines()]
    return [line for line in every if line["event"] == event]


def test_a_hidden_setting_blocks_and_names_the_way_out(declared: CommandLine) -> None:
    with served(declared, HIDES):
        ended = declared("plan")
        assert (ended.code, "isDenyPolicy" in ended.out) == (4, True)
        assert "--no-beta-check" in ended.out
        assert declared("apply", "--auto-approve").code == 4
    assert calls() == {GRANTED: AUDIT}


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_plan_without_the_beta_check_says_so(command: str, declared: CommandLine) -> None:
    with served(declared, HIDES) as requests:
        ended = declared(command, "--no-beta-check", "--format", "json")
        assert ended.code == 0, ended.err
        (warning,) = ended.document["diagnostics"]
        assert (warning["code"], warning["severity"], warning["line"]) == ("R310", "warning", 2)
        assert '"Employees" was not read through the beta version' in warning["message"]
        assert "R310 warning" in declared(command, "--no-beta-check").out
        assert requests.of_beta == []


def test_an_unchanged_policy_gets_no_warning(declared: CommandLine) -> None:
    declare(STATE, document(stages(**{GRANTED: "audit"})))
    with served(declared):
        ended = declared("plan", "--no-beta-check", "--format", "json")
    assert (ended.code, ended.document["diagnostics"]) == (0, [])


def test_a_saved_plan_without_the_beta_check_is_applied_without_it(declared: CommandLine) -> None:
    with served(declared, HIDES) as requests:
        assert declared("plan", "--no-beta-check", "--out", "plan.json").code == 0
        ended = declared("apply", "--plan", "plan.json")
        assert ended.code == 0, ended.err
        assert requests.of_beta == []
    assert calls() == {GRANTED: AUDIT, CREATED: NOTIFY}


def test_a_saved_plan_with_the_beta_check_is_applied_with_it(declared: CommandLine) -> None:
    with served(declared) as requests:
        assert declared("plan", "--out", "plan.json").code == 0
        requests.seen.clear()
        ended = declared("apply", "--plan", "plan.json")
        assert ended.code == 0, ended.err
        assert len(requests.of_beta) == 1


def test_a_fresh_apply_without_the_beta_check_reads_none(declared: CommandLine) -> None:
    with served(declared, HIDES) as requests:
        ended = declared("apply", "--no-beta-check", "--auto-approve")
        assert ended.code == 0, ended.err
        assert "R310" in ended.out
        assert requests.of_beta == []
    assert calls() == {GRANTED: AUDIT, CREATED: NOTIFY}


def test_the_beta_check_is_decided_when_a_plan_is_saved(
    declared: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(declared) as requests:
        assert declared("plan", "--out", "plan.json").code == 0
        ended = declared("apply", "--plan", "plan.json", "--no-beta-check")
        assert ended.code == 1
        assert "--no-beta-check cannot be combined with --plan." in ended.err
        assert requests.writes == []
        monkeypatch.setenv("RECONCILER_NO_BETA_CHECK", "true")
        requests.seen.clear()
        assert declared("apply", "--plan", "plan.json").code == 0
        assert len(requests.of_beta) == 1


def test_a_write_that_alters_something_else_fails(declared: CommandLine) -> None:
    switches = ["policy_put_alters=true"]
    with served(declared, switches=switches):
        ended = declared("apply", "--auto-approve", "--format", "json")
    assert ended.code == 6
    (outcome,) = ended.document["outcomes"]
    assert (outcome["status"], outcome["reason"]["code"]) == ("failed", "altered_by_write")
    assert outcome["reason"]["paths"] == ["requestorSettings/enableTargetsToSelfAddAccess"]
    assert calls() == {GRANTED: AUDIT, CREATED: NOTIFY}
    (altered,) = lines("altered")
    before = altered["before"]
    assert (altered["object"]["id"], before["id"]) == (POLICY, POLICY)
    assert before["requestorSettings"] == policy()["requestorSettings"]
    assert before["requestApprovalSettings"] == policy()["requestApprovalSettings"]


def test_the_journal_holds_of_a_policy_the_stages_and_a_hash(declared: CommandLine) -> None:
    with served(declared) as requests:
        assert declared("apply", "--auto-approve").code == 0
    (sending,) = lines("sending")
    (sent,) = requests.bodies
    whole = hashlib.sha256(requests.sent[0]).hexdigest()
    assert sending["body"] == {SETTINGS: sent[SETTINGS], "sha256": whole}
    assert lines("altered") == []
    journal = DEFAULT_JOURNAL.read_text()
    approvers = [each["userId"] for each in sent["reviewSettings"]["primaryReviewers"]]
    assert approvers
    assert [each for each in approvers if each in journal] == []
    assert "requestorManager" not in journal


def test_an_altered_policy_without_a_journal_fails_all_the_same(declared: CommandLine) -> None:
    with served(declared, switches=["policy_put_alters=true"]):
        ended = declared("apply", "--auto-approve", "--no-journal")
    assert ended.code == 6
    assert "enableTargetsToSelfAddAccess" in ended.out
    assert not DEFAULT_JOURNAL.exists()


def test_new_ids_of_questions_are_a_note(declared: CommandLine) -> None:
    with served(declared, switches=["question_ids=renew"]):
        ended = declared("apply", "--auto-approve")
    assert ended.code == 0, ended.out
    assert "Graph gave the questions of the policy new ids" in ended.out
    assert lines("altered") == []


def lost_answer() -> None:
    """Cuts the journal after its write was sent: the run was killed before the answer came."""
    kept = []
    for line in DEFAULT_JOURNAL.read_text().splitlines():
        kept.append(line)
        if json.loads(line)["event"] == "sending":
            break
    DEFAULT_JOURNAL.write_text("".join(f"{line}\n" for line in kept))


def test_a_put_whose_answer_was_lost_is_settled_by_the_next_run(declared: CommandLine) -> None:
    with served(declared) as requests:
        assert declared("apply", "--auto-approve").code == 0
        lost_answer()
        declare(STATE, document(stages(**{CREATED: None})))
        requests.seen.clear()
        ended = declared("apply", "--auto-approve")
        assert ended.code == 0, ended.err
        assert requests.seen[0] == f"GET /assignmentPolicies/{POLICY} $expand"
    assert 'Looked for the update of "Employees" in Ledger: live with id' in ended.err
    assert [each["object"]["id"] for each in lines("settled")] == [POLICY]
    assert calls() == {GRANTED: AUDIT}
