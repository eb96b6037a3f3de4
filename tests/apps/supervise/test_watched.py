"""What dies unasked is started again, later each time, and forgiven after a steady minute."""

from dataclasses import dataclass

from bodega.apps.supervise.report import Report
from bodega.apps.supervise.watched import Watched
from bodega.backbone.embedded.errors import EmbeddedError


@dataclass
class Bulb:
    """Something that runs until it is put out."""

    running: bool = False
    pid: int | None = 7
    starts: int = 0
    broken: bool = False

    def kill(self) -> None:
        self.running = False

    def begin(self) -> None:
        self.starts += 1
        if self.broken:
            raise EmbeddedError("no current")
        self.running = True


class Scene:
    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.bulb = Bulb()
        self.watched = Watched(
            "bulb", self.bulb, begin=self.bulb.begin, ended=lambda: "out", clock=lambda: self.now
        )

    def report(self, said: Report) -> None:
        self.said.append(said.text)

    def look(self, at: float) -> bool:
        self.now = at
        return self.watched.look(self.report)


def test_a_running_thing_is_left_alone() -> None:
    scene = Scene()
    scene.watched.start()
    assert not scene.look(at=5)
    assert scene.bulb.starts == 1
    assert scene.watched.steady


def test_it_is_started_again_later_each_time() -> None:
    scene = Scene()
    scene.watched.start()
    waits = []
    for death in range(4):
        scene.bulb.kill()
        scene.look(at=scene.now)
        begin = scene.now
        while not scene.bulb.running:
            scene.look(at=scene.now + 0.25)
        waits.append(scene.now - begin)
        assert scene.watched.restarts == death + 1
    assert waits == [0.25, 0.5, 1.0, 2.0]
    assert scene.said[1] == "bulb ended (out): starting again in 0.5 s"


def test_a_steady_minute_is_forgiveness() -> None:
    scene = Scene()
    scene.watched.start()
    scene.bulb.kill()
    scene.look(at=0)
    scene.look(at=0)
    scene.look(at=61)
    scene.bulb.kill()
    scene.look(at=62)
    assert scene.said[-1].endswith("starting again now")


def test_a_start_that_fails_is_said_and_tried_again() -> None:
    scene = Scene()
    scene.watched.start()
    scene.bulb.kill()
    scene.bulb.broken = True
    scene.look(at=0)
    assert scene.look(at=0)
    assert scene.said[-1] == "no current"
    scene.bulb.broken = False
    scene.look(at=1)
    scene.look(at=10)
    assert scene.bulb.running


def test_what_was_restarted_is_steady_only_after_a_while() -> None:
    scene = Scene()
    scene.watched.start()
    scene.bulb.kill()
    scene.look(at=0)
    scene.look(at=1)
    assert not scene.watched.steady
    scene.now = 7
    assert scene.watched.steady


def test_its_row_says_whether_it_runs() -> None:
    scene = Scene()
    scene.watched.start()
    assert scene.watched.describe() | {"started_at": None} == {
        **{"name": "bulb", "pid": 7, "state": "running", "restarts": 0, "started_at": None}
    }
    scene.bulb.kill()
    assert scene.watched.describe()["state"] == "restarting"
    assert scene.watched.describe()["pid"] is None
