"""Prometheus metrics that every process shares the names of."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

REQUESTS = Counter("bodega_http_requests_total", "HTTP requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "bodega_http_request_seconds",
    "HTTP request duration",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CONSUMER_LAG = Gauge("bodega_consumer_lag_events", "Events not yet handled", ["consumer"])
CONSUMER_PARKED = Gauge("bodega_consumer_parked_events", "Events parked", ["consumer"])
HANDLED = Counter("bodega_events_handled_total", "Events handled", ["consumer", "outcome"])
RELAYED = Counter("bodega_events_relayed_total", "Events moved from outbox to log")
KAFKA_SENT = Counter("bodega_kafka_sent_total", "Events and changes that brokers took", ["topic"])
KAFKA_TAKEN = Counter(
    "bodega_kafka_taken_total", "Messages taken from topics", ["topic", "outcome"]
)
KAFKA_LAG = Gauge("bodega_kafka_lag_messages", "Messages of a topic not yet taken", ["topic"])
KAFKA_QUARANTINED = Gauge("bodega_kafka_quarantined_messages", "Messages set aside", ["topic"])
SLOT_LAG = Gauge("bodega_slot_lag_bytes", "WAL a replication slot has still to confirm", ["slot"])
FEED_ROWS = Counter("bodega_feed_rows_total", "Changes written to bronze")
FEED_SECONDS_BEHIND = Gauge("bodega_feed_seconds_behind", "Age of the newest change in bronze")
PIPELINE_RUNS = Counter("bodega_pipeline_runs_total", "Runs of the pipelines", ["kind", "state"])
PIPELINE_SECONDS = Histogram(
    "bodega_pipeline_run_seconds",
    "Runs of the pipelines that did something",
    ["kind"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
)
REMOTE_CALLS = Counter(
    "bodega_remote_calls_total", "Calls to our own services", ["target", "outcome"]
)
PAYMENT_CONFLICTS = Gauge("bodega_payment_conflicts_open", "Conflicts with the payment provider")
DISPUTES_OPEN = Gauge("bodega_disputes_open", "Disputes that are not over")
DISPUTES_DUE = Gauge("bodega_disputes_due", "Disputes whose evidence is due within three days")
DATABASE_SECONDS = Counter("bodega_database_seconds_total", "Waiting for the database")
DATABASE_CALLS = Counter("bodega_database_calls_total", "Statements and pipelines sent to it")
DATABASE_COMMITS = Counter("bodega_database_commits_total", "Units of work that became durable")
OUTSIDE_SECONDS = Histogram(
    "bodega_outside_seconds", "Calls to the services of others", ["service"]
)
CHECKOUT_STEP_SECONDS = Histogram("bodega_checkout_step_seconds", "Steps of checkouts", ["step"])


def exposition() -> bytes:
    """The registry in Prometheus text format."""
    return generate_latest(REGISTRY)
