"""Every event of this version, each tied once to its topic and key.

The class name is the CloudEvents type and carries the version. A change is additive and optional, or it is a new class
published beside the old one. Event id, time and trace travel in the record's headers (`tinbao_runtime.envelope`).
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from tinbao_contracts.alerts import AlertContent, AlertUrgency, Area, Description, Headline, Severity
from tinbao_contracts.catalogue import Urgency
from tinbao_contracts.frozen import Frozen
from tinbao_contracts.sealed import Sealed
from tinbao_contracts.topics import ALERTS, STATIONS, StationTopic


class Event(Frozen):
    """What a service announces. `topic` and `key` follow from the content, so no publisher can choose them."""

    def topic(self) -> str:
        raise NotImplementedError

    def key(self) -> str:
        raise NotImplementedError


class TipEvent(Event):
    """Written by intake only. `log_salt` (16 bytes) blinds the tip's leaves in the audit log until it is erased."""

    family: ClassVar[StationTopic] = StationTopic.TIPS

    tip_id: UUID
    station: str = Field(description="The station whose topic carries the event.")
    log_salt: bytes
    occurred_at: AwareDatetime

    def topic(self) -> str:
        return self.family.of(self.station)

    def key(self) -> str:
        return str(self.tip_id)


class TipSubmittedV1(TipEvent):
    """A tip was accepted for this station, which is to open a case."""

    category: str
    urgency: Urgency
    received_at: AwareDatetime
    sealed: Sealed


class TipEscalatedV1(TipEvent):
    """The province is to look at a tip of another station: life is in danger, or the station does not open it."""

    category: str
    urgency: Urgency
    received_at: AwareDatetime
    holder: str = Field(description="The station that the tip was sent to.")
    sealed: Sealed


class TipSupplementedV1(TipEvent):
    """The reporter added something. `message_id` identifies it in the mailbox."""

    message_id: UUID
    sealed: Sealed


class TipWithdrawnV1(TipEvent):
    """The reporter withdrew. It is recorded and does not end the handling (BLTTHS Art. 144-147)."""


class TipErasedV1(TipEvent):
    """The tip's content is gone for good: whoever keeps a key or a salt of it destroys it, audit its `log_salt` too."""


class Outcome(StrEnum):
    """How a station ends its handling. Only an investigating body decides a tip (BLTTHS Art. 145.3, 147)."""

    TRANSFERRED = "transferred"
    ADMINISTRATIVE = "administrative"
    GUIDED = "guided"
    NO_SIGN = "no_sign"
    DUPLICATE = "duplicate"
    OUTSIDE_SCOPE = "outside_scope"


class ViewReason(StrEnum):
    """Why an officer opens a tip's text. A free note, if any, stays sealed in the station's database."""

    DUTY_ASSIGNMENT = "duty_assignment"
    VERIFICATION = "verification"
    REFERRAL = "referral"
    SUPERVISION = "supervision"
    COMPLAINT = "complaint"


class CaseEvent(TipEvent):
    """Written by the triage service of `station` only."""

    family: ClassVar[StationTopic] = StationTopic.CASES


class CaseOpenedV1(CaseEvent):
    """The station holds the tip and its clock runs. `number` is the line of the station's register."""

    number: int
    category: str
    urgency: Urgency
    received_at: AwareDatetime
    is_watching: bool = Field(default=False, description="Opened to look on; another station handles the tip.")


class CaseAssignedV1(CaseEvent):
    """`officer` is the OpenID subject, never a name."""

    officer: str


class CaseClassifiedV1(CaseEvent):
    category: str
    urgency: Urgency
    officer: str


class CaseViewedV1(CaseEvent):
    """An officer was allowed to read the text; written in the transaction that permits it."""

    officer: str
    role: str
    reason: ViewReason
    permitted_until: AwareDatetime


class CaseAnsweredV1(CaseEvent):
    """An answer that only the receipt code's holder can read: AES-256-GCM under the mailbox key, nonce first."""

    message_id: UUID
    answer: bytes
    officer: str


class CaseClosedV1(CaseEvent):
    outcome: Outcome
    officer: str


class StationEvent(Event):
    """Written by intake to the compacted topic `stations`; read by every service."""

    station: str

    def topic(self) -> str:
        return STATIONS

    def key(self) -> str:
        return self.station


class StationRegisteredV1(StationEvent):
    name: str
    communes: tuple[str, ...]
    served_by: str
    is_remote: bool = False


class StationKeyRegisteredV1(StationEvent):
    """A station's public key, usable from `valid_from` until `valid_until`."""

    key_id: str
    public_key: bytes
    valid_from: AwareDatetime
    valid_until: AwareDatetime

    def key(self) -> str:
        return f"{self.station}/{self.key_id}"


class StationKeyRevokedV1(StationEvent):
    key_id: str

    def key(self) -> str:
        return f"{self.station}/{self.key_id}/revoked"


class AlertProposedV1(Event):
    """An officer's proposal to warn the public, in words written for the public: nothing of a tip, not even its id."""

    proposal_id: UUID
    station: str
    category: str
    headline: Headline
    description: Description
    area: Area
    urgency: AlertUrgency
    severity: Severity
    expires_at: AwareDatetime | None = Field(default=None, description="Suggested; the broadcaster decides.")
    officer: str
    occurred_at: AwareDatetime

    def topic(self) -> str:
        return StationTopic.PROPOSALS.of(self.station)

    def key(self) -> str:
        return str(self.proposal_id)


class AlertEvent(Event):
    """Written by notify; read by audit and by third parties, so it names no person: who acted stays in notify.

    `alert_id` is the same for an alert, its updates and its cancellation.
    """

    alert_id: UUID
    station: str = Field(description="In whose name the alert was issued.")
    role: str = Field(description="Of whoever approved or cancelled.")
    by_station: str = Field(description="Where they serve: the province also acts for other stations.")
    occurred_at: AwareDatetime
    identifier: str = Field(description="Of the CAP message.")

    def topic(self) -> str:
        return ALERTS

    def key(self) -> str:
        return str(self.alert_id)


class AlertIssuedV1(AlertEvent):
    """A second person, none of the authors, approved exactly this content, whose digest (SHA-256) they were shown."""

    content: AlertContent
    digest: bytes


class AlertUpdatedV1(AlertEvent):
    """This content holds instead of the earlier one. Approved as that was, by somebody who did not write it."""

    content: AlertContent
    digest: bytes
    references: str = Field(
        description="All earlier messages, oldest first, as CAP names them: `sender,identifier,sent`."
    )


class AlertCancelledV1(AlertEvent):
    """What has not been delivered yet is not delivered any more."""

    references: str = Field(description="The alert and its updates, oldest first, as CAP names them.")


EVENTS: tuple[type[Event], ...] = (
    TipSubmittedV1,
    TipEscalatedV1,
    TipSupplementedV1,
    TipWithdrawnV1,
    TipErasedV1,
    CaseOpenedV1,
    CaseAssignedV1,
    CaseClassifiedV1,
    CaseViewedV1,
    CaseAnsweredV1,
    CaseClosedV1,
    StationRegisteredV1,
    StationKeyRegisteredV1,
    StationKeyRevokedV1,
    AlertProposedV1,
    AlertIssuedV1,
    AlertUpdatedV1,
    AlertCancelledV1,
)
