"""Training the recommender: once, in a process that then gives its memory back; or again and again.

python -m bodega.apps.training
"""

import subprocess
import sys
import threading

from bodega.backbone.settings import Settings, load_settings
from bodega.backbone.telemetry.logs import configure_logs, get_logger
from bodega.data.lake.storage import LakeRoot
from bodega.data.operations.alerts import raise_alert, resolve_alert
from bodega.data.operations.runs import recorded
from bodega.kernel.clock import SystemClock
from bodega.ml.features.purchases import data_version
from bodega.ml.recommend import NAME
from bodega.ml.registry.cards import ModelCard
from bodega.ml.registry.store import Registry

FIRST_LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 1800.0
log = get_logger(__name__)


def train_once(
    settings: Settings, *, again: bool = False, trigger: str = "command"
) -> ModelCard | None:
    """Train on what is published now; None when there is nothing new to learn from. A training is
    a run in the history of the pipelines, and one that fails an alert until one does not."""
    from bodega.ml.recommend.train import train

    lake, models = LakeRoot.of(settings), settings.data_dir / "models"
    alert = f"training:{NAME}"
    with recorded(lake.work, kind="training", name=NAME, trigger=trigger, at_once=False) as run:
        try:
            card = train(lake, models, clock=SystemClock(), again=again)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise_alert(lake.work, key=alert, title=f"{NAME} cannot be trained", detail=said)
            raise
        resolve_alert(lake.work, key=alert)
        if card:
            run.begin()
            run.say(f"version {card.version}, promoted: {card.promoted}, {card.metrics}")
    if card:
        log.info(
            "model_trained",
            model=NAME,
            version=card.version,
            candidate=card.candidate,
            promoted=card.promoted,
            ndcg=card.metrics.ndcg,
            popularity_ndcg=card.baseline.ndcg,
        )
    return card


def keep_training(settings: Settings, stop: threading.Event) -> None:
    """The first model as soon as there are sales, then every BODEGA_LAKE_TRAIN_MINUTES if the
    sales have changed; each in a process of its own. Until `stop`."""
    if settings.orchestrator == "dagster":  # it has a sensor of its own
        stop.wait()
    lake = LakeRoot.of(settings)
    trained_on = _newest(settings)
    while not stop.is_set():
        now = data_version(lake)
        if now and now != trained_on:
            _run(stop)
            trained_on = now
        pause = settings.lake_train_minutes * 60.0 if trained_on else FIRST_LOOK_SECONDS
        stop.wait(pause)


def _newest(settings: Settings) -> dict[str, int]:
    cards = Registry(settings.data_dir / "models", NAME).cards()
    return cards[0].data if cards else {}


def _run(stop: threading.Event) -> None:
    command = [sys.executable, "-m", "bodega.apps.training"]
    with subprocess.Popen(command) as process:
        waited = 0.0
        while process.poll() is None:
            if stop.wait(0.2) or waited > PATIENCE_SECONDS:
                process.kill()
            waited += 0.2
    if process.returncode and not stop.is_set():
        log.error("training_failed", code=process.returncode)


if __name__ == "__main__":
    loaded = load_settings()
    configure_logs(loaded)
    train_once(loaded, trigger="schedule")
