"""Which errors the suite really raises: each is noted where our own code makes it.

pytest --every-error=report     the end of a whole run names the errors of docs/errors.md that
                                nothing raised; `python -m tests` does
pytest --every-error=fail       and ends with exit code 7 when there are any
"""

import sys
from pathlib import Path
from typing import Any

import pytest

import bodega
from bodega.kernel.errors import BodegaError

OURS = str(Path(bodega.__file__).parent)
MISSED = 7
# Raised in other processes only, which tests start and read the words of. May only shrink.
ELSEWHERE: frozenset[str] = frozenset()

raised: set[str] = set()


def note_errors() -> None:
    """From now on every error that our code makes is noted, whatever a test does with it."""
    plain = BodegaError.__init__

    def noted(self: BodegaError, *arguments: Any, **more: Any) -> None:
        plain(self, *arguments, **more)
        if _made_by_us():
            raised.add(self.code)

    BodegaError.__init__ = noted  # type: ignore[method-assign]


def _made_by_us() -> bool:
    """Who called the constructor, past those of its parents; tests that make one do not count."""
    frame = sys._getframe(2)
    while frame.f_code.co_name == "__init__" and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_filename.startswith(OURS)


def missed() -> set[str]:
    """Codes of documented errors that nothing raised."""
    from bodega.apps.error_reference import error_kinds
    from tests.ops.test_errors import PARENTS, SIGNALS

    known = {kind.code for kind in error_kinds() if kind not in PARENTS}
    return known - raised - ELSEWHERE - SIGNALS


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "name errors of docs/errors.md that nothing raised; for runs of the whole suite"
    parser.addoption("--every-error", choices=("report", "fail"), help=told)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of xdist hands in what it saw."""
    raised.update(getattr(node, "workeroutput", {}).get("raised", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    worker = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker["raised"] = sorted(raised)
    elif session.config.getoption("--every-error") == "fail" and missed():
        session.exitstatus = session.exitstatus or MISSED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--every-error") and (codes := missed()):
        terminalreporter.section("errors that no test raised")
        terminalreporter.line(" ".join(sorted(codes)))
