"""Answers checkout from memory: the rules, over published habits and the last hour."""

from bodega.backbone.telemetry.logs import get_logger
from bodega.contracts.fraud import FraudCheck, FraudScore
from bodega.data.lake.published import stamp
from bodega.data.lake.storage import Place
from bodega.kernel.clock import Clock
from bodega.ml.answers import AnswerLog
from bodega.ml.fraud.habits import Habits, read_habits
from bodega.ml.fraud.rules import judge
from bodega.ml.fraud.velocity import Velocity, Visit

log = get_logger(__name__)


class FraudService:
    """Answers `bodega.contracts.fraud.Fraud`. `refresh` follows the published set; requests
    meanwhile see the habits before."""

    def __init__(
        self, lake: Place, clock: Clock, answers: AnswerLog, visits: AnswerLog, *, large: int
    ) -> None:
        self._lake = lake
        self._clock = clock
        self._answers = answers
        self._large = large
        self._habits = Habits()
        self._stamp: tuple[int, int] | None = None
        self._velocity = Velocity(visits)
        self._recalled = False

    async def score(self, check: FraudCheck) -> FraudScore:
        visit = Visit(self._clock.now(), check.checkout_id, check.country)
        recent = self._velocity.note(check.email_digest, visit)
        if check.customer_id is not None:
            mine = self._velocity.note(str(check.customer_id), visit)
            recent = max(recent, mine, key=lambda seen: seen.purchases)
        answer = judge(check, self._habits, recent, large=self._large)
        self._answers.add(
            {
                "checkout_id": str(check.checkout_id),
                "score": answer.score,
                "decision": answer.decision,
                "reasons": answer.reasons,
                "model_version": answer.model,
            }
        )
        return answer

    def refresh(self) -> None:
        """Load what was published since; blocking, so call it from a thread. What cannot be loaded
        is logged and tried again."""
        if not self._recalled:
            self._velocity.recall(self._clock.now())
            self._recalled = True
        try:
            now = stamp(self._lake)
            if now != self._stamp:
                self._habits, self._stamp = read_habits(self._lake), now
        except Exception:
            log.exception("fraud_habits_not_refreshed")
