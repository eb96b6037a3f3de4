"""A real S3 server for tests: SeaweedFS from its wheel, as a child process, with one bucket."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyarrow import fs

BUCKET = "lake"
KEY_ID, SECRET = "tester", "tester-secret"
PATIENCE_SECONDS = 120


def free_port() -> int:
    """One whose neighbour 10,000 further on is free, too: the server takes both."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1]) % 20_000 + 20_000
        if all(_free(p) for p in (port, port + 10_000)):
            return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _identities(folder: Path) -> Path:
    file = folder / "s3.json"
    credentials = [{"accessKey": KEY_ID, "secretKey": SECRET}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "tester", "credentials": credentials, "actions": actions}
    file.write_text(json.dumps({"identities": [identity]}))
    return file


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """The endpoint; the bucket is there and takes writes."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = {name: free_port() for name in ("s3", "master", "volume", "filer", "admin")}
    command = [
        str(Path(sys.executable).with_name("weed")),
        *("mini", f"-dir={folder}", "-ip=127.0.0.1", f"-s3.config={_identities(folder)}"),
        *("-webdav=false", "-admin.ui=false"),
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            endpoint = f"http://127.0.0.1:{ports['s3']}"
            _wait(process, ports["s3"], folder)
            yield endpoint
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    store = fs.S3FileSystem(
        access_key=KEY_ID,
        secret_key=SECRET,
        endpoint_override=f"127.0.0.1:{port}",
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
        connect_timeout=1,
        request_timeout=5,
    )
    while True:
        try:
            store.create_dir(BUCKET)
            with store.open_output_stream(f"{BUCKET}/ready") as stream:
                stream.write(b"yes")
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = (folder / "weed.log").read_text()[-2000:]
                raise AssertionError(f"the S3 server does not answer: {error}\n{said}") from error
            time.sleep(0.2)
