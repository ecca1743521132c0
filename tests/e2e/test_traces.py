"""What an operator sees in Zipkin of one tip: a trace from the POST to the log, and every later act by the tip's id."""

import json
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias
from uuid import UUID

import httpx
import pytest
from tinbao_local.demo import BINH_TUYEN

from tests.support.eventually import eventually
from tests.support.product import Product, an_officer, arrived
from tests.support.reporter import Receipt, Reporter

Span: TypeAlias = dict[str, Any]

STARTED_WITHIN_SECONDS = 180
SEEN_WITHIN_SECONDS = 60
TEXT, PLACE, PHONE, ANSWER = "Người lạ ở ngõ CANARY", "Ngõ 12 CANARY", "0912345678", "Đã tiếp nhận CANARY"
SENDER = {"user-agent": "CANARY-may/1.0", "x-forwarded-for": "203.0.113.77"}

POSTED = ("intake-api", "post /v1/tips")
OPENED = (f"triage-{BINH_TUYEN}-worker", "process tipsubmittedv1")
MAILBOX = ("intake-worker", "process caseopenedv1")
LEAF_OF_TIP = ("audit-worker", "process tipsubmittedv1")
LEAF_OF_CASE = ("audit-worker", "process caseopenedv1")
PROVINCE = ("triage-25-worker", "process caseopenedv1")


@pytest.fixture
async def zipkin(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    """Nothing in the product waits for its start, so this does."""
    async with httpx.AsyncClient(base_url=product.at.zipkin.url, trust_env=False) as zipkin:
        await eventually(product.at.zipkin.program().is_ready, STARTED_WITHIN_SECONDS)
        yield zipkin


def who_did_what(span: Span) -> tuple[str, str]:
    return span["localEndpoint"]["serviceName"], span["name"]


async def traces_of(zipkin: httpx.AsyncClient, tip_id: UUID) -> list[list[Span]]:
    answer = await zipkin.get("/api/v2/traces", params={"annotationQuery": f"tip.id={tip_id}", "limit": "1000"})
    traces: list[list[Span]] = answer.raise_for_status().json()
    return traces


async def spans_of(zipkin: httpx.AsyncClient, receipt: Receipt, *wanted: tuple[str, str]) -> list[Span]:
    """All of a tip, as soon as these are among them."""

    async def seen() -> list[Span]:
        spans = [span for trace in await traces_of(zipkin, receipt.tip_id) for span in trace]
        return spans if set(wanted) <= set(map(who_did_what, spans)) else []

    return await eventually(seen, SEEN_WITHIN_SECONDS)


def parent_of(spans: list[Span]) -> Callable[[tuple[str, str]], tuple[str, str] | None]:
    """By what a span did; None for the first of a trace."""
    names = {span["id"]: who_did_what(span) for span in spans}
    parents = {who_did_what(span): names.get(span.get("parentId", "")) for span in spans}
    return parents.__getitem__


async def act(officer: httpx.AsyncClient, receipt: Receipt, what: str, **body: Any) -> None:
    key = {"Idempotency-Key": secrets.token_urlsafe(24)}
    (await officer.post(f"/v1/cases/{receipt.tip_id}/{what}", json=body, headers=key)).raise_for_status()


async def test_one_trace_leads_from_the_post_to_the_case_the_mailbox_and_the_log(
    zipkin: httpx.AsyncClient, reporter: Reporter
) -> None:
    receipt = await reporter.send_tip(BINH_TUYEN)

    spans = await spans_of(zipkin, receipt, POSTED, OPENED, MAILBOX, LEAF_OF_TIP, LEAF_OF_CASE, PROVINCE)

    assert len({span["traceId"] for span in spans}) == 1
    assert sorted(map(who_did_what, spans)) == sorted([POSTED, OPENED, MAILBOX, LEAF_OF_TIP, LEAF_OF_CASE, PROVINCE])
    parent = parent_of(spans)
    assert parent(POSTED) is None
    assert parent(OPENED) == parent(LEAF_OF_TIP) == POSTED
    assert parent(MAILBOX) == parent(LEAF_OF_CASE) == parent(PROVINCE) == OPENED


async def test_every_act_of_an_officer_is_a_trace_of_its_own_that_the_tips_id_finds(
    zipkin: httpx.AsyncClient, reporter: Reporter, product: Product, duty_officer: httpx.AsyncClient
) -> None:
    # given a tip with words in it, sent by somebody whose device says who it is
    reporter.http.headers.update(SENDER)
    receipt = await reporter.send_tip(BINH_TUYEN, text=TEXT, place=PLACE, contact={"phone": PHONE})
    await arrived(duty_officer, receipt)

    # when it is taken, read, classified, answered and closed
    await act(duty_officer, receipt, "claim")
    await act(duty_officer, receipt, "content", reason="duty_assignment")
    await act(duty_officer, receipt, "classify", category="theft_damage", urgency="urgent")
    await act(duty_officer, receipt, "answers", text=ANSWER)
    async with an_officer(product, "binhtuyen.truong") as chief:
        await act(chief, receipt, "close", outcome="transferred")

    # then each act is the beginning of a trace in which the mailbox or the log hears of it
    done = {
        "claim": ("audit-worker", "process caseassignedv1"),
        "content": ("audit-worker", "process caseviewedv1"),
        "classify": ("intake-worker", "process caseclassifiedv1"),
        "answers": ("intake-worker", "process caseansweredv1"),
        "close": ("intake-worker", "process caseclosedv1"),
    }
    acts = {what: (f"triage-{BINH_TUYEN}-api", f"post /v1/cases/{{tip_id}}/{what}") for what in done}
    spans = await spans_of(zipkin, receipt, POSTED, *acts.values(), *done.values())
    parent = parent_of(spans)
    assert [parent(act) for act in acts.values()] == [None] * len(acts)
    assert {what: parent(heard) for what, heard in done.items()} == acts
    assert {span["tags"]["tip.id"] for span in spans} == {str(receipt.tip_id)}

    # and no span says what was written, nor by whom
    told = json.dumps(await traces_of(zipkin, receipt.tip_id), ensure_ascii=False)
    hidden = ("CANARY", PHONE, receipt.code, receipt.code.replace("-", ""), "203.0.113.77", "127.0.0.1", "ipv4")
    assert [word for word in hidden if word in told] == []
