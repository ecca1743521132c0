"""Which role may do what: the one table, tested cell by cell. The alert's state and its authors come on top."""

from collections.abc import Mapping
from enum import StrEnum


class Action(StrEnum):
    LIST = "list"
    DRAFT = "draft"
    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    UPDATE = "update"
    CANCEL = "cancel"


class Role(StrEnum):
    BROADCASTER = "broadcaster"
    AUDITOR = "auditor"


RIGHTS: Mapping[Role, frozenset[Action]] = {
    Role.BROADCASTER: frozenset(Action),
    Role.AUDITOR: frozenset({Action.LIST}),
}
