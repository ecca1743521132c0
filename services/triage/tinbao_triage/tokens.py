"""Access tokens of client apps: signed by the OpenID provider (RFC 9068), checked against its published keys."""

import asyncio
import time
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

KEYS_SECONDS = 300.0
REFETCH_SECONDS = 3.0
LEEWAY_SECONDS = 30
"""By how much the provider's clock may differ from ours."""
ALGORITHMS = ["RS256", "ES256"]


class BadToken(Exception):
    """Not signed by the provider, expired, or meant for somebody else."""


class ProviderAway(Exception):
    """The OpenID provider does not answer."""


class TokenReader:
    """Fetches the provider's keys when they are older than five minutes, and for a key id that it does not know.

    Whoever sends made-up key ids makes it fetch at most every few seconds.
    """

    def __init__(self, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._fetching = asyncio.Lock()

    async def claims(self, token: str) -> dict[str, Any]:
        """Raises BadToken, ProviderAway."""
        try:
            claims = await self._verified(token)
            self._registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise BadToken(type(error).__name__) from None
        return claims

    async def _verified(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(token, await self._keys_since(KEYS_SECONDS), algorithms=ALGORITHMS).claims
        except InvalidKeyIdError:
            return jwt.decode(token, await self._keys_since(REFETCH_SECONDS), algorithms=ALGORITHMS).claims

    async def _keys_since(self, seconds: float) -> KeySet:
        """The keys, fetched if they are older than this. Requests that come meanwhile wait for the same fetch."""
        async with self._fetching:
            if self._keys is None or time.monotonic() - self._fetched_at > seconds:
                self._keys = await self._fetch_keys()
                self._fetched_at = time.monotonic()
            return self._keys

    async def _fetch_keys(self) -> KeySet:
        try:
            async with httpx2.AsyncClient(timeout=5) as client:
                discovery = await client.get(f"{self._issuer}/.well-known/openid-configuration")
                keys = await client.get(discovery.raise_for_status().json()["jwks_uri"])
                return KeySet.import_key_set(keys.raise_for_status().json())
        except (httpx2.HTTPError, JoseError, KeyError, ValueError) as error:
            raise ProviderAway(type(error).__name__) from None
