"""The rows of the table: what is measured beside what, on which tenant, and which ratio
is wanted.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import tenants
from benchmarks.measure import RECONCILER, Run, Series, in_turn, peer, ratios, run, serving
from benchmarks.sides import (
    AT_A_TIME,
    LATENCY,
    NAMES_A_LOOK_UP,
    after_a_second,
    count,
    finding,
    ours_on,
    planning,
    requests,
    same,
    same_found,
    summary,
    told,
    took,
)
from benchmarks.tenants import Tenant

A_SECOND = 20
LISTED = 2_500
"""Five times what Graph allows a tenant, so that the machine's noise is small beside it."""
SCHEMA = Path(__file__).parents[1] / "schemas" / "desired-state.schema.json"


STARTS = (
    "the first request leaves after 0.37 s of CPU here, that of bare httpx after 0.19 s: half of"
    " the difference is the import of the SDK, half that of the loader, the model and the command"
    " line. Files are loaded while answers are on their way; planning, printing and the exit of the"
    " larger process take 0.05 s after the last one. "
)


@dataclass(frozen=True)
class Row:
    """One line of the table. `figures` are the figure of each pair of runs, of which the median
    counts.

    `at_most`: the target is an upper bound; `if_missed` is the reason should it be missed. `facts`
        are further figures
    that belong to the row, each with its verdict.
    """

    what: str
    target: str
    ours: str
    peers: str
    figures: list[float]
    bound: float
    unit: str = "×"
    at_most: bool = True
    if_missed: str = ""
    facts: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def figure(self) -> float:
        """The median."""
        return statistics.median(self.figures)

    @property
    def met(self) -> bool:
        """True when the figure and all facts are as wanted."""
        within = self.figure <= self.bound if self.at_most else self.figure >= self.bound
        return within and all(good for _, good in self.facts)


def rows(folder: Path, runs: int) -> Iterator[Row]:
    """Every row, measured when it is asked for."""
    usual = tenants.make(folder / "usual", 100, declared=5, live=5)
    yield from (plan(usual, runs), against_the_obvious_script(usual, max(3, runs // 2)))
    largest = tenants.make(folder / "limit", 250, declared=2, live=2, live_catalogs=7_500)
    yield from (at_the_limit(largest, runs), throttled(largest, max(3, runs // 2)))
    yield apply(tenants.make(folder / "empty", 100, declared=5, live=0), runs)
    listed = tenants.make(folder / "listed", 100, declared=0, live=LISTED // 100)
    yield listing(listed, tenants.make(folder / "nothing", 100, declared=0, live=0), runs)
    yield from (starting(folder, arguments, 3 * runs) for arguments in (["--help"], ["version"]))
    many = tenants.make(folder / "files", 500, declared=1, live=0)
    yield from (
        validating(many, runs),
        validating_one(many, tenants.make(folder / "file", 1, declared=1, live=0), runs),
    )


def beside_both_floors(tenant: Tenant, runs: int) -> tuple[Series, Series, Series, dict[str, int]]:
    """A plan, the same requests by bare httpx, and those of one look-up a name; and what the plan
    sent, by kind.
    """
    with serving(tenant.folder, LATENCY) as url:
        ours, floor, plain = in_turn(
            runs,
            planning(tenant, url),
            finding(tenant, url, NAMES_A_LOOK_UP),
            finding(tenant, url, 1),
        )
        same_found(ours, floor)
        same_found(ours, plain)
        sent = requests(url, planning(tenant, url))
    return ours, floor, plain, sent


def plan(tenant: Tenant, runs: int) -> Row:
    """A plan where everything is as declared, beside the same requests by bare httpx."""
    ours, floor, plain, sent = beside_both_floors(tenant, runs)
    beside = statistics.median(ratios(ours, plain))
    return Row(
        "plan, 100 catalogs × 5 extensions, 50 ms",
        "≤ 1.3 × bare httpx",
        took(ours),
        f"{took(floor)}; one look-up a name: {took(plain)}",
        ratios(ours, floor),
        1.3,
        if_missed=STARTS
        + "Beside bare httpx that sends the 200 requests of one look-up a name it is"
        f" {beside:.2f} ×.",
        facts=[(f"requests {told(sent)}", True)],
    )


def at_the_limit(tenant: Tenant, runs: int) -> Row:
    """A plan in the largest tenant that Graph allows."""
    ours, floor, plain, sent = beside_both_floors(tenant, runs)
    beside = statistics.median(ratios(ours, plain))
    total = sum(sent.values())
    return Row(
        "plan, 7,500 catalogs live, 500 extensions in 250 of them, 50 ms",
        "≤ 1.15 × bare httpx",
        took(ours),
        f"{took(floor)}; one look-up a name: {took(plain)}",
        ratios(ours, floor),
        1.15,
        if_missed=STARTS
        + "Beside bare httpx that sends the 500 requests of one look-up a name it is"
        f" {beside:.2f} ×.",
        facts=[
            (
                f"requests {told(sent)}: {total}, at most {sent['look-ups']} + 250",
                total <= sent["look-ups"] + 250,
            ),
            (f"peak {ours.peak_mib:.0f} MiB, below 120 MB", ours.peak_mib * 1.048576 < 120),
        ],
    )


def apply(tenant: Tenant, runs: int) -> Row:
    """500 creates, beside the reads and POSTs that safety needs by bare httpx; each run begins with
    an empty tenant.
    """
    counted: dict[str, int] = {}

    def fresh(command: Callable[[str], list[str]]) -> Callable[[], Run]:
        def one() -> Run:
            with serving(tenant.folder, LATENCY) as url:
                done = run(command(url), tenant.folder)
                counted.clear()
                counted.update(count(url))
                return done

        return one

    ours, floor = in_turn(
        runs,
        fresh(lambda url: ours_on(url, "apply", "--auto-approve")),
        fresh(lambda url: peer("bare_apply.py", url, tenant.folder / "declared.json", AT_A_TIME)),
    )
    needed = dict(counted)  # of the last run, which was the floor's
    fresh(lambda url: ours_on(url, "apply", "--auto-approve"))()
    for one, other in zip(ours.runs, floor.runs, strict=True):
        same(created(one), json.loads(other.output))
    return Row(
        "apply, 500 creates in 100 catalogs, 50 ms",
        "≤ 1.3 × bare httpx",
        took(ours),
        took(floor),
        ratios(ours, floor),
        1.3,
        facts=[(f"requests {told(counted)}; the floor's {told(needed)}", counted == needed)],
    )


def created(applied: Run) -> dict[str, list[str]]:
    """The names of the extensions that an apply created, by the name of their catalog."""
    made: dict[str, list[str]] = {}
    for outcome in json.loads(applied.output)["outcomes"]:
        assert outcome["status"] == "done", outcome
        (catalog,) = outcome["parents"]
        made.setdefault(catalog["display_name"], []).append(outcome["object"]["display_name"])
    return {name: sorted(names) for name, names in made.items()}


def listing(tenant: Tenant, nothing: Tenant, runs: int) -> Row:
    """What each listed extension costs in a plan, above json.loads of the same answers."""
    with serving(tenant.folder) as url, serving(nothing.folder) as other_url:
        full, none = in_turn(runs, planning(tenant, url), planning(nothing, other_url))
        loading = run(peer("json_loads.py", url), tenant.folder)
    same([summary(one)["unmanaged"] for one in full.runs], [LISTED] * runs)
    loads_ms = float(loading.output) / LISTED * 1000
    pairs = zip(full.runs, none.runs, strict=True)
    return Row(
        "CPU for each listed extension in a plan",
        "≤ 0.3 ms above json.loads",
        f"{full.cpu_s:.2f} s with {LISTED:,} listed",
        f"{none.cpu_s:.2f} s with none; json.loads {loads_ms * 1000:.0f} µs each",
        [(one.cpu_s - other.cpu_s) / LISTED * 1000 - loads_ms for one, other in pairs],
        0.3,
        unit=" ms",
    )


def starting(folder: Path, arguments: list[str], runs: int) -> Row:
    """What a command that does next to nothing costs, beside the import of click alone."""
    ours, click = in_turn(
        runs,
        lambda: run([RECONCILER, *arguments], folder),
        lambda: run([sys.executable, "-c", "import click"], folder),
    )
    return Row(
        f"CPU of `reconciler {' '.join(arguments)}`",
        "≤ 4 × `import click`",
        f"{ours.cpu_s * 1000:.0f} ms",
        f"{click.cpu_s * 1000:.0f} ms",
        ratios(ours, click, lambda one: one.cpu_s),
        4,
    )


def validating(tenant: Tenant, runs: int) -> Row:
    """500 sound files, beside check-jsonschema with the same schema; both must also find one
    planted fault.
    """
    files = sorted(str(file) for file in (tenant.folder / "desired_state").iterdir())
    checker = [str(Path(sys.executable).with_name("check-jsonschema")), "--schemafile", str(SCHEMA)]
    ours, theirs = in_turn(
        runs,
        lambda: run([RECONCILER, "validate"], tenant.folder),
        lambda: run([*checker, *files], tenant.folder),
    )
    broken = tenant.folder / "broken.yaml"
    broken.write_text(Path(files[0]).read_text().replace("extensions:", "extension:"))
    same(run([RECONCILER, "validate", str(broken)], tenant.folder, [3]).code, 3)
    same(run([*checker, str(broken)], tenant.folder, [1]).code, 1)
    return Row(
        "validate, 500 files × 1 extension",
        "≥ 3 × faster than check-jsonschema",
        took(ours),
        took(theirs),
        ratios(theirs, ours),
        3,
        at_most=False,
    )


def validating_one(many: Tenant, single: Tenant, runs: int) -> Row:
    """What one more file with one extension costs, above libyaml's reading of it."""
    ours, alone, yaml = in_turn(
        2 * runs,
        lambda: run([RECONCILER, "validate"], many.folder),
        lambda: run([RECONCILER, "validate"], single.folder),
        lambda: run(peer("parse_yaml.py", many.folder / "desired_state"), many.folder),
    )
    parsed = [float(one.output.split()[0]) / 500 * 1000 for one in yaml.runs]
    pairs = zip(ours.runs, alone.runs, parsed, strict=True)
    each = [(one.cpu_s - other.cpu_s) / 499 * 1000 - parse_ms for one, other, parse_ms in pairs]
    return Row(
        "CPU for each extension in validate",
        "≤ 0.5 ms above the YAML parse",
        f"{ours.cpu_s:.2f} s for 500, {alone.cpu_s:.2f} s for 1",
        f"yaml.CSafeLoader {statistics.median(parsed) * 1000:.0f} µs each",
        each,
        0.5,
        unit=" ms",
    )


def against_the_obvious_script(tenant: Tenant, runs: int) -> Row:
    """A plan, beside typed calls of the official SDK one after another."""
    with serving(tenant.folder, LATENCY) as url:
        script = peer("typed_sdk.py", url, tenant.folder / "declared.json")
        ours, typed = in_turn(runs, planning(tenant, url), lambda: run(script, tenant.folder))
        same_found(ours, typed)
    return Row(
        "plan, 100 × 5, beside the typed SDK one call after another, 50 ms",
        "≥ 10 × faster",
        took(ours),
        took(typed),
        ratios(typed, ours),
        10,
        at_most=False,
    )


def throttled(tenant: Tenant, runs: int) -> Row:
    """A plan where Graph takes 20 requests a second and answers 429, beside what such a rate takes.

    The floor is arithmetic, after a start of bare httpx with two requests: a real client that knows
    the rate has to stay a little below it.
    """
    one_name = tenant.folder / "first.json"
    one_name.write_text(json.dumps(json.loads((tenant.folder / "declared.json").read_text())[:1]))
    with serving(tenant.folder, LATENCY, f"rate_limit={A_SECOND}") as url:
        ours, paced, start = in_turn(
            runs,
            after_a_second(planning(tenant, url)),
            after_a_second(finding(tenant, url, NAMES_A_LOOK_UP, A_SECOND)),
            after_a_second(
                lambda: run(peer("bare_httpx.py", url, one_name, AT_A_TIME, 1, 0), tenant.folder)
            ),
            warm_up=False,
        )
        same_found(ours, paced)
        sent = requests(url, planning(tenant, url))
    needed = tenant.declared + -(-tenant.declared // NAMES_A_LOOK_UP)
    done = sum(sent.values())
    floors_s = [one.wall_s + needed / A_SECOND for one in start.runs]
    return Row(
        f"plan, 500 extensions in 250 catalogs, {A_SECOND} requests a second and 429, 50 ms",
        "≤ 1.15 × the floor of the rate",
        took(ours),
        f"{needed} requests / {A_SECOND} = {needed / A_SECOND:.2f} s after a start of"
        f" {start.wall_s:.2f} s; bare httpx that knows the rate: {took(paced)}",
        [one.wall_s / floor_s for one, floor_s in zip(ours.runs, floors_s, strict=True)],
        1.15,
        if_missed=(
            "the start of the process and the seconds that the first refusals cost are in it, and"
            " what is in flight counts from its answer (50 ms a second), since nobody knows when"
            " Graph counts it."
        ),
        facts=[(f"{done} requests carried out, {needed} needed", done == needed)],
    )
