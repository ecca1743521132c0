"""The request that the benchmarks send."""

import json
import secrets
from collections.abc import Iterator

from bench.load import post
from bench.sealed_tips import DRAFT

BODY = json.dumps(DRAFT.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False).encode()


def tips(path: str, count: int) -> Iterator[bytes]:
    """Each with a key of its own."""
    return iter([post(path, BODY, {"Idempotency-Key": secrets.token_urlsafe(24)}) for _ in range(count)])
