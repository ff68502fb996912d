"""Whether a browser's request was made by one of our own pages, and the tokens in their forms."""

from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest
from secrets import token_bytes
from urllib.parse import urlsplit

TOKEN_BYTES = 20


def is_same_site(headers: Mapping[str, str], base_url: str) -> bool:
    """Say whether a request that changes something comes from our own page.

    Every browser of today says where a form came from. A request that does not say it is
    refused: a program has a key and needs no cookie.
    """
    site = headers.get("sec-fetch-site", "")
    if site:
        return site == "same-origin"
    return _is_ours(headers.get("origin", ""), headers, base_url)


def is_foreign(headers: Mapping[str, str], base_url: str) -> bool:
    """Say whether a browser sent this request from elsewhere; programs say nothing, and pass."""
    said = "sec-fetch-site" in headers or "origin" in headers
    by_hand = headers.get("sec-fetch-site", "") == "none"
    return said and not by_hand and not is_same_site(headers, base_url)


def is_cross_site(headers: Mapping[str, str], base_url: str) -> bool:
    """Say whether a request says of itself that it comes from a foreign page.

    The weaker question: mail programs open links in windows that say nothing at all.
    """
    site = headers.get("sec-fetch-site", "")
    if site:
        return site in ("cross-site", "same-site")
    origin = headers.get("origin", "null")
    return origin != "null" and not _is_ours(origin, headers, base_url)


def _is_ours(origin: str, headers: Mapping[str, str], base_url: str) -> bool:
    """Compare with where people are to come, and with where this request has come."""
    if not origin.startswith(("http://", "https://")):
        return False
    try:
        said = urlsplit(origin).netloc
    except ValueError:  # brackets around what is no address: no browser says such a thing
        return False
    return said in (urlsplit(base_url).netloc, headers.get("host", ""))


def form_token(secret: bytes, whose: str) -> str:
    """Return the token that the forms of one session, or of one link, carry.

    It is masked anew each time: pages are compressed and hold texts of others, and how well a page
    is compressed must tell nothing of its token (BREACH).
    """
    mask = token_bytes(TOKEN_BYTES)
    return (mask + _xor(mask, _bare(secret, whose))).hex()


def is_form_token(given: str, secret: bytes, whose: str) -> bool:
    """Say whether a token was made by `form_token` for the same; compares in constant time."""
    try:
        whole = bytes.fromhex(given)
    except ValueError:
        return False
    mask, masked = whole[:TOKEN_BYTES], whole[TOKEN_BYTES:]
    if len(masked) != TOKEN_BYTES:
        return False
    return compare_digest(_xor(mask, masked), _bare(secret, whose))


def _bare(secret: bytes, whose: str) -> bytes:
    return blake2b(f"form {whose}".encode(), key=secret, digest_size=TOKEN_BYTES).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
