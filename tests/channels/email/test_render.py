"""The e-mail."""

import re
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from tests.channels.golden import assert_golden
from tests.channels.messages import BUNDLES, GOLDEN, MESSAGES, PAGE, PATIENT, SINGLE, like

from tocsin.channels.email.render import KINDS, html, render, subject, text, token
from tocsin.core.bundles import AT_MOST, bundled
from tocsin.core.delivery import Message

SENDER = Address("Tocsin, the bell", addr_spec="tocsin@example.org")
HEADERS = [
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "References",
    "Auto-Submitted",
    "X-Tocsin-Incident",
    "MIME-Version",
    "Content-Type",
]


def parsed(message: Message) -> EmailMessage:
    raw = render(message, SENDER, "al@example.org")
    found = message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


class Page(HTMLParser):
    """The tags with their attributes, and the text between them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str):
    raw = render(GOLDEN[name], SENDER, "al@example.org").decode("ascii")
    path = Path(__file__).parent / "golden" / f"{name}.eml"
    assert_golden(path, raw.replace("\r\n", "\n"))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_html(name: str):
    assert_golden(Path(__file__).parent / "golden" / f"{name}.html", html(GOLDEN[name]))


@pytest.mark.parametrize("kind", KINDS)
def test_what_must_be_visible_is_visible_in_both_parts(kind: str):
    mail = parsed(like(kind=kind, exercise=True, attempt=4, title="t" * 400))
    for shown in (part(mail, "plain"), Page(part(mail, "html")).text):
        assert KINDS[kind] in shown
        assert "This is an exercise" in shown
        assert "code K7QX, attempt 4" in shown
    assert mail["Subject"].startswith("EXERCISE ")
    assert mail["Subject"].endswith("(attempt 4)")
    assert len(mail["Subject"]) <= 250


def test_headers():
    mail = parsed(PAGE)
    assert mail.keys() == HEADERS
    assert mail["From"] == '"Tocsin, the bell" <tocsin@example.org>'
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Tocsin-Incident"] == "INC-2026-001"
    assert mail["Message-ID"] == "<INC-2026-001.3.al.email@example.org>"
    assert mail["Date"].datetime == PAGE.sent_at


def test_repeats_have_the_same_id_and_an_incident_is_one_thread():
    first, repeat, other = parsed(PAGE), parsed(like(attempt=2)), parsed(like(id="dlv_2"))
    assert first["Message-ID"] == repeat["Message-ID"] != other["Message-ID"]
    assert first["References"] == other["References"] == "<incident.INC-2026-001@example.org>"


def test_no_link_no_button():
    assert Page(html(PAGE)).links == [PAGE.link]
    assert PAGE.link in text(PAGE)
    for link in ("", "javascript:alert(1)", "https://a b", 'https://a/\r\n"'):
        assert Page(html(like(link=link))).links == []
        assert "Open" not in text(like(link=link))


def test_details_beyond_the_limit_are_counted():
    shown = text(like(details=(("n", "v"),) * 103))
    assert shown.count("\nn: v") == 100
    assert "More: 3 further details" in shown


@PATIENT
@given(MESSAGES)
def test_arbitrary_text_breaks_no_header_and_no_part(message: Message):
    raw = render(message, SENDER, "al@example.org")
    assert raw.isascii()
    assert re.fullmatch(rb"([^\r\n]{0,998}\r\n)*", raw)
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    incidents = {token(one.incident) for one in message.parts}
    own = [name for name in HEADERS if not (message.holds and name == "References")]
    assert list(dict.fromkeys(mail.keys())) == own
    assert set(mail.get_all("X-Tocsin-Incident", [])) == incidents
    assert len(mail.keys()) == len(own) + len(incidents) - 1
    assert mail["Subject"] == subject(message)
    assert isinstance(mail["Date"].datetime, datetime)
    for name in {"Message-ID", "References", "X-Tocsin-Incident"} & set(own):
        assert re.fullmatch(r"[<>@.A-Za-z0-9_-]+", mail[name])
    assert mail.defects == []
    assert [p.get_content_type() for p in mail.iter_parts()] == ["text/plain", "text/html"]
    assert part(mail, "plain") == text(message)
    assert part(mail, "html") == html(message)


@PATIENT
@given(SINGLE)
def test_arbitrary_text_adds_no_html(message: Message):
    page = Page(html(message))
    link = page.links[0] if page.links else ""
    plain = like(
        kind=message.kind,
        exercise=message.exercise,
        link=link,
        details=(("n", "v"),) * len(message.details),
    )
    assert page.tags == Page(html(plain)).tags
    assert link in ("", message.link)
    assert page.text.count(subject(message)) >= 2


@PATIENT
@given(BUNDLES)
def test_arbitrary_text_adds_no_html_to_a_bundle(message: Message):
    page = Page(html(message))
    count = len(message.parts)
    of_one = Page(html(bundled([PAGE, PAGE]))).tags
    assert set(page.tags) <= {*of_one, ("p", ("style",))}
    assert [tag for tag, _ in page.tags].count("h2") == count
    assert [tag for tag, _ in page.tags].count("div") == count
    assert len(page.links) <= count
    assert set(page.links) <= {one.link for one in message.parts}


def many(count: int) -> Message:
    """A bundle of so many pages."""
    return bundled(
        [
            like(
                id=f"m{n}", incident=f"INC-{n}", short_code=f"C{n}", link=f"https://t.example/a/{n}"
            )
            for n in range(count)
        ]
    )


@pytest.mark.parametrize("count", [2, AT_MOST])
def test_a_bundle_names_each_incident_with_its_own_link_in_both_parts(count: int):
    message = many(count)
    mail = message_from_bytes(render(message, SENDER, "al@example.org"), policy=default)
    plain, marked = text(message), html(message)
    for n in range(count):
        assert f"[P0 Critical] INC-{n} Checkout is down" in plain
        assert f"Open and acknowledge: https://t.example/a/{n}\n" in plain
        assert f'href="https://t.example/a/{n}"' in marked
        assert f"Code C{n}" in plain
        assert f"Code C{n}<" in marked
    assert mail.get_all("X-Tocsin-Incident") == [f"INC-{n}" for n in range(count)]
    assert mail["Message-ID"] == f"<{message.id}@example.org>"


def test_a_bundle_does_not_tie_its_incidents_into_one_thread():
    mail = message_from_bytes(render(many(3), SENDER, "al@example.org"), policy=default)
    assert mail["References"] is None
