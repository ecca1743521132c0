"""The OpenID provider of one machine, as a deployment's login sees it."""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tinbao_local.children import Child
from tinbao_local.demo import DEMO_PASSWORD, OFFICERS
from tinbao_local.oidc import AUDIENCE, Client, OpenIdProvider
from tinbao_local.secret_file import SecretFile

from tests.support.servers import free_port

CLIENT = Client("triage-08944", "Công an xã Bình Tuyền", port=8102)
CALLBACK = "http://127.0.0.1:8102/callback"


@dataclass
class Running:
    provider: OpenIdProvider
    child: Child
    http: httpx.AsyncClient

    async def claims_of(self, token: str) -> dict[str, Any]:
        keys = KeySet.import_key_set((await self.http.get("/.well-known/jwks.json")).json())
        return jwt.decode(token, keys, algorithms=["RS256"]).claims

    async def password_grant(self, login: str, password: str = DEMO_PASSWORD, **more: str) -> httpx.Response:
        form = {"grant_type": "password", "username": login, "password": password, "scope": "openid profile"}
        return await self.http.post("/token", data={**form, **more}, auth=self.client_auth())

    def client_auth(self) -> tuple[str, str]:
        return CLIENT.client_id, self.provider.client_secret(CLIENT.client_id)


@pytest.fixture(scope="module")
async def idp(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    state = tmp_path_factory.mktemp("oidc")
    provider = OpenIdProvider(state, free_port(), SecretFile(state / "secrets.json"))
    provider.prepare([CLIENT], OFFICERS)
    child = Child(provider.program())
    await child.start()
    try:
        await child.wait_ready()
        async with httpx.AsyncClient(base_url=provider.issuer, trust_env=False) as http:
            yield Running(provider, child, http)
    finally:
        await child.stop()


async def log_in(idp: Running, login: str, password: str, verifier: str) -> httpx.Response:
    """The provider's page, filled in as a browser would; the answer to the form."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    wanted = {"roles": None, "stations": None, "name": None}
    query = {
        "response_type": "code",
        "client_id": CLIENT.client_id,
        "redirect_uri": CALLBACK,
        "scope": "openid profile",
        "state": "a-state",
        "nonce": "a-nonce",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "claims": json.dumps({"id_token": wanted, "userinfo": wanted}),
    }
    page = await idp.http.get("/authorize", params=query)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    form = {**hidden, "username": login, "password": password}
    return await idp.http.post("/authorize", params=query, data=form)


async def test_an_officer_logs_in_with_code_and_pkce_and_the_id_token_says_who_they_are(idp: Running) -> None:
    verifier = secrets.token_urlsafe(48)
    answer = await log_in(idp, "binhtuyen.truong", DEMO_PASSWORD, verifier)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}
    tokens = (await idp.http.post("/token", data=form, auth=idp.client_auth())).json()

    claims = await idp.claims_of(tokens["id_token"])
    assert claims["iss"] == idp.provider.issuer
    assert claims["aud"] == CLIENT.client_id
    assert claims["nonce"] == "a-nonce"
    assert claims["sub"] == "binhtuyen.truong"
    assert (claims["name"], claims["roles"], claims["stations"]) == ("Lê Quang Vinh", ["chief"], ["08944"])


async def test_a_wrong_password_gives_no_code(idp: Running) -> None:
    answer = await log_in(idp, "binhtuyen.truong", "wrong", secrets.token_urlsafe(48))

    assert "location" not in answer.headers


async def test_a_client_app_gets_an_access_token_for_an_officer(idp: Running) -> None:
    token = (await idp.password_grant("phutho.truc")).json()["access_token"]

    claims = await idp.claims_of(token)

    assert (claims["iss"], claims["aud"], claims["sub"]) == (idp.provider.issuer, AUDIENCE, "phutho.truc")
    assert claims["roles"] == ["province_officer"]
    assert claims["attributes"] == {"name": "Hoàng Anh Tuấn", "stations": ["25"]}


async def test_userinfo_names_roles_and_stations(idp: Running) -> None:
    token = (await idp.password_grant("hoithinh.truc")).json()["access_token"]

    info = (await idp.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})).json()

    assert info["roles"] == ["duty_officer"]
    assert info["attributes"]["stations"] == ["08905"]


@pytest.mark.parametrize("extra", [{"attributes": {"stations": ["25"]}}, {"roles": ["chief"]}])
async def test_a_client_cannot_ask_for_another_role_or_station(idp: Running, extra: dict[str, object]) -> None:
    answer = await idp.password_grant("hoithinh.truc", extra=json.dumps(extra))

    assert answer.status_code == 400


async def test_what_a_client_adds_to_a_token_never_reaches_the_officers_own_stations(idp: Running) -> None:
    token = (await idp.password_grant("hoithinh.truc", extra='{"stations": ["25"]}')).json()["access_token"]

    claims = await idp.claims_of(token)

    assert claims["stations"] == ["25"], "if this is refused now, the claim may be read at the top of the token too"
    assert claims["attributes"]["stations"] == ["08905"]


async def test_a_wrong_password_or_client_secret_gives_no_token(idp: Running) -> None:
    assert (await idp.password_grant("hoithinh.truc", password="wrong")).status_code in {400, 401}

    form = {"grant_type": "password", "username": "hoithinh.truc", "password": DEMO_PASSWORD}
    assert (await idp.http.post("/token", data=form, auth=(CLIENT.client_id, "wrong"))).status_code == 401


async def test_a_code_goes_to_no_other_address(idp: Running) -> None:
    query = {"response_type": "code", "client_id": CLIENT.client_id, "redirect_uri": "http://example.org/callback"}

    answer = await idp.http.get("/authorize", params=query)

    assert answer.status_code == 400


async def test_tokens_stay_valid_over_a_restart(idp: Running) -> None:
    token = (await idp.password_grant("hoithinh.truc")).json()["access_token"]

    await idp.child.stop()
    idp.provider.prepare([CLIENT], OFFICERS)
    await idp.child.start()
    await idp.child.wait_ready()

    assert (await idp.claims_of(token))["sub"] == "hoithinh.truc"
