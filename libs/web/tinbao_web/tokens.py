"""Access tokens of client apps: signed by the OpenID provider (RFC 9068), checked against its published keys."""

import time
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

KEYS_SECONDS = 300.0
ALGORITHMS = ["RS256", "ES256"]


class BadToken(Exception):
    """Not signed by the provider, expired, or meant for somebody else."""


class ProviderAway(Exception):
    """The OpenID provider does not answer."""


class TokenReader:
    """Fetches the provider's keys when they are older than five minutes."""

    def __init__(self, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys: KeySet | None = None
        self._fetched_at = 0.0

    async def claims(self, token: str) -> dict[str, Any]:
        """Raises BadToken, ProviderAway."""
        try:
            claims = jwt.decode(token, await self._current_keys(), algorithms=ALGORITHMS).claims
            registry = jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._audience},
                sub={"essential": True},
                exp={"essential": True},
            )
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise BadToken(type(error).__name__) from None
        return claims

    async def _current_keys(self) -> KeySet:
        if self._keys is None or time.monotonic() - self._fetched_at > KEYS_SECONDS:
            self._keys = await self._fetch_keys()
            self._fetched_at = time.monotonic()
        return self._keys

    async def _fetch_keys(self) -> KeySet:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                discovery = await client.get(f"{self._issuer}/.well-known/openid-configuration")
                keys = await client.get(discovery.raise_for_status().json()["jwks_uri"])
                return KeySet.import_key_set(keys.raise_for_status().json())
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise ProviderAway(type(error).__name__) from None
