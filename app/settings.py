"""Everything that can be set, from `AML_*` environment variables; nothing secret has a default."""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from app.errors import DependencyMissing

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of one process. `docs/operations.md` lists them; a test holds the two together."""

    model_config = SettingsConfigDict(env_prefix="AML_", env_ignore_empty=True, extra="ignore", frozen=True)

    postgres_url: SecretStr = Field(description="SQLAlchemy URL of the record, with its password.")
    postgres_admin_url: SecretStr | None = Field(
        default=None,
        description="URL of a superuser, with which `aml migrate` makes the record's role and database.",
    )
    neo4j_url: str = Field(description="Bolt address of the graph.")
    neo4j_user: str = Field(default="neo4j", description="User of the graph.")
    neo4j_password: SecretStr = Field(description="Password of the graph's user.")
    block_explorers: str = Field(
        default="",
        description="Public block explorers that pages link to: empty for known ones, `off`, or JSON.",
    )
    neo4j_browser_url: str | None = Field(default=None, description="Where a person opens Neo4j Browser.")
    kafka_bootstrap_servers: str = Field(description="Kafka brokers, host:port separated by commas.")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How clients reach the brokers."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="PLAIN", description="How a password is shown to the brokers."
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="Certificates that the brokers' are checked with; unset: the system's."
    )
    kafka_username: str | None = Field(
        default=None, description="Kafka user that reads transfers and writes refused messages."
    )
    kafka_password: SecretStr | None = Field(default=None, description="Password of that user.")
    kafka_producer_username: str | None = Field(
        default=None, description="Kafka user that writes transfers; unset: that of `AML_KAFKA_USERNAME`."
    )
    kafka_producer_password: SecretStr | None = Field(
        default=None, description="Password of the user that writes transfers."
    )
    kafka_producer_servers: str | None = Field(
        default=None, description="Brokers as a producer of one's own reaches them, when elsewhere."
    )
    kafka_admin_username: str | None = Field(
        default=None,
        description="Kafka user that makes topics and permissions; unset: that of `AML_KAFKA_USERNAME`.",
    )
    kafka_admin_password: SecretStr | None = Field(
        default=None, description="Password of the user that creates topics."
    )
    transfers_topic: str = Field(default="transfers", description="Topic the transfers arrive on.")
    dead_letter_topic: str = Field(default="transfers.dead", description="Topic of refused messages.")
    topic_partitions: int = Field(default=4, ge=1, le=64, description="Partitions when the topic is created.")
    consumer_group: str = Field(default="aml", description="Kafka consumer group.")
    batch_messages: int = Field(
        default=4_000,
        ge=1,
        le=100_000,
        description="Messages written together, at most; eight times as many while they restate others.",
    )
    batch_seconds: float = Field(
        default=0.5, gt=0, le=60, description="What writing a batch may take; batches shrink and grow to it."
    )
    batch_wait_seconds: float = Field(default=0.2, gt=0, le=60, description="How long a batch waits to fill.")
    dead_letter_ceiling: int = Field(
        default=1_000, ge=1, description="Refused messages in a row that raise the alarm."
    )
    session_timeout_seconds: float = Field(
        default=6.0,
        ge=1,
        le=300,
        description="How long nobody reads what a killed consumer was given; most brokers allow 6 or more.",
    )
    consumer_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of the consumer's own `/metrics`; 0 is off."
    )
    consumer_metrics_host: str = Field(
        default="127.0.0.1", description="Address the consumer's `/metrics` listens on."
    )
    worker_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of the worker's own `/metrics`; 0 is off."
    )
    worker_metrics_host: str = Field(
        default="127.0.0.1", description="Address the worker's `/metrics` listens on."
    )
    run_every_minutes: float = Field(
        default=60.0,
        ge=0,
        description="How often the worker starts a run, when something has changed; 0 is never.",
    )
    run_after_changes_minutes: float = Field(
        default=15.0,
        ge=0,
        description="How long after the last change of labels or policy the worker starts a run; 0: never.",
    )
    watch_every_hours: float = Field(
        default=24.0,
        ge=0,
        description="How often a watched wallet is screened that nothing touched; 0: never.",
    )
    webhook_allowed_hosts: str = Field(
        default="",
        description="Hosts of webhooks that may be private or called by http, separated by commas.",
    )
    data_folders: str = Field(
        default="",
        description="Folders of the servers' data whose free space is watched, separated by `:`.",
    )
    min_free_disk_mb: int = Field(
        default=512,
        ge=0,
        description="Free MiB on each of their disks below which ingestion pauses; 0: never.",
    )
    reconcile_interval_seconds: float = Field(
        default=86_400.0,
        ge=0,
        description="How often the consumer compares the graph with the record; 0 is never.",
    )
    graph_rebuild: Literal["auto", "ask"] = Field(
        default="auto",
        description="Does the consumer rebuild a graph that is lost, another record's or newer? `ask`: no.",
    )
    api_host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(default=8000, ge=1, le=65535, description="Port the API listens on.")
    api_url: str | None = Field(
        default=None, description="Where commands reach the API, when not at its address and port."
    )
    pages_url: str | None = Field(
        default=None, description="Where a person opens the pages, when not at the API's address."
    )
    api_token: SecretStr | None = Field(
        default=None, description="Bearer token of the API; needed unless `AML_API_AUTH=off`."
    )
    api_token_before: SecretStr | None = Field(
        default=None, description="A token that counts too, while clients are given a new `AML_API_TOKEN`."
    )
    api_auth: Literal["on", "off"] = Field(
        default="on", description="`off` answers without a token, and only on a loopback address."
    )
    allowed_hosts: str = Field(
        default="",
        description="Host names the API answers under, separated by commas, such as a proxy's; on loopback"
        " its own names are known, elsewhere empty is any.",
    )
    forwarded_allow_ips: str = Field(
        default="",
        description="Addresses of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are taken.",
    )
    cors_origins: str = Field(
        default="", description="Origins whose pages may call the API, separated by commas; empty is none."
    )
    api_requests_per_minute: int = Field(
        default=0,
        ge=0,
        le=60_000,
        description="Requests that the API takes from one address in a minute; more are 429. 0: any number.",
    )
    policy_file: Path = Field(default=PROJECT / "policy.yaml", description="The policy of scoring runs.")
    engine: Literal["auto", "cypher", "ledger", "spark"] = Field(
        default="auto",
        description="Exposure engine; `auto` is Cypher where there are few paths to walk, and never Spark.",
    )
    spark_master: str | None = Field(
        default=None,
        description="Where the engine spark runs: a cluster's master, or `local[*]`. Unset, commands use"
        " their own machine, and the API has no such engine.",
    )
    spark_folder: str | None = Field(
        default=None, description="Folder or URL that all machines of the cluster reach, for a run's files."
    )
    spark_memory: str = Field(
        default="2g",
        description="Memory of Spark's driver; in local mode also of its tasks, without Python's.",
    )
    cypher_engine_max_walks: int = Field(
        default=20_000,
        ge=0,
        description="Paths of all wallets up to which `auto` is Cypher; 20 transfers looked at count as one.",
    )
    cypher_engine_max_transfers: int | None = Field(
        default=None,
        ge=0,
        description="Transfers up to which `auto` is Cypher, besides; unset: any number.",
    )
    cypher_engine_auto_seconds: float = Field(
        default=2.0, gt=0, description="When `auto` gives path queries up: the ledger engine then answers."
    )
    cypher_engine_seconds: float = Field(
        default=600.0, gt=0, description="When a run fails whose path queries were asked for by name."
    )
    list_urls: str = Field(
        default="",
        description="Addresses of lists that `aml labels update` reads (https), separated by blanks.",
    )
    list_update_hours: float = Field(
        default=24.0, ge=0, description="How often the worker does so; 0 is never."
    )
    list_max_age_days: float = Field(
        default=7.0,
        ge=0,
        description="A list of listings that nobody has read for so long is a warning; 0: never.",
    )
    evidence_threshold: float = Field(
        default=1e-3, ge=0, lt=1, description="Smallest share of a wallet's total that a listed path carries."
    )
    evidence_max_paths: int = Field(default=100, ge=1, le=10_000, description="Paths listed per direction.")
    evidence_timeout_seconds: float = Field(default=2.0, gt=0, le=60, description="Limit of one path query.")
    screening_seconds: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="How long a screening asks the graph's paths; then it says `incomplete`.",
    )
    screening_retention_days: int = Field(
        default=2_922,
        ge=1,
        le=36_525,
        description="How long screenings are kept; `aml prune` deletes older ones. Eight years.",
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines are written."
    )
    otlp_endpoint: str | None = Field(
        default=None, description="Where traces are sent (OTLP over HTTP); without it none are made."
    )

    @property
    def api_address(self) -> str:
        """URL of the API without a slash at its end, for its clients."""
        return (self.api_url or f"http://{self.api_host}:{self.api_port}").rstrip("/")

    @property
    def pages_address(self) -> str:
        """URL of the pages for a person, without a slash at its end."""
        return (self.pages_url or self.api_address).rstrip("/")

    @property
    def host_names(self) -> frozenset[str]:
        """The names of `allowed_hosts`, in lower case."""
        return frozenset(name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip())

    @property
    def webhook_hosts(self) -> frozenset[str]:
        """The names of `webhook_allowed_hosts`, in lower case."""
        return frozenset(
            name for each in self.webhook_allowed_hosts.split(",") if (name := each.strip().lower())
        )

    @property
    def lists(self) -> tuple[str, ...]:
        """The addresses of `list_urls`."""
        return tuple(dict.fromkeys(self.list_urls.split()))

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of `cors_origins`."""
        return tuple(origin.strip() for origin in self.cors_origins.split(",") if origin.strip())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the files of the folders that `AML_SECRETS_DIR` names."""
        folders = [each for each in os.environ.get("AML_SECRETS_DIR", "").split(os.pathsep) if each]
        files = SecretsSettingsSource(settings_cls, secrets_dir=folders or None)
        return init_settings, env_settings, files


@cache
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        DependencyMissing: a needed variable is absent or wrong; the message names it.
    """
    try:
        return Settings()
    except ValidationError as exc:
        faults = ", ".join(
            f"AML_{'.'.join(str(part) for part in e['loc']).upper()} ({e['msg'].lower()})"
            for e in exc.errors()
        )
        raise DependencyMissing(
            f"Not configured: {faults}. `aml up` starts servers and prints where they are; "
            "with `--home DIR` other commands use that instance."
        ) from exc
