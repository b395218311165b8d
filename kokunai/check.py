"""`kokunai check`: the rules over what the program plans, offline, for a pull request; or over a plan made elsewhere.

Only puts together and renders: programs are run and files read in `planning`, judged in `policies`. The report tells
violations, where, why, what to do, and what was not looked at.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from core.errors import KokunaiError
from core.findings import Finding, Level, Text
from core.graph import Graph
from core.values import Unknown, leaves
from kokunai.terminal import Format, FormatOption, LanguageOption, err, out, print_json
from planning.project import load_project, load_stack
from planning.readers import read_plan
from planning.recording import Recording, record
from policies.context import load_context
from policies.evaluate import evaluate
from policies.rules import ALL

SCHEMA: Final = "kokunai/check/v1"
METAS: Final = {rule.meta.id: rule.meta for rule in ALL}

LABELS: Final = {
    "violation": Text(en="Violation", ja="違反"),
    "advice": Text(en="Advice", ja="注意"),
    "where": Text(en="Where", ja="場所"),
    "why": Text(en="Why", ja="理由"),
    "fix": Text(en="What to do", ja="是正方法"),
    "refusal": Text(en="The program of this stack refuses", ja="このスタックのプログラムが拒否しました"),
    "not checked": Text(en="Not looked at", ja="確認していないこと"),
}
SUMMARY: Final = Text(
    en="{checked} resources checked: {mandatory} to correct, {advisory} to know, {refusals} programs at fault",
    ja="確認したリソース {checked} 件：要是正 {mandatory} 件、注意 {advisory} 件、実行できないプログラム {refusals} 件",
)
# What no offline check can see, whatever the program.
BEYOND: Final = (
    Text(
        en="what exists already: resources that were imported, or changed by hand",
        ja="すでに存在するもの（インポートされたリソース、手作業による変更）",
    ),
    Text(
        en="whether the clouds accept the values, and whether quota and machines are there",
        ja="クラウドがこの値を受け付けるか、割り当てと在庫があるか",
    ),
    Text(
        en="where the state and the keys of its secrets are kept (backend, secrets provider)",
        ja="ステートとその暗号鍵の保管場所（バックエンド、シークレットプロバイダ）",
    ),
)


@dataclass(frozen=True)
class Refusal:
    """A stack whose program did not run to its end, in its own words; `trace` for whoever debugs it."""

    stack: str
    message: str
    trace: str = ""


@dataclass(frozen=True)
class Report:
    """What a check found. `seconds` by part of the work."""

    checked: int
    findings: tuple[Finding, ...]
    refusals: tuple[Refusal, ...] = ()
    not_checked: tuple[Text, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    language: str = "en"

    @property
    def exit_code(self) -> int:
        """1 with a mandatory finding that nobody waived, else 2 with a program at fault, else 0."""
        if any(finding.level is Level.MANDATORY and not finding.waived for finding in self.findings):
            return 1
        return 2 if self.refusals else 0

    def to_json(self) -> dict[str, Any]:
        """The public contract; `check.schema.json` describes it."""
        return {
            "checked": self.checked,
            "findings": [
                {
                    "rule": finding.rule,
                    "level": str(finding.level),
                    "leak_class": str(finding.leak_class) if finding.leak_class else None,
                    "resource": finding.resource,
                    "property": finding.property,
                    "location": finding.location,
                    "message": finding.message[self.language],
                    "waived": finding.waived,
                }
                for finding in self.findings
            ],
            "refusals": [{"stack": refusal.stack, "message": refusal.message} for refusal in self.refusals],
            "not_checked": [text[self.language] for text in self.not_checked],
        }


def check(
    project_dir: Path, stacks: Sequence[str] | None = None, language: str = "en", estate: Path | None = None
) -> Report:
    """Run the project's program for each stack (all that have a file) and judge what it registers.

    Raises:
        KokunaiError: the project, a stack file or the tag registry is at fault. A program at fault is in the report.
    """
    started = time.monotonic()
    project = load_project(project_dir)
    estate = estate or project.root / "estate"
    configs = [load_stack(project, stack) for stack in stacks or project.stacks()]
    if not configs:
        raise KokunaiError("no stack", where=str(project.stack_files), fix="create one with `pulumi stack init`")
    context = load_context(estate)
    recordings = record(project, configs, estate)
    recorded = time.monotonic()
    graphs = [recording.graph for recording in recordings.values()]
    findings = tuple(finding for graph in graphs for finding in evaluate(graph, ALL, context))
    return Report(
        checked=sum(len(graph.resources) for graph in graphs),
        findings=findings,
        refusals=tuple(
            Refusal(stack, recording.refusal, recording.trace)
            for stack, recording in recordings.items()
            if recording.refusal is not None
        ),
        not_checked=(*_unseen(recordings), *_unknown(graphs), *BEYOND),
        seconds={
            **_imports(recordings),
            "programs, all in all": recorded - started,
            "rules": time.monotonic() - recorded,
        },
        language=language,
    )


def check_plan(plan: Path, estate: Path, language: str = "en") -> Report:
    """Judge a plan or state that the engine wrote.

    Raises:
        KokunaiError: the file or the tag registry is at fault.
    """
    context = load_context(estate)
    started = time.monotonic()
    graph = read_plan(plan)
    read = time.monotonic()
    findings = evaluate(graph, ALL, context)
    return Report(
        checked=len(graph.resources),
        findings=findings,
        not_checked=(*_unknown([graph]), *BEYOND[1:]),
        seconds={"reading": read - started, "rules": time.monotonic() - read},
        language=language,
    )


def _imports(recordings: Mapping[str, Recording]) -> dict[str, float]:
    shared = max((recording.seconds.get("shared", 0.0) for recording in recordings.values()), default=0.0)
    own = {f"program of {stack}": recording.seconds.get("own", 0.0) for stack, recording in recordings.items()}
    return {"imports that all programs share": shared, **own}


def _unseen(recordings: Mapping[str, Recording]) -> Iterator[Text]:
    for stack, recording in recordings.items():
        if recording.encrypted:
            keys = ", ".join(recording.encrypted)
            yield Text(
                en=f"{stack}: encrypted configuration, left out: {keys}", ja=f"{stack}：暗号化された設定値（{keys}）"
            )
        if recording.unanswered:
            asked = ", ".join(recording.unanswered)
            yield Text(
                en=f"{stack}: what only a cloud could answer: {asked}",
                ja=f"{stack}：クラウドにしか分からない値（{asked}）",
            )
        if recording.refusal is not None:
            yield Text(
                en=f"{stack}: whatever its program would have registered after it refused",
                ja=f"{stack}：プログラムが拒否した後に登録されるはずだったリソース",
            )


def _unknown(graphs: Sequence[Graph]) -> Iterator[Text]:
    unknown = Counter(
        graph.stack
        for graph in graphs
        for resource in graph.resources
        for _, value in leaves(resource.props)
        if isinstance(value, Unknown)
    )
    for stack, count in unknown.items():
        yield Text(
            en=f"{stack}: {count} values that only the update knows; the policy pack judges them then",
            ja=f"{stack}：更新時に決まる値 {count} 件（更新時にポリシーパックが判定します）",
        )


def render(report: Report) -> str:
    """The report as text: each finding as violation, where, why, what to do; then what was not looked at."""
    language = report.language
    blocks = [_block(_finding(finding, language)) for finding in _by_level(report.findings)]
    blocks += [
        _block([(LABELS["refusal"][language], refusal.stack), ("", refusal.message)]) for refusal in report.refusals
    ]
    if report.not_checked:
        listed = "\n".join(f"  - {text[language]}" for text in report.not_checked)
        blocks.append(f"{LABELS['not checked'][language]}\n{listed}")
    levels = Counter(finding.level for finding in report.findings if not finding.waived)
    summary = SUMMARY[language].format(
        checked=report.checked,
        mandatory=levels[Level.MANDATORY],
        advisory=levels[Level.ADVISORY],
        refusals=len(report.refusals),
    )
    return "\n\n".join([*blocks, summary])


def _by_level(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.level is not Level.MANDATORY)


def _finding(finding: Finding, language: str) -> list[tuple[str, str]]:
    meta = METAS[finding.rule]
    what, _, fix = finding.message[language].rpartition(" → ")
    label = LABELS["violation" if finding.level is Level.MANDATORY else "advice"][language]
    leak = f" [{finding.leak_class}]" if finding.leak_class else ""
    where = f"{finding.resource}  {finding.property}".rstrip()
    return [
        (label, f"{finding.rule}{leak} {what}"),
        (LABELS["where"][language], where),
        (LABELS["why"][language], meta.why[language]),
        (LABELS["fix"][language], fix),
    ]


def _block(lines: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {text}" if label else text for label, text in lines)


def command(
    context: typer.Context,
    language: LanguageOption,
    stacks: Annotated[
        list[str] | None, typer.Option("--stack", "-s", help="a stack; default: all that have a file")
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="judge a `pulumi preview --json`, a `pulumi stack export` or an event log instead"),
    ] = None,
    timing: Annotated[bool, typer.Option("--timing", help="say where the time went")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Judge what the program plans, with the rules of the policy pack, without engine, network or credentials.

    Exit code 0: nothing to correct; 1: findings; 2: a program or a file is at fault.
    """
    if plan is not None:
        report = check_plan(plan, context.obj.estate, language)
    else:
        report = check(context.obj.project, stacks, language, context.obj.estate)
    if format_ is Format.JSON:
        print_json(SCHEMA, report.to_json())
    else:
        out.print(render(report), markup=False)
    if context.obj.debug:
        for refusal in report.refusals:
            err.print(refusal.trace, markup=False)
    if timing:
        for part, seconds in report.seconds.items():
            err.print(f"{seconds:7.2f} s  {part}", markup=False)
    raise typer.Exit(report.exit_code)
