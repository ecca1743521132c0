"""What intake listens to: how the cases of its tips go on."""

from tinbao_contracts.events import CaseAnsweredV1, CaseClassifiedV1, CaseClosedV1, CaseOpenedV1
from tinbao_runtime.batch import Handlers, each

from tinbao_intake.follow_case import deliver_answer, record_classification, record_opening, record_outcome

GROUP = "intake"
PATTERN = r"^cases\..+"

HANDLERS: Handlers = {
    CaseOpenedV1: each(record_opening),
    CaseClassifiedV1: each(record_classification),
    CaseAnsweredV1: each(deliver_answer),
    CaseClosedV1: each(record_outcome),
}
