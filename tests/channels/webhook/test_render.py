"""The JSON body and its signature."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from tests.channels.golden import assert_golden
from tests.channels.messages import GOLDEN, MESSAGES, PAGE, PATIENT

from tocsin.channels.webhook.render import render
from tocsin.channels.webhook.signature import SigningKey, headers
from tocsin.core.delivery import Message

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def hmac_sha256_by_hand(key: bytes, content: bytes) -> bytes:
    """HMAC as RFC 2104 defines it, without Python's hmac."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + content).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).digest()


def assert_signed(found: dict[str, str], body: bytes) -> None:
    content = f"{found['webhook-id']}.{found['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac_sha256_by_hand(bytes(range(32)), content)).decode()
    assert found["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str):
    body = json.loads(render(GOLDEN[name]))
    text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    assert_golden(Path(__file__).parent / "golden" / f"{name}.json", text)


def test_the_body_is_compact_and_repeatable():
    assert render(PAGE) == render(PAGE)
    assert b'"type":"tocsin.page","timestamp":"2026-11-21T09:05:07Z"' in render(PAGE)


def test_the_signature_is_the_published_one():
    """The example that the Standard Webhooks libraries test themselves with."""
    key = SigningKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_key_there_is_no_signature():
    assert set(headers("m", PAGE.sent_at, b"", None)) == {"webhook-id", "webhook-timestamp"}


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "geheim",
        "whsec_!!!",
        "whsec_ä",
        base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
    ],
)
def test_an_unsound_secret_is_refused_and_not_repeated(secret: str):
    with pytest.raises(ValueError, match="A webhook secret must be") as refusal:
        SigningKey(secret)
    assert secret in ("", "whsec_") or secret not in str(refusal.value)


def test_a_key_does_not_show_itself():
    assert repr(SigningKey(SECRET)) == "SigningKey(hidden)"


@PATIENT
@given(MESSAGES)
def test_arbitrary_text_breaks_neither_json_nor_headers(message: Message):
    body = render(message)
    data = json.loads(body)["data"]
    assert json.loads(body)["type"] == f"tocsin.{message.kind}"
    assert data["why"] == message.why.encode("utf-8", "replace").decode()
    assert len(data["details"]) == len(message.details)
    assert data["link"] in (None, message.link)
    assert (data["link"] or "https://").startswith(("https://", "http://"))
    found = headers(message.id, message.sent_at, body, SigningKey(SECRET))
    assert all(re.fullmatch(r"[!-~]+", value) for value in found.values())
    assert_signed(found, body)


def test_a_bundle_is_its_first_message_with_a_list_of_all():
    """Who knows nothing of bundles takes the first, and the id of the whole is another one."""
    bundle = GOLDEN["bundle"]
    data = json.loads(render(bundle))["data"]
    alone = [json.loads(render(part))["data"] for part in bundle.parts]
    assert data.pop("incidents") == alone
    own = ("id", "short_code", "subject", "attempt")
    assert {k: v for k, v in data.items() if k not in own} == {
        k: v for k, v in alone[0].items() if k not in own
    }
    assert data["id"] == bundle.id
    assert "incidents" not in alone[0]
