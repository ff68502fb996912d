"""What people and their keys may do, and which passwords will do: pure rules over values."""

from collections.abc import Collection, Mapping
from typing import Literal

from tocsin.core.people import Access, Organisation, Person

Right = Literal["read", "alerts", "respond", "command", "administer", "audit"]
"""What somebody may do. `alerts` is to ask for alerts in the words of Alertmanager's API; `command`
reaches beyond the incident at hand: overrides for others, maintenance windows, the status page."""

Scope = Literal["read", "respond", "command", "administer", "audit"]
"""What an API key is made for."""

SCOPES: tuple[Scope, ...] = ("read", "respond", "command", "administer", "audit")

_READS: frozenset[Right] = frozenset({"read", "alerts"})

RIGHTS: Mapping[Access, frozenset[Right]] = {
    "viewer": _READS,
    "responder": _READS | {"respond"},
    "commander": _READS | {"respond", "command"},
    "administrator": _READS | {"respond", "command", "administer", "audit"},
    "auditor": _READS | {"audit"},
}

PASSWORD_LENGTH = 12
"""Characters at least. NIST SP 800-63B, 3.1.1.2: length counts, and no rules on what they are."""

PASSWORD_AT_MOST = 200
"""Characters: enough for any sentence, and a bound on what is hashed."""

WORN_WORDS = frozenset({
    "password", "passwort", "contraseña", "motdepasse", "qwerty", "qwertz", "azerty", "letmein",
    "welcome", "willkommen", "iloveyou", "admin", "administrator", "changeme", "secret",
    "sunshine", "princess", "football", "baseball", "monkey", "dragon", "superman", "batman",
    "trustno", "abc", "asdf", "zxcv", "test", "default", "login", "master", "hello", "access",
    "whatever", "freedom",
})  # fmt: skip
"""What most guessed passwords consist of, beside digits and repetition."""

_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz",
         "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1q2w3e4r5t6z7u8i9o0p",
         "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p")  # fmt: skip


def rights_of_key(access: Access, scopes: Collection[str]) -> frozenset[Right]:
    """Return what a key with these scopes may do now: never more than its owner may now."""
    wanted: frozenset[str] = frozenset(scopes)
    return frozenset(r for r in RIGHTS[access] if r in wanted or (wanted and r in _READS))


def scopes_of(access: Access) -> tuple[Scope, ...]:
    """Return the scopes that a key of somebody with this access can have."""
    return tuple(scope for scope in SCOPES if scope in RIGHTS[access])


def wrong_password(password: str, about: Collection[str] = ()) -> str:
    """Return why a password will not do, "" if it will.

    `about` are words that everybody knows of its owner: name, id, addresses, the organisation.
    """
    if len(password) < PASSWORD_LENGTH:
        return f"it has {len(password)} characters; {PASSWORD_LENGTH} are the least"
    if len(password) > PASSWORD_AT_MOST:
        return f"it has {len(password)} characters; {PASSWORD_AT_MOST} are the most"
    plain = password.casefold()
    if len(set(plain)) < 5:
        return "it is hardly more than one character, again and again"
    # What is left once the worn parts are gone must be something on its own.
    left = plain
    for word in sorted({*WORN_WORDS, *_words(about)}, key=len, reverse=True):
        left = left.replace(word, "")
    left = "".join(letter for letter in _without_runs(left) if letter.isalnum())
    if len(left) < 6 or len(set(left)) < 4:
        return "it is made of what is guessed first: common words, rows of keys, your own name"
    return ""


def _words(about: Collection[str]) -> set[str]:
    parted = " ".join(about).casefold().replace("@", " ").replace(".", " ").replace("-", " ")
    return {word for word in parted.split() if len(word) > 2}


def _without_runs(text: str) -> str:
    """Take out what is typed along a row of keys, or along the alphabet, four or more at a time."""
    kept = ""
    at = 0
    while at < len(text):
        length = 0
        while at + length < len(text) and any(text[at : at + length + 1] in run for run in _RUNS):
            length += 1
        kept += "" if length > 3 else text[at]
        at += length if length > 3 else 1
    return kept


def person_named(organisation: Organisation, name: str) -> Person | None:
    """Return whom somebody means who signs in as `name`: an id, or an e-mail address of theirs.

    None if nobody is called that, or more than one person is.
    """
    wanted = name.strip().casefold()
    found = [
        person
        for person in organisation.people.values()
        if wanted and (person.id.casefold() == wanted or wanted in _addresses(person))
    ]
    return found[0] if len(found) == 1 else None


def person_vouched_for(organisation: Organisation, subject: str, email: str) -> Person | None:
    """Return whom an identity provider means: by `oidc` of the organisation file, else by e-mail.

    `email` is "" unless the provider has verified it. Nobody is invented: None if the file knows
    nobody by either, or if more than one person has the address. Whoever has an `oidc` of their own
    is found by nothing else, so that a re-used address opens nobody's door.
    """
    for person in organisation.people.values():
        if subject and person.oidc == subject:
            return person
    wanted = email.strip().casefold()
    found = [p for p in organisation.people.values() if wanted and wanted in _addresses(p)]
    return found[0] if len(found) == 1 and not found[0].oidc else None


def _addresses(person: Person) -> set[str]:
    return {c.address.strip().casefold() for c in person.contacts if c.channel == "email"}
