"""`validate` on a folder in which nearly everything is wrong: all of it at once, each fault at its
place.
"""

import json
import subprocess
import sys
from pathlib import Path

from harness import CommandLine

GOOD = """\
catalog: Marketing
defaults:
  "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
  endpointConfiguration:
    {subscriptionId: 38ab2ccc-3747-4567-b36b-9478f5602f0d, resourceGroupName: r, \
logicAppWorkflowName: l}
  authenticationConfiguration: {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"}
extensions:
"""
TOKEN = "'#microsoft.graph.azureAdTokenAuthentication'"
FAULTS = {
    "R101": "{displayName: e1, nonsense: 1}",
    "R102": "{displayName: e2, clientConfiguration: {maximumRetries: '1'}}",
    "R103": "{description: no name}",
    "R104": "{displayName: e4, '@odata.type': '#microsoft.graph.other'}",
    "R105": "{displayName: e5, clientConfiguration: {timeoutInMilliseconds: 199}}",
    "R106": "{value: {displayName: e6}}",
    "R107": "{displayName: e7, description: }",
    "R108": (
        "{displayName: e8, callbackConfiguration: {timeoutDuration: PT1H, durationBeforeTimeout:"
        " PT1H}}"
    ),
    "R201": "{displayName: e9, callbackConfiguration: {timeoutDuration: P1W}}",
    "R202": "{displayName: e10, callbackConfiguration: {timeoutDuration: PT4M}}",
    "R204": "{displayName: e12, endpointConfiguration: {subscriptionId: not-a-guid}}",
    "R205": "{displayName: e13, endpointConfiguration: {url: 'https://h.example/x?sv=1'}}",
    "R206": "{displayName: e14, authenticationConfiguration: {'@odata.type': " + TOKEN + "}}",
    "R208": "{displayName: e16, description: 'sig=AbC1dEf2GhI3'}",
}


def test_twenty_faults_of_twenty_kinds_are_told_at_once(reconciler: CommandLine) -> None:
    folder = Path("desired_state")
    folder.mkdir()
    lines = [f"  - {text}" for text in FAULTS.values()]
    lines.append("  - {displayName: same}\n  - {displayName: SAME}")
    (folder / "a.yaml").write_text(GOOD + "\n".join(lines) + "\n")
    (folder / "b.yaml").write_text("catalog: M\ncatalog: N\nextensions: []\n")
    (folder / "c.yaml").write_text("catalog: M\nextensions: !what []\n")
    (folder / "d.yaml").write_text("catalog: M\nextensions: [\n")
    (folder / "e.yaml").write_bytes(b"catalog: \xff\n")
    (folder / "f.yaml").write_text("#" * (1 << 20) + "\n")
    ran = reconciler("validate", folder, "--format", "json")
    assert ran.code == 3
    found = [
        (one["code"], Path(one["file"]).name, one["line"]) for one in ran.document["diagnostics"]
    ]
    first = GOOD.count("\n") + 1
    expected = [(code, "a.yaml", first + number) for number, code in enumerate(FAULTS)]
    expected += [
        ("R207", "a.yaml", first + len(FAULTS) + 1),
        ("R007", "b.yaml", 2),
        ("R008", "c.yaml", 2),
    ]
    expected += [("R006", "d.yaml", 3), ("R005", "e.yaml", 1), ("R004", "f.yaml", None)]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert len({code for code, _, _ in found}) == 20
    assert all(one["message"] and one["hint"] for one in ran.document["diagnostics"])
    assert [one["code"] for one in ran.document["diagnostics"] if not one["column"]] == ["R004"]
    text = reconciler("validate", folder)
    assert (text.code, text.out.count("    Hint: "), text.err) == (3, 20, "")
    assert text.last == "Found 20 errors in 6 files."


def test_validate_needs_neither_sdk_nor_credentials(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("catalog: M\nextensions: [{displayName: 1, x: y}]\n")
    program = (
        "import json, sys; from reconciler.cli import run; code = run(['validate', '.']);"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    code, modules = json.loads(ended.stderr)
    assert code == 3
    assert not [
        name
        for name in modules
        if name.partition(".")[0] in ("msgraph", "azure", "httpx", "asyncio")
    ]
