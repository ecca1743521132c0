"""The two shapes of what comes in: events tolerate fields that are newer than their reader, requests tolerate none."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Unknown fields are ignored, so that an older reader outlives an additive change of the writer."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        ser_json_bytes="base64",
        val_json_bytes="base64",
        hide_input_in_errors=True,
    )


class Strict(BaseModel):
    """What a client sends. Unknown fields are refused: a misspelt one would be lost without a word."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
