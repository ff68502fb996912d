"""Addresses that strangers give lead nowhere inside: 500 tricks, and not one connection (T-F5, J2).

Subscribers to the status page name the address of their webhook themselves. Names are resolved by
a story here, numbers by the system, and every connection that is tried is noted and stopped.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import product
from typing import Any

import pytest
from tests.channels.conftest import Certificate
from tests.channels.loopback import HttpServer, answers
from tests.channels.messages import PAGE

from tocsin.channels.webhook.send import Webhook
from tocsin.core.delivery import Failed

HERE = [ip_network("127.0.0.0/8")]
PUBLIC = "93.184.215.14"

LOOPBACK = (
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0",
    "0x0",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "127.0.0.0x1",
    "00000177.0.0.1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "LocalHost.",
    "\uff11\uff12\uff17.0.0.1",
    "127\u30020\u30020\u30021",
    "127\uff0e0\uff0e0\uff0e1",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[::1%25lo]",
    "[::ffff:0x7f.1]",
    "[0::1]",
)

INSIDE = (
    "10.0.0.7",
    "10.7",
    "0x0a000007",
    "167772167",
    "172.16.0.1",
    "192.168.1.1",
    "3232235777",
    "100.64.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    "[5f00::1]",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "203.0.113.9",
)

NAMES: dict[str, list[str]] = {
    "metadata.google.internal": ["169.254.169.254"],
    "localtest.me": ["127.0.0.1"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "both.example": [PUBLIC, "127.0.0.1"],
    "both-other-way.example": ["10.0.0.7", PUBLIC],
    "six.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "zero.example": ["0.0.0.0"],
    "local": ["192.168.1.1"],
    "xn--bcher-kva.example": ["10.0.0.7"],
    "kubernetes.default.svc": ["10.96.0.1"],
}
"""What names of the attacker resolve to. One address inside spoils them all."""

SHAPES = (
    "https://{host}/hook",
    "https://{host}:443/hook",
    "https://{host}:8443/",
    "https://{host}",
    "HTTPS://{host}/HOOK",
    "https://hook.example@{host}/",
    "https://u:p@{host}:8443/x?y=1#z",
)

STRANGE = (
    "https://127.0.0.1\\@hook.example/",
    "https://hook.example\\@127.0.0.1/",
    "https:127.0.0.1/",
    "https:/127.0.0.1/",
    "https:///127.0.0.1/",
    "https://127.0.0.1%00.hook.example/",
    "https://127.0.0.1%2f@hook.example/",
    "https://hook.example:80@127.0.0.1/",
    "https://[::1]@127.0.0.1/",
    "https://127.0.0.1:443:80/",
    "https://127.0.0.1 @hook.example/",
    "https://127.0.0.1\t/",
    "https://127.0.0.1\r\nHost: hook.example/",
    "https://127.0.0.1/\r\nX: y",
    "https://hook.example%0d%0aHost:%20x@127.0.0.1/",
    "http://127.0.0.1/",
    "http://hook.example/",
    "gopher://127.0.0.1/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "dict://127.0.0.1:11211/",
    "unix:///run/docker.sock",
    "http+unix://%2frun%2fdocker.sock/x",
    "jar:https://127.0.0.1!/",
    "//127.0.0.1/",
    "https://",
    "https://:443/",
    "https://?",
    "https://#@127.0.0.1/",
    "https://127.0.0.1:0/",
    "https://127.0.0.1:65536/",
    "https://127.0.0.1:-1/",
    "https://./",
    "https://../",
    "https://[::1",
    "https://::1]/",
    "https://[::1]x/",
    "https://256.256.256.256/",
    "https://0x100000000/",
    "https://1.2.3.4.5/",
    "https://" + "a" * 300 + "/",
    "https://-/",
    "https://xn--/",
    "https://\u0000/",
    "https://\ud800/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "https://127.0.0.1\u2044@hook.example/",
    "https://hook.example\u2044@127.0.0.1/",
)

TRICKS = [shape.format(host=host) for host, shape in product((*LOOPBACK, *INSIDE, *NAMES), SHAPES)]
TRICKS += STRANGE


class Wire:
    """Names by a story, and every connection that is tried: noted, and stopped."""

    def __init__(self) -> None:
        self.is_on = False
        self.tried: list[Any] = []
        self.names = {name: [list(found)] for name, found in NAMES.items()}
        self._resolve = socket.getaddrinfo

    def getaddrinfo(self, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        """Resolve: names of the story once after the other answer, numbers as the system does."""
        name = (host.decode() if isinstance(host, bytes) else str(host)).rstrip(".").lower()
        if name in ("localhost", ""):
            return self._resolve("127.0.0.1", port, *rest, **more)
        if name not in self.names:
            return self._resolve(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        found = self.names[name]
        answer = found.pop(0) if len(found) > 1 else found[0]
        return [
            one
            for address in answer
            for one in self._resolve(address, port, type=socket.SOCK_STREAM)
        ]

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook of Python's: whatever connects passes here."""
        if self.is_on and event == "socket.connect":
            self.tried.append(arguments[1])
            raise ConnectionRefusedError


WIRE = Wire()
sys.addaudithook(WIRE.hear)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    monkeypatch.setattr(socket, "getaddrinfo", WIRE.getaddrinfo)
    WIRE.tried.clear()
    WIRE.is_on = True
    yield WIRE
    WIRE.is_on = False


def test_there_are_500_and_all_differ() -> None:
    assert len(set(TRICKS)) == len(TRICKS) >= 500


def test_no_trick_connects_to_anything(wire: Wire) -> None:
    channel = Webhook({}, timeout_seconds=5)
    got_in = []
    for trick in TRICKS:
        outcome = channel.send(trick, PAGE)
        assert isinstance(outcome, Failed), trick
        assert "u:p" not in outcome.detail
        got_in += [f"{trick!r} -> {one}" for one in wire.tried]
        wire.tried.clear()
    assert not got_in, "\n".join(got_in)


def test_the_trap_does_catch(wire: Wire) -> None:
    """The proof of the proof: an address outside is tried, and that is noticed."""
    wire.names["good.example"] = [[PUBLIC]]
    assert isinstance(Webhook({}).send("https://good.example/hook", PAGE), Failed)
    assert wire.tried == [(PUBLIC, 443)]


def test_a_name_that_changes_its_answer_gains_nothing(wire: Wire) -> None:
    wire.names["rebinding.example"] = [[PUBLIC], ["127.0.0.1"], ["169.254.169.254"]]
    Webhook({}).send("https://rebinding.example/hook", PAGE)
    assert wire.tried == [(PUBLIC, 443)], "connected to what was checked, resolved once"
    wire.tried.clear()
    Webhook({}).send("https://rebinding.example/hook", PAGE)
    assert wire.tried == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, certificate: Certificate) -> None:
    with HttpServer(answers(200)) as inside:
        told = answers(status, Location=f"{inside.url}/secret")
        with HttpServer(told, certificate.server) as outside:
            channel = Webhook({}, allowed_networks=HERE, tls=certificate.trusting)
            outcome = channel.send(f"https://127.0.0.1:{outside.port}/hook", PAGE)
        assert isinstance(outcome, Failed)
        assert len(outside.seen) == 1
        assert inside.seen == []
