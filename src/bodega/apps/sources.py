"""What an operator does with sources: list, check, read, look, map."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bodega.apps.exchange import feed_rates
from bodega.backbone.settings import Settings
from bodega.backbone.vault.keys import MasterKeys
from bodega.backbone.vault.store import Vault
from bodega.data.ingest.sources.config import (
    FOLLOWED,
    SourceConfig,
    SourcesFile,
    read_sources,
)
from bodega.data.ingest.sources.contract import Finding, Source, Stream
from bodega.data.ingest.sources.envelopes import current_rows, rejected_rows
from bodega.data.ingest.sources.errors import SourceUnknown
from bodega.data.ingest.sources.known.ecb import FxConfig
from bodega.data.ingest.sources.load import load
from bodega.data.ingest.sources.look import look
from bodega.data.ingest.sources.mapping import Mapped, MappingConfig, build_mapping
from bodega.data.ingest.sources.persons import SealedSource
from bodega.data.ingest.sources.registry import build_source, followed_source
from bodega.data.ingest.sources.report import LoadReport
from bodega.data.ingest.sources.streams import Parallel
from bodega.data.ingest.sources.table import SourceTable
from bodega.data.lake.access import AccessLog
from bodega.data.lake.paths import BRONZE, SILVER, bronze_table
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import raise_alert, resolve_alert
from bodega.data.operations.runs import recorded
from bodega.data.quality.followed import FollowedPolicy
from bodega.data.quality.loads import inspect_load, reconcile_load, standing
from bodega.data.quality.policy import Policy
from bodega.kernel.clock import SystemClock
from bodega.kernel.errors import BodegaError

Progress = Callable[[str, int, int, int], None]


class Listed(BaseModel):
    """One stream; `rows` arrived so far, whatever became of them."""

    source: str
    kind: str
    stream: str
    key: list[str]
    rows: int
    last_read: datetime | None
    schedule: str | None


def silent(_stream: str, _rows: int, _done: int, _total: int) -> None:
    """Progress for nobody."""


def declared(settings: Settings) -> SourcesFile:
    """The sources file of this shop. Raises SourcesMalformed."""
    return read_sources(Path(settings.sources_file))


def listed(settings: Settings) -> list[Listed]:
    file, root = declared(settings), LakeRoot.of(settings)
    return [
        _listed(root, name, config, stream)
        for name, config in file.sources.items()
        for stream in config.declared()
    ]


def _listed(root: LakeRoot, name: str, config: SourceConfig, stream: Stream) -> Listed:
    table = SourceTable(root, name, stream.name)
    position = table.position()
    return Listed(
        source=name,
        kind=config.kind,
        stream=stream.name,
        key=list(stream.key),
        rows=table.rows(),
        last_read=datetime.fromtimestamp(position / 1_000_000, UTC) if position else None,
        schedule=config.schedule.said if config.schedule else None,
    )


def checked(settings: Settings, which: str | None) -> list[Finding]:
    file = declared(settings)
    found: list[Finding] = []
    for name, streams in _chosen(file, which):
        try:
            findings = build_source(name, file, settings).check()
        except BodegaError as error:
            findings = [Finding("*", ok=False, says=error.detail)]
        wanted = {stream.name for stream in streams} | {"*"}
        found += [
            Finding(name if f.what == "*" else f"{name}.{f.what}", f.ok, f.says)
            for f in findings
            if f.what in wanted
        ]
    return found


def discovered(settings: Settings, which: str) -> list[Stream]:
    file = declared(settings)
    found: list[Stream] = []
    for name, streams in _chosen(file, which):
        wanted = {stream.name for stream in streams}
        source = build_source(name, file, settings)
        found += [stream for stream in source.discover() if stream.name in wanted]
    return found


def read_all(
    settings: Settings,
    which: str | None,
    *,
    full: bool,
    progress: Progress = silent,
    trigger: str = "command",
) -> list[LoadReport]:
    """One report a stream; a stream that fails does not keep the others from being read. Rates go
    on to the shop, and mappings over what was read are built anew. Each source is a run in the
    history of the pipelines, and one that fails an alert until it is read again."""
    file, root, reports = declared(settings), LakeRoot.of(settings), list[LoadReport]()
    policy = FollowedPolicy(root, settings.quality_file).current
    mappings = file.every_mapping()
    held = {name for name, mapping in mappings.items() if _blocked(root, mapping, policy)}
    for name, streams in _chosen(file, which):
        with _told(settings, name, trigger) as read:
            read.extend(_read(name, streams, file, settings, full=full, progress=progress))
        reports += read
    fresh = {f"{report.source}.{report.stream}" for report in reports if _brought_news(report)}
    for name, mapping in mappings.items():
        origins = {origin.stream for origin in mapping.origins}
        if _blocked(root, mapping, policy):
            continue
        asked = origins & {f"{report.source}.{report.stream}" for report in reports if report.fit}
        if name in held or fresh & origins or (asked and not root.is_delta(f"{SILVER}/{name}")):
            mapped(settings, name)
    return reports


def _blocked(root: LakeRoot, mapping: MappingConfig, policy: Policy) -> bool:
    """Whether rows of one of its streams break a rule that blocks."""
    return any(
        standing(root, f"{BRONZE}.{bronze_table(*origin.stream.split('.', 1))}", policy)
        for origin in mapping.origins
    )


def _brought_news(report: LoadReport) -> bool:
    """A commit may hold nothing but how far the source was read, or rows that are not fit."""
    only_known = report.rows and report.rows == report.unchanged
    return bool(report.fit and report.commits and (not only_known or report.deleted))


@contextmanager
def _told(settings: Settings, name: str, trigger: str) -> Iterator[list[LoadReport]]:
    """What the block reads of a source, as a run and, where it fails, an alert."""
    work, reports = LakeRoot.of(settings).work, list[LoadReport]()
    with recorded(work, kind="source", name=name, trigger=trigger) as run:
        yield reports
        for report in reports:
            run.step(
                report.stream,
                kind="stream",
                state="failed" if report.error else "succeeded",
                seconds=round(report.seconds, 3),
                rows=report.kept,
                detail=report.error or "",
            )
            for said in (*report.notes, *(f"set aside: {why}" for why in report.rejected)):
                run.say(said, step=report.stream)
        run.rows = sum(report.kept for report in reports)
        errors = "; ".join(f"{report.stream}: {report.error}" for report in reports if report.error)
        if errors:
            run.state, run.detail = "failed", errors
            raise_alert(work, key=f"source:{name}", title=f"{name} cannot be read", detail=errors)
        else:
            resolve_alert(work, key=f"source:{name}")


def _read(
    name: str,
    streams: list[Stream],
    file: SourcesFile,
    settings: Settings,
    *,
    full: bool,
    progress: Progress,
) -> list[LoadReport]:
    if isinstance(file.sources[name], FOLLOWED):
        return _catch_up(name, streams, file, settings)
    config, root, connectors = file.sources[name], LakeRoot.of(settings), list[Source]()
    with _reported(name, "*") as failed:
        connectors.append(build_source(name, file, settings))
    if not connectors:
        return [failed[0].model_copy(update={"stream": stream.name}) for stream in streams]

    def one(stream: Stream) -> LoadReport:
        told = partial(progress, f"{name}.{stream.name}")
        with _reported(name, stream.name) as report:
            report.append(
                load(
                    name,
                    _sealed(connectors[0], stream, settings),
                    stream,
                    root,
                    clock=SystemClock(),
                    full=full,
                    progress=told,
                )
            )
        _reconcile(root, report[-1], stream, settings)
        if report[-1].error is None:
            _feed_shop(name, file, settings, report[-1])
        return report[-1]

    at_once = config.parallel if isinstance(config, Parallel) else 1
    if min(at_once, len(streams)) == 1:
        return [one(stream) for stream in streams]
    with ThreadPoolExecutor(at_once, "stream") as readers:
        return list(readers.map(one, streams))


def _sealed(source: Source, stream: Stream, settings: Settings) -> Source:
    if stream.personal is None:
        return source
    return SealedSource(source, Vault(settings.dsn, MasterKeys.of(settings)), stream)


def _reconcile(root: LakeRoot, report: LoadReport, stream: Stream, settings: Settings) -> None:
    """The lake holds what was read, to the row and the cent, and no rule that blocks is broken;
    else that is the report's error. Mappings are not built of what has an error."""
    try:
        lines = reconcile_load(root, report)
        policy = FollowedPolicy(root, settings.quality_file).current
        results = inspect_load(root, report, stream, policy)
    except BodegaError as error:
        report.notes.append(f"not reconciled: {error.detail}")
        return
    wrong = [str(line) for line in lines if not line.agrees]
    wrong_values = [str(r) for r in results if r.severity == "block" and not r.passed]
    odd = (r for r in results if r.severity == "warn" and not r.passed)
    report.notes += [str(r) for r in odd if r.check != "rows set aside"]  # the report says that
    report.reconciled = not wrong if lines else None
    if wrong or wrong_values:
        report.fit = False
        report.error = "; ".join(filter(None, [report.error, *wrong, *wrong_values]))


def _catch_up(
    name: str, streams: list[Stream], file: SourcesFile, settings: Settings
) -> list[LoadReport]:
    with _reported(name, "*") as reports:
        source = followed_source(name, file, settings)
        wanted = {stream.name for stream in streams}
        reports += [report for report in source.catch_up() if report.stream in wanted]
    return reports


def _feed_shop(name: str, file: SourcesFile, settings: Settings, report: LoadReport) -> None:
    """Rates that are new in the lake are written to the shop, through its contract."""
    config = file.sources[name]
    if isinstance(config, FxConfig) and config.feed_shop:
        try:
            changed = feed_rates(settings, name, config.declared()[0])
        except (BodegaError, ValueError) as error:
            report.notes.append(f"the shop's rates were not written: {error}")
        else:
            report.notes.append(f"{changed:,} rates new or changed in the shop")


@contextmanager
def _reported(name: str, stream: str) -> Iterator[list[LoadReport]]:
    """A failure becomes part of the report: of what was read before it, if anything was."""
    reports: list[LoadReport] = []
    try:
        yield reports
    except BodegaError as error:
        partly = error.extra.get("report")
        failed = LoadReport(source=name, stream=stream, error=error.detail)
        reports.append(partly if isinstance(partly, LoadReport) else failed)


def mapped(settings: Settings, name: str) -> Mapped:
    """Build one mapping. Raises SourceUnknown."""
    file = declared(settings)
    mappings = file.every_mapping()
    if name not in mappings:
        known = ", ".join(sorted(mappings)) or "none"
        raise SourceUnknown(f"There is no mapping {name!r}; declared are: {known}")

    def stream(wanted: str) -> Stream:
        found = file.stream(wanted)
        assert found is not None
        return found

    return build_mapping(name, mappings[name], stream, LakeRoot.of(settings))


def rows_of(
    settings: Settings, which: str, *, rejected: bool, as_of: datetime | None, limit: int
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Column names and rows; who asked is written down. Raises SourceUnknown, AccessUnrecorded."""
    file, root = declared(settings), LakeRoot.of(settings)
    name, streams = _chosen(file, which)[0]
    if len(streams) != 1:
        raise SourceUnknown(f"Say which stream: {', '.join(f'{name}.{s.name}' for s in streams)}")
    if isinstance(file.sources[name], FOLLOWED):
        shown = rejected_rows if rejected else current_rows
        found = shown(root, name, streams[0].name, limit=limit)
    else:
        found = look(root, name, streams[0], rejected=rejected, as_of=as_of, limit=limit)
    table = f"{BRONZE}.{bronze_table(name, streams[0].name)}"
    AccessLog(root).note("sources", tables=[table], rows=len(found[1]))
    return found


def _chosen(file: SourcesFile, which: str | None) -> list[tuple[str, list[Stream]]]:
    """Sources and their streams. Raises SourceUnknown."""
    if which is None:
        return [(name, config.declared()) for name, config in file.sources.items()]
    name, _, wanted = which.partition(".")
    config = file.sources.get(name)
    if config is None:
        known = ", ".join(sorted(file.sources)) or "none: see docs/sources.md"
        raise SourceUnknown(f"There is no source {name!r}; declared are: {known}")
    streams = config.declared()
    chosen = [stream for stream in streams if not wanted or stream.name == wanted]
    if not chosen:
        known = ", ".join(f"{name}.{stream.name}" for stream in streams)
        raise SourceUnknown(f"There is no stream {which!r}; declared are: {known}")
    return [(name, chosen)]
