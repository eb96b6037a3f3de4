"""Streams of an API are read at the same time, at one pace, and each by itself."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("deltalake")

from bodega.apps.sources import listed, read_all
from bodega.backbone.settings import Settings
from bodega.data.ingest.sources.config import read_sources
from bodega.data.ingest.sources.errors import SourcesMalformed

NAMES = ["a", "b", "c"]


class Api(ThreadingHTTPServer):
    """Answers two pages a stream, once `together` requests wait for it at the same time."""

    daemon_threads = True

    def __init__(self, together: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.barrier = threading.Barrier(together)
        self.asked: list[float] = []
        self.broken: set[str] = set()


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        api: Any = self.server
        api.asked.append(time.monotonic())
        name, _, query = self.path.strip("/").partition("?")
        api.barrier.wait(timeout=10)
        page = 1 if "page=1" in query else 2
        rows = [{"id": f"{name}{page}{n}"} for n in range(2 if page == 1 else 1)]
        body = json.dumps(rows).encode()
        self.send_response(403 if name in api.broken else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    server = Api(request.param)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def shop(folder: Path, api: Api, **said: object) -> Settings:
    streams = {
        name: {
            "path": name,
            "key": ["id"],
            "pagination": {"kind": "page", "size": 2},
        }
        for name in NAMES
    }
    source = {"kind": "rest", "base_url": f"http://127.0.0.1:{api.server_port}", "streams": streams}
    file = folder / "sources.yml"
    file.write_text(json.dumps({"sources": {"desk": source | said}}))  # JSON is YAML
    return Settings(_env_file=None, data_dir=folder / "data", sources_file=file)


@pytest.mark.parametrize("api", [3], indirect=True, ids=["three"])
def test_three_streams_wait_for_the_api_at_the_same_time(tmp_path: Path, api: Api) -> None:
    settings = shop(tmp_path, api, manners={"requests": 1000}, parallel=3)
    reports = read_all(settings, "desk", full=False)
    assert [(one.stream, one.kept, one.error) for one in reports] == [
        (name, 3, None) for name in NAMES
    ]
    assert [line.rows for line in listed(settings)] == [4, 4, 4]  # and the mark of their end


@pytest.mark.parametrize("api", [1], indirect=True, ids=["alone"])
def test_they_keep_one_pace_and_one_that_fails_is_alone(tmp_path: Path, api: Api) -> None:
    api.broken.add("b")
    manners = {"requests": 2, "seconds": 0.2, "cache": False}
    reports = read_all(shop(tmp_path, api, manners=manners), "desk", full=False)
    assert [one.kept for one in reports] == [3, 0, 3]
    assert "403" in (reports[1].error or "")
    asked = sorted(api.asked)
    assert len(asked) == 5
    gaps = [later - first for first, later in zip(asked, asked[2:], strict=False)]
    assert min(gaps) > 0.1, gaps  # never three in a window, give or take the way to the server


@pytest.mark.parametrize("said", [0, 17, "many"])
def test_a_limit_that_is_none_is_named(tmp_path: Path, said: object) -> None:
    streams = {"a": {"path": "a"}}
    source = {"kind": "rest", "base_url": "http://x", "streams": streams, "parallel": said}
    file = tmp_path / "sources.yml"
    file.write_text(json.dumps({"sources": {"desk": source}}))
    with pytest.raises(SourcesMalformed, match="parallel"):
        read_sources(file)
