"""Which clock a tip starts, from its category and whether it happens now."""

from tinbao_contracts.catalogue import Category, Urgency

LIFE_AT_STAKE_NOW = frozenset({"domestic_violence", "weapons", "fire_risk"})
"""Urgent categories that become a danger to life while they happen."""


def urgency_of(category: Category, *, is_happening_now: bool) -> Urgency:
    """Caught in the act makes a normal tip urgent (TTLT 01/2017 Art. 8.5a); the officer may classify it anew."""
    if not is_happening_now:
        return category.urgency
    if category.code in LIFE_AT_STAKE_NOW:
        return Urgency.IMMEDIATE
    return Urgency.URGENT if category.urgency is Urgency.NORMAL else category.urgency
