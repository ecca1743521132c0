"""How a client gives its idempotency key: as a header, or hidden in a form that works without JavaScript."""

from typing import Annotated, TypeAlias

from fastapi import Form, Header
from pydantic import Field

from tinbao_runtime.idempotency import MAX_KEY_LENGTH, MIN_KEY_LENGTH

KeyText: TypeAlias = Annotated[str, Field(min_length=MIN_KEY_LENGTH, max_length=MAX_KEY_LENGTH)]

KeyHeader: TypeAlias = Annotated[
    KeyText,
    Header(
        alias="Idempotency-Key",
        description="At least 128 random bits, new for each act. The same key and body get the same answer for 24 h.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]

KeyField: TypeAlias = Annotated[KeyText, Form(alias="idempotency_key")]
