"""How brokers are reached, as the client is told."""

import ssl

from bodega.backbone.kafka.connection import Access
from bodega.backbone.settings import Settings


def test_a_user_and_certificates_are_shown() -> None:
    settings = Settings(
        _env_file=None,
        events_kafka_servers="a:9093, b:9093",
        events_kafka_security="SASL_SSL",
        events_kafka_sasl="PLAIN",
        events_kafka_user="shop",
        events_kafka_password="s3cret",
    )
    access = Access.of(settings)
    options = access.options()
    assert options["bootstrap_servers"] == ["a:9093", "b:9093"]
    assert options["sasl_mechanism"] == "PLAIN"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("shop", "s3cret")
    assert isinstance(options["ssl_context"], ssl.SSLContext)
    assert options["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert "s3cret" not in repr(access)


def test_without_security_nothing_is_shown() -> None:
    options = Access("a:9092").options()
    assert not {"ssl_context", "sasl_mechanism"} & options.keys()
