"""Settings that can't work are refused with a cure, and passwords stay hidden."""

import pytest

from tocsin.channels.email.settings import EmailSettings, Password, problem_with_address

SECRET = "hunter2-geheim"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": ""}, "host must be"),
        ({"host": "a b"}, "host must be"),
        ({"port": 0}, "port must be"),
        ({"port": 65536}, "port must be"),
        ({"security": "ssl"}, "starttls, tls or none"),
        ({"from_address": "nobody"}, "from address"),
        ({"from_address": "Tocsin <a@b\r\nBcc: c@d>"}, "one line"),
        ({"hello_name": "a\r\nb"}, "hello name"),
        ({"username": "al"}, "both a user name and a password"),
        ({"password": Password(SECRET)}, "both a user name and a password"),
        ({"username": "al", "password": Password(SECRET + "ä")}, "must be ASCII"),
        ({"username": "al", "password": Password(SECRET), "security": "none"}, "unprotected"),
    ],
)
def test_refused(changes: dict[str, object], words: str):
    given = {"host": "mail.example.org", "port": 587, "from_address": "t@example.org", **changes}
    with pytest.raises(ValueError, match=words) as refusal:
        EmailSettings(**given)  # type: ignore[arg-type]
    assert SECRET not in str(refusal.value)


def test_the_password_does_not_show_itself():
    settings = EmailSettings(
        host="h", port=587, from_address="t@example.org", username="al", password=Password(SECRET)
    )
    assert SECRET not in f"{settings!r} {settings} {settings.password} {[settings.password]}"


def test_the_sender_may_have_a_name():
    named = EmailSettings(host="h", port=25, from_address='"Bell, big" <bell@a.example>')
    assert (named.sender_name, named.sender, named.sender_domain) == (
        "Bell, big",
        "bell@a.example",
        "a.example",
    )
    bare = EmailSettings(host="h", port=25, from_address="bell@a.example")
    assert bare.sender_name == "Tocsin"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "al",
        "@example.org",
        "al@",
        "al@example..org",
        ".al@example.org",
        "al@-example.org",
        "al@example.org\n",
        "al@example.org\r\nRCPT TO:<eve@x>",
        "al@example.org, eve@example.org",
        "Al <al@example.org>",
        "al b@example.org",
        "al>@example.org",
        "äl@example.org",
        "al@bücher.example",
        "a" * 250 + "@example.org",
    ],
)
def test_not_one_plain_address(address: str):
    assert problem_with_address(address)


@pytest.mark.parametrize("address", ["al@example.org", "a.l+x_y@localhost", "a'b@xn--bcher-kva.de"])
def test_one_plain_address(address: str):
    assert problem_with_address(address) is None
