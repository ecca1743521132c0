"""Real tips, sealed to the directory's keys as intake seals them, and the events that carry them."""

from tinbao_contracts.catalogue import load_catalogue
from tinbao_contracts.events import Event
from tinbao_contracts.places import load_communes
from tinbao_intake.directory import Directory
from tinbao_intake.draft import TipDraft
from tinbao_intake.receipt import ReceiptCode
from tinbao_intake.sealed_tip import seal_tip
from tinbao_local.keys import administration
from tinbao_runtime.clock import now

from tests.support.world import World

DRAFT = TipDraft(
    commune="08944",
    category="gambling",
    text="Nhóm khoảng 6 người đánh bạc ăn tiền ở dãy trọ sau khu công nghiệp, thường từ 22 giờ. " * 4,
    place="Dãy trọ sau khu công nghiệp",
    neighbourhood="Tổ dân phố 4",
)


async def directory_of(world: World) -> Directory:
    async with administration(world.at) as administrator:
        return await administrator.directory()


async def sealed_tips(world: World, count: int) -> list[Event]:
    """TipSubmittedV1 of as many different tips to one station."""
    directory, category = await directory_of(world), load_catalogue()[DRAFT.category]
    commune = load_communes()[DRAFT.commune]
    sealed = (seal_tip(DRAFT, category, commune, directory, ReceiptCode.generate(), now()) for _ in range(count))
    return [event for tip in sealed for event in tip.events()]
