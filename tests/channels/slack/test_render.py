"""The Slack message."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.golden import assert_golden
from tests.channels.messages import GOLDEN, MESSAGES, PAGE, PATIENT, TEXTS, like

from tocsin.channels.slack.render import KINDS, escaped, render
from tocsin.core.bundles import AT_MOST, bundled
from tocsin.core.delivery import Message


def body(message: Message) -> Any:
    return json.loads(render(message))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def texts(found: Any) -> list[str]:
    """Everything that Slack will show, wherever it stands."""
    if isinstance(found, dict):
        own = [found["text"]] if isinstance(found.get("text"), str) else []
        return own + [t for value in found.values() for t in texts(value)]
    if isinstance(found, list):
        return [t for value in found for t in texts(value)]
    return []


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str):
    text = json.dumps(body(GOLDEN[name]), indent=2, ensure_ascii=False) + "\n"
    assert_golden(Path(__file__).parent / "golden" / f"{name}.json", text)


@pytest.mark.parametrize("kind", KINDS)
def test_what_must_be_visible_is_visible(kind: str):
    found = body(like(kind=kind, exercise=True, attempt=4, title="t" * 400))
    header = found["blocks"][0]["text"]["text"]
    shown = " ".join(texts(found))
    assert KINDS[kind] in shown
    assert "exercise" in shown
    assert "K7QX" in shown
    assert header.startswith("EXERCISE ")
    assert header.endswith("(attempt 4)")
    assert "K7QX" in found["text"]


def test_a_link_makes_a_button_and_none_makes_none():
    def buttons(message: Message) -> list[str]:
        actions = [b for b in body(message)["blocks"] if b["type"] == "actions"]
        return [e["url"] for b in actions for e in b["elements"]]

    assert buttons(PAGE) == [PAGE.link]
    assert buttons(like(link="")) == []
    assert buttons(like(link="javascript:alert(1)")) == []
    assert buttons(like(link="https://a/" + "x" * 3000)) == []


def test_details_that_do_not_fit_are_counted():
    blocks = body(like(details=(("n", "v"),) * 450, exercise=True))["blocks"]
    assert len(blocks) == 50
    assert blocks[-2]["text"]["text"] == "10 further details are left out here."


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a<b", 6, "a&lt;b"),
        ("a<b", 5, "a…"),
        ("a&&", 7, "a&amp;…"),
        ("🔥🔥", 4, "🔥🔥"),
        ("🔥🔥", 3, "🔥…"),
        ("a\x00\x1b\ud800b\r\nc", 20, "a   b\nc"),
    ],
)
def test_escaping_and_cutting(text: str, length: int, expected: str):
    assert escaped(text, length) == expected


@PATIENT
@given(TEXTS, st.integers(min_value=1, max_value=300))
def test_escaped_text_fits_and_holds_no_markup(text: str, length: int):
    found = escaped(text, length)
    assert units(found) <= length
    assert "<" not in found
    assert ">" not in found
    assert re.fullmatch(r"([^&]|&amp;|&lt;|&gt;)*", found)
    assert escaped(html.unescape(found), length) in (found, escaped(found, length)) or "…" in found


@PATIENT
@given(MESSAGES)
def test_arbitrary_text_stays_within_the_limits_of_slack(message: Message):
    found = body(message)
    blocks = found["blocks"]
    assert 1 <= len(blocks) <= 50
    assert units(found["text"]) <= 3000
    for text in texts(found):
        assert "<" not in text
        assert ">" not in text
        assert re.fullmatch(r"([^&]|&amp;|&lt;|&gt;)*", text)
    for block in blocks:
        if block["type"] == "header":
            assert 1 <= units(block["text"]["text"]) <= 150
        if "text" in block:
            assert 1 <= units(block["text"]["text"]) <= 3000
        assert len(block.get("fields", [])) <= 10
        for field in block.get("fields", []):
            assert 1 <= units(field["text"]) <= 2000
            assert field["verbatim"] is True
        for button in block.get("elements", []):
            assert re.match("https?://", button["url"])
            assert len(button["url"]) <= 3000


def test_a_bundle_as_large_as_it_gets_keeps_within_all_limits():
    longest = [
        like(
            id=f"m{n}", incident=f"INC-{n}", title="&" * 5000, why="<" * 5000, exercise=True,
            severity_name="x" * 5000, link=f"https://t.example/a/{n}", state="y" * 5000,
        )
        for n in range(AT_MOST)
    ]  # fmt: skip
    found = body(bundled(longest))
    assert len(found["blocks"]) <= 50
    sections = [block for block in found["blocks"] if block["type"] == "section"]
    assert all(units(block["text"]["text"]) <= 3000 for block in sections)
    urls = [block["accessory"]["url"] for block in sections if "accessory" in block]
    assert sorted(urls) == sorted(f"https://t.example/a/{n}" for n in range(AT_MOST))
    assert all(f"INC-{n} " in " ".join(texts(found["blocks"])) for n in range(AT_MOST))
