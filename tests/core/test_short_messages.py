"""How long a text is as SMS: the limits of 3GPP TS 23.038."""

import pytest

from tocsin.core.short_messages import Length, sms_length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", Length(0, 1)),
        ("x" * 160, Length(160, 1)),
        ("x" * 161, Length(161, 2)),
        ("x" * 306, Length(306, 2)),
        ("x" * 307, Length(307, 3)),
        ("€" * 80, Length(80, 1)),
        ("€" * 81, Length(81, 2)),
        ("ñandú" * 14, Length(70, 1, "ú")),
        ("ú" * 71, Length(71, 2, "ú")),
        ("🚨" * 35, Length(35, 1, "🚨")),
        ("🚨" * 36, Length(36, 2, "🚨")),
    ],
)
def test_a_text_goes_in_so_many_parts(text: str, length: Length) -> None:
    assert sms_length(text) == length
