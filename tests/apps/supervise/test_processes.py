"""What runs, told apart by what is installed, and how an ended process is spoken of."""

import sys
from pathlib import Path

import pytest

from bodega.apps.supervise import processes, steps
from bodega.apps.supervise.errors import ExtrasMissing
from bodega.backbone.embedded.process import ChildProcess
from bodega.backbone.settings import Settings


def test_an_installation_without_the_back_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_BACK_LIBRARIES", ("no_such_library",))
    with pytest.raises(ExtrasMissing, match=r"no_such_library.*pip install 'bodega\[all\]'"):
        processes.cast_of(Settings(), seed=True)


def test_every_role_is_a_module_that_exists() -> None:
    cast = processes.cast_of(Settings(api_processes=2), seed=True)
    for role in (*cast.shop, *cast.back):
        assert processes.find_spec(role.command[-1]), role.name


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise SystemExit('no bread')", "code 1: no bread"),
        ("", "code 0"),
        ('print(\'{"event": "worker_stopped"}\')', "code 0: worker_stopped"),
        ('print(\'{"exception": "Trace\\\\nOops: no"}\')', "code 0: Oops: no"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
def test_an_ended_process_is_quoted(tmp_path: Path, code: str, words: str) -> None:
    child = ChildProcess("child", [sys.executable, "-c", code], tmp_path / "log")
    child.start()
    child.wait(10)
    assert processes.last_words(child) == words


def test_a_model_is_waited_for_only_when_there_are_sales(tmp_path: Path) -> None:
    published = tmp_path / "current.json"
    assert not steps.has_sales(published)
    published.write_text('{"tables": {"fct_order_lines": {"rows": 0}}}')
    assert not steps.has_sales(published)
    published.write_text('{"tables": {"fct_order_lines": {"rows": 1}}}')
    assert steps.has_sales(published)


def test_a_lake_that_is_no_folder_has_no_file_to_wait_for(tmp_path: Path) -> None:
    assert steps.published_file(Settings(lake_url="s3://lake")) is None
    here = steps.published_file(Settings(data_dir=tmp_path))
    assert here == tmp_path / "lake" / "published" / "current.json"
