"""What sources.yml says of a source in Kafka."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from bodega.backbone.kafka.connection import Access
from bodega.backbone.kafka.registry import Registry
from bodega.data.ingest.sources.contract import Personal, Stream
from bodega.data.ingest.sources.streams import Name, Scheduled, Secret, StreamConfig, Strict

Topic = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class RegistryConfig(Strict):
    """Where schemas of messages in Avro are."""

    url: str = Field(pattern="^https?://")
    user: str = ""
    password: Secret | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.user) != (self.password is not None):
            raise ValueError("`user` and `password` come together")
        return self

    def client(self) -> Registry:
        """Raises SourcesMalformed when the password's variable is not set."""
        password = self.password.reveal() if self.password else ""
        return Registry(self.url, user=self.user, password=password)


class Brokers(Scheduled):
    """How brokers are reached, and where schemas of messages in Avro are."""

    servers: str = Field(min_length=1)
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    user: str = ""
    password: Secret | None = None
    ca_file: Path | None = None
    registry: RegistryConfig | None = None

    @model_validator(mode="after")
    def _proven(self) -> Self:
        if self.security.startswith("SASL") and not (self.user and self.password):
            raise ValueError("SASL needs `user` and `password`")
        return self

    def access(self) -> Access:
        """Raises SourcesMalformed when the password's variable is not set."""
        return Access(
            servers=self.servers,
            security=self.security,
            sasl=self.sasl,
            user=self.user,
            password=self.password.reveal() if self.password else "",
            ca_file=self.ca_file,
        )


class KafkaConfig(Brokers):
    """`topics` of row changes are read each into the table of its name; `personal` says per table
    whose its personal columns are. `follow`: the running shop reads them all the time."""

    kind: Literal["kafka"]
    topics: Mapping[Name, Topic] = Field(min_length=1)
    personal: Mapping[Name, Personal] = {}
    follow: bool = True

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if len(set(self.topics.values())) < len(self.topics):
            raise ValueError("each topic has one table")
        if unknown := sorted(self.personal.keys() - self.topics.keys()):
            raise ValueError(f"`personal` tells of {unknown[0]}, which is not among `topics`")
        return self

    def declared(self) -> list[Stream]:
        return [Stream(name=name) for name in self.topics]


class RecordsStreamConfig(StreamConfig):
    """A topic whose messages are records. `key_field` takes the message's key; with `deleted`, a
    message without a value says that the record of its key is gone."""

    topic: Topic
    key_field: str | None = Field(None, pattern="^[a-z][a-z0-9_]*$")


class KafkaRecordsConfig(Brokers):
    """Topics of records, JSON or Avro, as streams like any other."""

    kind: Literal["kafka_records"]
    streams: Mapping[Name, RecordsStreamConfig] = Field(min_length=1)

    def declared(self) -> list[Stream]:
        return [config.stream(name) for name, config in self.streams.items()]
