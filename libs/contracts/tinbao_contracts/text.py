"""Vietnamese text: one form at every door, folding for search, the order of the alphabet.

The database has no ICU and no `unaccent`, so folding, comparing and sorting happen here and nowhere else.
Fold what is searched and what it is searched in; never what is stored or shown: folded "ma" is six words.
"""

import unicodedata
from typing import TypeAlias

# Letters that look like Latin ones and do not decompose to them. The cases differ (Greek Ν is an N, ν is a v),
# so the table is applied before lower-casing.
LOOK_ALIKES = (
    str.maketrans("đĐðÐɖƉłŁøØħĦŧŦƀɃıɑɡ", "ddddddlloohhttbbiag")  # Latin with a stroke or another shape
    | str.maketrans("аАвВеЕкКмМнНоОрРсСтТуУхХіІјЈѕЅԁԀһҺӏӀԛԚԝԜ", "aabbeekkmmhhooppccttyyxxiijjssddhhllqqww")
    | str.maketrans("αΑβΒεΕζΖηΗιΙκΚμΜνΝοΟρΡτΤυΥχΧ", "aabbeezznhiikkumvnooppttuyxx")
    | str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz")  # "small capitals" of fancy text
)
INVISIBLE = frozenset({"Mn", "Me", "Cf"})
"""Unicode categories that folding drops: tones and other marks; zero-width, direction and soft-hyphen characters."""

ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
SHAPES = {"a\u0306": "ă", "a\u0302": "â", "e\u0302": "ê", "o\u0302": "ô", "o\u031b": "ơ", "u\u031b": "ư"}
TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""Huyền, hỏi, ngã, sắc, nặng; 0 is ngang, 6 any mark that is not Vietnamese."""

SortKey: TypeAlias = tuple[tuple[tuple[int, int], ...], tuple[int, ...], str]


def to_nfc(text: str) -> str:
    """Compose: macOS and some keyboards send "Đặng" as six code points, others as four."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Lower-case Latin without tones, marks, look-alikes or doubled spaces: "Trộm  XE" and "trom xe" are equal.

    Idempotent, and the same for NFC and NFD. Punctuation stays.
    """
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text).translate(LOOK_ALIKES)
        text = "".join(c for c in letters if unicodedata.category(c) not in INVISIBLE)
    return " ".join(text.lower().split())


def sort_key(text: str) -> SortKey:
    """A key for `sorted`, as ICU's `vi` collation orders: letters of the whole text first, then tones, then case.

    Space, punctuation, digits, letters, everything else. "ch", "ng", "tr" are two letters each.
    """
    ranks: list[tuple[int, int]] = []
    tones: list[int] = []
    for letter, tone in _letters(text):
        ranks.append(_rank(letter))
        tones.append(tone)
    return tuple(ranks), tuple(tones), to_nfc(text).swapcase()


def name_sort_key(full_name: str) -> tuple[SortKey, SortKey]:
    """A key that sorts people as Vietnamese lists do: by the last word (the name they are called by), then the rest."""
    rest, _, called = to_nfc(full_name).strip().rpartition(" ")
    return sort_key(called), sort_key(rest)


def _letters(text: str) -> list[tuple[str, int]]:
    """The letters of the Vietnamese alphabet in `text`, each with its tone taken off."""
    letters: list[tuple[str, int]] = []
    for char in unicodedata.normalize("NFD", text.lower()):
        if unicodedata.category(char) not in INVISIBLE:
            letters.append((char, 0))
        elif letters and unicodedata.combining(char):
            letter, tone = letters[-1]
            shaped = SHAPES.get(letter + char)
            letters[-1] = (shaped, tone) if shaped else (letter, TONES.get(char, 6))
    return letters


def _rank(letter: str) -> tuple[int, int]:
    if letter.isspace():
        return 0, 0
    if letter in ALPHABET:
        return 3, ALPHABET.index(letter)
    if letter.isdecimal():
        return 2, int(letter)
    return (4 if letter.isalpha() else 1), ord(letter)
