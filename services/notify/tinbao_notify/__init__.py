"""Alerts, their audiences, and how they reach people."""
