"""The directory of stations and keys: changed once, announced with the change, followed by who routes and seals."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from tinbao_contracts.events import StationKeyRegisteredV1, StationKeyRevokedV1, StationRegisteredV1
from tinbao_contracts.events import TipSubmittedV1 as Submitted
from tinbao_contracts.places import load_stations
from tinbao_contracts.sealed import RECOVERY
from tinbao_intake.directory import NoStation
from tinbao_runtime.clock import now
from tinbao_runtime.keys import PrivateKey

from tests.support.eventually import eventually
from tests.support.intake import (
    BINH_TUYEN,
    CODES,
    Intake,
    an_intake,
    expired_key,
    future_key,
    keys,
    open_content,
    register,
    stations,
)
from tests.support.runtime import a_key
from tests.support.servers import PostgresServer


@pytest.fixture
async def intake(postgres: PostgresServer) -> AsyncIterator[Intake]:
    """For tests of what follows a change: it reads the directory anew all the time."""
    async with an_intake(postgres, directory_refresh=timedelta(milliseconds=20)) as intake:
        yield intake


@pytest.fixture(scope="module")
async def running(postgres: PostgresServer) -> AsyncIterator[Intake]:
    async with an_intake(postgres) as intake:
        yield intake


@pytest.fixture
async def directory(running: Intake) -> Intake:
    """For tests of the change itself."""
    for table in ("station_keys", "stations"):
        await running.pool.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    await register(running.administration)
    await running.empty()
    return running


def altered(key: PrivateKey, **changes: object) -> PrivateKey:
    return key.model_copy(update={"public": key.public.model_copy(update=changes)})


async def sealed_to(intake: Intake) -> list[str]:
    """The key ids that a tip is sealed to now."""
    await intake.accepted()
    *_, event = await intake.events()
    assert isinstance(event, Submitted)
    return [grant.key_id for grant in event.sealed.grants]


async def test_registering_all_stations_twice_changes_nothing_the_second_time(directory: Intake) -> None:
    table = load_stations().values()

    first = await directory.administration.register_stations(table)
    events = await directory.events()
    second = await directory.administration.register_stations(table)

    assert len(first) == len(events) == len(table) - len(CODES)
    assert second == []
    assert await directory.events() == events


async def test_a_changed_station_is_announced_as_it_is_now(directory: Intake) -> None:
    station = stations()[1].model_copy(update={"name": "Công an xã Bình Tuyền mới", "remote": True})

    changed = await directory.administration.register_stations([station])

    assert changed == [BINH_TUYEN]
    (event,) = await directory.events()
    assert isinstance(event, StationRegisteredV1)
    assert (event.topic(), event.key()) == ("stations", BINH_TUYEN)
    assert (event.name, event.communes, event.is_remote) == ("Công an xã Bình Tuyền mới", (BINH_TUYEN,), True)


async def test_registering_a_key_twice_changes_nothing_the_second_time(directory: Intake) -> None:
    key = a_key(BINH_TUYEN).public

    first = await directory.administration.register_keys([key])
    second = await directory.administration.register_keys([key])

    assert (first, second) == ([key.key_id], [])
    (event,) = await directory.events()
    assert isinstance(event, StationKeyRegisteredV1)
    assert (event.station, event.key_id, event.public_key) == (BINH_TUYEN, key.key_id, key.raw)


async def test_a_recovery_key_belongs_to_no_station_and_is_registered(directory: Intake) -> None:
    key = a_key(RECOVERY).public

    assert await directory.administration.register_keys([key]) == [key.key_id]


async def test_a_key_of_an_unknown_station_is_refused(directory: Intake) -> None:
    with pytest.raises(NoStation):
        await directory.administration.register_keys([a_key("99999").public])


@pytest.mark.parametrize(
    "raw",
    [b"", b"x" * 1216, keys()[BINH_TUYEN].public.raw[:-1], keys()[BINH_TUYEN].public.raw + b"\x00"],
    ids=["none", "noise", "cut", "longer"],
)
async def test_bytes_that_are_no_key_are_refused(directory: Intake, raw: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        await directory.administration.register_keys([altered(a_key(BINH_TUYEN), raw=raw).public])

    assert await directory.events() == []


async def test_a_key_under_another_keys_id_is_refused(directory: Intake) -> None:
    """It could be parsed, tips would be sealed to it, and nobody would find the private half by that id."""
    with pytest.raises(ValueError, match="id"):
        await directory.administration.register_keys(
            [altered(a_key(BINH_TUYEN), raw=a_key(BINH_TUYEN).public.raw).public]
        )

    assert await directory.events() == []


async def test_one_bad_key_of_several_registers_none(directory: Intake) -> None:
    good = a_key(BINH_TUYEN).public

    with pytest.raises(NoStation):
        await directory.administration.register_keys([good, a_key("99999").public])

    assert await directory.events() == []
    assert await directory.administration.register_keys([good]) == [good.key_id]


async def test_a_new_key_is_used_from_the_next_refresh_on(intake: Intake) -> None:
    newer = a_key(BINH_TUYEN, now() - timedelta(minutes=1))
    await intake.administration.register_keys([newer.public])

    async def is_used() -> bool:
        return newer.public.key_id in await sealed_to(intake)

    await eventually(is_used)
    *_, event = await intake.events()
    assert isinstance(event, Submitted)
    assert open_content(event, newer).text


@pytest.mark.parametrize("make", [expired_key, future_key])
async def test_a_key_out_of_its_time_is_not_used(intake: Intake, make: Callable[[str], PrivateKey]) -> None:
    seen = a_key(BINH_TUYEN, now() - timedelta(minutes=1)).public
    await intake.administration.register_keys([make(BINH_TUYEN).public, seen])

    async def are_both_read() -> bool:
        return seen.key_id in await sealed_to(intake)

    await eventually(are_both_read)
    assert (await sealed_to(intake))[0] == seen.key_id


async def test_a_revoked_key_is_not_used_after_the_next_refresh(intake: Intake) -> None:
    revoked = keys()[BINH_TUYEN].public
    older = a_key(BINH_TUYEN, now() - timedelta(days=1))
    await intake.administration.register_keys([older.public])

    assert await intake.administration.revoke_key(revoked.key_id)

    async def is_older_used() -> bool:
        return (await sealed_to(intake))[0] == older.public.key_id

    await eventually(is_older_used)
    assert revoked.key_id not in await sealed_to(intake)


async def test_a_revocation_is_announced_once(directory: Intake) -> None:
    key_id = keys()[BINH_TUYEN].public.key_id

    answers = [await directory.administration.revoke_key(each) for each in (key_id, key_id, "unknown")]

    assert answers == [True, False, False]
    (event,) = await directory.events()
    assert isinstance(event, StationKeyRevokedV1)
    assert (event.station, event.key_id) == (BINH_TUYEN, key_id)


async def test_a_station_without_a_key_takes_nothing_until_it_has_one(intake: Intake) -> None:
    await intake.administration.revoke_key(keys()[BINH_TUYEN].public.key_id)

    async def status() -> int:
        return (await intake.send()).status_code

    async def is_refused() -> bool:
        return await status() == 503

    async def is_taken() -> bool:
        return await status() == 201

    await eventually(is_refused)
    refusal = await intake.send()
    assert refusal.json()["type"].endswith("/cannot-seal")
    assert refusal.headers["retry-after"] == "30"
    await intake.administration.register_keys([a_key(BINH_TUYEN).public])
    await eventually(is_taken)


async def test_a_new_station_takes_tips_from_the_next_refresh_on(intake: Intake) -> None:
    assert (await intake.send(commune="04792")).json()["type"].endswith("/no-station")
    await intake.administration.register_stations([load_stations()["04792"]])
    await intake.administration.register_keys([a_key("04792").public])

    async def is_taken() -> bool:
        return (await intake.send(commune="04792")).status_code == 201

    await eventually(is_taken)
