"""What keeps `bodega up` and its relatives from doing their work.

SupervisorError
├── AlreadyRunning   a shop runs on this data directory
├── NotRunning       no shop runs here
├── NewerFolder      the data directory was written by a newer Bodega
├── NotAShop         the folder to be deleted holds no shop
├── FolderGone       the data directory of a running shop was deleted
├── ExtrasMissing    the libraries of the lake or the models are not installed
├── StepFailed       a step of the start failed; quotes the reason
└── ProcessFailed    a process does not stay up; quotes its last words
"""

from collections.abc import Iterable
from pathlib import Path

from bodega.kernel.errors import Conflict


class SupervisorError(Conflict):
    code = "supervisor"
    title = "Bodega could not do this"


class AlreadyRunning(SupervisorError):
    code = "already_running"

    def __init__(self, *, pid: int | None, folder: Path) -> None:
        who = f" (pid {pid})" if pid else ""
        super().__init__(
            f"Bodega already runs on {folder}{who}: look with `bodega status`, stop it with "
            "`bodega down`, or choose another folder with BODEGA_DATA_DIR."
        )


class NotRunning(SupervisorError):
    code = "not_running"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"No Bodega runs on {folder}: start it with `bodega up`, or name another folder with "
            "BODEGA_DATA_DIR or a server with BODEGA_DATABASE_URL."
        )


class NewerFolder(SupervisorError):
    code = "newer_data_folder"

    def __init__(self, folder: Path, *, written_by: str, ours: str) -> None:
        super().__init__(
            f"{folder} was written by Bodega {written_by}, newer than this one ({ours}): upgrade, "
            "or choose another folder with BODEGA_DATA_DIR."
        )


class NotAShop(SupervisorError):
    code = "not_a_shop"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} holds no shop of Bodega, nothing was deleted: check BODEGA_DATA_DIR."
        )


class FolderGone(SupervisorError):
    code = "data_folder_gone"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} was deleted while the shop ran on it, so everything was stopped: "
            "`bodega up` starts a new shop there."
        )


class ExtrasMissing(SupervisorError):
    code = "extras_missing"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(
            f"The lake and the models need libraries that are not installed ({', '.join(names)}): "
            "run `pip install 'bodega[all]'`."
        )


class StepFailed(SupervisorError):
    code = "step_failed"

    def __init__(self, *, step: str, reason: str, log: Path) -> None:
        super().__init__(f"{step} failed: {reason}. The whole story is in {log}.")


class ProcessFailed(SupervisorError):
    code = "process_failed"

    def __init__(self, *, process: str, reason: str, log: Path) -> None:
        super().__init__(f"{process} does not start: {reason}. The whole story is in {log}.")
