"""A process to be killed: `python -m tests.backbone.kafka.child`, Kafka's part of a relay."""

import threading

from bodega.apps.kafka import beside
from bodega.backbone.settings import load_settings

if __name__ == "__main__":
    stop = threading.Event()
    with beside(load_settings(), stop):
        stop.wait()
