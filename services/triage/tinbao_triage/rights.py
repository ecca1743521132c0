"""Which role may do what: the one table, tested cell by cell. The case's state and assignee come on top."""

from collections.abc import Mapping
from enum import StrEnum


class Action(StrEnum):
    LIST = "list"
    CLAIM = "claim"
    ASSIGN = "assign"
    OPEN_CONTENT = "open"
    CLASSIFY = "classify"
    ANSWER = "answer"
    NOTE = "note"
    CLOSE = "close"
    PROPOSE = "propose"
    OVERSEE = "oversee"


class Role(StrEnum):
    DUTY_OFFICER = "duty_officer"
    INVESTIGATOR = "investigator"
    CHIEF = "chief"
    PROVINCE_OFFICER = "province_officer"
    AUDITOR = "auditor"


HANDLING = frozenset(
    {
        Action.LIST,
        Action.CLAIM,
        Action.OPEN_CONTENT,
        Action.CLASSIFY,
        Action.ANSWER,
        Action.NOTE,
        Action.PROPOSE,
    }
)

RIGHTS: Mapping[Role, frozenset[Action]] = {
    Role.DUTY_OFFICER: HANDLING,
    Role.INVESTIGATOR: HANDLING | {Action.CLOSE},
    Role.CHIEF: HANDLING | {Action.CLOSE, Action.ASSIGN},
    Role.PROVINCE_OFFICER: HANDLING | {Action.CLOSE, Action.ASSIGN, Action.OVERSEE},
    Role.AUDITOR: frozenset({Action.OVERSEE}),
}

ACTS_FOR_OTHERS = frozenset({Role.CHIEF, Role.PROVINCE_OFFICER})
"""Who may act on a case that is assigned to somebody else."""
