"""The receipt code: the only way back to a tip. Shown once, never stored.

100 random bits in Crockford's base 32 with his check symbol (https://www.crockford.com/base32.html), and what HKDF
derives from them: an identifier to look the tip up by, and the key of its mailbox.
"""

import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BITS = 100
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_SYMBOLS = SYMBOLS + "*~$=U"
LENGTH = BITS // 5
EXAMPLE = "K7M2-9QXD-4RTV-E8HN-3WYP-K"
GROUP = 4
MISREAD = str.maketrans("OIL", "011")
SEPARATORS = re.compile(r"[\s\u2010-\u2015-]+")
"""Any space and any dash: phones turn a hyphen into a longer one."""


class NotACode(ValueError):
    """Mistyped, or not a receipt code at all. Does not repeat what was typed."""


@dataclass(frozen=True)
class ReceiptCode:
    """Equal codes are the same number; `repr` does not show it."""

    number: int = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """Draws again where the check symbol is none of the letters and digits: a `=` or `~` is not copied by hand.

        That leaves 99.8 of the 100 bits.
        """
        number = secrets.randbits(BITS)
        while number % 37 >= len(SYMBOLS):
            number = secrets.randbits(BITS)
        return cls(number)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accepts any case, spaces and hyphens, and O, I, L for 0, 1, 1. Raises NotACode."""
        symbols = SEPARATORS.sub("", text).upper().translate(MISREAD)
        if len(symbols) != LENGTH + 1 or any(symbol not in SYMBOLS for symbol in symbols[:-1]):
            raise NotACode("a receipt code has 21 letters and digits")
        number = 0
        for symbol in symbols[:-1]:
            number = number * 32 + SYMBOLS.index(symbol)
        if CHECK_SYMBOLS[number % 37] != symbols[-1]:
            raise NotACode("the check symbol does not fit")
        return cls(number)

    def __str__(self) -> str:
        """Five groups of four and the check symbol, as people copy it down."""
        symbols = "".join(SYMBOLS[(self.number >> shift) & 31] for shift in range(BITS - 5, -1, -5))
        groups = [symbols[i : i + GROUP] for i in range(0, LENGTH, GROUP)]
        return "-".join([*groups, CHECK_SYMBOLS[self.number % 37]])

    @cached_property
    def lookup(self) -> bytes:
        """32 bytes that find the tip and give nothing of the code or the mailbox key away."""
        return self._derive(b"tinbao/1 receipt lookup")

    @cached_property
    def mailbox_key(self) -> bytes:
        """The AES-256 key that the station receives inside the sealed content."""
        return self._derive(b"tinbao/1 receipt mailbox")

    def _derive(self, info: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self.number.to_bytes(13))
