"""How long a text is as an SMS: 3GPP TS 23.038 (alphabets) and TS 23.040 (parts)."""

import msgspec

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"
"""Characters that take two places, after an escape."""

_PLAIN = (160, 153)
_WIDE = (70, 67)
"""Places in a message of one part, and in each part of a longer one."""


class Length(msgspec.Struct, frozen=True):
    """How many characters a text has, in how many SMS it goes, and the character that made it wide.

    `wide` is the first character outside the GSM alphabet, "" if there is none; with one, a part
    holds 67 characters in place of 153.
    """

    characters: int
    parts: int
    wide: str = ""


def sms_length(text: str) -> Length:
    """Return how a text goes as SMS."""
    wide = next((one for one in text if one not in _BASIC and one not in _EXTENDED), "")
    if wide:
        places, (single, part) = len(text.encode("utf-16-le", "surrogatepass")) // 2, _WIDE
    else:
        places, (single, part) = len(text) + sum(one in _EXTENDED for one in text), _PLAIN
    return Length(len(text), 1 if places <= single else -(-places // part), wide)
