"""Triage: the handling of tips by one station, several, or all that run none."""
