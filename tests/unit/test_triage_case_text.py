"""A case's text under its wrapped data key, and what officers write about it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from tinbao_contracts.events import TipSubmittedV1
from tinbao_runtime.keys import PrivateKey
from tinbao_runtime.sealing import CannotOpen
from tinbao_triage.arrival import Arrival, ArrivedSupplement
from tinbao_triage.case_text import CaseKey, Written, read_supplements
from tinbao_triage.records import EncryptedContent, Writing
from tinbao_triage.vault import Vault
from uuid_utils.compat import uuid7

from tests.support.runtime import a_key
from tests.support.triage import a_content, a_submitted_tip, a_supplement

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture
def key() -> PrivateKey:
    return a_key()


@pytest.fixture
def vault(tmp_path: Path, key: PrivateKey) -> Vault:
    Vault.create(tmp_path)
    key.write(tmp_path)
    return Vault.open(tmp_path)


def stored(tip: TipSubmittedV1, vault: Vault) -> EncryptedContent:
    arrival = Arrival.of(tip, vault)
    return EncryptedContent(arrival.sealed_station, arrival.content_key, arrival.content)


def a_writing(writing_id: UUID, body: bytes) -> Writing:
    return Writing(writing_id, "note", body, "Trần Thị Thu Hà", AT)


def test_a_case_key_opens_the_content_that_arrived(key: PrivateKey, vault: Vault) -> None:
    content = a_content("Có người phá khóa.", happened_at="đêm qua")
    tip = a_submitted_tip(key, content=content)

    assert CaseKey(vault, tip.tip_id, stored(tip, vault)).content() == content


def test_content_does_not_open_as_another_tips(key: PrivateKey, vault: Vault) -> None:
    tip, other = a_submitted_tip(key), a_submitted_tip(key)

    with pytest.raises(CannotOpen):
        CaseKey(vault, other.tip_id, stored(tip, vault)).content()


def test_content_does_not_open_as_another_stations(key: PrivateKey, vault: Vault) -> None:
    tip = a_submitted_tip(key)

    with pytest.raises(CannotOpen):
        CaseKey(vault, tip.tip_id, replace(stored(tip, vault), sealed_station="08905")).content()


def test_a_writing_is_read_back_with_its_author(key: PrivateKey, vault: Vault) -> None:
    tip, writing_id = a_submitted_tip(key), uuid7()
    case_key = CaseKey(vault, tip.tip_id, stored(tip, vault))

    body = case_key.encrypt_writing(writing_id, "Đã gọi cho tổ trưởng.")

    assert "Đã gọi".encode() not in body
    read = case_key.read_writing(a_writing(writing_id, body))
    assert read == Written("Đã gọi cho tổ trưởng.", "Trần Thị Thu Hà", AT)


def test_a_writing_does_not_open_under_another_id(key: PrivateKey, vault: Vault) -> None:
    tip, writing_id = a_submitted_tip(key), uuid7()
    case_key = CaseKey(vault, tip.tip_id, stored(tip, vault))
    body = case_key.encrypt_writing(writing_id, "Đã gọi.")

    with pytest.raises(CannotOpen):
        case_key.read_writing(a_writing(uuid7(), body))


def test_supplements_open_in_their_order_each_under_a_key_of_its_own(key: PrivateKey, vault: Vault) -> None:
    tip = a_submitted_tip(key)
    added = [
        ArrivedSupplement.of(a_supplement(tip, key, text, version), vault)
        for version, text in [(2, "Xe màu trắng."), (3, "Biển số 88A.")]
    ]

    assert [each.text for each in read_supplements(vault, added)] == ["Xe màu trắng.", "Biển số 88A."]
    assert added[0].content_key != added[1].content_key


def test_an_erased_content_does_not_open(key: PrivateKey, vault: Vault) -> None:
    with pytest.raises(CannotOpen):
        CaseKey(vault, uuid7(), EncryptedContent("08944", b"", b""))
