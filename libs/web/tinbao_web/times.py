"""Times as people here read them: Asia/Ho_Chi_Minh, 24 hours, dd/MM/yyyy."""

from datetime import datetime, timedelta, timezone

from babel.dates import format_datetime
from babel.support import NullTranslations

ZONE = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""+07:00 all year; a fixed offset needs no zone files on the machine."""
WRITTEN = {"vi": "HH 'giờ' mm', ngày' dd/MM/yyyy", "en": "HH:mm 'on' d MMMM y"}
DATE = {"vi": "dd/MM/yyyy", "en": "d MMMM y"}
DAY = {"vi": "dd/MM", "en": "d MMM"}
TWO_DAYS = 48


def written_time(at: datetime, language: str) -> str:
    """In full: "21 giờ 40, ngày 23/11/2026"."""
    return format_datetime(at, WRITTEN[language], tzinfo=ZONE, locale=language)


def deadline_time(at: datetime, language: str, texts: NullTranslations) -> str:
    """Like `written_time`; a term that ends at 24:00 is named by the day that ends, not by the next one's 00:00."""
    local = at.astimezone(ZONE)
    if local.timetz().replace(tzinfo=None) != datetime.min.time():
        return written_time(at, language)
    last_day = format_datetime(local - timedelta(days=1), DATE[language], locale=language)
    return texts.gettext("hết ngày %(date)s") % {"date": last_day}


def recent_time(at: datetime, now: datetime, language: str, texts: NullTranslations) -> str:
    """Short, for lists: "21:40 hôm nay", "21:40 hôm qua", then only the day."""
    local, today = at.astimezone(ZONE), now.astimezone(ZONE).date()
    clock = f"{local:%H:%M}"
    match (today - local.date()).days:
        case 0:
            return texts.gettext("%(clock)s hôm nay") % {"clock": clock}
        case 1:
            return texts.gettext("%(clock)s hôm qua") % {"clock": clock}
        case _:
            return format_datetime(local, (DAY if local.year == today.year else DATE)[language], locale=language)


def time_left(hours: int, texts: NullTranslations) -> str:
    """What a clock says, from whole hours rounded down; negative is overdue. From two days on it counts days."""
    if hours == 0:
        return texts.gettext("còn dưới 1 giờ")
    count = abs(hours)
    if count < TWO_DAYS:
        return _overdue_hours(count, texts) if hours < 0 else _hours_left(count, texts)
    days = count // 24
    return _overdue_days(days, texts) if hours < 0 else _days_left(days, texts)


def _hours_left(num: int, texts: NullTranslations) -> str:
    return str(texts.ngettext("còn %(num)d giờ", "còn %(num)d giờ", num)) % {"num": num}


def _days_left(num: int, texts: NullTranslations) -> str:
    return str(texts.ngettext("còn %(num)d ngày", "còn %(num)d ngày", num)) % {"num": num}


def _overdue_hours(num: int, texts: NullTranslations) -> str:
    return str(texts.ngettext("quá hạn %(num)d giờ", "quá hạn %(num)d giờ", num)) % {"num": num}


def _overdue_days(num: int, texts: NullTranslations) -> str:
    return str(texts.ngettext("quá hạn %(num)d ngày", "quá hạn %(num)d ngày", num)) % {"num": num}


def tone_of(hours: int) -> str:
    """How loud a clock is: "danger" once overdue, "warning" within the last six hours, else "calm"."""
    if hours < 0:
        return "danger"
    return "warning" if hours < 6 else "calm"
