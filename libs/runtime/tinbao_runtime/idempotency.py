"""The same request twice has one effect and one answer (IETF draft-ietf-httpapi-idempotency-key-header).

Stored for 24 hours: SHA-256 of the key, HMAC of the body under the key, and the answer encrypted under a key derived
from it. Without the client's key, the database does not give the answer (a receipt code, for one) back.
"""

from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tinbao_runtime import sealing
from tinbao_runtime.postgres import Connection

MIN_KEY_LENGTH, MAX_KEY_LENGTH = 22, 255
"""22 characters of base64url carry 128 bits."""

# Claims the key and stores the answer; waits for a concurrent request with the same key. No row if it is taken.
CLAIM = """
    INSERT INTO idempotency_keys (key_hash, body_mac, answer) VALUES ($1, $2, $3)
    ON CONFLICT (key_hash) DO NOTHING RETURNING true
"""

# The answer that was given for this key.
ANSWER = "SELECT body_mac, answer FROM idempotency_keys WHERE key_hash = $1"

# Forgets answers after a day.
FORGET = "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'"


class KeyReused(Exception):
    """The key came before with another body."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key for one request. `scope` keeps the keys of different routes apart."""

    text: str
    scope: str

    def hash(self) -> bytes:
        return sha256(f"{self.scope}\n{self.text}".encode()).digest()

    def mac(self, body: bytes) -> bytes:
        mac = HMAC(self._derive(b"body"), SHA256())
        mac.update(body)
        return mac.finalize()

    def encrypt(self, answer: bytes) -> bytes:
        return sealing.encrypt(self._derive(b"answer"), answer, self.hash())

    def decrypt(self, answer: bytes) -> bytes:
        return sealing.decrypt(self._derive(b"answer"), answer, self.hash())

    def _derive(self, use: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=b"tinbao idempotency " + use).derive(self.text.encode())


async def claim(conn: Connection, key: IdempotencyKey, body: bytes, answer: bytes) -> bytes | None:
    """None if this request is the first with its key, which stores `answer`; else the answer that was given then.

    Raises KeyReused. The claim and what it protects commit together.
    """
    if await conn.fetchval(CLAIM, key.hash(), key.mac(body), key.encrypt(answer)):
        return None
    return await find_answer(conn, key, body)


async def find_answer(conn: Connection, key: IdempotencyKey, body: bytes) -> bytes | None:
    """The answer stored for this key and body, if any. Raises KeyReused."""
    row = await conn.fetchrow(ANSWER, key.hash())
    if row is None:
        return None
    if not bytes_eq(row["body_mac"], key.mac(body)):
        raise KeyReused
    return key.decrypt(row["answer"])
