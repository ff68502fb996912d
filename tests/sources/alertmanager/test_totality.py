"""Any bytes give signals or what could not be read, and never an exception (A6, A8, bug row 40)."""

import json
import random
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sources.alertmanager.payloads import (
    CAPTURED,
    INTEGRATION,
    Found,
    only_signal,
    posted,
    read_posted,
    read_webhook,
    webhook,
)

from tocsin.core.alerts import Signal, Unreadable, fingerprint
from tocsin.sources.alertmanager import parse

READERS = (read_webhook, read_posted)
MUTATIONS = 10_000

texts = st.text(st.characters(codec=None), max_size=20)
names = st.text("abcdefgh_", min_size=1, max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
nearly_alerts = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(texts, texts | json_values, max_size=4) | json_values,
        "annotations": st.dictionaries(texts, texts | json_values, max_size=4) | json_values,
        "startsAt": st.datetimes().map(lambda t: t.isoformat() + "Z") | json_values,
        "endsAt": st.datetimes().map(lambda t: t.isoformat() + "+02:00") | json_values,
        "generatorURL": st.sampled_from(["http://x", "javascript:x"]) | json_values,
        "status": st.sampled_from(["firing", "resolved"]) | json_values,
    },
)


def check(found: Sequence[Found]) -> None:
    """Check what holds for everything that a source returns."""
    for item in found:
        assert item.integration == INTEGRATION
        if isinstance(item, Unreadable):
            assert item.why
            assert len(item.payload) <= parse.KEPT_BYTES
            continue
        assert 0 < len(item.labels) <= parse.LABELS_PER_ALERT
        assert all(item.labels.values())
        assert item.fingerprint == fingerprint(INTEGRATION, item.labels)
        assert item.link == "" or item.link.lower().startswith(("http://", "https://"))
        for instant in (item.starts_at, item.ends_at):
            assert instant is None or str(instant.tzinfo) == "UTC"
        stored = [*item.labels.items(), *item.annotations.items(), (item.link, "")]
        for text in (part for pair in stored for part in pair):
            assert "\x00" not in text
            text.encode()  # raises for a lone surrogate


@given(st.binary(max_size=200))
@example(b'{"alerts":[{"labels":{"a":"\\ud800"}}]}')
@example(b'[{"labels":{"\\u0000":"\\u0000"}}]')
@example(b'[{"labels":{"a":"\\x"}}]')
def test_any_bytes(body):
    for read in READERS:
        check(read(body))


@given(st.lists(nearly_alerts | json_values, max_size=6), st.booleans())
@settings(max_examples=400)
def test_any_json_loses_no_alert(alerts, ascii_only):
    text = json.dumps(alerts, ensure_ascii=ascii_only)
    array = text.encode("utf-8", "surrogatepass")
    for found in (read_posted(array), read_webhook(b'{"alerts":%s}' % array)):
        if "NaN" in text or "Infinity" in text:  # what Python calls JSON and nobody else does
            check(found)
            continue
        assert len(found) == len(alerts)
        check(found)


@given(st.lists(st.dictionaries(names, texts.filter(bool), min_size=1), min_size=1, max_size=5))
def test_plain_alerts_are_taken_with_their_labels(label_sets):
    array = json.dumps([{"labels": labels} for labels in label_sets]).encode()
    for found in (read_posted(array), read_webhook(b'{"alerts":%s}' % array)):
        assert all(isinstance(item, Signal) for item in found)
        for item, labels in zip(found, label_sets, strict=True):
            assert isinstance(item, Signal)
            assert item.labels == {name: storable(value) for name, value in labels.items()}


def storable(text: str) -> str:
    """Put U+FFFD in place of NUL and of lone surrogates; a high one before a low one is a pair."""
    paired = text.encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(paired[i : i + 2], "big") for i in range(0, len(paired), 2)]
    marked: list[str] = []
    while units:
        unit = units.pop(0)
        if 0xD800 <= unit < 0xDC00 and units and 0xDC00 <= units[0] < 0xE000:
            low = units.pop(0)
            marked.append(chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)))
        else:
            marked.append("\ufffd" if 0xD800 <= unit < 0xE000 or unit == 0 else chr(unit))
    return "".join(marked)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"labels": st.dictionaries(names, st.text(min_size=1), min_size=1)},
            optional={
                "annotations": st.dictionaries(names, st.text()),
                "startsAt": st.datetimes().map(lambda t: t.isoformat() + "Z"),
                "endsAt": st.datetimes().map(lambda t: t.isoformat() + "-07:00"),
                "generatorURL": st.sampled_from(["https://x/y", "ftp://x"]),
            },
        ),
        min_size=1,
        max_size=4,
    )
)
def test_reading_at_once_and_one_by_one_say_the_same(alerts):
    for read, build in ((read_posted, posted), (read_webhook, webhook)):
        *one_by_one, unreadable = read(build(*alerts, 7))
        assert isinstance(unreadable, Unreadable)
        assert list(read(build(*alerts))) == one_by_one


def mutated(body: bytes, dice: random.Random) -> bytes:
    """Damage a body in one to four places."""
    pieces = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"1e9", b"\\u0000"]
    pieces += [b"\xff", b"\x00", b"\\ud800", b'""', b"0001-01-01T00:00:00Z", b"true", b"-"]
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(body) + 1)
        end = min(len(body), at + dice.choice([0, 1, 1, 2, 8, 40]))
        new = dice.choice([b"", dice.choice(pieces), dice.randbytes(2), body[at:end] * 2])
        body = body[:at] + new + body[end:]
    return body


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURED.glob("*.json")))
def test_damaged_captures(name):
    original = (CAPTURED / name).read_bytes()
    dice = random.Random(name)
    for _ in range(MUTATIONS):
        body = mutated(original, dice)
        for read in READERS:
            check(read(body))


@given(st.sampled_from(["labels", "annotations", "startsAt", "status", "generatorURL"]), texts)
def test_why_repeats_nothing_of_the_payload(field, text):
    marker = "MARKER" + text
    for value in ({marker: [marker]}, [marker], marker):
        for read, build in ((read_posted, posted), (read_webhook, webhook)):
            for item in read(build({"labels": {marker: marker}, field: value})):
                if isinstance(item, Unreadable):
                    assert "MARKER" not in item.why


def test_a_poisoned_body_delays_nobody():
    # 5,000 alerts, every second one nonsense: all the others come out, at once and in order.
    alerts = [{"labels": {"n": str(n)}} if n % 2 else {"labels": n} for n in range(5_000)]
    found = read_posted(posted(*alerts))
    signals = [item for item in found if isinstance(item, Signal)]
    assert [signal.labels["n"] for signal in signals] == [str(n) for n in range(1, 5_000, 2)]
    assert len(found) == len(alerts)
    assert only_signal(read_posted(posted({"labels": {"n": "1"}}))) == signals[0]
