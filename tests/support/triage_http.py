"""Who asks a triage deployment over HTTP: client apps with tokens, and browsers that log in."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from tinbao_local.demo import DEMO_PASSWORD
from tinbao_triage.main import create_api
from tinbao_triage.officer import Officer

from tests.support.triage import Deployment

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class KeyProvider:
    """The discovery document and the keys of an OpenID provider, over real HTTP; it signs what a test asks for."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys_fetched = 0
        self.answer_nonsense = False
        self._server: asyncio.Server | None = None
        self.rotate()

    def rotate(self) -> None:
        """From now on it signs with, and publishes, another key."""
        self._key = ECKey.generate_key("P-256", auto_kid=True)

    def token_of(self, officer: Officer, **claims: Any) -> str:
        roles, stations = [role.value for role in officer.roles], sorted(officer.stations)
        return self.token(sub=officer.subject, name=officer.name, roles=roles, stations=stations, **claims)

    def token(self, key: Any = None, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """An access token that is in order but for what is given; a claim that is None is left out."""
        in_order = {"iss": self.issuer, "aud": "tinbao", "sub": "ha", "iat": int(time.time()), "exp": time.time() + 600}
        said = {name: value for name, value in {**in_order, **claims}.items() if value is not None}
        headers = {"alg": "ES256", "kid": self._key.kid, **(header or {})}
        return jwt.encode(headers, said, key or self._key, algorithms=["ES256", "HS256"])

    def public_key(self) -> str:
        return json.dumps(self._key.as_dict(private=False))

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.issuer = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        text = "<p>Maintenance</p>" if self.answer_nonsense else self._document(asks_for_keys=b"/keys" in request)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())
        await writer.drain()
        writer.close()

    def _document(self, *, asks_for_keys: bool) -> str:
        if not asks_for_keys:
            return json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"})
        self.keys_fetched += 1
        return json.dumps(KeySet([self._key]).as_dict(private=False))


@asynccontextmanager
async def a_key_provider() -> AsyncIterator[KeyProvider]:
    provider = KeyProvider()
    await provider.start()
    try:
        yield provider
    finally:
        await provider.stop()


def an_app_client(app: FastAPI, token: str | None = None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://triage.test", headers=headers)


class Browser:
    """Follows redirects between the console and the provider, keeps cookies, fills in forms."""

    def __init__(self, deployment: Deployment, app: FastAPI | None = None, language: str = "vi") -> None:
        self.home = deployment.settings.public_url
        self.http = httpx.AsyncClient(
            mounts={self.home: httpx.ASGITransport(app or create_api(deployment.settings, deployment.pool))},
            base_url=self.home,
            headers={"Accept": "text/html,application/xhtml+xml", "Accept-Language": language},
            follow_redirects=True,
            trust_env=False,
        )

    async def log_in(self, login: str, password: str = DEMO_PASSWORD) -> httpx.Response:
        """The page on which it ends."""
        asked = await self.http.get("/login")
        form = {**dict(HIDDEN.findall(asked.text)), "username": login, "password": password}
        return await self.http.post(asked.url, data=form)

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.http.get(path, params=query or None)

    async def send(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """Fill in the form of this page whose address ends with `action`, as a browser without scripts."""
        forms = re.findall(r'<form[^>]*method="post" action="([^"]+)"[^>]*>(.*?)</form>', page.text, re.DOTALL)
        ((address, inside),) = [form for form in forms if form[0].partition("?")[0].endswith(action)]
        headers = {"Origin": self.home, "Sec-Fetch-Site": "same-origin"}
        return await self.http.post(address, data={**dict(HIDDEN.findall(inside)), **fields}, headers=headers)
