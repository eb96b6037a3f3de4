"""To be killed: `python -m tests.data.ingest.sources.kafka_child FOLDER SERVERS TOPIC`."""

import sys
import threading
from pathlib import Path

from bodega.data.ingest.sources.kafka import source
from bodega.data.ingest.sources.kafka.config import KafkaConfig
from bodega.data.lake.storage import LakeRoot

source._FLUSH_SECONDS, source._FLUSH_ROWS = 0.05, 200

if __name__ == "__main__":
    folder, servers, topic = sys.argv[1:]
    said = {"kind": "kafka", "servers": servers, "topics": {"people": topic}}
    config = KafkaConfig.model_validate(said)
    source.KafkaSource("crm", config, LakeRoot(Path(folder))).follow(threading.Event())
