"""Who may what, who is meant by a name, and which passwords will do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.access import (
    PASSWORD_AT_MOST,
    RIGHTS,
    SCOPES,
    person_named,
    person_vouched_for,
    rights_of_key,
    wrong_password,
)
from tocsin.core.delivery import Contact
from tocsin.core.people import Organisation, Person


def person(name: str, *addresses: str, oidc: str = "") -> Person:
    contacts = tuple(Contact("email", address, "mail") for address in addresses)
    return Person(id=name, name=name.title(), contacts=contacts, oidc=oidc)


def organisation(*people: Person) -> Organisation:
    return Organisation(
        name="x", version="1", time_zone="UTC", people={one.id: one for one in people},
        rosters={}, recipients={}, integrations={},
    )  # fmt: skip


SHOP = organisation(
    person("ana", "Ana@Example.org", "team@example.org"),
    person("ben", "ben@example.org", "team@example.org", oidc="sub-ben"),
    person("team"),
)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("ana", "ana"), (" ANA ", "ana"), ("ana@example.org", "ana"), ("BEN@example.org", "ben"),
        ("team", "team"), ("team@example.org", None), ("", None), ("nobody", None),
    ],
)  # fmt: skip
def test_a_name_means_one_person_or_nobody(said: str, found: str | None) -> None:
    meant = person_named(SHOP, said)
    assert (meant.id if meant else None) == found


@pytest.mark.parametrize(
    ("subject", "email", "found"),
    [
        ("sub-ben", "", "ben"),
        ("sub-ben", "ana@example.org", "ben"),
        ("sub-x", "ana@example.org", "ana"),
        ("sub-x", "ben@example.org", None),  # he has a subject, and this is not it
        ("sub-x", "team@example.org", None),  # whose?
        ("sub-x", "", None),
        ("", "", None),
    ],
)
def test_a_provider_vouches_for_one_person_or_nobody(
    subject: str, email: str, found: str | None
) -> None:
    meant = person_vouched_for(SHOP, subject, email)
    assert (meant.id if meant else None) == found


def test_levels_grow_where_they_should() -> None:
    assert RIGHTS["viewer"] < RIGHTS["responder"] < RIGHTS["commander"] < RIGHTS["administrator"]
    assert RIGHTS["viewer"] < RIGHTS["auditor"]
    changing = {"respond", "command", "administer"}
    assert not RIGHTS["auditor"] & changing
    assert not RIGHTS["viewer"] & changing


@given(
    st.sampled_from(sorted(RIGHTS)),
    st.sets(st.sampled_from(SCOPES)),
    st.sets(st.sampled_from(SCOPES)),
)
def test_more_scopes_never_take_anything_away(access, some, more) -> None:
    assert rights_of_key(access, some) <= rights_of_key(access, some | more) <= RIGHTS[access]


GOOD = [
    "seven grey herons", "correct horse battery", "839204756120", "Tr0ub4dor&3xyz",
    "🐦🐧🦆🦉 vier vögel", "x" * 3 + "kitchen window 9",
]  # fmt: skip
BAD = [
    "", "short", "elevenchars", "aaaaaaaaaaaaaaaa", "abababababababab", "password1234",
    "Passwort2026!", "qwertyuiop12", "123456789012", "letmeinletmein", "welcomewelcome1",
    "ana.prieto.99", "the-shop-2026", "x y z " * 40,
]  # fmt: skip


@pytest.mark.parametrize("password", GOOD)
def test_long_and_own_words_will_do(password: str) -> None:
    assert wrong_password(password, ("Ana Prieto", "the shop")) == ""


@pytest.mark.parametrize("password", BAD)
def test_short_and_worn_ones_will_not(password: str) -> None:
    assert wrong_password(password, ("Ana Prieto", "the shop"))


@given(st.text(max_size=300))
def test_every_text_gets_an_answer(password: str) -> None:
    why = wrong_password(password)
    if not 12 <= len(password) <= PASSWORD_AT_MOST:
        assert why
