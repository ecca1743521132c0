"""Which tokens of client apps count, and when the provider's keys are fetched."""

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import ECKey, OctKey
from tinbao_web.tokens import BadToken, ProviderAway, TokenReader

from tests.support.eventually import eventually
from tests.support.triage import NOBODYS_ISSUER
from tests.support.triage_http import KeyProvider, a_key_provider

DAY = 86_400  # these times are made when the tests are collected, long before they run


@pytest.fixture
async def provider() -> AsyncIterator[KeyProvider]:
    async with a_key_provider() as running:
        yield running


@pytest.fixture
def reader(provider: KeyProvider) -> TokenReader:
    return TokenReader(provider.issuer, audience="tinbao")


async def test_a_token_that_is_in_order_says_who_asks(provider: KeyProvider, reader: TokenReader) -> None:
    claims = await reader.claims(provider.token(sub="ha", roles=["chief"], aud=["account", "tinbao"]))

    assert (claims["sub"], claims["roles"]) == ("ha", ["chief"])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"exp": time.time() - 60}, id="expired"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"nbf": time.time() + DAY}, id="not yet"),
        pytest.param({"iat": int(time.time()) + DAY}, id="issued tomorrow"),
        pytest.param({"aud": "triage-08944"}, id="another audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"iss": "http://127.0.0.1:9"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"sub": None}, id="no subject"),
        pytest.param({"sub": 7}, id="a subject that is no text"),
        pytest.param({"key": ECKey.generate_key("P-256")}, id="another key"),
    ],
)
async def test_a_token_that_is_not_in_order_does_not_count(
    provider: KeyProvider, reader: TokenReader, wrong: dict[str, object]
) -> None:
    with pytest.raises(BadToken):
        await reader.claims(provider.token(**wrong))  # type: ignore[arg-type]  # claims of any type


async def test_the_providers_clock_may_differ_a_little(provider: KeyProvider, reader: TokenReader) -> None:
    assert await reader.claims(provider.token(iat=int(time.time()) + 10, exp=time.time() - 10))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJoYSJ9.", "Đặng"])
async def test_what_is_no_token_does_not_count(reader: TokenReader, token: str) -> None:
    with pytest.raises(BadToken):
        await reader.claims(token)


async def test_a_token_signed_with_the_published_key_as_a_password_does_not_count(
    provider: KeyProvider, reader: TokenReader
) -> None:
    password = OctKey.import_key(provider.public_key())

    with pytest.raises(BadToken):
        await reader.claims(provider.token(password, {"alg": "HS256"}))


async def test_a_token_without_signature_does_not_count(provider: KeyProvider, reader: TokenReader) -> None:
    header = urlsafe_b64encode(b'{"alg": "none"}').decode().rstrip("=")
    _, claims, _ = provider.token().split(".")

    with pytest.raises(BadToken):
        await reader.claims(f"{header}.{claims}.")


async def test_keys_are_fetched_once_for_many_requests(provider: KeyProvider, reader: TokenReader) -> None:
    await asyncio.gather(*(reader.claims(provider.token()) for _ in range(20)))

    assert provider.keys_fetched == 1


async def test_a_new_key_counts_soon_after_the_provider_begins_to_use_it(
    provider: KeyProvider, reader: TokenReader
) -> None:
    old = provider.token()
    await reader.claims(old)
    provider.rotate()

    async def new_key_counts() -> bool:
        try:
            return bool(await reader.claims(provider.token()))
        except BadToken:
            return False

    await eventually(new_key_counts, seconds=10)
    assert provider.keys_fetched == 2
    with pytest.raises(BadToken):
        await reader.claims(old)


async def test_made_up_key_ids_do_not_make_it_fetch_again_and_again(provider: KeyProvider, reader: TokenReader) -> None:
    for n in range(20):
        with pytest.raises(BadToken):
            await reader.claims(provider.token(header={"kid": f"made up {n}"}))

    assert provider.keys_fetched == 1


async def test_tokens_count_while_the_provider_is_away_for_a_moment(provider: KeyProvider, reader: TokenReader) -> None:
    await reader.claims(provider.token())

    await provider.stop()

    assert await reader.claims(provider.token())


async def test_without_keys_nobody_can_say_whether_a_token_counts(provider: KeyProvider) -> None:
    with pytest.raises(ProviderAway):
        await TokenReader(NOBODYS_ISSUER, "tinbao").claims(provider.token())


async def test_a_provider_that_answers_nonsense_is_away(provider: KeyProvider, reader: TokenReader) -> None:
    provider.answer_nonsense = True
    with pytest.raises(ProviderAway):
        await reader.claims(provider.token())

    provider.answer_nonsense = False

    assert await reader.claims(provider.token())
