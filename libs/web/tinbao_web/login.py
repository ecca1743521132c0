"""Who is asking: a session that began with the OpenID provider's login, or a client app's access token.

What roles mean is the service's; here they are the provider's words.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, FastAPI, Request
from joserfc.errors import JoseError
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import RedirectResponse, Response
from tinbao_runtime.problems import Problem, Problems
from tinbao_runtime.settings import ConsoleSettings

from tinbao_web.tokens import BadToken, ProviderAway, TokenReader

SESSION_KEY = "officer"
CLAIMS = dict.fromkeys(("name", "preferred_username", "roles", "stations"))
"""Asked for in the ID token (OpenID Connect Core 5.5); a provider that gives them anyway ignores it."""


class NotSignedIn(Exception):
    """No session and no token, or one that has ended."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`subject` is the provider's; `roles` and `stations` are its words, unknown ones included."""

    subject: str
    name: str
    roles: frozenset[str]
    stations: frozenset[str]

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> "SignedIn":
        # Some providers keep what is not standard one level deeper, where no client can add to it: that goes first.
        said = {**claims, **(claims.get("attributes") or {})}
        return cls(
            subject=str(claims["sub"]),
            name=str(said.get("name") or said.get("preferred_username") or claims["sub"]),
            roles=frozenset(str(role) for role in said.get("roles") or ()),
            stations=frozenset(str(station) for station in said.get("stations") or ()),
        )


class Identity:
    """Says who a request comes from."""

    def __init__(self, tokens: TokenReader) -> None:
        self._tokens = tokens

    async def who(self, request: Request) -> SignedIn:
        """Raises NotSignedIn, BadToken, ProviderAway. A bearer token goes before a session."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return SignedIn.of(await self._tokens.claims(token))
        claims = request.session.get(SESSION_KEY)
        if claims is None:
            raise NotSignedIn
        return SignedIn.of(claims)


LOGIN_PROBLEMS: Problems = {
    NotSignedIn: Problem(401, "not-signed-in", "Sign in first", headers={"WWW-Authenticate": "Bearer"}),
    BadToken: Problem(
        401, "bad-token", "The token does not count", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    ),
    ProviderAway: Problem(503, "provider-away", "The OpenID provider does not answer", headers={"Retry-After": "10"}),
}
"""What clients are told of what `Identity` and the login raise."""


@contextmanager
def provider_may_be_away() -> Iterator[None]:
    """Raises ProviderAway for a provider that cannot be reached or fails."""
    try:
        yield
    except httpx2.HTTPError as error:
        raise ProviderAway(type(error).__name__) from None


def login_router(settings: ConsoleSettings, home: str = "/") -> APIRouter:
    """Authorization code flow with PKCE (RFC 7636); authlib checks state, nonce and the ID token. Ends at `home`."""
    provider = OAuth().register(
        "provider",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    async def login(request: Request) -> Response:
        """Ask for the password even where the provider remembers it: the machine of a duty desk has many users."""
        request.session.clear()
        with provider_may_be_away():
            redirect: Response = await provider.authorize_redirect(
                request, f"{settings.public_url}/callback", claims=json.dumps({"id_token": CLAIMS}), prompt="login"
            )
        return redirect

    @router.get("/callback")
    async def callback(request: Request) -> Response:
        """Begin the session, or show the page with the login again."""
        try:
            with provider_may_be_away():
                token = await provider.authorize_access_token(request)
        except (OAuthError, JoseError):
            return RedirectResponse(home, status_code=303)
        claims = token["userinfo"]
        request.session[SESSION_KEY] = {name: claims[name] for name in ("sub", *CLAIMS) if name in claims}
        return RedirectResponse(home, status_code=303)

    @router.post("/logout")
    async def logout(request: Request) -> Response:
        request.session.clear()
        return RedirectResponse(home, status_code=303)

    return router


def add_sessions(app: FastAPI, settings: ConsoleSettings, cookie: str) -> None:
    """`cookie` names the deployment: several consoles may share one host."""
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.session_secret.get_secret_value(),
        session_cookie=cookie,
        max_age=int(settings.session_length.total_seconds()),
        same_site="lax",
        https_only=settings.public_url.startswith("https:"),
    )
