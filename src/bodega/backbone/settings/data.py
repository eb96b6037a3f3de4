"""The lake, its sources, quality, pipelines and alerts."""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from bodega.backbone.settings.kinds import DEV_SECRET, Count, Port, Seconds


class DataSettings(BaseSettings):
    """The warehouse."""

    lake_url: str | None = Field(
        None, description="root of the lake; empty: `lake/` in the data dir"
    )
    lake_master_key: SecretStr = Field(
        SecretStr(DEV_SECRET),
        description="wraps the keys of persons in the lake; keep it, made by `bodega up`",
    )
    lake_master_key_former: SecretStr = Field(
        SecretStr(""), description="the one before, until `bodega lake keys rewrap` is done"
    )
    lake_s3_endpoint: str = Field("", description="http(s)://… of an S3 other than AWS's")
    lake_s3_region: str = Field("", description="its region; empty: AWS_REGION, else us-east-1")
    lake_s3_key_id: str = Field("", description="access key; empty: AWS's usual variables")
    lake_s3_secret: SecretStr = Field(SecretStr(""), description="its secret")
    lake_nice: int = Field(
        5,
        ge=0,
        le=19,
        description="how far the lake's processes give way to the shop's on a busy machine",
    )
    lake_share: int = Field(
        25,
        ge=5,
        le=100,
        description="percentage of time refreshes take while sales keep coming",
    )
    lake_keep_hours: int = Field(
        24, ge=24, description="how long versions and sets of tables that were replaced are kept"
    )
    lake_compact_files: Count = Field(50, description="small files of a table that are joined")
    lake_archive_days: int = Field(
        0, ge=0, description="months of bronze older than this move to the archive; 0: never"
    )
    lake_archive_url: str | None = Field(
        None, description="folder or s3://… of the archive; empty: `archive/` in the lake"
    )
    lake_access_days: int = Field(
        400, ge=30, description="how long it is kept who read which table of the lake"
    )
    lineage_url: str = Field(
        "", description="where OpenLineage events of each build are posted; empty: nowhere"
    )
    lake_flush_seconds: Seconds = Field(5, description="longest wait before changes reach bronze")
    lake_flush_rows: Count = Field(5000, description="changes that are not waited for")
    lake_memory_mb: Count = Field(1024, description="memory DuckDB may take in pipelines")
    lake_train_minutes: Count = Field(60, description="how often the recommender is retrained")
    sources_file: Path = Field(
        Path("sources.yml"), description="what else is read into the lake; docs/sources.md"
    )
    quality_file: Path = Field(
        Path("quality.yml"), description="what is expected of tables; docs/quality.md"
    )
    reports_file: Path = Field(
        Path("reports.yml"), description="which reports of metrics are sent; docs/reports.md"
    )
    quality_keep_days: Count = Field(90, description="how long checks and profiles are remembered")
    quality_profile_minutes: Count = Field(
        10, description="a table is profiled at most so often while it changes"
    )
    fmp_url: str = Field(
        "https://financialmodelingprep.com", description="Financial Modeling Prep's API"
    )
    fmp_key: SecretStr = Field(SecretStr(""), description="its key; empty: it is not asked")
    weather_url: str = Field(
        "https://api.open-meteo.com/v1/forecast", description="where weather to come is asked for"
    )
    weather_history_url: str = Field(
        "https://archive-api.open-meteo.com/v1/archive",
        description="where weather that was is asked for",
    )
    fx_url: str = Field(
        "https://data-api.ecb.europa.eu/service/data", description="the ECB's exchange rates"
    )
    dex_timeout_seconds: Seconds = Field(
        2.0, description="patience with one question to weather or market sources"
    )
    dex_fresh_seconds: Seconds = Field(600, description="how old their answers may be unasked")
    dex_stale_hours: Count = Field(24, description="how old they may be when a source is down")
    dex_failures: Count = Field(5, description="failures in a row before a source is left alone")
    dex_pause_seconds: Seconds = Field(30, description="how long it is left alone then")
    orchestrator: Literal["loop", "dagster"] = Field("loop", description="who runs the transforms")
    pipelines_parallel: Count = Field(2, description="sources that are read at the same time")
    pipelines_first_day: date = Field(
        date(2009, 1, 1), description="the first day of Dagster's daily partitions"
    )
    pipelines_keep_days: Count = Field(14, description="how long runs of the pipelines are kept")
    pipelines_ui_port: Port = Field(3070, description="port of `bodega pipelines ui`")
    alerts_email: str = Field(
        "", description="who hears of trouble in the pipelines; empty: the staff; off: nobody"
    )
    alerts_webhook_url: SecretStr | None = Field(
        None, description="Slack-compatible webhook that hears of it, too; a secret"
    )
    alerts_severity: Literal["warning", "error"] = Field(
        "warning", description="the least that anybody is told of"
    )
    alerts_repeat_minutes: Count = Field(
        60, description="how often at most one alert is told while it lasts, or comes and goes"
    )
    alerts_keep_days: Count = Field(30, description="how long alerts that are over are kept")
