"""A handful of made-up tips, sent through the API as a client app sends them. Nobody in them exists."""

import secrets

import httpx

TIPS = (
    {
        "commune": "Xã Bình Tuyền",
        "category": "gambling",
        "text": "Nhóm khoảng 6 người đánh bạc ăn tiền ở dãy trọ sau khu công nghiệp, thường từ 22 giờ. "
        "Có một xe máy dựng ngoài cổng, biển số không nhìn rõ. Tôi cho thuê trọ ở gần, mong được giữ kín.",
        "place": "Dãy trọ sau khu công nghiệp",
        "neighbourhood": "Tổ dân phố 4",
        "happened_at": "từ 22 giờ hằng ngày",
        "reporter_role": "landlord",
    },
    {
        "commune": "08944",
        "category": "domestic_violence",
        "text": "Nhà bên cạnh có tiếng la hét và đập đồ, người vợ kêu cứu. Trong nhà có hai cháu nhỏ.",
        "place": "Ngõ 12, cạnh nhà văn hóa",
        "neighbourhood": "Thôn Thích Chung",
        "happening_now": True,
    },
    {
        "commune": "Xã Bình Tuyền",
        "category": "online_fraud",
        "text": "Có người gọi tự xưng công an, yêu cầu tôi cài ứng dụng VNeID giả và chuyển 15.000.000 đ để xác minh.",
        "place": "Qua điện thoại",
        "happened_at": "Sáng nay, khoảng 9 giờ",
        "contact": {"name": "Nguyễn Thị Bình", "phone": "0912 345 678"},
    },
    {
        "commune": "Xã Hội Thịnh",
        "category": "theft_damage",
        "text": "Mất một xe máy màu xanh dựng trước quán, khóa cổ bị bẻ. Camera của quán có ghi lại.",
        "place": "Quán nước đầu làng",
        "neighbourhood": "Thôn Thụy Yên",
        "reporter_role": "shop",
    },
    {
        "commune": "Xã Hội Thịnh",
        "category": "fire_risk",
        "text": "Xưởng gỗ chất phế liệu sát trạm biến áp, nhiều lần thấy tia lửa điện.",
        "place": "Xưởng gỗ cạnh trạm biến áp",
    },
    {
        "commune": "Xã Tam Dương",
        "category": "environment",
        "text": "Xe tải đổ trộm chất thải xuống kênh vào ban đêm, nước đổi màu và có mùi hắc.",
        "place": "Kênh tưới giữa hai thôn",
        "happened_at": "Đêm thứ Sáu và thứ Bảy",
    },
    {
        "commune": "Xã Hội Thịnh",
        "category": "officer_misconduct",
        "text": "Một cán bộ gợi ý đưa tiền để làm nhanh giấy tờ tạm trú.",
        "place": "Trụ sở",
    },
)


async def send_demo_tips(intake_url: str) -> None:
    """Raises HTTPStatusError for a tip that is refused."""
    async with httpx.AsyncClient(base_url=intake_url, timeout=10, trust_env=False) as client:
        for tip in TIPS:
            key = {"Idempotency-Key": secrets.token_urlsafe(24)}
            (await client.post("/v1/tips", json=tip, headers=key)).raise_for_status()
