"""The settings of Kafka, a part of `Settings`; nothing of it is in use before brokers are named."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings


class KafkaSettings(BaseSettings):
    """`BODEGA_EVENTS_KAFKA_…`."""

    events_kafka_servers: str = Field(
        "", description="host:port,… of Kafka brokers; empty: events stay in the database"
    )
    events_kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how brokers are spoken to"
    )
    events_kafka_sasl: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how we prove who we are, where security is SASL_…"
    )
    events_kafka_user: str = Field("", description="our user at the brokers")
    events_kafka_password: SecretStr = Field(SecretStr(""), description="its password")
    events_kafka_ca_file: Path | None = Field(
        None, description="certificates that sign the brokers'; empty: the system's"
    )
    events_kafka_prefix: str = Field(
        "bodega",
        pattern="^[A-Za-z_][A-Za-z0-9_-]*$",
        description="what the names of our topics begin with",
    )
    events_kafka_produce: bool = Field(
        True, description="send every event to the topic `<prefix>.events`"
    )
    events_kafka_consume: str = Field(
        "", description="topics, parted by commas, whose events are taken into our log"
    )
    events_kafka_changes: Literal["off", "json", "avro"] = Field(
        "off", description="send row changes to `<prefix>.<schema>.<table>`, as Debezium does"
    )
    events_kafka_registry_url: str = Field(
        "", description="schema registry; empty: events are JSON, else Avro"
    )
    events_kafka_registry_user: str = Field("", description="our user at the registry")
    events_kafka_registry_password: SecretStr = Field(SecretStr(""), description="its password")

    @model_validator(mode="after")
    def _kafka_is_whole(self) -> Self:
        if self.events_kafka_security.startswith("SASL") and not self.events_kafka_user:
            raise ValueError("set BODEGA_EVENTS_KAFKA_USER: SASL needs a user and a password")
        if self.events_kafka_changes == "avro" and not self.events_kafka_registry_url:
            raise ValueError("set BODEGA_EVENTS_KAFKA_REGISTRY_URL: changes in Avro need one")
        if self.events_topic in self.events_taken_from:
            raise ValueError(f"BODEGA_EVENTS_KAFKA_CONSUME: {self.events_topic} is our own topic")
        return self

    @property
    def events_topic(self) -> str:
        return f"{self.events_kafka_prefix}.events"

    @property
    def events_taken_from(self) -> tuple[str, ...]:
        named = (name.strip() for name in self.events_kafka_consume.split(","))
        return tuple(name for name in named if name)
