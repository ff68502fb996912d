"""Where a webhook may go."""

import ipaddress

import pytest

from tocsin.channels.webhook.endpoints import Endpoint, may_reach, problem_with_url, shown
from tocsin.channels.webhook.send import Webhook

WEBHOOK = Webhook({"ops": Endpoint("http://10.0.0.7/hook"), "it": Endpoint("https://h.example/x")})


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("ops", None),
        ("https://hook.example/a?token=geheim", None),
        ("https://user:geheim@hook.example:8443/", None),
        ("https://bücher.example/", None),
        ("nobody", "there are: it, ops"),
        ("", "there are: it, ops"),
        ("http://hook.example/geheim", "must begin with https://"),
        ("ftp://hook.example/geheim", "must begin with https://"),
        ("javascript://hook.example/geheim", "must begin with https://"),
        ("//hook.example/geheim", "must begin with https://"),
        ("https:///geheim", "must begin with https://"),
        ("https://hook.example:99999/geheim", "port must be"),
        ("https://[::1/geheim", "not a URL"),
        ("https://hook.example/\x00geheim", "not a URL"),
        ("https://hook.example/\r\ngeheim", "not a URL"),
        ("https://hook.example/\ud800geheim", "not a URL"),
    ],
)
def test_problem_with_an_address(address: str, problem: str | None):
    found = WEBHOOK.problem_with(address)
    if problem is None:
        assert found is None
    else:
        assert found is not None
        assert problem in found
        assert "geheim" not in found


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("fec0::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
    ],
)
def test_which_networks_a_direct_address_may_reach(address: str, allowed: bool):
    assert may_reach(ipaddress.ip_address(address), ()) == allowed


def test_a_network_can_be_allowed_besides():
    inside = ipaddress.ip_network("10.0.0.0/8")
    assert may_reach(ipaddress.ip_address("10.1.2.3"), [inside])
    assert not may_reach(ipaddress.ip_address("192.168.0.1"), [inside])


def test_only_scheme_and_host_are_shown():
    assert shown("https://u:p@hook.example:8443/secret?token=1#x") == "https://hook.example"


def test_an_endpoint_hides_what_is_secret():
    endpoint = Endpoint("https://u:p@hook.example/path", "whsec_" + "A" * 32)
    assert repr(endpoint) == "Endpoint()"


def test_an_endpoint_with_an_unusable_url_is_refused():
    with pytest.raises(ValueError, match="must begin with https:// or http://"):
        Endpoint("file:///etc/passwd")
    assert problem_with_url("http://x:0/", ("http",))
