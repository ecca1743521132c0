"""The shape of everything that travels: immutable, tolerant of newer fields, bytes as base64 in JSON."""

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
