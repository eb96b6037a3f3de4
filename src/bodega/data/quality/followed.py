"""The operator's policy as it changes: one that breaks a rule is told, the last good one goes on.

The last good one is kept beside the lake, so that a process that starts meanwhile knows it, too.
"""

from pathlib import Path

from bodega.backbone.telemetry.logs import get_logger
from bodega.data.lake.storage import LakeRoot, Place, at
from bodega.data.operations.alerts import raise_alert, resolve_alert
from bodega.data.quality.policy import Policy, QualityMalformed, read_policy

KEY = "file:quality"
GOOD = "quality.good.yml"
log = get_logger(__name__)


class FollowedPolicy:
    """`file` is the operator's, or none; without any good one ours alone counts."""

    def __init__(self, lake: Place, file: Path | None = None) -> None:
        self._work, self._file = LakeRoot(at(lake).work), file
        self._stamp: object = None
        self._policy: Policy | None = None

    @property
    def current(self) -> Policy:
        stamp = self._stamped()
        if self._policy is None or stamp != self._stamp:
            self._stamp = stamp
            self._policy = self._read()
        return self._policy

    def _stamped(self) -> object:
        try:
            told = self._file.stat() if self._file else None
        except OSError:
            return None
        return told and (told.st_mtime_ns, told.st_size, told.st_ino)

    def _read(self) -> Policy:
        try:
            policy = read_policy(self._file)
        except QualityMalformed as error:
            log.error("quality_malformed", error=error.detail)
            title = "quality.yml cannot be used: the rules before it stay"
            raise_alert(self._work.work, key=KEY, title=title, detail=error.detail)
            return self._policy or self._last_good()
        if self._stamp is not None and self._file is not None:
            self._keep(self._file)
            resolve_alert(self._work.work, key=KEY, detail="it can be used again")
        return policy

    def _keep(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        if self._work.read_text(GOOD) != text:
            self._work.write_text(GOOD, text)

    def _last_good(self) -> Policy:
        try:
            return read_policy(self._work.work / GOOD)
        except QualityMalformed:  # of another version of ours
            return read_policy()
