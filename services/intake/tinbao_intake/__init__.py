"""Intake: takes tips, seals them, routes them, keeps the mailbox and the directory of stations."""
